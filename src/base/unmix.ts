/*
 * The way back from a seed: the root seed under which a given run has it.
 *
 * A soak hands out indices of millions.  To run one of its trials again nobody should have to begin at 0, so the command
 * that it prints names the root under which that trial's seed is the one of run 0.  There is exactly one, since
 * seedOf(root, k) is a bijection of the root as well (prng.ts).
 */

import { seedOf } from './prng.ts';

/** The root for which seedOf(root, k) is this seed. */
export function rootOf(seed: number, k = 0): number {
  // seedOf(0, k) is mix(mix(k + c)), since mix(0) is 0.
  return unmix(unmix(seed) ^ unmix(seedOf(0, k)));
}

/** What mix() made this word of: its steps undone, last to first, the factors replaced by their inverses mod 2^32. */
function unmix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 14) ^ (x >>> 28), 0x32b21703);
  x = Math.imul(x ^ (x >>> 15) ^ (x >>> 30), 0x469e0db1);
  x = Math.imul(x ^ (x >>> 11) ^ (x >>> 22), 0x79a85073);
  return (x ^ (x >>> 17)) >>> 0;
}
