/*
 * Goal: failures that are the same have the same signature from trial to trial, others have another, and the strings
 * are those of every journal so far.
 *
 * Method: images made by hand.  Each pair that must be alike has a twin beside it, which must not be.
 */

import { beforeEach, expect, test } from 'vitest';

import { mutex_init } from '../../src/kernel/mutex.ts';
import { kernel_boot, thread_create } from '../../src/kernel/startup.ts';
import { createImage, threadAt } from '../../src/layout/image.ts';
import { header, image_header, kthread, PAGE, SOBJ, TS } from '../../src/layout/records.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, put } from '../../src/layout/word.ts';
import { signatureOf, signatureOfEnd } from '../../src/run/signature.ts';

const NAMES = ['ferry/0', 'ferry/1', 'pager'];
const LOCKS = ['north', 'south'];
const [NORTH, SOUTH] = [0, 1];
const message = 'mutex_exit: not owner, lp=1a40 owner=4c80 after 999';

/** The i-th role thread. */
const t = (i: number): Ref<'kthread'> => threadAt(i + 1);
const lock = <S extends string>(i: number): Ref<S> =>
  (get(header, image_header.heap) + 64 * i) as Ref<S>;

beforeEach(() => {
  createImage({ threads: NAMES.length, heapBytes: PAGE });
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  for (const name of NAMES)
    put(thread_create({ name, role: name, psargs: '', flags: 0 }), kthread.state, TS.onproc);
  for (const [i, name] of LOCKS.entries()) mutex_init(lock(i), name);
});

function sleeps(i: number, on: number): void {
  put(t(i), kthread.wchan, lock(on));
  put(t(i), kthread.wait_kind, SOBJ.mutex);
  put(t(i), kthread.wait_seq, 1);
  put(t(i), kthread.park, 1);
  put(t(i), kthread.state, TS.sleep);
}

const deadlock = (...those: number[]): string =>
  signatureOf({ verdict: 'deadlock', message: 'after 17 ms', cycle: those.map(t) });

test('a cycle: whoever was found first, and whoever of a role it was', () => {
  sleeps(0, SOUTH);
  sleeps(1, NORTH);
  expect(deadlock(0, 1)).toBe('deadlock::ferry>north,ferry>south');
  expect(deadlock(1, 0)).toBe(deadlock(0, 1));
  // Twins: another lock, another role, nobody.
  sleeps(1, SOUTH);
  expect(deadlock(0, 1)).toBe('deadlock::ferry>south,ferry>south');
  expect(deadlock(0, 2)).toBe('deadlock::ferry>south,pager>');
  expect(deadlock()).toBe('deadlock::');
});

test('a panic is what it says, without its addresses', () => {
  const panic = (text: string): string =>
    signatureOf({ verdict: 'panic', message: text, cycle: [] });
  expect(panic(message)).toBe('panic:mutex_exit: not owner, lp=# owner=# after 999:');
  expect(panic(message.replace('1a40', '2b80'))).toBe(panic(message));
  expect(panic(message.replace('not owner', 'bad mutex'))).not.toBe(panic(message));
  // Of any other verdict the message is of this one time.
  expect(signatureOf({ verdict: 'stall', message, cycle: [] })).toBe('stall::');
});

test('what the main thread comes to has nobody who waits', () => {
  expect(signatureOfEnd('pass', '')).toBe('pass:');
  expect(signatureOfEnd('panic', 'check: 3 of beef')).toBe('panic:check: 3 of #');
  expect(signatureOfEnd('panic', 'check: 4 of beef')).toBe('panic:check: 4 of #');
});
