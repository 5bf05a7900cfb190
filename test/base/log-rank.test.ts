/*
 * Goal: the log-rank test is the one that is in print.
 *
 * Method: leukaemia, Freireich et al., Blood 21 (1963), as in the R package fastlogranktest (z -4.097919, chi-squared 16.79294, p
 * 4.168809e-05); gliomas of two kinds, the example of scipy.stats.logrank (z -2.73799, p 0.00618).  The twins
 * leave out what was cut off, or take it for failures: both must come to something else.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logRank } from '../../src/base/log-rank.ts';

const TREATED = {
  failed: [6, 6, 6, 7, 10, 13, 16, 22, 23],
  cut: [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
};
// prettier-ignore
const PLACEBO = {
  failed: [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23],
  cut: [],
};
const ASTROCYTOMA = {
  failed: [6, 13, 21, 30, 37, 38, 49, 50, 63, 79, 86, 98, 202, 219],
  cut: [31, 47, 80, 82, 82, 149],
};
// prettier-ignore
const GLIOBLASTOMA = {
  failed: [
    10, 10, 12, 13, 14, 15, 16, 17, 18, 20, 24, 24, 25, 28, 30, 33, 35, 37, 40, 40, 46, 48, 76, 81,
    82, 91, 112, 181,
  ],
  cut: [34, 40, 70],
};

test('leukaemia', () => {
  const { z, p, failures, hazard, low, high } = logRank(TREATED, PLACEBO);
  expect(z).toBeCloseTo(-4.097919, 6);
  expect(z * z).toBeCloseTo(16.79294, 5);
  expect(p).toBeCloseTo(4.168809e-5, 11);
  expect(failures).toBe(30);
  // Expected: 19.25 and 10.75 (Collett, table 2.6), of which 9 and 21 were seen.
  expect(hazard).toBeCloseTo(9 / 19.25 / (21 / 10.75), 2);
  expect(low).toBeLessThan(hazard);
  expect(high).toBeLessThan(1);
});

test('gliomas', () => {
  const { z, p } = logRank(ASTROCYTOMA, GLIOBLASTOMA);
  expect(z).toBeCloseTo(-2.7379909000095908, 12);
  expect(p).toBeCloseTo(0.006181578637461755, 12);
});

test('twins: without what was cut, or with it as failures, it is another', () => {
  const bare = logRank({ failed: TREATED.failed, cut: [] }, PLACEBO);
  expect(bare.p).toBeGreaterThan(1e-3);
  const all = { failed: [...TREATED.failed, ...TREATED.cut], cut: [] };
  expect(logRank(all, PLACEBO).z).not.toBeCloseTo(-4.097919, 1);
});

test('nothing failed, or nothing can be told', () => {
  const none = { failed: [], cut: [5, 6] };
  expect(logRank(none, none)).toMatchObject({ failures: 0 });
  expect(logRank(none, none).p).toBeNaN();
  const atOnce = { failed: [1, 1, 1], cut: [] };
  expect(logRank(atOnce, atOnce)).toMatchObject({ z: 0, p: 1, hazard: 1 });
  expect(logRank({ failed: [], cut: [9] }, { failed: [1, 2, 3, 4, 5], cut: [] }).hazard).toBe(0);
});

test('one never failed: its interval has a width, and is turned over with the sides', () => {
  const never = { failed: [], cut: [9, 9, 9, 9, 9, 9] };
  const often = { failed: [1, 2, 3, 4, 5], cut: [] };
  const there = logRank(never, often);
  const back = logRank(often, never);
  expect(there.hazard).toBe(0);
  expect(there.low).toBeGreaterThan(0);
  expect(there.high).toBeGreaterThan(2 * there.low);
  expect(back.hazard).toBe(Infinity);
  expect(back.low).toBeCloseTo(1 / there.high, 9);
  expect(back.high).toBeCloseTo(1 / there.low, 9);
});

const lengths = fc.record({
  failed: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 30 }),
  cut: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 10 }),
});

test('to swap the sides swaps the sign, and turns the hazard over', () => {
  fc.assert(
    fc.property(lengths, lengths, (x, y) => {
      const there = logRank(x, y);
      const back = logRank(y, x);
      expect(back.z).toBeCloseTo(-there.z, 9);
      expect(back.p).toBeCloseTo(there.p, 9);
      expect(back.hazard * there.hazard).toBeCloseTo(1, 9);
      expect(logRank(x, x).p).toBeCloseTo(1, 9);
    }),
  );
});
