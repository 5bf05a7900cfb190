/*
 * Goal: a machine does what its supervisor needs of it, whatever its threads are up to: it gives dumps while it
 * runs, it runs many trials, and it never outlives anybody.
 *
 * Method: planted workloads, interfered with from outside: by signals to the machine, by the death of the
 * command line.  What is waited for is a report, or a process to be gone.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { EXIT } from '../../src/base/exit.ts';
import type { StressListener } from '../../src/run/stress.ts';
import { gridlock, records } from '../cli/gridlock.ts';
import { campaign, gone, HANG_MS, isThere, named, trial } from './trial.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Longer than any of these tests: so that nothing is judged by silence. */
const NEVER_MS = 50_000;

describe('kill -USR2', () => {
  /** Asks for a dump as soon as the trial runs, and for the next one when it is there; then calls back. */
  function asker(dumps: number, enough: () => void = () => undefined): () => StressListener {
    return () => {
      let pid: number | undefined;
      let asked = 0;
      const ask = (): void => {
        asked++;
        kill(pid, 'SIGUSR2');
      };
      return {
        onMachine(_, its) {
          pid = its;
        },
        onStatus({ threads }) {
          // Not before the roles are at work.
          if (
            asked === 0 &&
            threads.every(({ name, progress }) => progress > 0 || name === 'poltergeist')
          )
            ask();
        },
        onRequested() {
          if (asked < dumps) ask();
          else enough();
        },
      };
    };
  }

  test('gives dumps of a run that goes on, and passes', async () => {
    const { exit, record, requested } = await trial(
      { workload: 'livelock', variant: 'twin', durationMs: 4_000, hangMs: NEVER_MS },
      asker(3),
    );
    expect(record).toMatchObject({ verdict: 'pass', message: null });
    expect(exit).toBe(EXIT.ok);
    expect(requested.map(({ head }) => head.verdict)).toEqual([
      'requested',
      'requested',
      'requested',
    ]);
    const seconds = requested.map(({ head }) => head.seconds);
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
    for (const dump of requested) {
      expect(dump.head).toMatchObject({ cycle: [], victims: [], exact: true });
      expect(dump.threads.map(({ name }) => name)).toEqual(['gentleman/0', 'gentleman/1']);
      for (const { stack } of dump.threads)
        expect(stack.map((frame) => frame.function)).toContain('run');
    }
    // Of both together: on one CPU's share either may have to wait for its turn.
    const progress = requested.map(({ threads }) =>
      threads.reduce((sum, each) => sum + each.progress, 0),
    );
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(new Set(progress).size).toBe(3);
  });

  test('changes nothing about a hang: it is found all the same, and has its own dump', async () => {
    const { exit, record, dump, requested } = await trial(
      { workload: 'stuck-daemon', durationMs: 2_000 },
      asker(2),
    );
    expect(record.verdict, record.message ?? '').toBe('stall');
    expect(exit).toBe(EXIT.ok);
    expect(requested).toHaveLength(2);
    expect(dump?.head.verdict).toBe('stall');
    expect(named(dump!, dump!.head.cycle)).toEqual(['poltergeist']);
  });

  test('says so when the run keeps no dumps', async () => {
    const errors: (string | undefined)[] = [];
    const { record, dump } = await trial(
      { workload: 'livelock', variant: 'twin', durationMs: 1_000, hangMs: NEVER_MS, dumps: false },
      () => {
        const listener = asker(1)();
        return { ...listener, onRequested: ({ error }) => errors.push(error) };
      },
    );
    expect(record.verdict).toBe('pass');
    expect(dump).toBeUndefined();
    expect(errors).toEqual(['this run keeps no dumps']);
  });
});

describe('kill -STOP of the machine', () => {
  test('and -CONT, three hang timeouts later, is no hang', async () => {
    let pause: Promise<void> | undefined;
    async function stopAndContinue(pid: number | undefined): Promise<void> {
      kill(pid, 'SIGSTOP');
      const until = performance.now() + 3 * HANG_MS;
      await vi.waitUntil(() => performance.now() > until, { timeout: 10 * HANG_MS });
      kill(pid, 'SIGCONT');
    }
    const { record } = await trial(
      { workload: 'livelock', variant: 'twin', durationMs: 5 * HANG_MS },
      (stress) => ({
        onStatus({ threads }) {
          if (threads.some(({ progress }) => progress > 0))
            pause ??= stopAndContinue(stress.machinePid);
        },
      }),
    );
    await pause;
    expect(pause).toBeDefined();
    expect(record).toMatchObject({ verdict: 'pass', message: null });
    expect(record.seconds).toBeGreaterThan((3 * HANG_MS) / 1000);
  });
});

describe('kill -KILL of the machine', () => {
  test('is a crash, with the signal', async () => {
    const { exit, record } = await trial(
      {
        workload: 'livelock',
        variant: 'twin',
        durationMs: NEVER_MS - 10_000,
        hangMs: NEVER_MS,
        expect: 'crash',
      },
      (stress) => {
        let done = false;
        return {
          onStatus() {
            if (!done) kill(stress.machinePid, 'SIGKILL');
            done = true;
          },
        };
      },
    );
    expect(record).toMatchObject({
      verdict: 'crash',
      message: 'the machine died: killed by SIGKILL',
      exact: true,
    });
    expect(exit).toBe(EXIT.ok);
  });
});

describe('a module that a role thread cannot import', () => {
  test('is refused, with what it threw', async () => {
    await expect(trial({ workload: 'import-throws' })).rejects.toMatchObject({
      code: 'WORKLOAD_IMPORT',
      message: expect.stringContaining(
        'in a role thread: Error: no licence for this thread',
      ) as string,
    });
  });

  test('runs without the fault', async () => {
    expect((await trial({ workload: 'import-throws', variant: 'twin' })).record.verdict).toBe(
      'pass',
    );
  });
});

describe('a machine whose supervisor is killed', () => {
  const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

  // The main thread hears of it, or is blocked and cannot; a role is in native code, with a process of its own.
  test.for([
    ['and whose main thread turns', 'mixed', 'twin', []],
    ['and whose main thread loops', 'host', 'loops', []],
    ['and whose role runs a command', 'outside', 'planted', ['-P', 'how=command']],
  ] as const)('%s is gone at once', async ([, workload, variant, params]) => {
    const results = mkdtempSync(join(tmpdir(), 'gridlock-orphan-'));
    const file = fileURLToPath(new URL(`../planted/${workload}.js`, import.meta.url));
    const options = [
      '--variant',
      variant,
      ...params,
      '-d',
      '40s',
      '--hang-timeout',
      '45s',
      '--results',
      results,
    ];
    const cli = spawn(process.execPath, [MAIN, 'run', file, ...options, '--no-progress'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const pid = await machineOf(cli);
      // Its trial has begun when its threads are busy, which nobody outside is told; the machine is to go anyhow.
      expect(isThere(-pid)).toBe(true);
      const begin = performance.now();
      cli.kill('SIGKILL');
      await gone(pid);
      expect(performance.now() - begin).toBeLessThan(8_000);
    } finally {
      cli.kill('SIGKILL');
      rmSync(results, { recursive: true, force: true });
    }
  });

  /** What the command line says of its machine: `machine 4711: …`. */
  async function machineOf(cli: ChildProcess): Promise<number> {
    for await (const line of createInterface({ input: cli.stdout! })) {
      const pid = /machine (\d+):/.exec(line)?.[1];
      if (pid !== undefined) return Number(pid);
    }
    throw new Error('the command line ended without a machine');
  }
});

describe.concurrent('what share() makes', () => {
  const verdicts = async (variant: string, trials: number): Promise<readonly string[][]> => {
    const { records } = await campaign({ workload: 'shared', variant, trials });
    return records.map(({ verdict, message }) => [verdict, message ?? '']);
  };

  test('reaches the roles and check(), fresh in each trial', async () => {
    expect(await verdicts('twin', 3)).toEqual(Array.from({ length: 3 }, () => ['pass', '']));
  });

  test('would be told from what is left of the trial before', async () => {
    expect(await verdicts('stale', 2)).toEqual([
      ['pass', ''],
      ['panic', 'check: two threads added once each, and that came to 4'],
    ]);
  });

  test('is fresh in each trial of a controlled run, too', () => {
    const file = fileURLToPath(new URL('../planted/shared.js', import.meta.url));
    const results = mkdtempSync(join(tmpdir(), 'gridlock-shared-'));
    const options = '--variant twin --strategy random -n 20 --json --results'.split(' ');
    const ran = gridlock('run', file, ...options, results);
    rmSync(results, { recursive: true, force: true });
    expect(records(ran).find(({ type }) => type === 'summary')).toMatchObject({
      trials: 20,
      verdicts: { pass: 20 },
    });
  });

  test.for([
    ['throws', 'share() threw Error: nothing to share'],
    ['unsendable', 'share() threw DataCloneError: () => undefined could not be cloned.'],
  ] as const)('is what a trial cannot do without: %s', async ([variant, says]) => {
    expect(await verdicts(variant, 1)).toEqual([['crash', says]]);
  });
});

describe('a warm machine', () => {
  test('runs trial after trial, whatever the daemons of the last one did', async () => {
    const { records, pids } = await campaign({
      workload: 'idle',
      variant: 'twin',
      trials: 6,
      durationMs: 60,
    });
    expect(records.map(({ verdict }) => verdict)).toEqual(Array<string>(6).fill('pass'));
    expect(pids).toHaveLength(1);
  });

  test('has hang after hang, each found', async () => {
    const { records, pids } = await campaign({ workload: 'flags', trials: 6 });
    expect(records.map(({ verdict }) => verdict)).toEqual(Array<string>(6).fill('deadlock'));
    expect(pids).toHaveLength(1);
  });

  test('is replaced where a thread does not come back', async () => {
    const { records, pids } = await campaign({ workload: 'ends', params: 'how=exit', trials: 3 });
    expect(records.map(({ message }) => message)).toEqual(
      Array<string>(3).fill('mortal exited (process.exit(3))'),
    );
    expect(pids).toHaveLength(3);
  });
});

/** To a machine, and to nobody else: 0 would be all of us. */
function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  expect(pid).toBeGreaterThan(1);
  process.kill(pid!, signal);
}
