/*
 * Goal: to stop a thread does not end the process, whatever V8 compiles at that moment.
 *
 * Method: a thread that is stopped while the functions that it enters are made part of one that takes long to
 * compile (fixtures/compiling.mjs), in a process that is started as a machine is.
 *
 * Twin: the same process started without those flags, which V8 ends, where it still has that defect.  And a machine is
 * asked what it was started with.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test, vi } from 'vitest';

import { STOPPABLE } from '../../src/nmi/flags.ts';
import { trial } from '../run/trial.ts';

vi.setConfig({ testTimeout: 120_000 });

const fixture = fileURLToPath(new URL('fixtures/compiling.mjs', import.meta.url));
/** The moment is passed once in the first 32 rounds. */
const ROUNDS = 32;
/** Its defect is mended since 26.10. */
const NODE_MENDED = 26;
const isMended = Number(process.versions.node.split('.', 1)[0]) >= NODE_MENDED;

async function stopped(flags: readonly string[], rounds: number): Promise<{ stops: number }> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--allow-natives-syntax', ...flags, fixture, String(rounds)],
    { timeout: 100_000, killSignal: 'SIGKILL' },
  );
  return JSON.parse(stdout) as { stops: number };
}

describe('a thread that is stopped while what it runs is compiled', () => {
  test('goes on, in a process with the flags of a machine', async () => {
    // It may be in native code at the moment, and is not stopped then.
    expect((await stopped(STOPPABLE, ROUNDS)).stops).toBeGreaterThan(ROUNDS / 2);
  });

  test.skipIf(isMended)('does not without them: V8 ends the process', async () => {
    await expect(stopped([], 20 * ROUNDS)).rejects.toMatchObject({
      signal: 'SIGTRAP',
      stderr: expect.stringContaining(
        'Check failed: inlineability == SharedFunctionInfo::kHasOptimizationDisabled',
      ) as string,
    });
  });
});

test('a machine is started with them', async () => {
  let line: readonly string[] = [];
  await trial({ workload: 'idle', variant: 'twin', durationMs: 20 }, () => ({
    onMachine(_, pid) {
      line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    },
  }));
  expect(line).toEqual(expect.arrayContaining([...STOPPABLE]));
});
