/*
 * Goal: our curve is the one that is in print.
 *
 * Method: remission of leukaemia in weeks, Freireich et al., Blood 21 (1963), the example of every textbook.  The
 * curve is that of Kalbfleisch and Prentice; intervals are R's survfit(conf.type="log-log") and SciPy's.
 * The twins leave out what was cut off, or take it for failures: both must come to something else.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kaplanMeier, survivalQuantile } from '../../src/base/survival.ts';
import { median } from '../../src/base/stats.ts';

const RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]; //  under 6-MP
const STILL_WELL = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
// prettier-ignore
const PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];

test('the curve under 6-MP', () => {
  const { steps } = kaplanMeier(RELAPSED, STILL_WELL);
  const rounded = steps.map(({ at, watched, failed, survival, low, high }) => [
    at,
    watched,
    failed,
    ...[survival, low!, high!].map((share) => share.toFixed(3)),
  ]);
  expect(rounded).toEqual([
    [6, 21, 3, '0.857', '0.620', '0.952'],
    [7, 17, 1, '0.807', '0.563', '0.923'],
    [10, 15, 1, '0.753', '0.503', '0.889'],
    [13, 12, 1, '0.690', '0.432', '0.849'],
    [16, 11, 1, '0.627', '0.368', '0.805'],
    [22, 7, 1, '0.538', '0.268', '0.747'],
    [23, 6, 1, '0.448', '0.188', '0.680'],
  ]);
});

test('medians are 23 and 8 weeks, and nine in ten under 6-MP are not known', () => {
  const treated = kaplanMeier(RELAPSED, STILL_WELL);
  expect(survivalQuantile(treated, 0.5)).toBe(23);
  expect(survivalQuantile(treated, 0.9)).toBeNull();
  expect(survivalQuantile(kaplanMeier(PLACEBO, []), 0.5)).toBe(8);
});

test('twins: who is still well is neither absent nor ill', () => {
  const absent = kaplanMeier(RELAPSED, []);
  const ill = kaplanMeier([...RELAPSED, ...STILL_WELL], []);
  expect(survivalQuantile(absent, 0.5)).toBe(10);
  expect(survivalQuantile(ill, 0.5)).toBe(16);
});

test('what is exactly half for a while has its median in the middle of the while', () => {
  expect(survivalQuantile(kaplanMeier([1, 2, 6, 9], []), 0.5)).toBe(4);
  expect(survivalQuantile(kaplanMeier([10], [990]), 0.5)).toBe(500);
  expect(survivalQuantile(kaplanMeier([10], [990, 990]), 0.5)).toBeNull();
});

test('of nothing, nothing is known; at the end, no interval', () => {
  expect(kaplanMeier([], [])).toEqual({ steps: [], longest: 0 });
  expect(survivalQuantile(kaplanMeier([], [5]), 0.5)).toBeNull();
  expect(kaplanMeier([3], []).steps).toEqual([
    { at: 3, watched: 1, failed: 1, survival: 0, low: null, high: null },
  ]);
});

test('the curve falls, within its interval, and is the share that is longer where nothing was cut', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 });
  fc.assert(
    fc.property(lengths, lengths, (failed, cut) => {
      let last = 1;
      for (const { survival, low, high } of kaplanMeier(failed, cut).steps) {
        expect(survival).toBeLessThan(last);
        if (survival > 0) expect(low! <= survival && survival <= high!).toBe(true);
        last = survival;
      }
      const whole = kaplanMeier(failed, []);
      for (const { at, survival } of whole.steps)
        expect(survival).toBeCloseTo(failed.filter((n) => n > at).length / failed.length, 9);
      if (failed.length > 0) expect(survivalQuantile(whole, 0.5)).toBe(median(failed));
    }),
  );
});
