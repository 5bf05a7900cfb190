/*
 * Goal: U and p are those of SciPy 1.17.1 and R, exact and approximate, with ties and without.
 *
 * Method: the examples of their documentation; all deals of small samples, counted one by one, as a property.  The twin counts
 * ties as wins: it must come to something else.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leastP, mannWhitney } from '../../src/base/mann-whitney.ts';

test('diagnosis ages, the example of scipy.stats.mannwhitneyu: U 17, p 0.1111111111111111', () => {
  const test = mannWhitney([19, 22, 16, 29, 24], [20, 11, 17, 12]);
  expect(test.u).toBe(17);
  expect(test.p).toBeCloseTo(0.1111111111111111, 14);
  expect(test.exact).toBe(true);
});

test('ten below ten: 1.082508822446903e-05', () => {
  const below = Array.from({ length: 10 }, (_, i) => i);
  const above = below.map((value) => value + 10);
  const { u, p } = mannWhitney(below, above);
  expect(u).toBe(0);
  expect(p / 1.082508822446903e-5).toBeCloseTo(1, 12);
});

// scipy.stats.mannwhitneyu(x, y, method=PermutationMethod(n_resamples=10**7)), which deals exhaustively.
test('ties, dealt exactly: U 9.5, p 0.12004662004662005', () => {
  const { u, p } = mannWhitney([1, 1, 2, 3, 5, 5], [2, 3, 3, 5, 8, 8, 9]);
  expect(u).toBe(9.5);
  expect(p).toBeCloseTo(0.12004662004662005, 14);
});

// Ozone in New York, 1973, R's airquality; help(wilcox.test): W = 127.5, p-value = 0.0001208.
// prettier-ignore
const MAY = [
  41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37,
];
// prettier-ignore
const AUGUST = [
  39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118,
  84, 85,
];

test('ozone in May and August, the example of R’s wilcox.test: approximate, with ties', () => {
  const { u, p, exact } = mannWhitney(MAY, AUGUST);
  expect(u).toBe(127.5);
  expect(p).toBeCloseTo(0.00012080783076877434, 12);
  expect(exact).toBe(false);
});

test('nothing to compare, and nothing that differs', () => {
  expect(mannWhitney([], [1]).p).toBeNaN();
  expect(mannWhitney([1, 1, 1], [1, 1]).p).toBe(1);
  expect(mannWhitney(MAY, MAY).p).toBe(1);
  const same = Array.from({ length: 40 }, () => 7);
  expect(mannWhitney(same, same)).toMatchObject({ p: 1, exact: false });
});

/** Every way to deal the values out, by hand. */
function dealt(
  first: readonly number[],
  second: readonly number[],
  tie = 0.5,
): { u: number; p: number } {
  const all = [...first, ...second];
  const uOf = (mine: readonly number[], theirs: readonly number[]): number =>
    mine.reduce(
      (sum, a) => sum + theirs.reduce((s, b) => s + (a > b ? 1 : a === b ? tie : 0), 0),
      0,
    );
  const u = uOf(first, second);
  let [ways, below, above] = [0, 0, 0];
  for (let deal = 0; deal < 2 ** all.length; deal++) {
    const mine = all.filter((_, i) => (deal >> i) & 1);
    if (mine.length !== first.length) continue;
    const other = uOf(
      mine,
      all.filter((_, i) => !((deal >> i) & 1)),
    );
    ways++;
    if (other <= u) below++;
    if (other >= u) above++;
  }
  return { u, p: Math.min(1, (2 * Math.min(below, above)) / ways) };
}

const few = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });

test('p is the share of deals, ties and all; sides may be swapped', () => {
  fc.assert(
    fc.property(few, few, (first, second) => {
      const counted = dealt(first, second);
      const { u, p } = mannWhitney(first, second);
      expect(u).toBe(counted.u);
      expect(p).toBeCloseTo(counted.p, 12);
      expect(mannWhitney(second, first).p).toBeCloseTo(p, 12);
      expect(p).toBeGreaterThanOrEqual(leastP(first.length, second.length) - 1e-12);
    }),
    { numRuns: 60 },
  );
});

test('twin: a tie taken for a win comes to another U', () => {
  expect(dealt([1, 2], [2, 3], 1).u).not.toBe(mannWhitney([1, 2], [2, 3]).u);
});

test.for([
  [1, 1, 1],
  [3, 3, 0.1],
  [4, 4, 2 / 70],
  [10, 10, 2 / 184_756],
] as const)('%i against %i can come to %d at least', ([n, m, p]) => {
  expect(leastP(n, m)).toBeCloseTo(p, 12);
});
