/*
 * Goal: the shards of a soak are judged as a soak judges itself.  Its campaigns end together, so one that was cut has none whole;
 * a declared failure need not show in each of them; and what grew stays a finding, told of with its shard by every reporter.
 *
 * Method: journals that are made up, of two campaigns of one variant.  Control: the same as those of a run, which come to
 * something else.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { colorsFor } from '../../src/base/color.ts';
import { DotReporter } from '../../src/report/dot.ts';
import { githubReport } from '../../src/report/github.ts';
import { renderHtml } from '../../src/report/html.ts';
import { jsonReport } from '../../src/report/json.ts';
import { junitReport } from '../../src/report/junit.ts';
import { replayTo, type LiveReporter, type Out } from '../../src/report/live.ts';
import { markdownReport } from '../../src/report/markdown.ts';
import { mergeRuns } from '../../src/report/merge.ts';
import { mergeLines } from '../../src/report/merged.ts';
import { MinimalReporter } from '../../src/report/minimal.ts';
import { readRun, type RunModel } from '../../src/report/model.ts';
import { NdjsonReporter } from '../../src/report/ndjson.ts';
import { sarifReport } from '../../src/report/sarif.ts';
import { showRun } from '../../src/report/show.ts';
import { inScratch } from '../cli/gridlock.ts';
import { faultOfJunit, faultOfSarif } from './schemas.ts';

const VARIANT = { workload: 'made-up', variant: 'planted' };
const CELLS = ['made-up planted, free', 'made-up planted, noise'];
const SHARDS = 2;
const MIB = 2 ** 20;

interface Made {
  /** by cell, what the trials of each of its turns came to */
  readonly turns: readonly (readonly [cell: number, verdict: string])[];
  readonly isRun?: boolean;
  readonly isCut?: boolean;
  readonly grew?: boolean;
  readonly exit?: number;
}

/** What one shard leaves: a trial a turn, and a summary behind each turn. */
function makeShard(root: string, shard: number, made: Made): string {
  const directory = join(root, `s${shard}`);
  mkdirSync(join(directory, 'dumps'), { recursive: true });
  const strategies = CELLS.map((cell) => cell.split(', ')[1]!);
  const header = { schema: 1, node: '20', os: 'x', cpus: 2, memory_mb: 1, seed: 7 };
  const where = { shard: `${shard}/${SHARDS}`, engine: null };
  const facts = { params: {}, settings: {}, declared: 'deadlock', trials: 100 };
  const campaigns = strategies.map((strategy) => ({ ...VARIANT, strategy, ...facts }));
  const soak = made.isRun === true ? {} : { soak: { workload: ['./made up.ts'] }, cells: CELLS };
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({ ...header, ...where, id: `id-${shard}`, campaigns, ...soak }),
  );
  const counts = CELLS.map((): Record<string, number> => ({}));
  const records = made.turns.flatMap(([cell, verdict], position) => {
    const mine = counts[cell]!;
    mine[verdict] = (mine[verdict] ?? 0) + 1;
    const trials = Object.values(mine).reduce((sum, n) => sum + n, 0);
    const names = { ...VARIANT, strategy: strategies[cell] };
    const index = (trials - 1) * SHARDS + shard - 1;
    const grade = verdict === 'pass' ? 'interesting' : 'expected';
    const told = {
      seconds: 1,
      outcomes: {},
      progress: {},
      dump: null,
      signature: verdict,
      message: null,
    };
    const verdicts = { ...mine };
    const summed = { declared: 'deadlock', machines: 1, pinning: '', strayed: null };
    return [
      { type: 'turn', position, cell: CELLS[cell], first: 0, at_s: position },
      { type: 'trial', ...names, index, seed: 1, verdict, grade, schedule: null, ...told },
      // As a soak ends whose variant did not show what it declares.
      {
        type: 'summary',
        ...names,
        trials,
        verdicts,
        grade: made.exit === 1 ? 'forbidden' : grade,
        ...summed,
      },
    ];
  });
  const slope = { per_hour: 41 * MIB, low: 38 * MIB, high: 44 * MIB, samples: 99, hours: 2 };
  const process = { process: 'gridlock', quantity: 'memory', unit: 'bytes' };
  const growth = { type: 'growth', ...process, ...slope, grade: 'forbidden' };
  const exit = made.exit ?? 0;
  const ends = [...(made.grew === true ? [growth] : []), { type: 'end', exit }];
  const lines = [
    { type: 'header', ...header, ...where },
    ...records,
    ...(made.isCut === true ? [] : ends),
  ].map((record) => `${JSON.stringify(record)}\n`);
  writeFileSync(join(directory, 'journal.ndjson'), lines.join(''));
  if (made.isCut !== true) writeFileSync(join(directory, 'done.json'), JSON.stringify({ exit }));
  return directory;
}

/** Merges two shards, and that again with one of them. */
function merged(one: Made, other: Made): { exit: number; missing: readonly string[]; n: number } {
  return inScratch((root) => {
    const directories = [makeShard(root, 1, one), makeShard(root, 2, other)];
    const once = mergeRuns({ directories, out: join(root, 'once'), root });
    const again = mergeRuns({
      directories: [join(root, 'once'), directories[0]!],
      out: join(root, 'again'),
      root,
    });
    const n = once.summaries.reduce((sum, { trials }) => sum + trials, 0);
    expect(again.summaries.reduce((sum, { trials }) => sum + trials, 0)).toBe(n);
    expect({ exit: again.exit, missing: again.missing }).toEqual({
      exit: once.exit,
      missing: once.missing,
    });
    return { exit: once.exit, missing: once.missing, n };
  });
}

const BOTH: Made['turns'] = [
  [0, 'deadlock'],
  [1, 'deadlock'],
];

test('a shard that was cut is incomplete, though each cell had a turn', () => {
  expect(merged({ turns: BOTH }, { turns: BOTH, isCut: true })).toEqual({
    exit: 5,
    missing: ['shard 2/2: cut'],
    n: 4,
  });
  expect(merged({ turns: BOTH }, { turns: BOTH })).toEqual({ exit: 0, missing: [], n: 4 });
});

test('control: of a run, campaigns that were told of are whole', () => {
  const run = { turns: BOTH, isRun: true };
  expect(merged(run, { ...run, isCut: true }).exit).toBe(0);
});

test('so is one that was interrupted', () => {
  expect(merged({ turns: BOTH }, { turns: BOTH, exit: 143 })).toMatchObject({
    exit: 5,
    missing: ['shard 2/2: cut'],
  });
});

/** Turns of both cells, so many of each, that come to this. */
function turns(n: number, free: string, noise: string): Made {
  return {
    turns: Array.from({ length: n }, () => [[0, free] as const, [1, noise] as const]).flat(),
  };
}

test.for([
  ['one cell showed it, in one shard', turns(2, 'pass', 'pass'), turns(2, 'deadlock', 'pass'), 0],
  ['no cell, in turns enough together', turns(1, 'pass', 'pass'), turns(2, 'pass', 'pass'), 1],
  ['no cell, in too few turns', turns(1, 'pass', 'pass'), turns(1, 'pass', 'pass'), 0],
  [
    'no cell, and one of them had its turns',
    { turns: [...Array.from({ length: 9 }, () => [0, 'pass'] as const), [1, 'pass'] as const] },
    turns(1, 'pass', 'pass'),
    0,
  ],
] as const)('a declared failure: %s: %d', ([, one, other, exit]) => {
  expect(merged(one, other).exit).toBe(exit);
});

test('control: of runs, each campaign must have shown it', () => {
  const [one, other] = [turns(2, 'pass', 'pass'), turns(2, 'deadlock', 'pass')];
  expect(merged({ ...one, isRun: true }, { ...other, isRun: true }).exit).toBe(1);
});

test('what grew is a finding, also beside a failure that one shard alone did not see', () => {
  const unshown = { ...turns(3, 'pass', 'pass'), exit: 1 };
  expect(merged(unshown, turns(3, 'deadlock', 'pass')).exit).toBe(0);
  expect(merged({ ...unshown, grew: true }, turns(3, 'deadlock', 'pass')).exit).toBe(1);
});

/** What a live reporter says of a run that is over. */
async function heard(reporter: (out: Out) => LiveReporter, model: RunModel): Promise<string> {
  const lines: string[] = [];
  await replayTo(reporter({ write: (text) => lines.push(text) }), model);
  return lines.join('');
}

const TOLD = 'gridlock grew by 41 MiB of memory an hour';

describe('what grew', () => {
  const grown: Made = { turns: BOTH, grew: true, exit: 1 };

  test.for([
    ['in one shard', grown, { turns: BOTH }, ['1/2']],
    ['in both', grown, grown, ['1/2', '2/2']],
    ['in none (control)', { turns: BOTH }, { turns: BOTH }, []],
  ] as const)('%s, is told by every reporter', async ([, one, other, shards]) => {
    const root = mkdtempSync(join(tmpdir(), 'gridlock-test-'));
    try {
      const directories = [makeShard(root, 1, one), makeShard(root, 2, other)];
      const once = mergeRuns({ directories, out: join(root, 'once'), root });
      // In any order, and with a merge that has it already.
      const again = mergeRuns({
        directories: [...directories, once.directory].toReversed(),
        out: join(root, 'again'),
        root,
      });
      for (const merged of [once, again]) {
        expect(merged.exit).toBe(shards.length === 0 ? 0 : 1);
        const model = readRun(merged.directory);
        expect(model.growth.map(({ shard }) => shard)).toEqual(shards);
        expect(merged.growth).toEqual(model.growth);
        const junit = await junitReport(model);
        const sarif = await sarifReport(model);
        expect([faultOfJunit(junit), faultOfSarif(sarif)]).toEqual([undefined, undefined]);
        const said = {
          junit,
          sarif,
          json: await jsonReport(model),
          markdown: await markdownReport(model),
          github: await githubReport(model),
          html: await renderHtml(model),
          minimal: await heard((out) => new MinimalReporter(out), model),
          dot: await heard((out) => new DotReporter(out), model),
          show: showRun(merged.directory),
          merge: mergeLines(merged, colorsFor('never', process.stdout)),
        };
        for (const [name, text] of Object.entries(said)) {
          const isToldOf = ['1/2', '2/2'].filter((shard) =>
            text.includes(`shard ${shard}: ${TOLD}`),
          );
          expect({ name, shards: isToldOf }).toEqual({ name, shards });
        }
        const ndjson = await heard((out) => new NdjsonReporter(out), model);
        const records = ndjson.split('\n').filter((line) => line.includes('"growth"'));
        expect(records.map((line) => (JSON.parse(line) as { shard: string }).shard)).toEqual(
          shards,
        );
        const lines = shards.map(
          (shard) => `gridlock soak './made up.ts' --seed 7 --shard ${shard}`,
        );
        for (const line of lines) expect(said.markdown).toContain(line);
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
