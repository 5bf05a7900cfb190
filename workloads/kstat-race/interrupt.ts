/*
 * Interrupts: what takes a thread off its processor where the bug needs it to be away.
 *
 * The race is lost by being quick.  kstat_install() drops kstat_chain_lock and clears INVALID a moment
 * later, and in that moment a reader must have taken the lock and walked past the kstat.  On the machine
 * of the report 5,698 kstats had to be visited for that, so the thread was away for some hundred
 * microseconds: an interrupt, or a thread of higher priority.  It happened once in who knows how many
 * zone boots, on one of many machines.
 *
 * Threads of the host are interrupted as well, but where there are more processors than threads hardly
 * ever, and where they are few a thousand times more often: what one finds would say more about the host
 * than about the code.  So one install in `interrupts` is held up here, in all variants alike, for as
 * long as up to two header reads take.  With -P interrupts=0 the host alone decides (README.md has the
 * figures).
 *
 * In the variant late-clearer the first interrupt of all wakes the agent, which slept until then.  So the agent reads
 * while the installer has its kstat and not the lock, and the bug is a matter of who waits longer.
 *
 * Which ones, and for how long, follows from the KID and the seed, not from chance.
 */

import {
  cv_broadcast,
  cv_wait,
  get,
  global,
  header,
  image_header,
  kcondvar,
  kmutex,
  mutex_enter,
  mutex_exit,
  put,
  struct,
  u32,
} from '../../src/index.ts';
import { kstat_count } from './kstat_chain.ts';

const state = struct('interrupt_state', {
  every: u32, // one install in so many; 0 for none
  taken: u32, // a hint: threads count without a lock
  wakes: u32, // 1: the next one wakes who sleeps in interrupt_await(); 0: nobody does
});
const interrupts = global('interrupts', state);
const interrupt_lock = global('interrupt_lock', kmutex);
const interrupt_cv = global('interrupt_cv', kcondvar);
/** Steps of the handler for each kstat there is: a header read costs about half of them. */
const STEPS = 256;

/** At boot.  @param every one kstat_install() in so many; 0 for none  @param wakes whether somebody sleeps until one */
export function interrupt_init(every: number, wakes: boolean): void {
  put(interrupts, state.every, every);
  put(interrupts, state.wakes, wakes ? 1 : 0);
}

/** Whether the installation of a kstat is interrupted: a number to take along, or 0. */
export function interrupt_due(kid: number): number {
  const every = get(interrupts, state.every);
  if (every === 0) return 0;
  const drawn = scramble(kid ^ get(header, image_header.seed));
  return drawn % every === 0 ? drawn | 1 : 0;
}

/** Sleeps until there was an interrupt, if one is to wake. */
export function interrupt_await(): void {
  if (get(interrupts, state.wakes) === 0) return;
  mutex_enter(interrupt_lock);
  while (get(interrupts, state.wakes) !== 0) cv_wait(interrupt_cv, interrupt_lock);
  mutex_exit(interrupt_lock);
}

function interrupt_wake(): void {
  mutex_enter(interrupt_lock);
  put(interrupts, state.wakes, 0);
  cv_broadcast(interrupt_cv);
  mutex_exit(interrupt_lock);
}

/** Interrupts the calling thread.  @param drawn what interrupt_due() said */
function _interrupt(drawn: number): number {
  put(interrupts, state.taken, (get(interrupts, state.taken) + 1) | 0);
  if (get(interrupts, state.wakes) !== 0) interrupt_wake();
  return apix_do_interrupt(drawn);
}
export { _interrupt };

/** The handler: busy for a while. */
function apix_do_interrupt(drawn: number): number {
  const steps = (scramble(drawn) / 0x1_0000_0000) * STEPS * kstat_count();
  let x = drawn;
  for (let i = 0; i < steps; i++) x = (Math.imul(x, 0x9e3779b1) + 1) | 0;
  return x;
}

/** 32 bits, well mixed. */
function scramble(word: number): number {
  let x = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
