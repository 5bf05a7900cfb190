/*
 * Goal: a figure says what its rounds said: the median, the ratio to the floor of the same round, the spread.
 * Method: hand-made rounds whose answers are known; a floor that drifts with the value is the control, since
 * a ratio of medians would get it wrong where a median of ratios does not.
 */

import { expect, test } from 'vitest';
import { bench } from '../../src/bench/bench.ts';
import { figure, figureTable, isNoisy } from '../../src/bench/figure.ts';

test('the ratio is the median of the rounds’ ratios', () => {
  // The machine is twice as slow in the later rounds; ours is 1.5 floors in all of them.
  const floors = [10, 10, 20, 20, 20];
  const values = floors.map((floor) => floor * 1.5);
  const made = figure({ question: 'q', name: 'n', unit: 'ns', values, floors });
  expect(made).toMatchObject({ value: 30, floor: 20, ratio: 1.5, low: 1.5, high: 1.5, n: 5 });
  expect(isNoisy(made)).toBe(false);
});

test('rounds that disagree are called noisy', () => {
  const made = figure({ question: 'q', name: 'n', unit: 'ms', values: [1, 2, 4, 8, 16] });
  expect(made).toMatchObject({ value: 4, floor: null, ratio: null, low: 2, high: 8 });
  expect(isNoisy(made)).toBe(true);
  expect(figureTable([made])).toMatch(/noisy/);
});

test('an unknown question is refused before any is measured', async () => {
  const written: string[] = [];
  const asked = bench(['lock-pair', 'lock-contendet'], {
    quick: true,
    json: true,
    write: (text) => written.push(text),
  });
  await expect(asked).rejects.toMatchObject({ code: 'UNKNOWN_QUESTION', exit: 2 });
  expect(written).toEqual([]);
});
