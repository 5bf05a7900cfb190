/*
 * Goal: a strategy decides what real threads do, all of it, and the same again when it is asked to.
 *
 * Method: programs of one round (planted/once.js), run as a user runs them.  What a strategy must find it finds, on
 * the twin it finds nothing; what dfs exhausts is exhausted; a failure is replayed from its token alone, choice for
 * choice.  Nothing here waits for luck: each run follows from its seed.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, test } from 'vitest';
import { DumpFile } from '../../src/dump/read.ts';
import { portable } from '../../src/run/again.ts';
import type { Summary, TrialRecord } from '../../src/run/campaign-records.ts';
import { readScheduleFile } from '../../src/run/schedule-file.ts';
import { parseToken } from '../../src/sched/schedule.ts';
import { formatReplay } from '../../src/sched/token.ts';

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const ONCE = fileURLToPath(new URL('../planted/once.js', import.meta.url));
const FIELDS = fileURLToPath(new URL('../planted/fields.js', import.meta.url));
const results = mkdtempSync(join(tmpdir(), 'gridlock-controlled-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

interface Came {
  readonly trials: readonly TrialRecord[];
  readonly summary: Summary;
  readonly directory: string;
}

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

async function gridlock(args: readonly string[]): Promise<Said> {
  const cli = spawn(process.execPath, [CLI, ...args]);
  let stdout = '';
  let stderr = '';
  cli.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  cli.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => cli.on('close', resolve));
  return { stdout, stderr, code };
}

/** Runs a variant with these options. */
async function run(variant: string, options: string, file = ONCE): Promise<Came> {
  const directory = mkdtempSync(join(results, 'run-'));
  const { stdout, stderr } = await gridlock([
    'run',
    file,
    '--variant',
    variant,
    '--json',
    '--results',
    directory,
    '--hang-timeout',
    '1s',
    ...options.split(' ').filter((option) => option !== ''),
  ]);
  const records = recordsOf(stdout);
  const summary = records.find(({ type }) => type === 'summary');
  if (summary === undefined) throw new Error(`no summary: ${stderr}`);
  return {
    trials: records.filter(({ type }) => type === 'trial') as unknown as TrialRecord[],
    summary: summary as unknown as Summary,
    directory,
  };
}

/** What was run until it failed, by variant: the same for all tests that ask. */
const failed = new Map<string, Promise<Came>>();

/** A run of a variant that ends with its first failure. */
function failingRun(variant: string): Promise<Came> {
  const running = failed.get(variant) ?? run(variant, '-s random --seed 7 -n 300 -x');
  failed.set(variant, running);
  return running;
}

async function failureOf(variant: string): Promise<TrialRecord> {
  return (await failingRun(variant)).trials.at(-1)!;
}

/** The token of a trial. */
function tokenOf({ variant, seed, verdict, schedule }: TrialRecord): string {
  return formatReplay({
    workload: portable(ONCE),
    variant,
    params: new Map(),
    seed,
    steps: 5000,
    verdict,
    schedule: parseToken(schedule!.token),
  });
}

interface CameAgain {
  readonly trials: readonly TrialRecord[];
  readonly said: string;
  readonly code: number | null;
}

/** Replays a token or a file. */
async function replay(what: string, options = '-n 1'): Promise<CameAgain> {
  const directory = mkdtempSync(join(results, 'replay-'));
  const { stdout, stderr, code } = await gridlock([
    'replay',
    what,
    '--json',
    '--results',
    directory,
    '--hang-timeout',
    '1s',
    ...options.split(' '),
  ]);
  const records = recordsOf(stdout);
  const last = records.find(({ type }) => type === 'replay');
  if (last === undefined) throw new Error(`nothing was replayed: ${stderr}`);
  return {
    trials: records.filter(({ type }) => type === 'trial') as unknown as TrialRecord[],
    said: (last as unknown as { message: string }).message,
    code,
  };
}

function recordsOf(stdout: string): { type: string }[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });
}

const BROKEN = [
  ['split', 'panic', 'check: the balance is 1, after 2 deposits'],
  ['opposite', 'deadlock', 'saver/0 wants south; saver/1 wants north, which saver/0 holds'],
  ['unheard', 'lost-wakeup', 'saver/0 '],
] as const;
const WHOLE = ['whole', 'ordered', 'heard', 'timed', 'polls'] as const;
describe.concurrent.for(['random', 'pct', 'pos'])('%s', (strategy) => {
  test.for(BROKEN)('finds what is wrong with %s', async ([variant, verdict, message]) => {
    const { trials, summary } = await run(variant, `-s ${strategy} --seed 7 -n 300 -x`);
    expect(Object.keys(summary.verdicts)).toContain(verdict);
    const { trials: of } = summary;
    expect(summary.schedules_to_failure).toMatchObject({ first: of, of, n: 1 });
    expect(trials).toHaveLength(1);
    expect(trials.at(-1)!.message).toContain(message);
  });
});

describe.concurrent.for(['pct', 'auto'])('%s', (strategy) => {
  test('does the same for the same seed, and not for another', async () => {
    const digest = async (seed: number, more = ''): Promise<unknown> => {
      const { summary } = await run('whole', `-s ${strategy} --seed ${seed} -n 9000 ${more}`);
      const { trials, choices, preemptions, coverage } = summary;
      expect(trials).toBe(9000);
      return { digest: summary.digest, choices, preemptions, distinct: coverage?.distinct };
    };
    const once = await digest(3);
    // One machine has all blocks, or two share them.
    expect(await digest(3, '--jobs 2')).toEqual(once);
    expect(await digest(4)).not.toEqual(once);
  });
});

describe.concurrent('dfs', () => {
  test.for(WHOLE)('tries every schedule of %s, and all pass', async (variant) => {
    const { summary } = await run(variant, '-s dfs --seed 1');
    expect(summary.exhausted).toBe(true);
    expect(summary.verdicts).toEqual({ pass: summary.trials });
    expect(summary.trials).toBeGreaterThan(1);
  });

  test.for(BROKEN)('shows what is wrong with %s', async ([variant, verdict]) => {
    const { summary } = await run(variant, '-s dfs --seed 1');
    expect(summary.exhausted).toBe(true);
    expect(Object.keys(summary.verdicts).toSorted()).toEqual([verdict, 'pass'].toSorted());
    expect(summary.coverage).toMatchObject({ distinct: summary.trials, exact: true });
  });

  test('is over with the machine that knew what was tried, and says so', async () => {
    const { summary } = await run('leaves', '-s dfs --seed 1');
    expect(summary).toMatchObject({ exhausted: false, machines: 1 });
    expect(summary.lost).toBe(summary.trials - 1);
    expect(summary.verdicts).toMatchObject({ crash: 1 });
  });

  test('proves nothing of a program that does not do the same again, and says so', async () => {
    const { summary } = await run('keeps', '-s dfs --seed 1');
    expect(summary).toMatchObject({ exhausted: false, grade: 'forbidden' });
    expect(summary.strayed?.choice).toBeGreaterThanOrEqual(0);
  });

  test('does not end a trial where a role threw: the others come to their end', async () => {
    const { summary, trials } = await run('throws', '-s dfs --seed 1');
    expect(summary).toMatchObject({ exhausted: true, verdicts: { crash: summary.trials } });
    expect(summary.coverage).toMatchObject({ distinct: summary.trials, exact: true });
    // Both begin, one comes to its exit, and three times a lock is taken, and given up.
    expect(new Set(trials.map(({ schedule }) => schedule!.choices))).toEqual(new Set([8]));
  });

  test('proves nothing where the time of a trial was over before the trial was, and says so', async () => {
    const { summary } = await run('throws', '-s dfs --seed 1 --timeout 1ms');
    expect(Object.keys(summary.verdicts)).toContain('timeout');
    expect(summary).toMatchObject({ exhausted: false, lost: summary.trials - 1 });
  });

  test('within no preemption, what needs one is not there, and that is said', async () => {
    const { summary } = await run('split', '-s dfs --seed 1 --preemptions 0');
    expect(summary).toMatchObject({ exhausted: true, verdicts: { pass: summary.trials } });
    const bounded = await run('split', '-s dfs --seed 1 --preemptions 1');
    expect(Object.keys(bounded.summary.verdicts)).toContain('panic');
  });
});

describe.concurrent('a failure', () => {
  test.for(BROKEN)(
    'of %s is replayed from its token, choice for choice',
    async ([variant, verdict]) => {
      const failure = await failureOf(variant);
      const { trials, said, code } = await replay(tokenOf(failure), '-n 4');
      const choices = failure.schedule!.choices;
      expect(said).toBe(`replayed 4 of 4: ${verdict} each time, the same ${choices} choices`);
      expect(code).toBe(0);
      for (const again of trials) {
        expect(again).toMatchObject({ verdict, message: failure.message });
        expect(again.schedule).toMatchObject({
          token: failure.schedule!.token,
          choices,
          strayed: -1,
        });
      }
      expect(trials).toHaveLength(4);
    },
  );

  test('does not show when its schedule is run by the twin, which strays from it', async () => {
    const failure = await failureOf('opposite');
    const { trials, said, code } = await replay(tokenOf({ ...failure, variant: 'ordered' }));
    expect(trials[0]!.verdict).toBe('pass');
    expect(trials[0]!.schedule!.strayed).toBeGreaterThanOrEqual(0);
    expect(said).toMatch(/^replayed 0 of 1: pass; recorded was deadlock; strayed: /);
    expect(code).toBe(1);
  });

  test('that comes to another verdict than its token says is no replay', async () => {
    const failure = await failureOf('opposite');
    const { said, code } = await replay(tokenOf({ ...failure, verdict: 'pass' }), '-n 2');
    expect(said).toBe('replayed 0 of 2: deadlock; recorded was pass');
    expect(code).toBe(1);
  });

  test('is replayed from its dump', async () => {
    const { trials, directory } = await failingRun('opposite');
    const [id = ''] = readdirSync(directory);
    const { said, code } = await replay(join(directory, id, trials.at(-1)!.dump!));
    expect(said).toMatch(/^replayed 1 of 1: deadlock, the same \d+ choices$/);
    expect(code).toBe(0);
  });

  test('that only check() saw has no dump, but its schedule all the same', async () => {
    const { trials, directory } = await failingRun('split');
    const { dump, index } = trials.at(-1)!;
    expect(dump).toBeNull();
    const [id = ''] = readdirSync(directory);
    const file = join(directory, id, 'dumps', `once-split-${index}.sched`);
    const { said } = await replay(file);
    expect(said).toMatch(/^replayed 1 of 1: panic, the same \d+ choices$/);
  });

  test('of a program that decides by what no schedule controls is no replay, and where is said', async () => {
    const token = formatReplay({
      workload: portable(ONCE),
      variant: 'fickle',
      params: new Map(),
      seed: 1,
      steps: 100,
      verdict: 'pass',
      // Each starts, and takes its lock.
      schedule: [
        { thread: 0, choices: 2 },
        { thread: 1, choices: 2 },
      ],
    });
    const { said, code } = await replay(token, '-n 4');
    expect(said).toMatch(
      /^replayed 4 of 4: pass each time, .*; trial [2-4] did not do the same at the same choices, choice \d+: first saver\/\d acquire (north|south) \([\da-f]+\), then saver\/\d acquire (?!\1)(north|south) /,
    );
    expect(code).toBe(1);
  });

  test.for([
    ['opposite', 'deadlock', 1],
    ['split', 'panic', 1],
    ['unheard', 'lost-wakeup', 0],
  ] as const)('of %s shrinks to what it takes', async ([variant, verdict, preemptions]) => {
    const failure = await failureOf(variant);
    const file = join(mkdtempSync(join(results, 'shrunk-')), 'short.sched');
    const { stdout, code } = await gridlock(['shrink', tokenOf(failure), '--json', '--out', file]);
    expect(code).toBe(0);
    const shrunk = JSON.parse(stdout) as Record<string, unknown>;
    expect(shrunk).toMatchObject({ verdict, preemptions });
    // What dfs says: with one less it does not happen.
    const { trials } = await replay(file);
    expect(trials[0]).toMatchObject({ verdict, schedule: { strayed: -1, preemptions } });
    expect(shrunk['replay']).toBe(`gridlock replay ${formatReplay(readScheduleFile(file))}`);
  });

  test('shrinks to a table that says what each thread did, and where that ended', async () => {
    const { stdout } = await gridlock(['shrink', tokenOf(await failureOf('opposite'))]);
    expect(stdout).toMatch(/^ CHOICE saver\/0 +saver\/1$/m);
    expect(stdout).toMatch(/^ +\d+ +acquire north$/m);
    expect(stdout).toMatch(/^ {8}waits for south, which saver\/1 holds$/m);
    expect(stdout).toMatch(/^ +waits for north, which saver\/0 holds$/m);
    // The watchdog does not see what check() says, so there is no dump to tell: the machine does.
    const split = await gridlock(['shrink', tokenOf(await failureOf('split'))]);
    expect(split.stdout).toMatch(/^ CHOICE saver\/0 +saver\/1$/m);
    expect(split.stdout).toMatch(/^ +\d+ acquire north/m);
  });

  test('that costs its machine each time shrinks all the same', async () => {
    const token = tokenOf(await failureOf('loops'));
    const { stdout, stderr, code } = await gridlock(
      `shrink ${token} --hang-timeout 500ms --trials 3 --json`.split(' '),
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'stall', preemptions: 0 });
  });

  test('that is none cannot be shrunk', async () => {
    const failure = await failureOf('opposite');
    const came = await gridlock(['shrink', tokenOf({ ...failure, variant: 'ordered' })]);
    expect(came.code).toBe(1);
    expect(came.stderr).toMatch(/comes to pass, and the program did not follow it at choice \d+/);
  });

  test('has a dump that says how to run it again', async () => {
    const { trials, directory } = await run('opposite', '-s pct --seed 7 -n 300 -x');
    const { dump, replay } = trials.at(-1)!;
    const [id = ''] = readdirSync(directory);
    const file = await DumpFile.open(join(directory, id, dump!));
    file.close();
    expect(file.head.replay).toBe(replay);
    expect(file.head.replay).toBe(`gridlock replay ${tokenOf(trials.at(-1)!)}`);
    const kept = readScheduleFile(join(directory, id, dump!.replace(/\.dump$/, '.sched')));
    expect(formatReplay(kept)).toBe(tokenOf(trials.at(-1)!));
    expect(kept.threads).toEqual(['saver/0', 'saver/1']);
  });
});

describe.concurrent('a field of a shared struct', () => {
  const fields = async (variant: string, options: string): Promise<Summary> =>
    (await run(variant, options, FIELDS)).summary;

  test.for(['random', 'pct', 'pos', 'dfs'])('is raced for under %s', async (strategy) => {
    const { trials } = await run('marked', `-s ${strategy} --seed 7 -n 60 -x`, FIELDS);
    expect(trials.at(-1)).toMatchObject({
      verdict: 'panic',
      message: 'check: the balance is 1, after 2 deposits',
    });
  });

  // What sequential consistency allows, and forbids.
  test.for([
    ['buffering', ['01', '10', '11']],
    ['message', ['00', '01', '11']],
  ] as const)(
    'of %s may be read and written in every order, and in no other',
    async ([variant, allowed]) => {
      const { exhausted, outcomes } = await fields(variant, '-s dfs --seed 1');
      expect(exhausted).toBe(true);
      const seen = Object.keys(outcomes).filter((outcome) => outcomes[outcome]! > 0);
      expect(seen.toSorted()).toEqual(allowed);
    },
  );

  test('is added to in one step', async () => {
    const { exhausted, trials, verdicts } = await fields('atomic', '-s dfs --seed 1');
    expect({ exhausted, verdicts }).toEqual({ exhausted: true, verdicts: { pass: trials } });
    expect(trials).toBeGreaterThan(1);
  });

  test.for(['unmarked', 'apart'])('of one that is not, is no point: %s', async (variant) => {
    const { exhausted, trials, verdicts } = await fields(variant, '-s dfs --seed 1');
    expect({ exhausted, trials, verdicts }).toEqual({
      exhausted: true,
      trials: 2,
      verdicts: { pass: 2 },
    });
  });

  test('is looked at by who polls', async () => {
    const { summary } = await run('spins', '-s dfs --seed 1', FIELDS);
    expect(summary).toMatchObject({ exhausted: true, verdicts: { pass: summary.trials } });
    expect(summary.choices).toBeGreaterThan(4);
    expect(summary.choices).toBeLessThan(12);
  });

  test.for(['', ' -s random --seed 1'])('is where the struct has it, with %j', async (strategy) => {
    expect(await fields('widths', `-n 1${strategy}`)).toMatchObject({ verdicts: { pass: 1 } });
  });

  test('costs nothing in a free run: word.ts itself is what a workload calls', async () => {
    expect(await fields('plain', '-n 1')).toMatchObject({ verdicts: { pass: 1 } });
    expect(await fields('plain', '-n 1 -s random')).toMatchObject({ verdicts: { panic: 1 } });
  });
});

test('a machine that dies in the middle of a series costs the trial in which it died, and no other', async () => {
  const { summary, trials } = await run('kills', '-s random --seed 3 -n 200 --max-failures 2');
  expect(summary.verdicts['crash']).toBe(2);
  expect(trials.map(({ verdict }) => verdict)).toEqual(['crash', 'crash']);
  // What it had chosen died with it.
  expect(trials.map(({ replay }) => replay)).toEqual([null, null]);
  const [one, other] = trials.map(({ index }) => index);
  expect(summary.trials).toBe(other! + 1);
  expect(other).toBeGreaterThan(one!);
});

test('an outcome that is of interest is not lost in a series, nor counted for a trial of others', async () => {
  const { summary } = await run('early', '-s random --seed 1 -n 100');
  expect(summary).toMatchObject({ verdicts: { pass: 100 }, grade: 'interesting' });
  const { first = 0, second = 0 } = summary.outcomes;
  expect(first).toBeGreaterThan(0);
  expect(first + second).toBe(100);
});

test('one that keeps its turn is the one that is stuck, not those who wait for theirs', async () => {
  const { trials } = await run('loops', '-s random --seed 1 -n 3 -x');
  expect(trials[0]).toMatchObject({ verdict: 'stall' });
  expect(trials[0]!.message).toMatch(/^saver\/1 has been outside the kernel for /);
});

test('time is the controlled clock’s: ten seconds of waiting take none', async () => {
  const { summary } = await run('timed', '-s random --seed 1 -n 500');
  expect(summary.verdicts).toEqual({ pass: 500 });
});
