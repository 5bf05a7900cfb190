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
 * Which ones, and for how long, follows from the KID and the seed, not from chance.
 */

import { get, global, header, image_header, put, struct, u32 } from '../../src/index.ts';
import { kstat_count } from './kstat_chain.ts';

const state = struct('interrupt_state', {
  every: u32, // one install in so many; 0 for none
  taken: u32, // a hint: threads count without a lock
});
const interrupts = global('interrupts', state);
/** Steps of the handler for each kstat there is: a header read costs about half of them. */
const STEPS = 256;

/** At boot.  @param every one kstat_install() in so many; 0 for none */
export function interrupt_init(every: number): void {
  put(interrupts, state.every, every);
}

/** Whether the installation of a kstat is interrupted: a number to take along, or 0. */
export function interrupt_due(kid: number): number {
  const every = get(interrupts, state.every);
  if (every === 0) return 0;
  const drawn = scramble(kid ^ get(header, image_header.seed));
  return drawn % every === 0 ? drawn | 1 : 0;
}

/** Interrupts the calling thread.  @param drawn what interrupt_due() said */
function _interrupt(drawn: number): number {
  put(interrupts, state.taken, (get(interrupts, state.taken) + 1) | 0);
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
