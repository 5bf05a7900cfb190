/*
 * Goal: the host's view of a thread tells a busy one from a sleeping one, and pinning binds where it says.
 * Method: this process's own main thread, sampled before and after it burns CPU time, and before and after a
 * bounded wait.  Each is the other's control: a judge that always says the same fails one of the two.
 */

import { describe, expect, test } from 'vitest';
import { judgeOsThread, osThreadId, readOsThread, type OsThread } from '../../src/nmi/osthread.ts';
import { availableCpus, expandList, pinThreads } from '../../src/nmi/pin.ts';

const sample = (changes: Partial<OsThread>): OsThread => ({
  tid: 1,
  state: 'S',
  cpu: 0,
  utimeTicks: 10,
  stimeTicks: 10,
  voluntary: 5,
  involuntary: 5,
  wchan: null,
  ...changes,
});

describe('two samples are judged', () => {
  test.each([
    ['used CPU time, and runs', {}, { state: 'R', utimeTicks: 20 }, 'on-cpu'],
    ['asleep both times', {}, {}, 'asleep'],
    ['asleep, but it ran between', {}, { utimeTicks: 12 }, 'in-and-out'],
    ['stopped by a signal', {}, { state: 'T' }, 'stopped'],
    ['was runnable, and sleeps', { state: 'R' }, {}, 'runnable'],
  ] as const)('%s', (_what, before, after, doing) => {
    expect(judgeOsThread(sample(before), sample(after))).toBe(doing);
  });
});

test('a thread that is not there reads as null, and so does no thread', () => {
  expect(readOsThread(0)).toBeNull();
  expect(readOsThread(2 ** 22 + 1)).toBeNull();
});

test.runIf(process.platform === 'linux')('this thread is busy when it is busy, and not when it is not', () => {
  const tid = osThreadId()!;
  const before = readOsThread(tid)!;
  const ticks = (thread: OsThread): number => thread.utimeTicks + thread.stimeTicks;
  let after = before;
  // Until the host has counted some: however slow it is, it counts.
  for (let x = 0; ticks(after) < ticks(before) + 3; after = readOsThread(tid)!) for (let i = 0; i < 1e6; i++) x += i;
  expect(judgeOsThread(before, after)).toBe('on-cpu');
  const word = new Int32Array(new SharedArrayBuffer(4));
  const awake = readOsThread(tid)!;
  Atomics.wait(word, 0, 0, 20);
  const rested = readOsThread(tid)!;
  expect(ticks(rested) - ticks(awake)).toBeLessThan(2);
  expect(rested.voluntary).toBeGreaterThan(awake.voluntary);
});

test('CPU lists are expanded', () => {
  expect(expandList('0-3,8')).toEqual([0, 1, 2, 3, 8]);
  expect(expandList('5')).toEqual([5]);
  expect(availableCpus().length).toBeGreaterThan(0);
});

test('what cannot be pinned is said, and is no error', async () => {
  const { cpus, says } = await pinThreads([0, 0]);
  expect(cpus).toEqual([-1, -1]);
  expect(says).toMatch(/^not pinned/);
});

test.runIf(process.platform === 'linux' && availableCpus().length > 1)('a thread is bound where it says', async () => {
  const { cpus, says } = await pinThreads([osThreadId()!]);
  expect(says).toMatch(/^pinned over CPUs/);
  expect(availableCpus()).toEqual(cpus);
});
