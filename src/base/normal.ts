/*
 * How far out a value of the normal distribution is.
 *
 * Near the middle the series of Marsaglia (2004) is summed until nothing changes; from 3 on the continued fraction of
 * Laplace is, which loses no digits however small the tail.  Both are good to 1e-12 of their value.
 *
 * The package simple-statistics has this, too: its cumulativeStdNormalProbability() looks z up in a table, rounded to
 * two decimals, which is coarser than what we print.
 */

const SERIES_BELOW = 3;
const LEVELS = 120;

/** The chance of a value above z. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < SERIES_BELOW) return 0.5 - density * oddSeries(z);
  if (z === Infinity) return 0;
  let below = z;
  for (let level = LEVELS; level > 0; level--) below = z + level / below;
  return density / below;
}

/** The chance of a value at least as far from 0 as z, on either side. */
export function normalBothTails(z: number): number {
  return Math.min(1, 2 * normalTail(Math.abs(z)));
}

// z + z^3/3 + z^5/(3*5) + …
function oddSeries(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; term > sum * 1e-17; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return sum;
}
