/*
 * Goal: Fisher's exact test is that of SciPy 1.17.1 (stats.fisher_exact, two sides), and of every division counted.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fisherExact } from '../../src/base/fisher.ts';
import { rateRatio } from '../../src/base/rate-ratio.ts';

test.for([
  // Whales and sharks in two oceans, the example of SciPy: 8 and 2, 1 and 5.
  [8, 9, 2, 7, 0.034965034965034975],
  // Fisher's own: of eight cups of tea, three of four told right.
  [3, 4, 1, 4, 0.48571428571428565],
  [0, 10_000, 5, 10_000, 0.0624687507816407],
  [12, 1_000, 30, 1_000, 0.007287953507168595],
  [120, 100_000, 100, 100_000, 0.19984463531635455],
] as const)('%i of %i beside %i of %i: p is %d', ([a, n, b, m, p]) => {
  expect(fisherExact(a, n, b, m) / p).toBeCloseTo(1, 9);
  expect(fisherExact(b, m, a, n) / p).toBeCloseTo(1, 9);
});

test('the ends: nothing to divide, nothing seen, and millions', () => {
  expect(fisherExact(0, 0, 1, 5)).toBeNaN();
  expect(fisherExact(0, 10, 0, 10)).toBe(1);
  expect(fisherExact(10, 10, 10, 10)).toBe(1);
  expect(fisherExact(0, 1e8, 1e7, 1e8)).toBe(0);
  expect(fisherExact(5e6, 1e8, 5e6, 1e8)).toBe(1);
});

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways *= (n - k + i) / i;
  return ways;
}

test('p is the sum of all divisions that are no likelier', () => {
  const size = fc.integer({ min: 1, max: 30 });
  fc.assert(
    fc.property(size, size, fc.nat(), fc.nat(), (n, m, x, y) => {
      const [a, b] = [x % (n + 1), y % (m + 1)];
      const chance = (k: number): number => choose(n, k) * choose(m, a + b - k);
      let [all, far] = [0, 0];
      for (let k = Math.max(0, a + b - m); k <= Math.min(n, a + b); k++) {
        all += chance(k);
        if (chance(k) <= chance(a) * (1 + 1e-7)) far += chance(k);
      }
      expect(fisherExact(a, n, b, m)).toBeCloseTo(far / all, 9);
    }),
  );
});

// Heart attacks with a placebo, and with aspirin (Agresti 2002, 3.1: 1.82, 1.43 to 2.30); scipy.stats.contingency.relative_risk.
test('the ratio of two rates, with its interval', () => {
  const { ratio, low, high } = rateRatio(189, 11_034, 104, 11_037);
  expect(ratio).toBeCloseTo(1.8178, 4);
  expect(low).toBeCloseTo(1.4330309030505628, 9);
  expect(high).toBeCloseTo(2.3058842324224456, 9);
  const none = rateRatio(0, 1_000, 20, 1_000);
  expect(none.ratio).toBe(0);
  expect(none.low).toBeGreaterThan(0);
  expect(none.high).toBeLessThan(1);
  expect(rateRatio(0, 10, 0, 10)).toMatchObject({ ratio: 1 });
});
