/*
 * Goal: an interval of ours is the one that others have printed, and keeps its word.
 *
 * Method: published intervals; the definition, with the binomial summed another way than the source does; and
 * the word itself: for a true rate, the chances of all counts whose interval holds it.  The twin is the
 * textbook's interval, which does not keep it.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clopperPearson,
  describeRate,
  percent,
  rateOf,
  zeroInBound,
  type Rate,
} from '../../src/base/interval.ts';

// Newcombe, Statistics in Medicine 17 (1998), table I, method 5.
test.for([
  [81, 263, 0.2527, 0.3676],
  [15, 148, 0.0578, 0.1617],
  [0, 20, 0, 0.1684],
  [1, 29, 0.0009, 0.1776],
] as const)('%i of %i lies within %d to %d', ([k, n, low, high]) => {
  const rate = clopperPearson(k, n);
  expect(rate.value).toBe(k / n);
  expect(rate.low).toBeCloseTo(low, 4);
  expect(rate.high).toBeCloseTo(high, 4);
});

// binomtest(k, n).proportion_ci(method='exact') of SciPy 1.17.1.
test.for([
  [12, 10_000, 0.0006202063768478915, 0.002095219279371009],
  [10, 10, 0.6915028921812371, 1],
  [1, 10_000_000, 2.5317807857072636e-9, 5.571641332916847e-7],
  [500_000, 1_000_000, 0.4990195191953118, 0.5009804808046883],
  [999_999, 1_000_000, 0.9999944283693444, 0.9999999746821948],
] as const)('%i of %i to six digits', ([k, n, low, high]) => {
  const rate = clopperPearson(k, n);
  expect(rate.low / low).toBeCloseTo(1, 6);
  expect(rate.high / high).toBeCloseTo(1, 6);
});

// Garwood, Biometrika 28 (1936): the interval of a count, which is what rare failures come to.
test.for([
  [1, 0.0253, 5.572],
  [7, 2.814, 14.42],
  [10, 4.795, 18.39],
] as const)('%i of very many lie within %d to %d', ([k, low, high]) => {
  const rate = clopperPearson(k, 1e9);
  expect(rate.low * 1e9).toBeCloseTo(low, low < 1 ? 4 : 3);
  expect(rate.high * 1e9).toBeCloseTo(high, high < 10 ? 3 : 2);
});

// The chance of each count, by Pascal's rule: no factorials.
function chances(n: number, rate: number): number[] {
  let row = [1];
  for (let i = 0; i < n; i++)
    row = Array.from(
      { length: i + 2 },
      (_, j) => (row[j] ?? 0) * (1 - rate) + (row[j - 1] ?? 0) * rate,
    );
  return row;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

const kOfN = (max: number): fc.Arbitrary<[number, number]> =>
  fc
    .integer({ min: 1, max })
    .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));

test('at either end of an interval, what was seen has a chance of 2.5%', () => {
  fc.assert(
    fc.property(kOfN(80), ([k, n]) => {
      const { low, high } = clopperPearson(k, n);
      if (k > 0) expect(sum(chances(n, low).slice(k))).toBeCloseTo(0.025, 9);
      if (k < n) expect(sum(chances(n, high).slice(0, k + 1))).toBeCloseTo(0.025, 9);
    }),
  );
});

test('an interval holds its rate, within 0 to 1, and mirrors', () => {
  fc.assert(
    fc.property(kOfN(1_000_000), ([k, n]) => {
      const { value, low, high } = clopperPearson(k, n);
      expect(0 <= low && low <= value && value <= high && high <= 1).toBe(true);
      expect(clopperPearson(n - k, n).low).toBeCloseTo(1 - high, 9);
    }),
  );
  expect(rateOf(0, 0)).toEqual({ value: NaN, low: 0, high: 1 });
});

describe('of 100 campaigns, so many print an interval that holds the true rate', () => {
  const RATES = Array.from({ length: 499 }, (_, i) => (i + 1) / 500);

  /** The smallest chance, over true rates, that the interval of n trials holds it. */
  function held(n: number, interval: (k: number, n: number) => Rate): number {
    const intervals = Array.from({ length: n + 1 }, (_, k) => interval(k, n));
    const chance = (rate: number): number =>
      sum(
        chances(n, rate).filter((_, k) => intervals[k]!.low <= rate && rate <= intervals[k]!.high),
      );
    return Math.min(...RATES.map(chance));
  }

  function textbook(k: number, n: number): Rate {
    const value = k / n;
    const spread = 1.96 * Math.sqrt((value * (1 - value)) / n);
    return { value, low: value - spread, high: value + spread };
  }

  test.for([5, 20, 60])('in %i trials', (n) => {
    expect(held(n, clopperPearson)).toBeGreaterThanOrEqual(0.95);
    // With the bound of 5% where nothing failed.
    expect(held(n, rateOf)).toBeGreaterThanOrEqual(0.93);
    expect(held(n, textbook)).toBeLessThan(0.7); //  the twin
  });
});

// Wilks (1941): 59 samples without a failure show 95% reliability at 95% confidence, 299 show 99%.
test.for([
  [58, 0.05, false],
  [59, 0.05, true],
  [298, 0.01, false],
  [299, 0.01, true],
  [2994, 0.001, false],
  [2995, 0.001, true],
] as const)('0 in %i shows a rate below %d: %s', ([n, rate, shown]) => {
  expect(zeroInBound(n) < rate).toBe(shown);
});

test('the bound of no failures undoes the chance to see none, and the rule of three is near', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), (n) => {
      const bound = zeroInBound(n);
      expect(Math.exp(n * Math.log1p(-bound))).toBeCloseTo(0.05, 6);
      // -ln 0.05 is 2.9957: three claims less than was shown, but not by much.
      expect(bound).toBeLessThan(3 / n);
      if (n >= 100) expect(bound * n).toBeGreaterThan(2.95);
      expect(rateOf(0, n)).toEqual({ value: 0, low: 0, high: bound });
    }),
  );
  expect(zeroInBound(0)).toBe(1);
});

test.for([
  [0, 0, '0 in 0: no trials'],
  [0, 1, '0 in 1: below 95% at 95%'],
  [0, 59, '0 in 59: below 5.0% at 95%'],
  [0, 10_000, '0 in 10,000: below 0.030% at 95%'],
  [3, 100, '3 in 100: 3.0% (95%: 0.62–8.6%)'],
  [12, 10_000, '12 in 10,000: 0.12% (95%: 0.062–0.21%)'],
  [100, 100, '100 in 100: 100% (95%: 96–100%)'],
  [9_999, 10_000, '9,999 in 10,000: 99.9% (95%: 99.9–100%)'],
] as const)('%i of %i reads %s', ([k, n, text]) => {
  expect(describeRate(k, n)).toBe(text);
});

test('what is printed of an interval is never inside it', () => {
  fc.assert(
    fc.property(kOfN(1_000_000), ([k, n]) => {
      const { low, high } = rateOf(k, n);
      const text = describeRate(k, n);
      const ends = /below ([\d.]+)%|95%: ([\d.]+)–([\d.]+)%/.exec(text)!;
      expect(Number(ends[2] ?? 0), text).toBeLessThanOrEqual(low * 100 * (1 + 1e-9));
      expect(Number(ends[1] ?? ends[3]), text).toBeGreaterThanOrEqual(high * 100 * (1 - 1e-9));
    }),
  );
});

test.for([
  [0, '0%'],
  [0.0000123, '0.0012%'],
  [0.0303, '3.0%'],
  [0.0996, '10%'],
  [0.5, '50%'],
  [0.99, '99%'],
  [0.99999, '99.9%'],
  [1, '100%'],
] as const)('the share %d reads %s', ([share, text]) => {
  expect(percent(share)).toBe(text);
});
