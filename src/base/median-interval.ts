/*
 * How far from the middle of what was seen the true median may be, without a word on how values are distributed.
 *
 * Each value is above the true median with one chance in two, so how many are is a toss of n coins.  The interval goes from the
 * k-th value to the k-th from the end, with the largest k for which it misses in at most 5 of 100.  From six values on
 * there is one: all of five are on one side with a chance of 2 in 32.  Go's benchstat has the same.
 */

import type { Interval } from './bootstrap.ts';

const MISSES = 0.05;

/** The interval of at least 95% of the median; null where there are fewer than six values. */
export function medianInterval(values: readonly number[]): Interval | null {
  const n = values.length;
  const sorted = Float64Array.from(values).sort();
  let chance = 2 ** -n; //  of exactly k values on one side
  let sum = chance;
  let k = 0;
  while (2 * sum <= MISSES) {
    k++;
    chance *= (n - k + 1) / k;
    sum += chance;
  }
  return k === 0 ? null : { low: sorted[k - 1]!, high: sorted[n - k]! };
}
