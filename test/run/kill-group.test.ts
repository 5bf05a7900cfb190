/*
 * Goal: when a child is ended, so is what it started.
 * Method: a child that starts another, which says again what it is told, and is asked whether it is there: both have the same
 * pipes, so they close when nobody is left.  The twin ends the child alone, and then the other still answers.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { killGroup } from '../../src/run/kill-group.ts';

const IS_WINDOWS = process.platform === 'win32';

/** A shell that started a cat on its own pipes, and waits for it.  Not on stdin, which Node closes when the shell has ended. */
async function parent(): Promise<{ child: ChildProcess; answer: (to: string) => Promise<string> }> {
  const child = spawn('sh', ['-c', 'cat <&3 & wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  const questions = child.stdio[3] as Writable;
  questions.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout! });
  const answer = async (to: string): Promise<string> => {
    const line = once(lines, 'line') as Promise<[string]>;
    questions.write(`${to}\n`);
    return (await line)[0];
  };
  expect(await answer('are you there')).toBe('are you there');
  return { child, answer };
}

test.skipIf(IS_WINDOWS)('what a child started ends with it', async () => {
  const { child } = await parent();
  const closed = once(child, 'close');
  killGroup(child);
  expect(await closed).toEqual([null, 'SIGKILL']);
});

test.skipIf(IS_WINDOWS)(
  'twin: killed alone, it leaves the other behind, until the group goes',
  async () => {
    const { child, answer } = await parent();
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await answer('and now')).toBe('and now');
    const closed = once(child, 'close');
    killGroup(child);
    await closed;
  },
);

test('one that leads no group is ended by itself; one that never was is none', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  killGroup(child);
  expect(await ended).toEqual([null, 'SIGKILL']);
  const none = spawn('/nowhere/to/be/found', { stdio: 'ignore' });
  none.on('error', () => undefined);
  killGroup(none);
  killGroup(undefined);
});
