/*
 * Quantiles of what was seen whole.  Of what may have been cut off: survival.ts; of rates: interval.ts.
 *
 * They are type 7 of Hyndman and Fan (1996), the default of R, NumPy and Excel, so that a reader
 * who recomputes ours gets ours.  A quantile of nothing is NaN, which JSON writes as null.
 */

/** The value below which a share q of the values lies. */
export function quantile(values: Iterable<number>, q: number): number {
  return quantileSorted(Float64Array.from(values).sort(), q);
}

export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}

export function p90(values: Iterable<number>): number {
  return quantile(values, 0.9);
}

/** quantile() of values that are in order already. */
export function quantileSorted(sorted: ArrayLike<number>, q: number): number {
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, q));
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below === above ? below : below + (above - below) * (at - Math.floor(at));
}
