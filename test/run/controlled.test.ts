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
import type { Summary, TrialRecord } from '../../src/run/campaign.ts';

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
    ...options.split(' '),
  ]);
  const records = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });
  const summary = records.find(({ type }) => type === 'summary');
  if (summary === undefined) throw new Error(`no summary: ${stderr}`);
  return {
    trials: records.filter(({ type }) => type === 'trial') as unknown as TrialRecord[],
    summary: summary as unknown as Summary,
    directory,
  };
}

const BROKEN = [
  ['split', 'panic', 'check: the balance is 1, after 2 deposits'],
  ['opposite', 'deadlock', 'saver/0 wants south; saver/1 wants north, which saver/0 holds'],
  ['unheard', 'lost-wakeup', 'saver/0 '],
] as const;
const WHOLE = ['whole', 'ordered', 'heard', 'timed', 'polls'] as const;
/** One machine each: the others are dfs's, which tries everything anyway. */
const SAMPLED = ['ordered', 'heard'] as const;

describe.concurrent.for(['random', 'pct', 'pos'])('%s', (strategy) => {
  test.for(BROKEN)('finds what is wrong with %s', async ([variant, verdict, message]) => {
    const { trials, summary } = await run(variant, `-s ${strategy} --seed 7 -n 300 -x`);
    expect(Object.keys(summary.verdicts)).toContain(verdict);
    expect(summary.schedules_to_failure).toEqual({ first: trials.length, of: trials.length });
    expect(trials.at(-1)!.message).toContain(message);
  });

  test.for(SAMPLED)('finds nothing wrong with %s', async (variant) => {
    const { summary } = await run(variant, `-s ${strategy} --seed 7 -n 40`);
    expect(summary).toMatchObject({ trials: 40, verdicts: { pass: 40 }, machines: 1 });
  });

  test('does the same for the same seed, and not for another', async () => {
    const tokens = async (seed: number): Promise<string[]> =>
      (await run('whole', `-s ${strategy} --seed ${seed} -n 12`)).trials.map(
        ({ schedule }) => schedule!.token,
      );
    const [once, again, other] = await Promise.all([tokens(3), tokens(3), tokens(4)]);
    expect(once).toEqual(again);
    expect(once).not.toEqual(other);
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
    const { summary, trials } = await run(variant, '-s dfs --seed 1');
    expect(summary.exhausted).toBe(true);
    expect(Object.keys(summary.verdicts).toSorted()).toEqual([verdict, 'pass'].toSorted());
    expect(new Set(trials.map(({ schedule }) => schedule!.token)).size).toBe(trials.length);
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
      const found = await run(variant, '-s random --seed 7 -n 300 -x');
      const failure = found.trials.at(-1)!;
      const options = /-s replay .*$/.exec(failure.replay ?? '')![0];
      const { trials } = await run(variant, `${options} -n 8`);
      for (const again of trials) {
        expect(again).toMatchObject({ verdict, message: failure.message });
        expect(again.schedule).toMatchObject({
          token: failure.schedule!.token,
          choices: failure.schedule!.choices,
          strayed: -1,
        });
      }
      expect(trials).toHaveLength(8);
    },
  );

  test('does not show when its schedule is run by the twin, which strays from it', async () => {
    const found = await run('opposite', '-s random --seed 7 -n 300 -x');
    const options = /-s replay .*$/.exec(found.trials.at(-1)!.replay ?? '')![0];
    const { trials } = await run('ordered', options);
    expect(trials[0]!.verdict).toBe('pass');
    expect(trials[0]!.schedule!.strayed).toBeGreaterThanOrEqual(0);
  });

  test('or a pass, of a machine that ran others before, is the same on one that did not', async () => {
    for (const variant of ['polls', 'heard']) {
      const warm = await run(variant, '-s random --seed 3 --trial-seed 9 -n 6');
      const { token, choices } = warm.trials.at(-1)!.schedule!;
      const options = `-s replay --schedule ${token} --trial-seed 9`;
      const cold = await run(variant, options);
      expect(cold.trials[0]!.schedule).toMatchObject({ token, choices, strayed: -1 });
    }
  });

  test.for([
    ['opposite', 'deadlock', 1],
    ['split', 'panic', 1],
    ['unheard', 'lost-wakeup', 0],
  ] as const)('of %s shrinks to what it takes', async ([variant, verdict, preemptions]) => {
    const found = await run(variant, '-s random --seed 7 -n 300 -x');
    const options = /--schedule .*$/.exec(found.trials.at(-1)!.replay ?? '')![0];
    const { stdout, code } = await gridlock([
      'shrink',
      ONCE,
      '--variant',
      variant,
      '--json',
      ...options.split(' '),
    ]);
    expect(code).toBe(0);
    const shrunk = JSON.parse(stdout) as Record<string, unknown>;
    expect(shrunk).toMatchObject({ verdict, preemptions });
    // What dfs says: with one less it does not happen.
    const again = /-s replay .*$/.exec(String(shrunk['replay']))![0];
    const { trials } = await run(variant, again);
    expect(trials[0]).toMatchObject({ verdict, schedule: { strayed: -1, preemptions } });
  });

  test('that is none cannot be shrunk', async () => {
    const found = await run('opposite', '-s random --seed 7 -n 300 -x');
    const options = /--schedule .*$/.exec(found.trials.at(-1)!.replay ?? '')![0];
    const came = await gridlock(['shrink', ONCE, '--variant', 'ordered', ...options.split(' ')]);
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
    expect(file.head.replay).toMatch(/--schedule s1\.[\w-]+\.\w{3} /);
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

  // By hand: a thread starts, takes a step, takes another; so there are 6! / (3! 3!) schedules of two.
  test('may be read and written in every order, and in no other', async () => {
    expect(await fields('buffering', '-s dfs --seed 1')).toMatchObject({
      exhausted: true,
      trials: 20,
      outcomes: { '00': 0, '01': 4, '10': 4, '11': 12 },
    });
    expect(await fields('message', '-s dfs --seed 1')).toMatchObject({
      exhausted: true,
      trials: 20,
      outcomes: { '00': 4, '01': 12, '10': 0, '11': 4 },
    });
  });

  test('is added to in one step', async () => {
    const { exhausted, trials, verdicts } = await fields('atomic', '-s dfs --seed 1');
    expect({ exhausted, trials, verdicts }).toEqual({
      exhausted: true,
      trials: 6,
      verdicts: { pass: 6 },
    });
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
    const { summary, trials } = await run('spins', '-s dfs --seed 1', FIELDS);
    expect(summary).toMatchObject({ exhausted: true, verdicts: { pass: summary.trials } });
    expect(Math.max(...trials.map(({ schedule }) => schedule!.choices))).toBeLessThan(12);
  });

  test.for(['', ' -s random --seed 1'])('is where the struct has it, with %j', async (strategy) => {
    expect(await fields('widths', `-n 1${strategy}`)).toMatchObject({ verdicts: { pass: 1 } });
  });

  test('costs nothing in a free run: word.ts itself is what a workload calls', async () => {
    expect(await fields('plain', '-n 1')).toMatchObject({ verdicts: { pass: 1 } });
    expect(await fields('plain', '-n 1 -s random')).toMatchObject({ verdicts: { panic: 1 } });
  });
});

test('one that keeps its turn is the one that is stuck, not those who wait for theirs', async () => {
  const { trials } = await run('loops', '-s random --seed 1 -n 3 -x');
  expect(trials[0]).toMatchObject({ verdict: 'stall' });
  expect(trials[0]!.message).toMatch(/^saver\/1 has been outside the kernel for /);
});

test('time is the controlled clock’s: ten seconds of waiting take none', async () => {
  const { trials } = await run('timed', '-s random --seed 1 -n 5');
  for (const { seconds } of trials) {
    expect(seconds).toBeGreaterThan(9.9);
    expect(seconds).toBeLessThan(10.2);
  }
});
