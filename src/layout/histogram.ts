/*
 * Histograms in the image: how long something took, a million times, in two kilobytes.
 *
 * Counts by size of value, to one part in sixteen: base/log-linear.ts has the table.  What is read back is too large by less
 * than a sixteenth, and never too small.  The largest value is kept as it is.
 *
 * A histogram has one writer.  It counts with plain stores, no lock, no atomic, and no allocation.  Others add it to
 * their own when the writer is done, or look at it in a dump, where it is a struct like any other.
 *
 * To make a random value and record it costs 9 ns of CPU time (Node 20; the median of 30 rounds of 2 million), and to
 * read the clock once, before anything can be recorded, 69.
 */

import { BUCKETS, bucketOf, highestOf, valueAt, type Counts } from '../base/log-linear.ts';
import { array, struct, u32, type Ref } from './struct.ts';
import { get, peek, poke, put } from './word.ts';

const count = struct('histogram_count', { n: u32 });

export const histogram = struct('histogram', {
  max: u32, //    the largest value, as it was
  counts: array(count, BUCKETS),
});

const COUNTS = histogram.counts as number;
// A constant of this module: an imported name costs two loads more, each time (word.ts).
const bucket_of = bucketOf;

/** Counts a value.  @param value a whole number from 0 to 2^32 - 1; what is beyond counts as the nearest */
export function record(at: Ref<'histogram'>, value: number): void {
  const v = value > 0xffff_ffff ? 0xffff_ffff : value < 0 ? 0 : value >>> 0;
  if (v > get(at, histogram.max) >>> 0) put(at, histogram.max, v | 0);
  const address = at + COUNTS + bucket_of(v) * 4;
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
  const counts = countsOf(at);
  return counts.length === 0 ? 0 : valueAt(counts, maxOf(at), q);
}

export function countsOf(at: Ref<'histogram'>): Counts {
  const counts: (readonly [number, number])[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const n = peek(at + COUNTS + bucket * 4) >>> 0;
    if (n > 0) counts.push([highestOf(bucket), n]);
  }
  return counts;
}

/** The largest value, as it was. */
export function maxOf(at: Ref<'histogram'>): number {
  return get(at, histogram.max) >>> 0;
}
