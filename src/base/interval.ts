/*
 * A rate: k failures in n trials, and how far from k / n the true one may be.
 *
 * The interval is the exact one of Clopper and Pearson (1934).  Its low end is the rate at which k or more
 * failures have a chance of 2.5%, its high end the rate at which k or fewer have.  So whatever the true
 * rate, at least 95 of 100 such campaigns print an interval that holds it.  Wilson's is shorter, but for
 * rare failures, which are all of ours, it can miss more often than it says; "at 95%" must not be a
 * hope.
 *
 * A campaign that stops at its k-th failure draws n and not k.  For it the low end is the same, and the
 * high end ought to be that of k - 1 in n - 1, which is lower.  Ours is then longer than it need be, and
 * still true.
 *
 * "It never failed" is a statement about n.  Had each trial failed with probability p, n of them would
 * have passed with probability (1 - p)^n; the p at which this is 5% is 1 - 0.05^(1/n), about 3/n.  There is
 * no low end to spend 2.5% on, so all of the 5% goes to the bound, as everybody's rule of three has it.  The
 * price of choosing so after looking: as a procedure, it holds the true rate in 93 of 100 at the worst
 * (the test counts them), where the true rate is just above the bound.
 *
 * What is printed is rounded outwards: a rounded-in bound would claim what was not shown.
 *
 * Trials under a controlled strategy are not independent draws from what free threads do.  A rate
 * holds for the strategy that made it and must be printed beside its name.
 *
 * How it is computed.  The chance of k or more is a sum of terms that fall from the first on, where the rate
 * is below k / n, and by more each time; it is cut where they no longer count.  The rate is
 * found by halving.  No beta function is needed, and nothing but the first term can lose digits.
 */

/** A rate, and the interval that holds the true one in 95 of 100 such experiments. */
export interface Rate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** k of n: the exact interval, or where nothing failed the bound; of no trials, anything from 0 to 1. */
export function rateOf(k: number, n: number): Rate {
  if (n === 0) return { value: NaN, low: 0, high: 1 };
  return k === 0 ? { value: 0, low: 0, high: zeroInBound(n) } : clopperPearson(k, n);
}

/** k of n, with the interval of Clopper and Pearson, each end of which is passed with half of 1 - confidence. */
export function clopperPearson(k: number, n: number, confidence = 0.95): Rate {
  const tail = (1 - confidence) / 2;
  return { value: k / n, low: lowEnd(k, n, tail), high: 1 - lowEnd(n - k, n, tail) };
}

/** The rate that n trials without a failure rule out, at this confidence. */
export function zeroInBound(n: number, confidence = 0.95): number {
  return n === 0 ? 1 : -Math.expm1(Math.log1p(-confidence) / n);
}

/** '3 in 100: 3.0% (95%: 0.62–8.6%)', or '0 in 59: below 5.0% at 95%'. */
export function describeRate(k: number, n: number): string {
  return `${k.toLocaleString('en')} in ${n.toLocaleString('en')}: ${describeShare(k, n)}`;
}

/** describeRate() without its counts. */
export function describeShare(k: number, n: number): string {
  if (n === 0) return 'no trials';
  const { value, low, high } = rateOf(k, n);
  if (k === 0) return `below ${rounded(high, Math.ceil)}% at 95%`;
  return `${percent(value)} (95%: ${rounded(low, Math.floor)}–${rounded(high, Math.ceil)}%)`;
}

/** A share to two significant digits, and never rounded up to certainty: '3.1%', '0.0042%'. */
export function percent(share: number): string {
  const hundredfold = share * 100;
  if (hundredfold === 0 || hundredfold === 100) return `${hundredfold}%`;
  if (hundredfold >= 99) return `${Math.min(99.9, Number(hundredfold.toFixed(1)))}%`;
  return hundredfold >= 9.95 ? `${hundredfold.toFixed(0)}%` : `${plain(hundredfold)}%`;
}

// The rate at which k or more of n have the chance `tail`.
function lowEnd(k: number, n: number, tail: number): number {
  if (k === 0) return 0;
  let [low, high] = [0, k / n];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return low;
    if (chanceOfMore(k, n, middle) < tail) low = middle;
    else high = middle;
  }
}

// The chance of k or more in n at a rate below k / n.
function chanceOfMore(k: number, n: number, rate: number): number {
  const odds = rate / (1 - rate);
  const ways = logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  let term = Math.exp(ways + k * Math.log(rate) + (n - k) * Math.log1p(-rate));
  let sum = 0;
  for (let j = k; j <= n && term > sum * 1e-17; j++) {
    sum += term;
    term *= ((n - j) / (j + 1)) * odds;
  }
  return sum;
}

// Stirling's series, of which the first term left out is below 1e-14 from 16 on.
function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const series = (1 - (1 / 30 - (1 / 105 - 1 / 140 / n ** 2) / n ** 2) / n ** 2) / (12 * n);
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + series;
}

// A share in percent, as percent() has it, but rounded one way.
function rounded(share: number, round: (x: number) => number): string {
  const hundredfold = share * 100;
  if (hundredfold === 0 || hundredfold === 100) return String(hundredfold);
  const decimals = hundredfold >= 99 ? 1 : decimalsOf(hundredfold);
  const scale = 10 ** decimals;
  const way = round(Number((hundredfold * scale).toPrecision(12))) / scale;
  return way === 100 ? '100' : way.toFixed(decimals);
}

// Two significant digits without an exponent.
function plain(value: number): string {
  return value.toFixed(decimalsOf(value));
}

function decimalsOf(value: number): number {
  return Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(value))));
}
