/*
 * Goal: the tables of the lock questions put what belongs together into one row, and a lock that failed says
 * so there while the others keep their figures.
 *
 * Method: hand-made figures, of which one is a failure.
 */

import { expect, test } from 'vitest';
import { failed, figure, figureTable, type Figure } from '../../src/bench/figure.ts';
import { contendedTable } from '../../src/bench/questions/lock-contended.ts';
import { fairnessTable } from '../../src/bench/questions/lock-fairness.ts';

const HUNG = { what: 'hung', message: 'no progress', dump: 'dumps/a.dump' };

/** The rows, without the lines below that explain them and depend on the machine. */
function rows(table: string): string {
  return table
    .split('\n')
    .filter((line) => !/×best and |^ {2}least: |CPUs: |p50× and /.test(line))
    .join('\n');
}

function contended(lock: string, threads: number, ns: number, floors?: number[]): Figure[] {
  const common = {
    question: 'lock-contended',
    params: { threads, section: '0ns', lock },
    ...(floors === undefined ? {} : { floors }),
  };
  return [
    figure({ ...common, name: 'section', unit: 'ns', values: [ns, ns] }),
    figure({ ...common, name: 'longest_gap', unit: 'ms', values: [ns / 10, ns / 10] }),
    figure({
      question: common.question,
      params: common.params,
      name: 'least_share',
      unit: '',
      values: [0.5, 0.5],
    }),
  ];
}

test('lock-contended: a row a cell, the locks beside each other', () => {
  const figures = [
    ...contended('gridlock', 2, 50, [100, 100]),
    ...contended('futex', 2, 100),
    ...contended('gridlock', 4, 60, [40, 40]),
    failed(
      {
        question: 'lock-contended',
        name: 'section',
        unit: 'ns',
        params: { threads: 4, section: '0ns', lock: 'futex' },
      },
      { ...HUNG, what: 'lost 3 updates' },
    ),
  ];
  expect(rows(contendedTable(figures))).toMatchInlineSnapshot(`
    "  THREADS  SECTION  GRIDLOCK  FUTEX           ×BEST  GAP:GRIDLOCK  GAP:FUTEX  GAP×  LEAST:GRIDLOCK  LEAST:FUTEX  NOTE
            2      0ns    50.0ns  100ns            0.50        5.00ms     10.0ms  0.05            0.50         0.50  -
            4      0ns    60.0ns  lost_3_updates   1.50        6.00ms          -  0.15            0.50            -  -"
  `);
});

test('lock-fairness: a row a lock', () => {
  const common = { question: 'lock-fairness', unit: 'us' };
  const ours = { threads: 2, lock: 'gridlock' };
  const names = ['acquire_p50', 'acquire_p99', 'acquire_p99.9', 'acquire_max'];
  const figures = [
    ...names.map((name, i) =>
      figure({ ...common, name, params: ours, values: [i + 1, i + 1], floors: [2, 2] }),
    ),
    figure({ ...common, name: 'least_share', params: ours, unit: '', values: [1, 1] }),
    failed({ ...common, name: 'acquire_p50', params: { threads: 2, lock: 'mine' } }, HUNG),
  ];
  expect(rows(fairnessTable(figures))).toMatchInlineSnapshot(`
    "  THREADS  LOCK      P50        P99   P99.9     MAX  LEAST  P50×  P99×  NOTE
            2  gridlock  1.00us  2.00us  3.00us  4.00us   1.00  0.50  1.00  -
            2  mine      hung         -       -       -      -     -     -  -"
  `);
});

test('anywhere else, the figure that is none says why', () => {
  const table = figureTable([
    failed({ question: 'lock-pair', name: 'mutex', unit: 'ns', params: { lock: 'mine' } }, HUNG),
  ]);
  expect(table).toMatchInlineSnapshot(`
    "  FIGURE  PARAMS     VALUE  FLOOR  RATIO  QUARTILES  ROUNDS  GOAL  NOTE
      mutex   lock=mine  hung   -      -      -               0  -     -"
  `);
});

test('what failed has no number in JSON', () => {
  const made = failed({ question: 'lock-pair', name: 'mutex', unit: 'ns' }, HUNG);
  expect(JSON.parse(JSON.stringify(made))).toMatchObject({ value: null, n: 0, failure: HUNG });
});
