/*
 * Log-linear buckets: values of any size, told apart by their size, to one part in sixteen.
 *
 * Values below 16 have a bucket each, and above that every power of two is cut into 16 buckets of the same width.
 *
 *     value            bucket                                     width
 *     -------------    ----------------------------------------   --------------
 *     0 … 15           the value                                  1
 *     2^e … 2^(e+1)    (e - 3) × 16 + the four bits below the     2^(e-4)
 *                        highest
 *
 * So 464 counts hold all 32-bit values, nanoseconds up to 4.3 seconds.  Who reads a value back is given the largest of its
 * bucket: too large by less than a sixteenth, and never too small.
 *
 * Whoever counts does so in the image (layout/histogram.ts); the debugger, which may not know the image's code, reads the same
 * counts by the same table.
 */

const BITS = 4;
const PER_POWER = 1 << BITS;

export const BUCKETS = (32 - BITS + 1) * PER_POWER;

/** @param v a whole number from 0 to 2^32 - 1 */
export function bucketOf(v: number): number {
  if (v < PER_POWER) return v;
  const power = 31 - Math.clz32(v);
  return ((power - BITS + 1) << BITS) + ((v >>> (power - BITS)) & (PER_POWER - 1));
}

/** The largest value that belongs there. */
export function highestOf(bucket: number): number {
  if (bucket < PER_POWER) return bucket;
  const power = (bucket >> BITS) + BITS - 1;
  const low = 2 ** power + (bucket & (PER_POWER - 1)) * 2 ** (power - BITS);
  return low + 2 ** (power - BITS) - 1;
}

/** What was counted: buckets that are not empty, each by the largest value that belongs there, in order. */
export type Counts = readonly (readonly [value: number, count: number])[];

export function countedIn(counts: Counts): number {
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/**
 * The least value that a share q of all does not exceed, too large by less than a sixteenth.
 * @param max the largest, as it was
 * @param q from 0 to 1, which is the largest
 * @returns NaN when nothing was counted
 */
export function valueAt(counts: Counts, max: number, q: number): number {
  const all = countedIn(counts);
  const rank = Math.max(1, Math.ceil(q * all));
  let seen = 0;
  for (const [value, count] of counts) {
    seen += count;
    if (seen >= rank) return Math.min(max, value);
  }
  return all === 0 ? NaN : max;
}
