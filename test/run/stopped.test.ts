/*
 * Goal: told to stop, a run ends with the signal's exit code at whatever moment that is, also while a machine boots; and a machine
 * does not hear signals that are meant for the run, as of an engine that sends them to all processes of a job.
 *
 * Method: a workload whose import never ends, which says when it has begun; the signal comes then.  And a machine that is
 * sent the signals itself, between two trials.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { readRun } from '../../src/report/model.ts';
import { MAIN } from '../cli/gridlock.ts';

/** A machine that nobody kills is given up after two minutes: this is less. */
const BOUND_MS = 60_000;

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gridlock-stopped-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

/** What is in a file, as soon as there is anything. */
async function appeared(directory: string, name: string): Promise<string> {
  const watcher = watch(directory);
  try {
    return await new Promise((resolve) => {
      const look = (): void => {
        const text = readdirSync(directory).includes(name)
          ? readFileSync(join(directory, name), 'utf8')
          : '';
        if (text !== '') resolve(text);
      };
      watcher.on('change', look);
      look();
    });
  } finally {
    watcher.close();
  }
}

test.for([
  ['run', 'SIGTERM', 143],
  ['run', 'SIGINT', 130],
  ['soak', 'SIGTERM', 143],
] as const)(
  '%s, sent %s while its machine boots: %d',
  { timeout: BOUND_MS },
  async ([command, signal, exit]) => {
    const directory = scratch();
    const results = join(directory, 'results');
    const child = start([command, 'test/planted/unborn.js', '--results', results], {
      UNBORN: join(directory, 'begun'),
    });
    const end = ended(child);
    const machine = Number(await appeared(directory, 'begun'));
    child.kill(signal);
    expect(await end).toBe(exit);
    expect(() => process.kill(machine, 0)).toThrow(/ESRCH/);
    const { isDone, exit: written } = readRun(join(results, readdirSync(results)[0]!));
    expect({ isDone, written }).toEqual({ isDone: true, written: exit });
  },
);

test('a machine does not hear SIGTERM and SIGINT', { timeout: BOUND_MS }, async () => {
  const twin = 'run test/planted/cycle.js --variant twin -d 20ms -n 1000 --json'.split(' ');
  const child = start([...twin, '--results', scratch()]);
  const end = ended(child);
  const machines: number[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    const pid = /^ *machine (\d+):/.exec(line)?.[1];
    if (pid !== undefined) machines.push(Number(pid));
  });
  const verdicts: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    const { type, verdict } = JSON.parse(line) as { type: string; verdict: string };
    if (type === 'trial') verdicts.push(verdict);
    if (type === 'trial' && verdicts.length === 2)
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(machines[0]!, signal);
    if (type === 'trial' && verdicts.length === 5) child.kill('SIGTERM');
  }
  expect(await end).toBe(143);
  expect(new Set(verdicts)).toEqual(new Set(['pass']));
  expect(machines).toHaveLength(1);
});
