/*
 * Goal: the tables of a matrix say what each configuration came to, and note those that differ, and no others.
 * Method: results directories written by hand, of counts whose test has a known answer (R: fisher.test), and read as `show`
 * reads them.  The twins are the same tables with the difference taken out, with too few trials to see it, and by a strategy that
 * leaves nothing to chance: none may have a note.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { matrixLines, readMatrix } from '../../src/report/matrix.ts';
import { readRun } from '../../src/report/model.ts';
import { renderHtml } from '../../src/report/html.ts';
import { junitReport } from '../../src/report/junit.ts';
import { markdownReport } from '../../src/report/markdown.ts';
import { showRun } from '../../src/report/show.ts';
import { HEADER } from './html.sample.ts';
import { trialOf } from './made.ts';

let place = '';
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'gridlock-matrix-'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('LC_ALL', 'C.UTF-8');
  vi.stubEnv('TERM', 'xterm');
});

interface Cell {
  readonly settings: Readonly<Record<string, string>>;
  readonly failed: number;
  readonly trials: number;
  readonly outcomes?: Readonly<Record<string, number>>;
  readonly strategy?: string;
}

interface Extra {
  readonly records?: readonly object[];
  readonly rounds?: number;
}

/** A matrix as it lies on the disk. */
function matrixOf(cells: readonly Cell[], { records = [], rounds = 1 }: Extra = {}): string {
  const directory = mkdtempSync(join(place, 'm'));
  mkdirSync(join(directory, 'dumps'));
  const named = cells.map((cell) => ({ ...cell, name: nameOf(cell.settings) }));
  const names = [...new Set(cells.flatMap(({ settings }) => Object.keys(settings)))];
  const campaigns = named.map(({ name, strategy = 'free' }) => ({
    workload: 'once',
    variant: 'split',
    strategy,
    declared: 'panic',
    trials: 0,
    params: {},
    settings: { configuration: name },
    configuration: name,
  }));
  const matrix = {
    command: 'run',
    rounds,
    axes: names.map((name) => ({
      name,
      values: [...new Set(cells.map(({ settings }) => settings[name]!))],
    })),
    configurations: named.map(({ name, settings }) => ({ name, settings })),
  };
  const trials = named.flatMap(
    ({ failed, trials: n, outcomes = {}, strategy = 'free' }, campaign) =>
      Array.from({ length: n }, (_, index) => ({
        ...trialOf({
          variant: 'split',
          strategy,
          index,
          verdict: index < failed ? 'panic' : 'pass',
          grade: index < failed ? 'expected' : 'interesting',
          outcomes: index === 0 ? outcomes : {},
        }),
        campaign,
      })),
  );
  const lines = [HEADER, ...trials, ...records];
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({ ...HEADER, id: 'm', campaigns, matrix }),
  );
  writeFileSync(
    join(directory, 'journal.ndjson'),
    lines.map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
  writeFileSync(join(directory, 'done.json'), '{"exit":0}');
  return directory;
}

function nameOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([axis, value]) => `${axis}=${value}`)
    .join(',');
}

function linesOf(directory: string): string[] {
  return matrixLines(readMatrix(directory)!);
}

const v8 = (value: string, failed: number, trials: number, more: Partial<Cell> = {}): Cell => ({
  settings: { v8: value },
  failed,
  trials,
  ...more,
});

describe('a table of trials', () => {
  test('counts, shares, and what differs', () => {
    const directory = matrixOf([v8('default', 12, 20), v8('jitless', 0, 20), v8('no-opt', 10, 20)]);
    expect(linesOf(directory).join('\n')).toMatchInlineSnapshot(`
      "once split, declared panic, free
        V8       TRIALS  PASS  FREQ  PANIC  FREQ  TIME-TO-FAILURE  GRADE    NOTE
        default      20     8   40%     12   60%            250ms  cut-off  more panic than elsewhere (p=0.023)
        jitless      20    20  100%      0    0%                -  cut-off  fewer panic than elsewhere (p<0.001)
        no-opt       20    10   50%     10   50%            250ms  cut-off
      "
    `);
  });

  test.for([
    { what: 'the difference taken out', cells: [v8('a', 10, 20), v8('b', 9, 20), v8('c', 11, 20)] },
    { what: 'too few trials', cells: [v8('a', 3, 3), v8('b', 0, 3), v8('c', 2, 3)] },
    {
      what: 'nothing left to chance',
      cells: ['a', 'b', 'c'].map((name, i) => v8(name, 20 * (i % 2), 20, { strategy: 'dfs' })),
    },
    { what: 'one verdict', cells: [v8('a', 20, 20), v8('b', 20, 20)] },
  ])('no note where there is $what (control)', ({ cells }) => {
    const text = linesOf(matrixOf(cells)).join('\n');
    expect(text).toMatch(/NOTE/);
    expect(text).not.toMatch(/elsewhere/);
  });

  test('of two, each differs from the other, by one test: fisher.test of 9 of 10 against 2 of 10', () => {
    const text = linesOf(matrixOf([v8('a', 9, 10), v8('b', 2, 10)])).join('\n');
    expect(text).toMatch(/more panic than elsewhere \(p=0\.005\)/);
    expect(text).toMatch(/fewer panic than elsewhere \(p=0\.005\)/);
  });

  test('several axes: each value against the others of its axis', () => {
    const cells = ['20', '22'].flatMap((node) =>
      ['on', 'off'].map((pin) => ({
        settings: { node, pin },
        failed: pin === 'on' ? 8 : 4,
        trials: 12,
      })),
    );
    const text = linesOf(matrixOf(cells)).join('\n');
    expect(text).toMatch(/pin {3}on +24 .*more panic than elsewhere/);
    expect(text).toMatch(/pin {3}off +24 .*fewer panic than elsewhere/);
    expect(text).toMatch(/node {2}20 +24 +12 +50% +12 +50%$/m);
  });

  test('an axis of numbers has its course', () => {
    const cells = [2, 4, 8].map((n, i) => ({
      settings: { threads: String(n) },
      failed: [0, 5, 10][i]!,
      trials: 10,
    }));
    expect(linesOf(matrixOf(cells))).toContain('  not passed over threads 2,4,8: ▁▅█');
  });

  test('rounds are drawn against the largest of the table', () => {
    const turn = (configuration: string, round: number, panic: number): object => ({
      type: 'configuration',
      configuration,
      round,
      exit: 0,
      signal: null,
      seconds: 1,
      message: null,
      came: [
        {
          workload: 'once',
          variant: 'split',
          strategy: 'free',
          trials: 10,
          verdicts: { panic, pass: 10 - panic },
        },
      ],
    });
    const records = [
      turn('v8=a', 1, 0),
      turn('v8=b', 1, 4),
      turn('v8=a', 2, 2),
      turn('v8=b', 2, 2),
    ];
    const text = linesOf(matrixOf([v8('a', 2, 20), v8('b', 6, 20)], { records, rounds: 2 })).join(
      '\n',
    );
    expect(text).toMatch(/^ {2}a .* ▁▅ /m);
    expect(text).toMatch(/^ {2}b .* █▅ /m);
  });

  test('outcomes are held against each other where a trial has one at most', () => {
    const one = linesOf(
      matrixOf([
        v8('a', 0, 20, { outcomes: { cold: 20 } }),
        v8('b', 0, 20, { outcomes: { warm: 20 } }),
      ]),
    );
    expect(one.join('\n')).toMatch(/more cold than elsewhere \(p<0\.001\)/);
    const many = linesOf(
      matrixOf([
        v8('a', 0, 20, { outcomes: { cold: 21 } }),
        v8('b', 0, 20, { outcomes: { warm: 20 } }),
      ]),
    );
    expect(many.join('\n')).toMatch(/COLD/);
    expect(many.join('\n')).not.toMatch(/elsewhere/);
  });

  test('a configuration that failed is said below', () => {
    const records = [
      {
        type: 'configuration',
        configuration: 'v8=a',
        round: 1,
        exit: null,
        signal: 'SIGKILL',
        seconds: 1,
        message: 'no room\u001b[2J',
        came: [],
      },
    ];
    expect(linesOf(matrixOf([v8('a', 1, 2)], { records })).at(-1)).toBe(
      'v8=a, round 1: ended by SIGKILL: no room\\x1b[2J',
    );
  });
});

describe('the directory', () => {
  test('is shown as a matrix, and reported with its configurations named', async () => {
    const directory = matrixOf([v8('default', 1, 2), v8('jitless', 0, 2)]);
    expect(showRun(directory)).toMatch(/V8 +TRIALS/);
    const model = readRun(directory);
    expect(await markdownReport(model)).toMatch(/split.*v8.*jitless/);
    expect(await junitReport(model)).toMatch(/name="split \(v8=jitless\)"/);
    expect(await renderHtml(model)).toMatch(/<bdi>v8=jitless<\/bdi>/);
  });

  test('one of a plain run is no matrix (control)', () => {
    const directory = matrixOf([v8('default', 1, 2)]);
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ ...HEADER, id: 'm' }));
    expect(readMatrix(directory)).toBeUndefined();
    expect(showRun(directory)).not.toMatch(/V8 +TRIALS/);
  });
});

describe('figures of a bench', () => {
  const figure = (configuration: string, value: number): object => ({
    type: 'figure',
    question: 'lock-pair',
    name: 'mutex',
    params: {},
    value,
    unit: 'ns',
    floor: 10,
    ratio: value / 10,
    configuration,
  });
  const made = (slow: readonly number[]): string => {
    const figures = [20, 21, 22].flatMap((value, i) => [
      figure('v8=default', value),
      figure('v8=jitless', slow[i]!),
    ]);
    const cells = [v8('default', 0, 0), v8('jitless', 0, 0)];
    return linesOf(matrixOf(cells, { records: figures, rounds: 3 })).join('\n');
  };

  test('by configuration, beside the first', () => {
    expect(made([200, 210, 220])).toMatchInlineSnapshot(`
      "lock-pair
        FIGURE  PARAMS  V8        VALUE   FLOOR  RATIO       RANGE  ROUNDS  VS-FIRST
        mutex   -       default  21.0ns  10.0ns   2.10  20.0..22.0  ▇██     -
        mutex   -       jitless   210ns  10.0ns  21.00    200..220  ▇██     ×10.0
      "
    `);
  });

  test('a param that is an axis is its column, and its values are compared', () => {
    const cells = ['2', '4'].map((threads) => ({ settings: { threads }, failed: 0, trials: 0 }));
    const records = [20, 21].flatMap((value) =>
      [2, 4].flatMap((threads) =>
        ['ours', 'theirs'].map((lock) => ({
          ...figure(`threads=${threads}`, value * threads * (lock === 'ours' ? 1 : 2)),
          params: { threads, lock },
        })),
      ),
    );
    const text = linesOf(matrixOf(cells, { records, rounds: 2 })).join('\n');
    expect(text).toMatch(/mutex +lock=ours +2 +41\.0ns .* -$/m);
    expect(text).toMatch(/mutex +lock=ours +4 +82\.0ns .* ×2\.00$/m);
    expect(text).toMatch(/mutex +lock=theirs +4 +164ns .* ×2\.00$/m);
  });

  test('rounds that overlap tell nothing apart (control)', () => {
    expect(made([19, 21.5, 30])).toMatch(/jitless .* ~$/m);
  });
});
