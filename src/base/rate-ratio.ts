/*
 * How many times as often: a of n over b of m, and how far from it the true ratio may be.
 *
 * The interval is that of Katz and others (1978): the logarithm of the ratio is about normal, with a variance of
 * 1/a - 1/n + 1/b - 1/m.  It ends where a count is 0; there half a count is added to each, as Haldane and Anscombe do, so
 * that "none of 10,000" has an interval, too.  Whether there is a difference at all is better asked of fisher.ts, which is exact.
 */

import { ratioOf, type Interval } from './bootstrap.ts';

const Z_95 = 1.959963984540054; //  the 0.975 quantile of the normal distribution

export interface RateRatio extends Interval {
  readonly ratio: number;
}

/** a of n over b of m; where both are 0, 1. */
export function rateRatio(a: number, n: number, b: number, m: number): RateRatio {
  const more = a === 0 || b === 0 ? 0.5 : 0;
  const [k, l] = [a + more, b + more];
  const middle = Math.log(k / (n + more) / (l / (m + more)));
  const variance = 1 / k - 1 / (n + more) + 1 / l - 1 / (m + more);
  const spread = Z_95 * Math.sqrt(variance);
  return {
    ratio: ratioOf(a / n, b / m),
    low: Math.exp(middle - spread),
    high: Math.exp(middle + spread),
  };
}
