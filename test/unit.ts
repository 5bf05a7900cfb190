/*
 * A number between 0 and 1, drawn from the generator of src: for tests that make up samples.  The product draws whole
 * numbers only, which come out the same on any machine to the last bit.
 */

import { nextU32, type RngWords } from '../src/base/prng.ts';

/** A number from 0 to 1, 1 excluded, in steps of 2^-32. */
export function nextUnit(words: RngWords): number {
  return nextU32(words) / 0x1_0000_0000;
}
