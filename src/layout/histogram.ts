/*
 * Histograms in the image: how long something took, a million times, in two kilobytes.
 *
 * Counts by size of value, log-linear: values below 16 have a bucket each, and above that every power of two
 * is cut into 16 buckets of the same width.
 *
 *     value            bucket                                     width
 *     -------------    ----------------------------------------   --------------
 *     0 … 15           the value                                  1
 *     2^e … 2^(e+1)    (e - 3) × 16 + the four bits below the     2^(e-4)
 *                        highest
 *
 * So 464 counts hold all 32-bit values, nanoseconds up to 4.3 seconds, and what is read back is too large by
 * less than a sixteenth, and never too small.  The largest value is kept as it is.
 *
 * A histogram has one writer.  It counts with plain stores, no lock, no atomic, and no allocation.  Others add it to
 * their own when the writer is done, or look at it in a dump, where it is a struct like any other.
 *
 * To make a random value and record it costs 9 ns of CPU time (Node 20; the median of 30 rounds of 2 million), and to
 * read the clock once, before anything can be recorded, 69.
 */

import { array, struct, u32, type Ref } from './struct.ts';
import { get, peek, poke, put } from './word.ts';

const BITS = 4;
const PER_POWER = 1 << BITS;
const BUCKETS = (32 - BITS + 1) * PER_POWER;

const count = struct('histogram_count', { n: u32 });

export const histogram = struct('histogram', {
  max: u32, //    the largest value, as it was
  counts: array(count, BUCKETS),
});

const COUNTS = histogram.counts as number;

/** Counts a value.  @param value a whole number from 0 to 2^32 - 1; what is beyond counts as the nearest */
export function record(at: Ref<'histogram'>, value: number): void {
  const v = value > 0xffff_ffff ? 0xffff_ffff : value < 0 ? 0 : value >>> 0;
  if (v > get(at, histogram.max) >>> 0) put(at, histogram.max, v | 0);
  const address = at + COUNTS + bucketOf(v) * 4;
  poke(address, (peek(address) + 1) | 0);
}

/** Adds the counts of another one, whose writer is done. */
export function mergeInto(at: Ref<'histogram'>, from: Ref<'histogram'>): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const address = at + COUNTS + bucket * 4;
    poke(address, (peek(address) + peek(from + COUNTS + bucket * 4)) | 0);
  }
  const max = Math.max(get(at, histogram.max) >>> 0, get(from, histogram.max) >>> 0);
  put(at, histogram.max, max | 0);
}

/** How many values were counted. */
export function total(at: Ref<'histogram'>): number {
  let sum = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) sum += peek(at + COUNTS + bucket * 4) >>> 0;
  return sum;
}

/**
 * The least value that a share q of all values does not exceed, too large by less than a sixteenth.
 * @param q from 0 to 1, which is the largest value
 * @returns 0 when nothing was counted
 */
export function quantileOf(at: Ref<'histogram'>, q: number): number {
  const rank = Math.max(1, Math.ceil(q * total(at)));
  const max = get(at, histogram.max) >>> 0;
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += peek(at + COUNTS + bucket * 4) >>> 0;
    if (seen >= rank) return Math.min(max, highestOf(bucket));
  }
  return max;
}

function bucketOf(v: number): number {
  if (v < PER_POWER) return v;
  const power = 31 - Math.clz32(v);
  return ((power - BITS + 1) << BITS) + ((v >>> (power - BITS)) & (PER_POWER - 1));
}

/** The largest value that belongs there. */
function highestOf(bucket: number): number {
  if (bucket < PER_POWER) return bucket;
  const power = (bucket >> BITS) + BITS - 1;
  const low = 2 ** power + (bucket & (PER_POWER - 1)) * 2 ** (power - BITS);
  return low + 2 ** (power - BITS) - 1;
}
