/*
 * Goal: a comparison says what may be said: of ratios where there are floors, of each row its direction, and nothing of
 * what cannot be told.
 *
 * Method: sides with known samples.  The controls are the same samples with one thing changed.
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readBaseline, saveBaseline } from '../../src/compare/baseline.ts';
import { compareSides, isRegression } from '../../src/compare/compare.ts';
import { comparisonJson } from '../../src/compare/export.ts';
import { readSide, type Side } from '../../src/compare/side.ts';
import { comparisonText } from '../../src/compare/text.ts';
import { inScratch } from '../cli/gridlock.ts';
import { failedIn, HEADER, processesOf, runDirectory, sideOf } from './made.ts';

const SLOW = [12, 12.1, 12.2, 12.3, 12.4, 12.5, 12.6, 12.7];
const FAST = SLOW.map((value) => value - 2);

test('a machine that is twice as slow is no difference where there is a floor', () => {
  const a = sideOf('A', processesOf(FAST, {}, 10));
  const b = sideOf(
    'B',
    processesOf(
      FAST.map((value) => value * 2),
      {},
      20,
    ),
  );
  const [row] = compareSides(a, b).rows;
  expect(row).toMatchObject({ unit: '×floor', verdict: 'same', past: false, p: 1 });
  // Without one it is.
  const [bare] = compareSides(
    sideOf('A', processesOf(FAST)),
    sideOf('B', processesOf(FAST.map((value) => value * 2))),
  ).rows;
  expect(bare).toMatchObject({ unit: 'ns', verdict: 'worse', past: true });
});

test('which way is worse, the figure says', () => {
  const both = (better: 'less' | 'more') =>
    compareSides(
      sideOf('A', processesOf(SLOW, { better })),
      sideOf('B', processesOf(FAST, { better })),
    );
  expect(both('less').rows[0]).toMatchObject({ verdict: 'better', past: true });
  expect(both('less').regressions).toEqual([]);
  expect(both('more').rows[0]).toMatchObject({ verdict: 'worse', past: true });
  expect(both('more').regressions).toHaveLength(1);
});

test('significant, and within the noise: told, and not acted on', () => {
  const near = FAST.map((value) => value * 1.03);
  const a = sideOf('A', processesOf(FAST.map((value) => 10 + (value - 10) / 100)));
  const b = sideOf('B', processesOf(near.map((value) => 10.3 + (value - 10.3) / 100)));
  expect(compareSides(a, b, 0.01).regressions).toHaveLength(1);
  const [row] = compareSides(a, b, 0.05).rows;
  expect(row).toMatchObject({ verdict: 'worse', past: false });
});

test.for([1, 3])('with %i processes a side nothing can be told, and that is said', (n) => {
  const comparison = compareSides(
    sideOf('A', processesOf(SLOW.slice(0, n))),
    sideOf('B', processesOf(FAST.slice(0, n))),
  );
  expect(comparison.rows[0]).toMatchObject({ verdict: 'same', past: false, tooFew: true });
  expect(comparisonText(comparison)).toMatch(/1 of 1 could not have been told apart/);
});

test('figures with other params are not compared; what only came of it is no param', () => {
  const four = { params: { threads: 4 } };
  const eight = { params: { threads: 8 } };
  const a = sideOf('A', [...processesOf(SLOW, four), ...processesOf(SLOW, { name: 'm' })]);
  const b = sideOf('B', [...processesOf(SLOW, eight), ...processesOf(SLOW, { name: 'm' })]);
  expect(compareSides(a, b)).toMatchObject({
    onlyA: ['q.n{threads=4}'],
    onlyB: ['q.n{threads=8}'],
  });
  const seen = { seen: ['threads'] };
  const same = compareSides(
    sideOf('A', processesOf(SLOW, { ...four, ...seen })),
    sideOf('B', processesOf(SLOW, { ...eight, ...seen })),
  );
  expect(same.rows).toHaveLength(1);
});

test('what is counted in schedules is compared try by try, of one process', () => {
  const tries = (values: readonly number[]) => ({ unit: 'schedules', values });
  const a = processesOf([1, 1], tries([3, 8, 1, 5, 9, 2, 7, 4]));
  const b = processesOf([1, 1], tries([30, 80, 10, 50, 90, 20, 70, 40]));
  const [row] = compareSides(sideOf('A', a), sideOf('B', b)).rows;
  expect(row).toMatchObject({ a: { n: 8 }, b: { n: 8 }, verdict: 'worse' });
});

test('the text, for people', () => {
  const other = { ...HEADER, node: '22.1.0', commit: 'def+', cpus: 4 };
  const a = sideOf('A', [
    ...processesOf(FAST, { name: 'mutex' }, 10),
    ...processesOf(SLOW, { name: 'boot', unit: 'ms', params: { threads: 3 } }),
  ]);
  const b = sideOf(
    'B',
    [
      ...processesOf(SLOW, { name: 'mutex' }, 10),
      ...processesOf(SLOW, { name: 'boot', unit: 'ms', params: { threads: 3 } }),
    ],
    other,
  );
  expect(comparisonText(compareSides(a, b))).toMatchInlineSnapshot(`
    "A  A  8 samples of a figure
    B  B  8 samples of a figure
    cpus: A 2, B 4
    node: A 20.20.2, B 22.1.0
    commit: A abc, B def+

    q
      FIGURE   PARAMS     UNIT        A    ±      B    ±  B/A-95%         DELTA
      mutex    -          ×floor  1.035  ±4%  1.235  ±3%  +16.1%..+22.9%  +19.32% (p=0.000 n=8) WORSE
      boot     threads=3  ms      12.35  ±3%  12.35  ±3%  -2.4%..+2.9%    ~ (p=1.000 n=8)
      geomean  -          -           -    -      -    -  -               +9.24%

    1 of 2 differ at p<0.05, where chance alone makes less than 1; 1 past 1.0% with all rows in view, 1 for the worse
    ×floor: over the floor of the same rounds and the same process, so the machine’s speed cancels
    1 have no floor, and the machines differ: that is compared, too
    "
  `);
});

test('runs: a fix that helps, and one that does not', () => {
  inScratch((root) => {
    const often = { failures: [1, 0, 2, 1, 3, 0, 1, 2, 1, 0, 1, 2], passed: 3 };
    const seldom = { failures: [20, 31, 14, 40, 25, 18, 33, 29], passed: 90 };
    const read = (label: string, name: string, given: typeof often, declared: string) =>
      readSide(label, [runDirectory(root, { name, declared, ...given })]);
    // A bug that is searched for: to find it less often is worse.
    const planted = compareSides(
      read('A', 'a', often, 'deadlock'),
      read('B', 'b', seldom, 'deadlock'),
    );
    const verdicts = planted.rows.map(({ name, verdict, past }) => [name, verdict, past]);
    expect(verdicts).toEqual([
      ['failures', 'worse', true],
      ['schedules-to-failure', 'worse', true],
      ['time-to-failure', 'worse', true],
      ['trial-seconds', 'same', false],
    ]);
    expect(planted.rows[1]).toMatchObject({ a: { middle: 2, n: 12 }, test: 'log-rank' });
    // Code that must pass: to fail less often is better.
    const clean = compareSides(read('A', 'c', often, 'pass'), read('B', 'd', seldom, 'pass'));
    expect(clean.rows.slice(0, 3).map(({ verdict }) => verdict)).toEqual([
      'better',
      'better',
      'better',
    ]);
    expect(clean.regressions).toEqual([]);
    expect(comparisonText(planted)).toMatch(/failures +- +of-trials +\d+% .* WORSE\n/);
  });
});

test('runs: what dfs goes through draws nothing, so nothing is tested', () => {
  inScratch((root) => {
    const given = { failures: [1, 2, 3], passed: 9, strategy: 'dfs' };
    const a = readSide('A', [runDirectory(root, { name: 'a', ...given })]);
    const b = readSide('B', [runDirectory(root, { name: 'b', ...given, failures: [50] })]);
    const { rows } = compareSides(a, b);
    expect(rows.filter(({ test: kind }) => kind !== null).map(({ name }) => name)).toEqual([
      'trial-seconds',
    ]);
    expect(comparisonText(compareSides(a, b))).toMatch(/untested: nothing was drawn/);
  });
});

test('one campaign a side is compared whatever it is called, and that is said', () => {
  inScratch((root) => {
    const bug = runDirectory(root, { name: 'bug', failures: [1, 1, 1, 1, 1, 1, 1, 1], passed: 2 });
    const fixed = { name: 'fix', variant: 'fixed', declared: 'pass', failures: [], passed: 400 };
    const comparison = compareSides(
      readSide('bug', [bug]),
      readSide('fix', [runDirectory(root, fixed)]),
    );
    expect(comparison.differs).toContainEqual({ what: 'variant', a: 'planted', b: 'fixed' });
    expect(comparison.rows[0]).toMatchObject({ name: 'failures', verdict: 'better', past: true });
    expect(comparison.onlyA).toEqual([]);
  });
});

test('several runs of one side add up, and a trial’s seconds have a sample each', () => {
  inScratch((root) => {
    const runs = (name: string, seconds: number): string[] =>
      [1, 2, 3, 4, 5].map((i) =>
        runDirectory(join(root, name), {
          name: `${name}${i}`,
          failures: [3, 4],
          passed: 5,
          seconds: seconds * (1 + i / 1000),
          outcomes: { hit: i },
        }),
      );
    const a = readSide('A', runs('a', 0.001));
    const b = readSide('B', runs('b', 0.002));
    expect(a.campaigns[0]).toMatchObject({ trials: 70, verdicts: { pass: 60, deadlock: 10 } });
    const { rows } = compareSides(a, b);
    const row = (name: string) => rows.find((each) => each.name === name);
    expect(row('trial-seconds')).toMatchObject({ a: { n: 5 }, b: { n: 5 }, verdict: 'worse' });
    expect(row('failures')).toMatchObject({ verdict: 'same', p: 1 });
    expect(row('schedules-to-failure')).toMatchObject({ verdict: 'same' });
    expect(row('outcome:hit')).toMatchObject({ a: { n: 5 }, better: null, verdict: 'same' });
  });
});

test('what is not comparable is refused', () => {
  inScratch((root) => {
    const run = readSide('run', [runDirectory(root, { name: 'r', failures: [1], passed: 1 })]);
    const bench = sideOf('bench', processesOf(FAST));
    expect(() => compareSides(run, bench)).toThrow(
      expect.objectContaining({ code: 'COMPARE_KINDS', exit: 2 }),
    );
    const other = sideOf('other', processesOf(FAST, { question: 'p' }));
    expect(() => compareSides(bench, other)).toThrow(
      expect.objectContaining({
        code: 'COMPARE_NOTHING',
        exit: 4,
        hint: 'in bench: q.n\nin other: p.n',
      }),
    );
  });
});

test('what failed is no sample, and is named: in one process, in all, on either side', () => {
  const lost = processesOf(FAST, { name: 'mine' });
  const a = sideOf('A', [...processesOf(FAST, {}, 10), ...lost]);
  const b = sideOf('B', [
    ...processesOf(FAST, {}, 10),
    failedIn(8, 'hung'),
    failedIn(0, 'lost 3 updates', { name: 'mine' }),
  ]);
  const comparison = compareSides(a, b);
  // The control: the one process that hung takes neither the floor nor the row from the others.
  expect(comparison.rows).toMatchObject([{ name: 'n', unit: '×floor', p: 1, b: { n: 8 } }]);
  expect(comparison).toMatchObject({ failedA: [], onlyA: [], onlyB: [] });
  expect(comparisonText(comparison)).toMatch(
    /\nfailed in B: q\.n: hung in 1 of 9; q\.mine: lost 3 updates\n/,
  );
  const failedToo = sideOf('A', [failedIn(0, 'hung', { name: 'mine' })]);
  expect(() => compareSides(failedToo, b)).toThrow(
    expect.objectContaining({
      code: 'COMPARE_NOTHING',
      hint: 'in A: q.mine: hung\nin B: q.n; q.n: hung in 1 of 9; q.mine: lost 3 updates',
    }),
  );
});

describe('a figure that has no value in B', () => {
  const sound = processesOf(FAST, { name: 'mine' });
  const failing = [0, 1, 2].map((process) => failedIn(process, 'hung', { name: 'mine' }));
  const steady = processesOf(FAST);

  test('though it has one in A is a regression, without any test', () => {
    const comparison = compareSides(
      sideOf('A', [...steady, ...sound]),
      sideOf('B', [...steady, ...failing]),
    );
    expect(comparison).toMatchObject({ broken: ['q.mine'], regressions: [] });
    expect(isRegression(comparison)).toBe(true);
    expect(comparisonText(comparison)).toContain(
      '\nWORSE: q.mine failed in every sample of B, and in none of A\n',
    );
    expect(comparisonJson(comparison)).toMatchObject({ regressions: 1, broken: ['q.mine'] });
  });

  test('is one also where it is all that there is', () => {
    const comparison = compareSides(sideOf('A', sound), sideOf('B', failing));
    expect(comparison).toMatchObject({ rows: [], broken: ['q.mine'] });
    expect(isRegression(comparison)).toBe(true);
    expect(comparisonText(comparison)).toContain('WORSE: q.mine');
  });

  test.for([
    ['it failed in A as well, in a process', [...sound, ...failing.slice(0, 1)], failing],
    ['it failed in a process of B, and in another it did not', sound, [...sound, failing[2]!]],
    ['it failed in A, and does not in B', failing, sound],
    ['B was not asked for it', sound, []],
  ] as const)('twin: none, where %s', ([, inA, inB]) => {
    const comparison = compareSides(
      sideOf('A', [...steady, ...inA]),
      sideOf('B', [...steady, ...inB]),
    );
    expect(comparison).toMatchObject({ broken: [], regressions: [] });
    expect(isRegression(comparison)).toBe(false);
  });
});

test('a table in which nothing could have been past says so, and how many samples could', () => {
  const [few, far] = [SLOW.slice(0, 5), FAST.slice(0, 5)];
  const names = ['a', 'b', 'c'];
  const of = (values: readonly number[]) =>
    sideOf(
      'S',
      names.flatMap((name) => processesOf(values, { name })),
    );
  const blind = compareSides(of(far), of(few));
  // Of five a side the smallest p is 0.008, three times that is 0.024; of six, 0.002 and 0.006.
  expect(blind).toMatchObject({ regressions: [], needed: 6 });
  expect(blind.rows.map(({ verdict }) => verdict)).toEqual(['worse', 'worse', 'worse']);
  expect(comparisonText(blind)).toMatch(/none of 3 could have been past.*--processes 6/);
  const sees = compareSides(of(FAST.slice(0, 6)), of(SLOW.slice(0, 6)));
  expect(sees).toMatchObject({ needed: null });
  expect(sees.regressions).toHaveLength(3);
});

test('runs that were timed: percentiles of acquires, a sample a run; one that was not has none', () => {
  inScratch((root) => {
    const run = (name: string, ns: number | undefined): string => {
      const times = { acquire_ns: { max: ns ?? 0, counts: [[ns ?? 0, 90]] } } as const;
      const given = { name, failures: [0, 0], passed: 4 };
      return runDirectory(root, ns === undefined ? given : { ...given, times });
    };
    const side = (label: string, all: readonly (number | undefined)[]): Side =>
      readSide(
        label,
        all.map((ns, i) => run(`${label}${i}`, ns)),
      );
    const rowsOf = (a: Side, b: Side) =>
      compareSides(a, b).rows.filter(({ name }) => name.startsWith('acquire_ns'));
    const fast = side('fast', [100, 101, 102, 103, 104, 105, 106, 107]);
    const slow = side('slow', [200, 201, 202, 203, 204, 205, 206, undefined]);
    const rows = rowsOf(fast, slow);
    expect(rows.map(({ name }) => name)).toEqual([
      'acquire_ns p50',
      'acquire_ns p99',
      'acquire_ns p99.9',
    ]);
    for (const row of rows)
      expect(row).toMatchObject({
        unit: 'ns',
        verdict: 'worse',
        better: 'less',
        a: { middle: 103.5, n: 8 },
        b: { middle: 203, n: 7 },
      });
    expect(rowsOf(slow, fast)[0]).toMatchObject({ verdict: 'better' });
    expect(rowsOf(fast, fast)[0]).toMatchObject({ verdict: 'same' });
    // Nobody timed the other side: there is nothing to compare with.
    expect(rowsOf(fast, side('held', [undefined, undefined]))).toEqual([]);
    saveBaseline('timed', root, fast);
    expect(rowsOf(readBaseline('timed', root), slow)).toHaveLength(3);
  });
});
