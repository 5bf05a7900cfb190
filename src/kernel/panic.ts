/*
 * Panic: the simulated kernel found something that cannot be.
 *
 * The first thread to panic leaves its name and its message in the image, rings the watchdog's
 * doorbell, and stays where it is: it must still be there, with all its frames and locals, when the
 * NMI comes.  It leaves by MachineHalt once the watchdog has its dump and halts the image.
 *
 * What the others do meanwhile: whoever enters a slow path or wakes up stops too, as the cross call
 * of a real panic would have stopped it.  A thread on its fast paths runs on until the NMI, about a
 * millisecond, and can harm nothing but an image that is already being thrown away.
 *
 * Messages are one line, named after the call that was misused, with the values: they are what people
 * paste into a search box (FACTS C.9 has the kernel's own wording, which is kept).
 */

import { EVENT, header, image_header, kthread, THREAD, TS } from '../layout/records.ts';
import { intern, textOf } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { cas, get, load, notify, put, setBits, store, wait } from '../layout/word.ts';
import { ring_event } from './ring.ts';
import { curthread, halted } from './thread.ts';

/** Unwinds a thread of a halted machine to its entry.  No role should catch it. */
export class MachineHalt extends Error {
  override readonly name = 'MachineHalt';
  constructor() {
    super('the machine was halted');
  }
}

/** Panics.  @param address the faulting address of a trap, else 0 */
export function panic(message: string, address = 0): never {
  if (halted()) throw new MachineHalt();
  // The message decides who is first, and is there before anybody can see that there is a panic.
  const text = intern(message, true) || get(header, image_header.strings);
  if (cas(header, image_header.panic_message, 0, text) === 0) {
    put(header, image_header.panic_address, address);
    setBits(curthread, kthread.flags, THREAD.panicked);
    ring_event(EVENT.panic, 0, text);
    store(header, image_header.panic_thread, curthread);
    store(header, image_header.doorbell, 1);
    notify(header, image_header.doorbell, 1);
  }
  return panic_idle();
}

/** Where a thread of a panicked machine stands until the image is halted. */
export function panic_idle(): never {
  store(curthread, kthread.state, TS.stopped);
  while (!halted()) wait(header, image_header.halt, 0, 50);
  throw new MachineHalt();
}

/** Slow paths ask here whether they may go on: not in a panicked or halted machine. */
export function panic_check(): void {
  if (halted()) throw new MachineHalt();
  if (load(header, image_header.panic_thread) !== 0) panic_idle();
}

/** `mutex_exit: not owner, lp=1a40 (swapinfo) owner=… (pager) thread=… (reaper)` */
export function panic_lock(what: string, lp: number, name: string, owner: Ref<'kthread'>): never {
  return panic(
    `${what}, lp=${lp.toString(16)} (${name || '?'}) owner=${thread_name(owner)} ` +
      `thread=${thread_name(curthread)}`,
  );
}

function thread_name(t: Ref<'kthread'>): string {
  return t === 0 ? '0' : `${t.toString(16)} (${textOf(get(t, kthread.name))})`;
}
