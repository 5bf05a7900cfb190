/*
 * How the kernel tests write a scene: each thread as a list of calls (calls.mjs says what there is), and
 * the lock under test, which is the kernel's or a broken twin's (twins.mjs).
 */

import { kheld, kthread, sobj, turnstile } from '../../src/layout/records.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, load, put, sub } from '../../src/layout/word.ts';
import { Cast, ends, expires, sleeps, untilHere, type Line, type Scene } from '../threads.ts';

export type Call = readonly [name: string, ...args: unknown[]];

/** Threads that can play calls, the twins' too. */
export function openCast(size: number, heapBytes?: number): Cast {
  return new Cast(size, [new URL('calls.mjs', import.meta.url)], heapBytes);
}

/** A scene of call lists, one a thread. */
export function play(
  lists: readonly (readonly Call[])[],
  scene: Omit<Scene, 'roles'>,
  lock = 'kernel',
): Scene {
  return { ...scene, roles: lists.map((list) => ['calls', { lock, list }] as const) };
}

/**
 * One that is woken too late: t0, who says where it is each time that it has the lock, wakes t1 and takes the lock again;
 * then the time of t1 is up, while t2 still stands in line.
 */
export const WOKEN_TOO_LATE: readonly Line[] = [
  untilHere(0, 1),
  sleeps(1),
  sleeps(2),
  untilHere(0, 1),
  expires(1),
  ends(1),
  ends(0),
];

/** As if a thread had lost the race for a lock so often that it is handed the next one. */
export function haveBadLuck(t: Ref<'kthread'>): void {
  put(t, kthread.failed, 1 << 30);
}

/** What the threads' calls returned: `1|-1 true`, a part each. */
export function returned(results: readonly unknown[]): string {
  return results.map((each) => (each as unknown[]).join(' ')).join('|');
}

/**
 * '' when an object is as it was made: its word is 0, nobody stands in line, nobody believes to hold it
 * or to wait for it.  Else what is wrong.
 */
export function unrest(object: Ref<string>, threads: readonly Ref<'kthread'>[]): string {
  const at = object as Ref<'sobj'>;
  const ts = sub(at, sobj.ts);
  const wrong: string[] = [];
  if (get(at, sobj.word) !== 0) wrong.push(`word ${get(at, sobj.word).toString(16)}`);
  if (get(ts, turnstile.waiters) !== 0) wrong.push(`${get(ts, turnstile.waiters)} in line`);
  if (
    get(ts, turnstile.chain) !== 0 ||
    get(ts, turnstile.first) !== 0 ||
    get(ts, turnstile.last) !== 0
  ) {
    wrong.push('a line');
  }
  for (const t of threads) {
    if (get(sub(t, kthread.held), kheld.lock) === at) wrong.push('held');
    if (get(t, kthread.wchan) === at || (load(t, kthread.wait_seq) & 1) !== 0)
      wrong.push('waited for');
  }
  return wrong.join(', ');
}
