/*
 * Goal: a figure says what its rounds said: the median, the ratio to the floor of the same round, the
 * spread, and whether that is what was promised.
 * Method: hand-made rounds whose answers are known; a floor that drifts with the value is the control, since
 * a ratio of medians would get it wrong where a median of ratios does not.
 */

import { expect, test } from 'vitest';
import { figure, figureTable, isNoisy, meetsGoal } from '../../src/bench/figure.ts';

const Q = { question: 'q', name: 'n', unit: 'ns' } as const;

test('the ratio is the median of the rounds’ ratios', () => {
  // The machine is twice as slow in the later rounds; ours is 1.5 floors in all of them.
  const floors = [10, 10, 20, 20, 20];
  const values = floors.map((floor) => floor * 1.5);
  const made = figure({ ...Q, values, floors });
  expect(made).toMatchObject({ value: 30, floor: 20, ratio: 1.5, low: 1.5, high: 1.5, n: 5 });
  expect(isNoisy(made)).toBe(false);
});

test('a ratio of medians would have said something else (control)', () => {
  // Ours is slow in the rounds in which the floor is fast.
  const made = figure({ ...Q, values: [30, 30, 10], floors: [10, 10, 20] });
  expect(made).toMatchObject({ value: 30, floor: 10, ratio: 3 });
  const odd = figure({ ...Q, values: [10, 20, 90], floors: [10, 40, 30] });
  expect(odd).toMatchObject({ value: 20, floor: 30, ratio: 1 });
});

test('rounds that disagree are called noisy', () => {
  const made = figure({ ...Q, values: [1, 2, 4, 8, 16] });
  expect(made).toMatchObject({ value: 4, floor: null, ratio: null, low: 2, high: 8 });
  expect(isNoisy(made)).toBe(true);
  expect(figureTable([made])).toMatch(/noisy/);
});

test.for([
  { rounds: [1, 1, 1], goal: 1.25, met: true },
  { rounds: [1, 1.2, 9], goal: 1.25, met: true }, // the median does; one round was disturbed
  { rounds: [1, 1, 2, 2, 2], goal: 1.25, met: undefined }, // the better quarter does: say nothing
  { rounds: [2, 2, 2], goal: 1.25, met: false },
  { rounds: [2, 2, 2], goal: undefined, met: undefined },
])('$rounds against $goal: $met', ({ rounds, goal, met }) => {
  const made = figure({ ...Q, values: rounds, ...(goal === undefined ? {} : { goal }) });
  expect(meetsGoal(made)).toBe(met);
  expect(made.goal).toBe(goal ?? null);
  const beside = figure({
    ...Q,
    values: rounds.map((r) => r * 7),
    floors: rounds.map(() => 7),
    ...(goal === undefined ? {} : { goal }),
  });
  expect(meetsGoal(beside)).toBe(met);
});

test('the table, for people', () => {
  const figures = [
    figure({ ...Q, name: 'mutex', values: [11, 11, 11], floors: [10, 10, 10], goal: 1.25 }),
    figure({
      ...Q,
      name: 'slow',
      params: { threads: 2 },
      unit: 'ms',
      values: [200, 200, 200],
      goal: 150,
    }),
  ];
  expect(figureTable(figures)).toMatchInlineSnapshot(`
    "  FIGURE  PARAMS      VALUE   FLOOR  RATIO   QUARTILES  ROUNDS   GOAL  NOTE
      mutex   -          11.0ns  10.0ns   1.10  1.10..1.10       3  ≤1.25  met
      slow    threads=2   200ms       -      -    200..200       3   ≤150  MISSED"
  `);
});
