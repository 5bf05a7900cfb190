/*
 * Goal: tails of the normal distribution are those of SciPy 1.17.1 (stats.norm.sf), far out, too.
 */

import { expect, test } from 'vitest';
import { normalBothTails, normalTail } from '../../src/base/normal.ts';

test.for([
  [0, 0.5],
  [0.5, 0.3085375387259869],
  [1.96, 0.024997895148220435],
  [2.99, 0.0013948872354922468],
  [3, 0.0013498980316300933],
  [5, 2.866515718791933e-7],
  [10, 7.61985302416047e-24],
] as const)('above %d lies %d', ([z, tail]) => {
  expect(normalTail(z) / tail).toBeCloseTo(1, 11);
  expect(normalTail(-z)).toBeCloseTo(1 - tail, 14);
  expect(normalBothTails(-z) / (2 * tail)).toBeCloseTo(1, 11);
});

test('the ends', () => {
  expect(normalTail(Infinity)).toBe(0);
  expect(normalTail(-Infinity)).toBe(1);
  expect(normalBothTails(0)).toBe(1);
  expect(normalTail(NaN)).toBeNaN();
});
