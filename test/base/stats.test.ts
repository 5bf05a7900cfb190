/*
 * Goal: our numbers are those that others have printed.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  describeRate,
  median,
  p90,
  percent,
  quantile,
  wilson,
  zeroInBound,
} from '../../src/base/stats.ts';

// Miles per gallon of 32 cars, from Motor Trend 1974, shipped with R as mtcars$mpg.
// prettier-ignore
const mpg = [
  21, 21, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4,
  14.7, 32.4, 30.4, 33.9, 21.5, 15.5, 15.2, 13.3, 19.2, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4,
];

test.for([
  [0, 10.4],
  [0.25, 15.425],
  [0.5, 19.2],
  [0.75, 22.8],
  [0.9, 30.09],
  [1, 33.9],
] as const)('quantile %d is what R prints for mtcars$mpg, %d', ([q, expected]) => {
  expect(quantile(mpg, q)).toBeCloseTo(expected, 10);
});

test('median and p90 are quantiles, of any iterable, which is not reordered', () => {
  const values = [3, 1, 2];
  expect(median(values)).toBe(2);
  expect(values).toEqual([3, 1, 2]);
  expect(median(new Set([1, 2, 3, 4]))).toBe(2.5);
  expect(p90(mpg)).toBeCloseTo(30.09, 10);
  expect(median([])).toBeNaN();
  expect(median([Infinity, Infinity])).toBe(Infinity);
});

test('a quantile lies within its values and grows with q', () => {
  const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(values, share, share, (xs, q1, q2) => {
      const [low, high] = [Math.min(q1, q2), Math.max(q1, q2)];
      expect(quantile(xs, low)).toBeGreaterThanOrEqual(Math.min(...xs));
      expect(quantile(xs, high)).toBeLessThanOrEqual(Math.max(...xs));
      expect(quantile(xs, low)).toBeLessThanOrEqual(quantile(xs, high) + 1e-6);
    }),
  );
});

// Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
test.for([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
] as const)('%i of %i lies within %d to %d', ([k, n, low, high]) => {
  const rate = wilson(k, n);
  expect(rate.value).toBe(k / n);
  expect(rate.low).toBeCloseTo(low, 4);
  expect(rate.high).toBeCloseTo(high, 4);
});

test('an interval holds its rate, within 0 to 1, and mirrors', () => {
  const kOfN = fc
    .integer({ min: 1, max: 1_000_000 })
    .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
  fc.assert(
    fc.property(kOfN, ([k, n]) => {
      const { value, low, high } = wilson(k, n);
      expect(0 <= low && low <= value && value <= high && high <= 1).toBe(true);
      expect(wilson(n - k, n).low).toBeCloseTo(1 - high, 9);
    }),
  );
  expect(wilson(0, 0)).toEqual({ value: NaN, low: 0, high: 1 });
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

test('the bound of no failures undoes the chance to see none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), (n) => {
      expect(Math.exp(n * Math.log1p(-zeroInBound(n)))).toBeCloseTo(0.05, 6);
    }),
  );
  expect(zeroInBound(0)).toBe(1);
});

test.for([
  [0, 0, '0 in 0: no trials'],
  [0, 1, '0 in 1: below 95% at 95%'],
  [0, 59, '0 in 59: below 5.0% at 95%'],
  [0, 10_000, '0 in 10000: below 0.030% at 95%'],
  [3, 100, '3 in 100: 3.0%, 1.0% to 8.5% at 95%'],
  [100, 100, '100 in 100: 100%, 96% to 100% at 95%'],
] as const)('%i of %i reads %s', ([k, n, text]) => {
  expect(describeRate(k, n)).toBe(text);
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
