/*
 * Goal: a machine does not outlive the process that started it, even if none of its threads can do anything; and whoever waits
 * for such a machine to be ready hears soon that it stands still.
 *
 * Method: a workload whose import makes the main thread stand still before there is a watchdog.  The process that owns the machine
 * ends by itself or is killed, with setpriv in reach and without.  Killed without it is the twin of both: the machine stays,
 * so it is by the leash that it goes.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Fail } from '../../src/base/fail.ts';
import type { MachineSpec } from '../../src/run/protocol.ts';
import type { Supervisor } from '../../src/run/supervisor.ts';

const built = (await import(new URL('../../dist/src/run/supervisor.js', import.meta.url).href)) as {
  Supervisor: typeof Supervisor;
};

const OWNER = fileURLToPath(new URL('leash-owner.mjs', import.meta.url));
const BOUND_MS = 20_000;
const hasSetpriv =
  process.platform === 'linux' &&
  spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true']).status === 0;

const SPEC: MachineSpec = {
  type: 'spec',
  url: new URL('../planted/standstill.js', import.meta.url).href,
  variant: 'twin',
  params: {},
  load: 0,
  track: 'held',
  pin: false,
  cpu: 0,
  control: null,
  noise: null,
};

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gridlock-leash-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts the owner, waits until its machine stands still, and lets `end` end the owner.  @returns the machine's pid */
async function machineAfter(end: 'exit' | 'SIGKILL', path: string): Promise<number> {
  const file = join(scratch(), 'pid');
  const owner = spawn(process.execPath, [OWNER, JSON.stringify(SPEC)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, STANDSTILL: file, PATH: path },
  });
  const closed = new Promise((resolve) => owner.once('exit', resolve));
  const pid = await vi.waitFor(
    () => Number(/^\d+$/.exec(readFileSync(file, 'utf8'))![0]),
    BOUND_MS,
  );
  onTestFinished(() => {
    if (lives(pid)) process.kill(pid, 'SIGKILL');
  });
  expect(lives(pid)).toBe(true);
  if (end === 'exit') owner.stdin.end('\n');
  else owner.kill('SIGKILL');
  await closed;
  return pid;
}

test('it goes when its owner ends, by itself', { timeout: 2 * BOUND_MS }, async () => {
  const pid = await machineAfter('exit', '');
  await vi.waitFor(() => expect(lives(pid)).toBe(false), BOUND_MS);
});

test.runIf(hasSetpriv)('it goes when its owner is killed', { timeout: 2 * BOUND_MS }, async () => {
  const pid = await machineAfter('SIGKILL', process.env['PATH'] ?? '');
  await vi.waitFor(() => expect(lives(pid)).toBe(false), BOUND_MS);
});

test('twin: no leash, and it stays', { timeout: 2 * BOUND_MS }, async () => {
  const pid = await machineAfter('SIGKILL', '');
  // Long enough for whatever would have ended it: another process comes and goes.
  execFileSync(process.execPath, ['--version']);
  expect(lives(pid)).toBe(true);
});

test('who waits for it hears that it stands still', { timeout: 2 * BOUND_MS }, async () => {
  vi.stubEnv('STANDSTILL', join(scratch(), 'pid'));
  const failure = await built.Supervisor.start(SPEC, { silenceMs: 3_000 }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'MACHINE_LOST' } satisfies Partial<Fail>);
  expect((failure as Fail).message).toContain('it said nothing for 3 s, and stands still');
});

test(
  'twin: one that takes longer, and moves, is waited for',
  { timeout: 2 * BOUND_MS },
  async () => {
    vi.stubEnv('LATE_MS', '4000');
    const machine = await built.Supervisor.start(SPEC, { silenceMs: 3_000 });
    expect(machine.facts.threads).toHaveLength(1);
    machine.kill();
  },
);
