/*
 * Many questions at once: the correction of Holm (1979).
 *
 * Each p of 5% is wrong in 5 of 100 where there is nothing to find, so a table of twenty rows shows a difference that is
 * none more often than not.  For a reader that is bearable, who sees twenty rows; for a gate it is not, which says yes or
 * no.  With what holm() returns, the chance of any false alarm in the whole table is at most 5%.  It
 * holds however the rows depend on each other, and finds at least what Bonferroni's does.
 */

/** Each p, corrected for the others; NaN stays, and counts for nothing. */
export function holm(ps: readonly number[]): number[] {
  const asked = ps.map((p, i) => ({ p, i })).filter(({ p }) => !Number.isNaN(p));
  const corrected = ps.map(() => NaN);
  let largest = 0;
  for (const [rank, { p, i }] of asked.toSorted((a, b) => a.p - b.p).entries()) {
    largest = Math.max(largest, Math.min(1, p * (asked.length - rank)));
    corrected[i] = largest;
  }
  return corrected;
}
