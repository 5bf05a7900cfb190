/*
 * bluetooth-driver: who works on a device that is being stopped.
 *
 *     adder      if not stopping: pending++, and work on what must not be stopped; pending--, and if 0 the event
 *     stopper    stopping = 1; pending--, and if 0 the event; if the event, stopped = 1
 *
 * The Windows driver of the KISS paper, in the form of SCTBench (CS/bluetooth_driver).  `pending` starts at 1, for
 * the stopper.  The adder looks at the flag, and then counts itself in; between the two the stopper may set the
 * flag, take the last count, and free what the adder is about to work on.
 *
 *     median schedules to the first bug    POS 42, PCT3 111, RFF 45
 *
 * The twin counts itself in first and looks then: whoever the flag does not stop is counted, and keeps the event
 * from coming.
 */

import {
  add,
  defineWorkload,
  get,
  global,
  i32,
  panic,
  put,
  shared,
  struct,
  u32,
  type RoleContext,
} from '../../src/index.ts';

const device_extension = shared(
  struct('device_extension', {
    pending_io: i32,
    stopping_flag: u32,
    stopping_event: u32,
    stopped: u32,
  }),
);
const device = global('device', device_extension);

/** @returns whether the device may be worked on */
function io_increment(variant: string): boolean {
  const { pending_io, stopping_flag } = device_extension;
  if (variant === 'planted') {
    if (get(device, stopping_flag)) return false;
    add(device, pending_io, 1);
    return true;
  }
  add(device, pending_io, 1);
  return !get(device, stopping_flag);
}

function io_decrement(): void {
  if (add(device, device_extension.pending_io, -1) === 1) {
    put(device, device_extension.stopping_event, 1);
  }
}

function pnp_add({ variant }: RoleContext): void {
  const isIn = io_increment(variant);
  if (isIn && get(device, device_extension.stopped)) panic('bluetooth-driver: used after its stop');
  io_decrement();
}

function pnp_stop(): void {
  put(device, device_extension.stopping_flag, 1);
  io_decrement();
  if (get(device, device_extension.stopping_event)) put(device, device_extension.stopped, 1);
}

export default defineWorkload({
  name: 'bluetooth-driver',
  title: 'a device is stopped, and worked on by who looked before',
  variants: {
    planted: { title: 'looks at the flag, and counts itself in', verdict: 'panic' },
    fixed: { title: 'counts itself in, and looks at the flag', verdict: 'pass' },
  },
  roles: [
    { name: 'adder', psargs: 'adder', run: pnp_add },
    { name: 'stopper', psargs: 'stopper', run: pnp_stop },
  ],
  boot: () => put(device, device_extension.pending_io, 1),
});
