/*
 * Goal: buckets lie one behind the other without a gap, and none is wider than a sixteenth of what is in it; shares of what
 * was counted are found by rank.
 *
 * Method: all buckets at their edges, and random values in between.  Twins that have the buckets of powers of two
 * must be told from it.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS, bucketOf, countedIn, highestOf, valueAt } from '../../src/base/log-linear.ts';

test('each bucket ends where the next begins, from 0 to 2^32 - 1', () => {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const highest = highestOf(bucket);
    expect([bucketOf(highest), highest + 1 === 2 ** 32 || bucketOf(highest + 1)]).toEqual([
      bucket,
      highest + 1 === 2 ** 32 || bucket + 1,
    ]);
  }
  expect([bucketOf(0), highestOf(0), highestOf(BUCKETS - 1)]).toEqual([0, 0, 2 ** 32 - 1]);
});

function isNarrow(read: (v: number) => number): boolean {
  const value = fc
    .tuple(fc.integer({ min: 0, max: 32 }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([power, share]) => Math.floor(share * (2 ** power - 1)));
  const property = fc.property(value, (v) => read(v) >= v && read(v) <= v + v / 16);
  return !fc.check(property, { seed: 11 }).failed;
}

test('what is read back is too large by less than a sixteenth', () => {
  expect(isNarrow((v) => highestOf(bucketOf(v)))).toBe(true);
  // The twin has one bucket for each power of two.
  expect(isNarrow((v) => (v === 0 ? 0 : 2 ** (Math.floor(Math.log2(v)) + 1) - 1))).toBe(false);
});

const COUNTS = [
  [111, 98],
  [1023, 1],
  [53_247, 1],
] as const;

test.for([
  [0, 111],
  [0.5, 111],
  [0.98, 111],
  [0.99, 1023],
  [0.999, 51_230],
  [1, 51_230],
] as const)('of a hundred, the share %d is at most %d', ([q, value]) => {
  expect(countedIn(COUNTS)).toBe(100);
  expect(valueAt(COUNTS, 51_230, q)).toBe(value);
});

test('of nothing there is no value', () => {
  expect(valueAt([], 0, 0.5)).toBeNaN();
});
