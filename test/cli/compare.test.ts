/*
 * Goal: compare, thresholds and baselines on the command line: what they print, what they refuse, and the exit code of each.
 *
 * Method: directories with known samples, so that nothing has to be measured; and one bench and one run, for the whole way.  No
 * test says how fast anything must be: thresholds are such that they hold, or fail, whatever is measured.
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommandModule } from 'yargs';
import { benchCommand } from '../../src/cli/commands/bench.ts';
import { compareCommand } from '../../src/cli/commands/compare.ts';
import { saveBaseline } from '../../src/compare/baseline.ts';
import { readSide } from '../../src/compare/side.ts';
import { latestRun } from '../../src/run/results.ts';
import { benchDirectory, failedIn, processesOf, runDirectory } from '../compare/made.ts';
import { gridlock, inScratch, records, type Ran } from './gridlock.ts';

const VALUES = [10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 10.7];
const SLOWER = VALUES.map((value) => value * 1.2);
const CYCLE = 'test/planted/cycle.js';

/** Two benches, the second slower, and two runs. */
async function withSides(
  body: (root: string, fast: string, slow: string) => void | Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'gridlock-test-'));
  try {
    const figures = (values: readonly number[]) => processesOf(values, { name: 'mutex' }, 10);
    await body(root, benchDirectory(root, figures(VALUES)), benchDirectory(root, figures(SLOWER)));
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('what hangs in the new one is a regression; what hangs in both is none', () => {
  inScratch((root) => {
    mkdirSync(root, { recursive: true });
    const other = processesOf(VALUES, { name: 'other' });
    const sound = benchDirectory(root, [...other, ...processesOf(VALUES)]);
    const hung = benchDirectory(root, [...other, failedIn(0, 'hung'), failedIn(1, 'hung')]);
    const told = gridlock('compare', `old=${sound}`, `new=${hung}`, '--fail-on-regression');
    expect(told.stdout).toContain('WORSE: q.n failed in every sample of new, and in none of old');
    expect(told.exit, told.stderr).toBe(99);
    expect(gridlock('compare', sound, hung).exit).toBe(0);
    for (const [a, b] of [
      [hung, sound],
      [hung, hung],
    ] as const)
      expect(gridlock('compare', a, b, '--fail-on-regression').exit).toBe(0);
  });
});

test('two benches: a table, and 0; asked to fail on a regression, 99', async () => {
  await withSides((root, fast, slow) => {
    const gate = ['--fail-on-regression', '--noise', '1%'];
    const told = gridlock('compare', `old=${fast}`, `new=${slow}`, ...gate);
    expect(told.stdout).toMatch(
      /mutex +- +×floor +1\.035 +±\d% +1\.242 .*\+20\.00% \(p=0\.\d+ n=8\) WORSE/,
    );
    expect(told.exit, told.stderr).toBe(99);
    // Faster is no regression, and neither is what is within the noise.
    expect(gridlock('compare', slow, fast, ...gate).exit).toBe(0);
    expect(gridlock('compare', fast, slow, '--fail-on-regression', '--noise', '50%').exit).toBe(0);
    const json = gridlock(
      'compare',
      fast,
      slow,
      '--results',
      root,
      '--json',
      '--export-csv',
      join(root, 'x.csv'),
    );
    expect(JSON.parse(json.stdout)).toMatchObject({ type: 'comparison', regressions: 1 });
    expect(readFileSync(join(root, 'x.csv'), 'utf8')).toMatch(/^group,name,params,unit/);
    expect(json.stdout).not.toContain(root);
  });
});

test('show tells what a bench came to; what wants trials says that it has none', async () => {
  await withSides((root, fast) => {
    expect(gridlock('show', fast).stdout).toMatch(/8 figures of 8 processes\n[^]*mutex/);
    const followed = gridlock('show', fast, '--follow');
    expect(followed.stdout).toMatch(
      /q mutex: 10ns, 1\.00 times its floor\n[^]*ended with exit code 0/,
    );
    for (const args of [
      ['report', fast],
      ['merge', fast, fast, '--out', join(root, 'm')],
    ]) {
      const refused = gridlock(...args);
      expect(refused.stderr).toMatch(
        /is a bench: it has figures, and no trials\n {2}gridlock show/,
      );
      expect(refused.exit).toBe(2);
    }
  });
});

/** A command's handler, with what yargs would give it: what it refuses, it throws. */
function refusalOf<T>(
  command: CommandModule<object, T>,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const given = { ...DEFAULTS, ...args, $0: 'gridlock', _: [] };
  return Promise.resolve(command.handler(given as never)).then(
    () => 'it was not refused',
    (thrown: unknown) => thrown,
  );
}

const DEFAULTS = {
  noise: '1%',
  'fail-on-regression': false,
  quick: true,
  against: [],
  processes: 1,
  run: false,
  json: false,
};

test('what cannot be compared is refused', async () => {
  await withSides(async (root, fast, slow) => {
    const run = runDirectory(root, { name: 'r', failures: [1], passed: 3 });
    const empty = benchDirectory(root, []);
    const none = join(root, 'nothing');
    mkdirSync(none);
    const other = benchDirectory(root, processesOf(VALUES, { name: 'other' }));
    writeFileSync(join(root, 'empty.json'), '');
    const cases: readonly (readonly [string[], number, RegExp, object?])[] = [
      [[], 2, /two sides, and none was given/],
      [[fast], 2, /two sides, and one was given: A/],
      [[`a=${fast}`, `b=${slow}`, `c=${slow}`], 2, /3 were given: a, b, c/],
      [[fast, run], 2, /A is a bench, and B a run: they have nothing in common/],
      [[`A=${fast}`, `A=${run}`, `B=${slow}`], 2, /is a bench, and r a run/],
      [[fast, empty], 2, /has nothing to compare: nothing was measured/],
      [[fast, none], 2, /neither a results directory nor a baseline: it has no manifest/],
      [[fast, 'none'], 2, /there is no run none/],
      [[fast, other], 4, /nothing is in both A and B/],
      [[fast, join(root, 'empty.json')], 2, /is empty: it has no bytes/],
      [[fast, slow], 2, /--noise 1 is not a share/, { noise: '1' }],
      [[fast, slow], 2, /--noise 101% is not a share/, { noise: '101%' }],
      [[`A=${none}`, 'B=.', 'lock-pair'], 2, /no checkout.*package\.json/, { run: true }],
      [['A=.', 'B=.', 'lock-pear'], 2, /no question lock-pear/, { run: true }],
      [['A=.', 'lock-pair'], 2, /two sides, and one was given/, { run: true }],
    ];
    for (const [side, exit, says, more] of cases)
      expect(await refusalOf(compareCommand, { side, results: root, ...more })).toMatchObject({
        exit,
        message: expect.stringMatching(says) as string,
      });
  });
});

test('a threshold or a baseline is refused before anything is measured', async () => {
  await withSides(async (root) => {
    mkdirSync(join(root, 'baselines'));
    writeFileSync(join(root, 'baselines', 'empty.json'), '');
    const run = readSide('r', [runDirectory(root, { name: 'r', failures: [1], passed: 3 })]);
    saveBaseline('run', root, run);
    const before = latestRun(root);
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ threshold: ['probe-cost.asked med<1'] }, /no colon is between/],
      [{ threshold: ['lock-pair.mutex: med<1'] }, /called lock-pair\.mutex/],
      [{ baseline: 'none' }, /there is no baseline none/],
      [{ baseline: 'empty' }, /the baseline .*empty\.json is empty/],
      [{ baseline: 'run' }, /the baseline run is a run, and what is to be measured a bench/],
      [{ 'fail-on-regression': true }, /needs something to compare with/],
      [{ 'save-baseline': 'a/b' }, /neither a name nor a path/],
      [{ processes: 0 }, /--processes: 0 is not a whole number/],
    ];
    for (const [args, says] of cases)
      expect(
        await refusalOf(benchCommand, { question: ['probe-cost'], results: root, ...args }),
      ).toMatchObject({ exit: 2, message: expect.stringMatching(says) as string });
    expect(latestRun(root)).toBe(before);
  });
});

test.for([
  'bench probe-cost --quick --export-json=',
  'bench probe-cost --quick --export-markdown=',
  'bench probe-cost --quick --export-csv=',
  'compare none nothing --export-csv=',
  'shrink nothing.dump --out=',
  'merge nothing --out=',
])('%s names no file, and nothing is run for it', (line) => {
  inScratch((root) => {
    const refused = gridlock(...line.split(' '), '--results', root);
    const option = /--[a-z-]+(?==$)/.exec(line)![0];
    expect(refused.stderr).toMatch(`${option} names no file\n`);
    expect(refused).toMatchObject({ exit: 2, stdout: '' });
    expect(latestRun(root)).toBeUndefined();
    // The control: with a name it is another thing that is wrong, or nothing.
    if (line.startsWith('bench')) return;
    const named = gridlock(...`${line}x`.split(' '), '--results', root);
    expect(named.stderr).not.toContain('names no file');
  });
});

test('and so are they by a run, and by a soak', () => {
  inScratch((root) => {
    const bad = gridlock('run', CYCLE, '--results', root, '--threshold', 'failurs: count<1');
    expect(bad.stderr).toMatch(/did you mean failures\?\n {2}there is trials, failures,/);
    expect(bad).toMatchObject({ exit: 2, stdout: '' });
    const cut = gridlock('soak', CYCLE, '--results', root, '--threshold', 'failures: count<');
    expect(cut.stderr).toMatch(/no value is behind the operator/);
    expect(cut).toMatchObject({ exit: 2, stdout: '' });
    expect(latestRun(root)).toBeUndefined();
  });
});

test('a bench: kept, judged, saved and compared with', () => {
  inScratch((root) => {
    const asked = ['bench', 'lock-pair.mutex', '--quick', '--results', root];
    const first = gridlock(
      ...asked,
      '--processes',
      '2',
      '--save-baseline',
      'main',
      '--export-json',
      join(root, 'x.json'),
      '--threshold',
      'lock-pair.mutex: med>0',
    );
    expect(first.stdout).toMatch(/✓ lock-pair\.mutex: med>0 {2}lock-pair\.mutex is [\d.]+×floor\n/);
    expect(first.exit, first.stderr).toBe(0);
    const directory = latestRun(root)!;
    expect(existsSync(join(directory, 'done.json'))).toBe(true);
    expect(readFileSync(join(directory, 'journal.ndjson'), 'utf8')).not.toContain(root);
    const kept = JSON.parse(readFileSync(join(root, 'x.json'), 'utf8')) as { results: object[] };
    expect(kept.results).toMatchObject([{ process: 0 }, { process: 1 }]);
    const second = gridlock(
      ...asked,
      '--processes',
      '1',
      '--baseline',
      'main',
      '--fail-on-regression',
      '--json',
      '--threshold',
      'lock-pair.mutex: med<0',
    );
    // The threshold: two processes against one are too few for a regression.
    expect(second.exit, second.stderr).toBe(99);
    const [header, figure, threshold, comparison, end] = records(second);
    expect(header).toMatchObject({ type: 'header', quick: true });
    expect(figure).toMatchObject({ type: 'figure', name: 'mutex', n: 9 });
    expect(threshold).toMatchObject({ type: 'threshold', kept: false });
    expect(comparison).toMatchObject({ type: 'comparison', regressions: 0 });
    expect(end).toEqual({ type: 'end', exit: 99 });
  });
});

test('an export that cannot be written is said, and what was measured is judged nevertheless', () => {
  inScratch((root) => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'file'), '');
    const asked = ['bench', 'probe-cost', '--quick', '--results', root, '--processes', '1'];
    const ran = gridlock(
      ...asked,
      '--export-csv',
      join(root, 'file', 'x.csv'),
      '--save-baseline',
      'main',
      '--threshold',
      'probe-cost.asked: med>0',
    );
    expect(ran.stderr).toMatch(/cannot write .*x\.csv/);
    expect(ran.stdout).toMatch(/✓ probe-cost\.asked: med>0/);
    expect(existsSync(join(root, 'baselines', 'main.json'))).toBe(true);
    expect(ran.exit).toBe(3);
  });
});

/** Five schedules of the planted cycle, which all fail; or of its twin, which all pass. */
function run(root: string, variant: string, ...args: string[]): Ran {
  const asked = ['run', CYCLE, '--variant', variant, '-s', 'random', '-n', '5', '--seed', '1'];
  return gridlock(...asked, '-q', '--no-dumps', '--results', root, ...args);
}

test('a run: a threshold that was not kept is 99; the same run again differs in nothing', () => {
  inScratch((root) => {
    const kept = ['--threshold', 'failures: count<1', '--save-baseline', 'c'];
    const missed = run(root, 'planted', ...kept);
    expect(missed.stdout).toMatch(
      /✗ failures: count<1 {2}failures\{workload=cycle,variant=planted,strategy=random\} is 5\n/,
    );
    expect(missed.exit, missed.stderr).toBe(99);
    const told = records(run(root, 'planted', '--json', '--threshold', 'failures: count<1'));
    expect(told.at(-1)).toEqual({ type: 'end', exit: 99 });
    expect(told.filter(({ type }) => type === 'threshold')).toMatchObject([{ kept: false }]);
    const again = run(root, 'planted', '--baseline', 'c', '--fail-on-regression');
    expect(again.stdout).toMatch(/schedules-to-failure +- +trials .* ~ \(p=1\.000 n=5\)/);
    expect(again.exit, again.stderr).toBe(0);
    // What a gate has refused does not become its measure.
    const gate = ['--baseline', 'c', '--save-baseline', 'c', '--fail-on-regression'];
    const refused = run(root, 'planted', ...gate, '--threshold', 'failures: count<1');
    expect(refused.exit, refused.stderr).toBe(99);
    expect(refused.stdout).toContain('baseline c is left as it was: this is a regression\n');
    expect(run(root, 'planted', ...gate).stdout).toMatch(/^baseline .*c\.json$/m);
  });
});

test('a threshold that was missed is not lost behind a bug that did not show', () => {
  inScratch((root) => {
    const ran = run(root, 'twin', '--expect', 'deadlock', '--threshold', 'failures: count>0');
    expect(ran.exit, ran.stderr).toBe(1);
    const done = JSON.parse(readFileSync(join(latestRun(root)!, 'done.json'), 'utf8')) as object;
    expect(done).toEqual({ exit: 1, beside: 99 });
  });
});

// The other shard is missing, which alone is a 5.
test.for([
  ['failures: count<1', '✗', 99, 99],
  ['failures: count<100', '✓', 0, 5],
] as const)(
  'what the command says of %s its results, --json and a merge say, too',
  ([threshold, mark, exit, merged]) => {
    inScratch((root) => {
      const asked = ['--threshold', threshold, '--shard', '1/2', '--json'];
      const ran = run(root, 'planted', ...asked);
      expect(ran.exit, ran.stderr).toBe(exit);
      // stdout is for machines.
      expect(ran.stderr).toContain(`${mark} ${threshold}`);
      expect(records(ran).at(-1)).toEqual({ type: 'end', exit });
      const directory = latestRun(root)!;
      const textOf = (file: string): string => readFileSync(join(directory, file), 'utf8');
      for (const file of ['run.json', 'done.json'])
        expect(JSON.parse(textOf(file))).toMatchObject({ exit });
      const journal = textOf('journal.ndjson').trimEnd().split('\n');
      expect(journal.filter((line) => line.includes('"end"'))).toEqual([
        JSON.stringify({ type: 'end', exit }),
      ]);
      expect(gridlock('show', directory).stdout).toContain(`5 trials, exit code ${exit}\n`);
      const sarif = gridlock('report', directory, '--reporter', 'sarif').stdout;
      expect(sarif).toContain(`"exitCode": ${exit}\n`);
      expect(gridlock('merge', directory, '--out', join(root, 'merged')).exit).toBe(merged);
    });
  },
);

test('a finding stays a finding, whatever the threshold says', () => {
  inScratch((root) => {
    const judged = ['--expect', 'deadlock', '--threshold', 'failures: count>5'];
    const finding = run(root, 'twin', ...judged);
    expect(finding.stdout).toMatch(/✗ failures: count>5/);
    expect(finding.exit, finding.stderr).toBe(1);
  });
});
