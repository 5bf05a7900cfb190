/*
 * Goal: intervals hold what they say they hold, as often as they say; holm() is that of R.
 *
 * Method: samples of a known median are drawn with a fixed seed, and counted.  The twin of the median's interval
 * leaves out a value on each side: it must hold the median too seldom.
 */

import { expect, test } from 'vitest';
import { medianRatioInterval, ratioOf } from '../../src/base/bootstrap.ts';
import { holm } from '../../src/base/holm.ts';
import { medianInterval } from '../../src/base/median-interval.ts';
import { RNG_WORDS, seedRng } from '../../src/base/prng.ts';
import { nextUnit } from '../unit.ts';

function drawer(seed: number): (n: number, scale?: number) => number[] {
  const words = new Uint32Array(RNG_WORDS);
  seedRng(words, seed);
  // Exponential: skewed, as times are; its median is scale * ln 2.
  return (n, scale = 1) => Array.from({ length: n }, () => -scale * Math.log(1 - nextUnit(words)));
}

// Three draws of three are all at one end with 1 in 27, and two of them with 6 more.
test('the ends of few values are those values', () => {
  expect(medianRatioInterval([1, 2, 3], [1])).toEqual({ low: 1, high: 3 });
  expect(medianRatioInterval([2, 4], [1])).toEqual({ low: 2, high: 4 });
  expect(medianRatioInterval([5], [2])).toEqual({ low: 2.5, high: 2.5 });
});

test('the same samples have the same interval', () => {
  const draw = drawer(1);
  const [a, b] = [draw(10), draw(10)];
  expect(medianRatioInterval(a, b)).toEqual(medianRatioInterval([...a], [...b]));
});

test('of ten values each, the interval of the ratio holds it in about 95 of 100', () => {
  const draw = drawer(2);
  const TIMES = 300;
  let held = 0;
  for (let i = 0; i < TIMES; i++) {
    const { low, high } = medianRatioInterval(draw(10, 3), draw(10, 2), 200);
    if (low <= 1.5 && high >= 1.5) held++;
  }
  expect(held / TIMES).toBeGreaterThan(0.91);
  expect(held / TIMES).toBeLessThan(0.99);
});

test('what is 0 has a ratio', () => {
  expect(ratioOf(0, 0)).toBe(1);
  expect(ratioOf(1, 0)).toBe(Infinity);
  expect(medianRatioInterval([0, 0], [0, 0])).toEqual({ low: 1, high: 1 });
});

test('the interval of a median: from six values on, and it holds it in 95 of 100 at least', () => {
  expect(medianInterval([1, 2, 3, 4, 5])).toBeNull();
  expect(medianInterval([])).toBeNull();
  expect(medianInterval([6, 1, 5, 2, 4, 3])).toEqual({ low: 1, high: 6 });
  // Ten values: the second and the ninth (Conover 1999, table A3).
  const ten = Array.from({ length: 10 }, (_, i) => i + 1);
  expect(medianInterval(ten)).toEqual({ low: 2, high: 9 });
  const draw = drawer(3);
  const TIMES = 4_000;
  let held = 0;
  let twin = 0;
  for (let i = 0; i < TIMES; i++) {
    const values = draw(10).toSorted((a, b) => a - b);
    const { low, high } = medianInterval(values)!;
    if (low <= Math.LN2 && high >= Math.LN2) held++;
    if (values[2]! <= Math.LN2 && values[7]! >= Math.LN2) twin++;
  }
  expect(held / TIMES).toBeGreaterThan(0.95);
  expect(twin / TIMES).toBeLessThan(0.95);
});

// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), method = "holm") is 0.03 0.06 0.06 0.02.
test('holm is that of R, and leaves out what was not tested', () => {
  const corrected = holm([0.01, 0.04, NaN, 0.03, 0.005]);
  expect(corrected.map((p) => Number(p.toFixed(9)))).toEqual([0.03, 0.06, NaN, 0.06, 0.02]);
  expect(holm([])).toEqual([]);
  expect(holm([0.6, 0.9])).toEqual([1, 1]);
});
