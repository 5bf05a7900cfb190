/*
 * Is one share larger than the other?  The exact test of Fisher (1922): a of n against b of m.
 *
 * If both were drawn from one urn, then which of the a + b fell to the first is a matter of chance alone, and the chance of
 * each division is known.  p is the sum of those that are no more likely than the one that was seen, as R and SciPy have it.
 * No count is too small for it, which matters: failures are rare, and 0 of 10,000 against 5 of 10,000 is a fair question.
 *
 * Chances are computed from the likeliest division outwards, each from its neighbour, so no factorial is needed and no
 * digits are lost.  They fall fast, and are cut where they no longer count: a million trials cost some thousand steps.  A
 * division beyond the cut has a p of 0, which stands for less than 1e-17.
 */

/** Chances that differ by less are as large: two divisions that mirror each other must both count. */
const ALIKE = 1 + 1e-7;
const NOTHING = 1e-18;

/** The chance of a division at least as unlikely as a of n beside b of m; NaN where there is nothing to divide. */
export function fisherExact(a: number, n: number, b: number, m: number): number {
  if (n === 0 || m === 0) return NaN;
  const all = a + b;
  const least = Math.max(0, all - m);
  const most = Math.min(n, all);
  const middle = Math.floor(((n + 1) * (all + 1)) / (n + m + 2));
  const likeliest = Math.min(most, Math.max(least, middle));
  const chances = [1]; //  as multiples of the likeliest's
  let seen = a === likeliest ? 1 : 0;
  for (const step of [1, -1]) {
    let here = 1;
    for (let k = likeliest + step; k >= least && k <= most && here > NOTHING; k += step) {
      // From k - 1 to k of the first, or back: one more of the first is one less of the second.
      const upper = step === 1 ? k : k + 1;
      const odds = ((n - upper + 1) * (all - upper + 1)) / (upper * (m - all + upper));
      here *= step === 1 ? odds : 1 / odds;
      chances.push(here);
      if (k === a) seen = here;
    }
  }
  const sum = chances.reduce((total, chance) => total + chance, 0);
  const far = chances.reduce((total, chance) => total + (chance <= seen * ALIKE ? chance : 0), 0);
  return Math.min(1, far / sum);
}
