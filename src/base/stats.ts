/*
 * The statistics of failures and times: few, exact about what they claim, checked against print.
 *
 * Quantiles are type 7 of Hyndman and Fan (1996), the default of R, NumPy and Excel, so that a reader
 * who recomputes ours gets ours.  A quantile of nothing is NaN, which JSON writes as null.
 *
 * A rate is k failures in n trials.  Its interval is Wilson's (1927), which, unlike the textbook one,
 * stays inside 0 to 1 and stays honest at 0, at 1 and for small n, where all of our rates are.
 *
 * "It never failed" is a statement about n.  Had each trial failed with probability p, n of them would
 * have passed with probability (1 - p)^n; the p at which this is 5% is 1 - 0.05^(1/n), about 3/n.  We
 * print that bound, rounded up, for a rounded-down bound would claim what was not shown.
 *
 * Trials under a controlled strategy are not independent draws from what free threads do.  A rate
 * holds for the strategy that made it and must be printed beside its name.
 */

const Z_95 = 1.959963984540054; //  the 0.975 quantile of the normal distribution

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

/** A rate, and the interval that holds the true one in 95 of 100 such experiments. */
export interface Rate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** k of n, with Wilson's score interval; of no trials, anything from 0 to 1. */
export function wilson(k: number, n: number, z = Z_95): Rate {
  if (n === 0) return { value: NaN, low: 0, high: 1 };
  const value = k / n;
  const zz = (z * z) / n;
  const centre = (value + zz / 2) / (1 + zz);
  const spread = (z * Math.sqrt((value * (1 - value)) / n + zz / (4 * n))) / (1 + zz);
  return {
    value,
    low: k === 0 ? 0 : Math.max(0, centre - spread),
    high: k === n ? 1 : Math.min(1, centre + spread),
  };
}

/** The rate that n trials without a failure rule out, at this confidence. */
export function zeroInBound(n: number, confidence = 0.95): number {
  return n === 0 ? 1 : -Math.expm1(Math.log1p(-confidence) / n);
}

/** '3 in 100: 3.0%, 1.0% to 8.5% at 95%', or '0 in 59: below 5.0% at 95%'. */
export function describeRate(k: number, n: number): string {
  if (n === 0) return '0 in 0: no trials';
  if (k === 0) return `0 in ${n}: below ${percentUp(zeroInBound(n))} at 95%`;
  const { value, low, high } = wilson(k, n);
  return `${k} in ${n}: ${percent(value)}, ${percent(low)} to ${percent(high)} at 95%`;
}

/** A share to two significant digits, and never rounded up to certainty: '3.1%', '0.0042%'. */
export function percent(share: number): string {
  const hundredfold = share * 100;
  if (hundredfold === 0 || hundredfold === 100) return `${hundredfold}%`;
  if (hundredfold >= 99) return `${Math.min(99.9, Number(hundredfold.toFixed(1)))}%`;
  return hundredfold >= 9.95 ? `${hundredfold.toFixed(0)}%` : `${plain(hundredfold)}%`;
}

function percentUp(share: number): string {
  const hundredfold = share * 100;
  const step = 10 ** (Math.floor(Math.log10(hundredfold)) - 1);
  const up = Math.ceil(Number((hundredfold / step).toPrecision(12))) * step;
  return `${plain(Math.min(100, up))}%`;
}

// Two significant digits without an exponent.
function plain(value: number): string {
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(value)));
  return value.toFixed(Math.min(20, decimals));
}
