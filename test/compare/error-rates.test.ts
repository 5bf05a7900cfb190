/*
 * Goal: what has no difference is told apart as seldom as promised, and a planted 5% is found as often.
 *
 * Method: samples with a fixed seed, so the counts are always the same.  Processes of one code differ by 2%, which is what
 * lock-pair's do.  The twin takes the rounds of one process for samples: it must find a difference nearly each time.
 */

import { expect, test } from 'vitest';
import { compareSides, type Comparison } from '../../src/compare/compare.ts';
import { Chance, processesOf, sideOf } from './made.ts';

const TIMES = 300;
const PROCESSES = 10;

function compared(a: readonly number[], b: readonly number[]): Comparison {
  return compareSides(sideOf('A', processesOf(a, {}, 1)), sideOf('B', processesOf(b, {}, 1)), 0.01);
}

function counted(times: number, make: () => Comparison): { found: number; past: number } {
  let [found, past] = [0, 0];
  for (let i = 0; i < times; i++) {
    const [row] = make().rows;
    if (row!.verdict !== 'same') found++;
    if (row!.past) past++;
  }
  return { found, past };
}

test('equals: told apart in at most 5 of 100, past the noise in 1 of 100', () => {
  const chance = new Chance(11);
  const { found, past } = counted(TIMES, () =>
    compared(chance.processes(PROCESSES, 1.1), chance.processes(PROCESSES, 1.1)),
  );
  expect(found).toBeLessThanOrEqual(TIMES * 0.05);
  expect(past).toBeLessThanOrEqual(TIMES * 0.01);
  expect(found).toBeGreaterThan(0);
});

test('5% slower: found in 9 of 10, and most of them past the noise', () => {
  const chance = new Chance(12);
  const { found, past } = counted(TIMES / 3, () =>
    compared(chance.processes(PROCESSES, 1.1), chance.processes(PROCESSES, 1.1 * 1.05)),
  );
  expect(found).toBeGreaterThanOrEqual(TIMES * 0.3);
  expect(past).toBeGreaterThanOrEqual(TIMES * 0.25);
});

test('twin: rounds of one process, taken for samples, differ nearly always', () => {
  const chance = new Chance(13);
  const { found } = counted(20, () => {
    const [a, b] = chance.processes(2, 1.1) as [number, number];
    return compared(chance.processes(25, a, 0.003), chance.processes(25, b, 0.003));
  });
  expect(found).toBeGreaterThan(14);
});

test('a long table of equals: some rows are told apart, and the gate stays open', () => {
  const chance = new Chance(14);
  let found = 0;
  let tables = 0;
  for (let i = 0; i < 10; i++) {
    const names = Array.from({ length: 20 }, (_, n) => `n${n}`);
    const side = (label: string): ReturnType<typeof sideOf> =>
      sideOf(
        label,
        names.flatMap((name) => processesOf(chance.processes(PROCESSES, 1.1), { name }, 1)),
      );
    const { rows, regressions } = compareSides(side('A'), side('B'), 0);
    found += rows.filter(({ verdict }) => verdict !== 'same').length;
    if (regressions.length > 0) tables++;
  }
  expect(found).toBeGreaterThan(2);
  expect(tables).toBeLessThanOrEqual(1);
});
