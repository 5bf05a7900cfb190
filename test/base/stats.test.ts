/*
 * Goal: our numbers are those that others have printed.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { median, p90, quantile } from '../../src/base/stats.ts';

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
