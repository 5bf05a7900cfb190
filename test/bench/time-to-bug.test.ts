/*
 * Goal: a try that was cut off counts as one that takes longer, not as one that failed, nor as none.
 * Method: tries made up here, of which the medians are known; to drop the cut ones, and to take them for failures, are the
 * broken twins, which say something else.
 */

import { expect, test } from 'vitest';

import { median } from '../../src/base/stats.ts';
import { survivalFigures, timeTable, type Try } from '../../src/bench/questions/time-to-bug.ts';

const found = (ms: number): Try => ({ ms, found: true });
const cut = (ms: number): Try => ({ ms, found: false });
const ms = (tries: readonly Try[]): number[] => tries.map((each) => each.ms);

test('the median of what was all found is the median', () => {
  const tries = [found(30), found(10), found(20)];
  const [time, share] = survivalFigures('a b', 'pct', tries);
  expect(time).toMatchObject({ name: 'a b', params: { strategy: 'pct' }, value: 20, n: 3 });
  expect(share).toMatchObject({ name: 'a b found', value: 100, unit: '%' });
});

test('what was cut off early makes it later than it looks', () => {
  const tries = [found(10), cut(15), cut(15), found(20), found(40)];
  const [time, share] = survivalFigures('a b', 'pct', tries);
  // S is 4/5 after 10, then 2 are watched: 4/5 × 1/2 after 20, which is the first below one half.
  expect(time!.value).toBe(20);
  expect(share!.value).toBe(60);
  expect(median(ms(tries))).toBe(15);
  expect(median(ms(tries.filter((each) => each.found)))).toBe(20);
  const late = [found(10), cut(15), cut(15), cut(30), found(40)];
  expect(survivalFigures('a b', 'pct', late)[0]!.value).toBe(40);
  expect(median(ms(late))).toBe(15);
  expect(median(ms(late.filter((each) => each.found)))).toBe(25);
});

test('a median that is not known is what was watched, and the table says more than that', () => {
  const figures = [
    ...survivalFigures('one planted', 'free', [cut(500), cut(500), cut(100)]),
    ...survivalFigures('one planted', 'pct', [found(3), found(8), found(1)]),
    ...survivalFigures('two planted', 'free', [found(1500), found(2500), cut(3000)]),
    ...survivalFigures('two planted', 'pct', [found(9), cut(500), cut(500)]),
  ];
  expect(figures[0]).toMatchObject({ value: 500, low: 500, high: 500 });
  expect(timeTable(figures)).toMatchInlineSnapshot(`
    "  BUG          FREE         PCT
      one:planted  >500ms(0/3)  3ms
      two:planted  2.5s(2/3)    >500ms(1/3)"
  `);
});
