/*
 * Goal: the census says of an image what is in it: who sleeps on what, who holds what, who must act
 * before whom; and of an image that was overrun it says something, without an exception, and ends.
 *
 * Method: images made by hand, word by word, with the answers beside them; then the same with garbage in
 * the records of its threads and locks.
 */

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import {
  holdsOf,
  isAlive,
  kindOf,
  msSince,
  objectName,
  ownersOf,
  symbolsOf,
  threadName,
  threadsOf,
  waitOf,
} from '../../src/dump/census.ts';
import type { Sobj, Thread } from '../../src/dump/census.ts';
import {
  gatherLocks,
  gatherThreads,
  progressNow,
  secondsSinceGate,
} from '../../src/dump/gather.ts';
import { barrier_init } from '../../src/kernel/barrier.ts';
import { cv_init } from '../../src/kernel/condvar.ts';
import { mutex_destroy, mutex_init } from '../../src/kernel/mutex.ts';
import { resource_init } from '../../src/kernel/resource.ts';
import { rw_init } from '../../src/kernel/rwlock.ts';
import { sema_init } from '../../src/kernel/semaphore.ts';
import { kernel_boot, thread_create } from '../../src/kernel/startup.ts';
import { addSymbol, createImage, threadAt } from '../../src/layout/image.ts';
import {
  EXIT,
  header,
  image_header,
  kheld,
  kmutex,
  kresource,
  krwlock,
  kthread,
  PAGE,
  SOBJ,
  TS,
} from '../../src/layout/records.ts';
import { intern } from '../../src/layout/strings.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, poke, put, sub } from '../../src/layout/word.ts';

const NAMES = ['pager', 'reaper', 'fsflush', 'sched'];
let heap: number;
const line = <S extends string>(i: number): Ref<S> => (heap + 64 * i) as Ref<S>;
const object = (i: number): Sobj => line(i);
/** The i-th role thread. */
const t = (i: number): Thread => threadAt(i + 1);

const [MUTEX, OTHER, RW, CV, SEMA, BARRIER, RESOURCE, NAMELESS] = [0, 1, 2, 3, 4, 5, 6, 7];

beforeEach(() => {
  createImage({ threads: NAMES.length, heapBytes: 8 * PAGE });
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  heap = get(header, image_header.heap);
  for (const name of NAMES) {
    put(
      thread_create({ name, role: name, psargs: `${name} -x`, flags: 0 }),
      kthread.state,
      TS.onproc,
    );
  }
  mutex_init(line(MUTEX), 'swapinfo');
  mutex_init(line(OTHER), 'anon_lock');
  rw_init(line(RW), 'a_lock');
  cv_init(line(CV), 'pr_pid_cv');
  sema_init(line(SEMA), 0, 'units');
  barrier_init(line(BARRIER), 2, 'gate');
  resource_init(line(RESOURCE), 'P_PR_LOCK');
  mutex_init(line(NAMELESS), '');
});

function holds(
  i: number,
  slots: readonly (readonly [lock: number, mode?: number, since?: number])[],
): void {
  for (const [n, [lock, mode = 0, since = 0]] of slots.entries()) {
    const slot = (sub(t(i), kthread.held) + n * kheld.$.size) as Ref<'kheld'>;
    put(slot, kheld.lock, object(lock));
    put(slot, kheld.mode, mode);
    put(slot, kheld.since, since);
  }
}

function sleeps(
  i: number,
  on: number,
  kind: number,
  { flags = 0, since = 0, seq = 1, park = 1 } = {},
): void {
  put(t(i), kthread.wchan, object(on));
  put(t(i), kthread.wait_kind, kind);
  put(t(i), kthread.wait_flags, flags);
  put(t(i), kthread.wait_since, since);
  put(t(i), kthread.wait_seq, seq);
  put(t(i), kthread.park, park);
  put(t(i), kthread.state, TS.sleep);
}

const owns = (i: number, lock: number): void => put(line<'kmutex'>(lock), kmutex.owner, t(i));
const owners = (i: number, on: number, writer = false): string[] =>
  ownersOf(object(on), t(i), writer, threadsOf()).map((each) => threadName(each));

describe('threads', () => {
  test('are those of the roles, by name; alive from their start to their end', () => {
    expect(threadsOf().map((each) => threadName(each))).toEqual(NAMES);
    put(t(1), kthread.state, TS.free);
    put(t(2), kthread.state, TS.zomb);
    expect(threadsOf().map((each) => isAlive(each))).toEqual([true, false, false, true]);
  });
});

describe('a wait', () => {
  test('is what the record says, while the number is odd and nobody has woken it', () => {
    sleeps(0, MUTEX, SOBJ.mutex, { flags: 3, since: 70, seq: 5 });
    expect(waitOf(t(0))).toEqual({
      object: object(MUTEX),
      wanted: object(MUTEX),
      kind: SOBJ.mutex,
      seq: 5,
      timed: true,
      writer: true,
      idle: false,
      since: 70,
    });
    expect(waitOf(t(1))).toBeUndefined();
  });

  test.for([
    ['it is awake again', { seq: 2 }],
    ['it was granted what it waits for', { park: 2 }],
    ['it was nudged', { park: 3 }],
    ['it is on its way out', { park: 0 }],
  ] as const)('is none when %s', ([, change]) => {
    sleeps(0, CV, SOBJ.cv, change);
    expect(waitOf(t(0))).toBeUndefined();
  });

  test('on a condvar that stands for a resource wants the resource', () => {
    sleeps(0, CV, SOBJ.cv);
    put(t(0), kthread.wants_resource, line(RESOURCE));
    expect(waitOf(t(0))).toMatchObject({ object: object(CV), wanted: object(RESOURCE) });
    put(t(0), kthread.wants_resource, 3 as Ref<'kresource'>);
    expect(waitOf(t(0))).toMatchObject({ wanted: object(CV) });
  });
});

describe('holds', () => {
  test('are the held stack, oldest first, up to the first free slot', () => {
    owns(0, MUTEX);
    owns(0, OTHER);
    holds(0, [
      [MUTEX, 0, 10],
      [RW, 1, 20],
      [OTHER, 0, 30],
    ]);
    expect(holdsOf(t(0))).toEqual([
      { object: object(MUTEX), since: 10, mode: 0 },
      { object: object(RW), since: 20, mode: 1 },
      { object: object(OTHER), since: 30, mode: 0 },
    ]);
  });

  test('are what the lock’s own word says, where it says it', () => {
    holds(0, [[MUTEX], [OTHER], [RESOURCE]]);
    owns(1, MUTEX); // being given up by t0: the slot is not cleared yet
    owns(0, OTHER);
    put(line<'kresource'>(RESOURCE), kresource.owner, t(1));
    expect(holdsOf(t(0)).map((hold) => hold.object)).toEqual([object(OTHER)]);
  });
});

describe('who must act', () => {
  test('for a mutex: its owner, who is not asked about itself', () => {
    owns(1, MUTEX);
    expect(owners(0, MUTEX)).toEqual(['reaper']);
    expect(owners(1, MUTEX)).toEqual([]); // handed to it, and it is not awake yet
    put(line<'kmutex'>(MUTEX), kmutex.owner, (t(1) | 1) as Thread);
    expect(owners(0, MUTEX)).toEqual(['reaper']);
    put(line<'kmutex'>(MUTEX), kmutex.owner, 0 as Thread);
    expect(owners(0, MUTEX)).toEqual([]);
  });

  test('for a rwlock that is written: the writer', () => {
    put(line<'krwlock'>(RW), krwlock.wwwh, t(2) | 4);
    expect([owners(0, RW), owners(0, RW, true)]).toEqual([['fsflush'], ['fsflush']]);
  });

  test('for one that is read: to write, every reader, oneself among them', () => {
    put(line<'krwlock'>(RW), krwlock.wwwh, (2 * 8) | 3);
    for (const i of [0, 2]) holds(i, [[RW, 1]]);
    expect(owners(3, RW, true)).toEqual(['pager', 'fsflush']);
    expect(owners(0, RW, true)).toEqual(['pager', 'fsflush']);
  });

  test('for one that is read: to read, the writers that wait; without any it is about to get in', () => {
    put(line<'krwlock'>(RW), krwlock.wwwh, 8 | 3);
    holds(0, [[RW, 1]]);
    expect(owners(2, RW)).toEqual([]);
    sleeps(1, RW, SOBJ.rwlock, { flags: 2 });
    expect(owners(2, RW)).toEqual(['reaper']);
  });

  test('for a resource: its holder, even if that is the waiter itself', () => {
    put(line<'kresource'>(RESOURCE), kresource.owner, t(0));
    expect([owners(1, RESOURCE), owners(0, RESOURCE)]).toEqual([['pager'], ['pager']]);
  });

  test('for what has no owner: nobody', () => {
    for (const on of [CV, SEMA, BARRIER]) expect(owners(0, on)).toEqual([]);
  });

  test('for a lock that names no thread: nobody', () => {
    put(line<'kmutex'>(MUTEX), kmutex.owner, 0x12345670 as Thread);
    expect(owners(0, MUTEX)).toEqual([]);
  });
});

describe('names', () => {
  test('are the object’s own, its symbol’s, or its kind and address', () => {
    const symbols = [{ name: 'table', address: heap + 64 * 6, size: 128, type: 'kmutex' }];
    expect(objectName(object(MUTEX))).toBe('swapinfo');
    expect(objectName(object(NAMELESS))).toBe(`mutex@${object(NAMELESS).toString(16)}`);
    expect(objectName(object(NAMELESS), symbols)).toBe('table+0x40');
    expect([objectName(0 as Sobj), objectName(3 as Sobj), objectName(0x7ffffff0 as Sobj)]).toEqual([
      '',
      '?@3',
      '?@7ffffff0',
    ]);
  });

  test('of locks that are gone are gone from the table', () => {
    expect(symbolsOf().map(({ name }) => name)).toContain('anon_lock');
    mutex_destroy(line(OTHER));
    expect(symbolsOf().map(({ name }) => name)).not.toContain('anon_lock');
    expect(kindOf(object(OTHER))).toBe(SOBJ.none);
  });
});

test('what a dump says of a hang', () => {
  put(header, image_header.clock, 500);
  put(header, image_header.gate_time, 250);
  owns(0, MUTEX);
  holds(0, [[MUTEX, 0, 300]]);
  sleeps(0, OTHER, SOBJ.mutex, { since: 400 });
  owns(1, OTHER);
  holds(1, [
    [RW, 2, 100],
    [OTHER, 0, 350],
  ]);
  put(line<'krwlock'>(RW), krwlock.wwwh, t(1) | 5);
  sleeps(1, CV, SOBJ.cv, { since: 450 });
  put(t(1), kthread.wants_resource, line(RESOURCE));
  put(line<'kresource'>(RESOURCE), kresource.owner, t(0));
  sleeps(2, RW, SOBJ.rwlock, { flags: 2, since: 490 });
  put(t(3), kthread.state, TS.zomb);
  put(t(3), kthread.exit_reason, EXIT.threw);
  put(t(3), kthread.exit_message, intern('Error: gone'));
  put(t(2), kthread.progress, 7);
  put(t(0), kthread.thread_id, 11);

  const stack = [{ function: 'mutex_enter', file: 'src/kernel/mutex.ts', line: 1, column: 1 }];
  const threads = gatherThreads(
    new Map([
      [11, { stack }],
      [0, { stack: [], unstopped: 'it did not answer' }],
    ]),
    { cycle: [t(0), t(1)], victims: [t(2)] },
    (each) => (each === t(0) ? 12.4 : 0),
  );
  expect(threads.map(({ id, name, state, part }) => [id, name, state, part])).toEqual([
    [1, 'pager', 'TS_SLEEP', 'cycle'],
    [2, 'reaper', 'TS_SLEEP', 'cycle'],
    [3, 'fsflush', 'TS_SLEEP', 'victim'],
    [4, 'sched', 'TS_ZOMB', 'gone'],
  ]);
  const hex = (i: number): string => object(i).toString(16);
  expect(threads[0]).toMatchObject({
    psargs: 'pager -x',
    holds: [{ name: 'swapinfo', kind: 'mutex', address: hex(MUTEX), held_ms: 20 }],
    wants: { name: 'anon_lock', kind: 'mutex', address: hex(OTHER), waited_ms: 10, owners: [2] },
    stack,
    silent_ms: 12,
  });
  expect(threads[0]!.unstopped).toBeUndefined();
  expect(threads[1]).toMatchObject({
    holds: [
      { name: 'a_lock', kind: 'rwlock', mode: 'writer', held_ms: 40 },
      { name: 'anon_lock', kind: 'mutex', held_ms: 15 },
    ],
    wants: { name: 'P_PR_LOCK', kind: 'resource', via: 'pr_pid_cv', waited_ms: 5, owners: [1] },
    unstopped: 'it did not answer',
  });
  expect(threads[2]).toMatchObject({
    wants: { name: 'a_lock', mode: 'writer', owners: [2] },
    progress: 7,
  });
  expect(threads[3]).toMatchObject({ wants: null, exit: 'threw: Error: gone' });

  const locks = new Map(gatherLocks(symbolsOf()).map((lock) => [lock.name, lock]));
  expect(locks.get('anon_lock')).toMatchObject({ kind: 'mutex', owners: [2], waiters: [1] });
  expect(locks.get('a_lock')).toMatchObject({ kind: 'rwlock', owners: [2], waiters: [3] });
  expect(locks.get('P_PR_LOCK')).toMatchObject({ kind: 'resource', waiters: [2] });
  expect(locks.get('pr_pid_cv')).toMatchObject({ kind: 'cv', owners: [], waiters: [2] });
  expect([...locks.keys()].filter((name) => name === '')).toEqual([]);
  expect([secondsSinceGate(), msSince(500), msSince(600)]).toEqual([0.025, 0, 0]);
  expect(progressNow()).toEqual(
    new Map([
      [1, 0],
      [2, 0],
      [3, 7],
      [4, 0],
    ]),
  );
});

test('the most contended lock comes first', () => {
  put(line<'kmutex'>(OTHER), kmutex.blocked, 9);
  put(line<'kmutex'>(MUTEX), kmutex.contended, 5);
  const [first, second] = gatherLocks(symbolsOf());
  expect([first!.name, first!.blocked, second!.name, second!.contended]).toEqual([
    'anon_lock',
    9,
    'swapinfo',
    5,
  ]);
});

describe('garbage', () => {
  const word = fc.oneof(
    fc.integer(),
    fc.nat(2 << 20),
    fc.constantFrom(0, 1, 3, -1, 0x7fffffff, -0x80000000),
  );
  const garbage = fc.array(fc.tuple(fc.nat(2000), word), { minLength: 1, maxLength: 400 });

  test('in records and locks is read to its end, whatever it is', () => {
    fc.assert(
      fc.property(garbage, garbage, (inThreads, inLocks) => {
        const records = threadAt(1);
        const bytes = NAMES.length * kthread.$.size;
        for (const [at, value] of inThreads) poke(records + ((4 * at) % bytes), value);
        for (const [at, value] of inLocks) poke(heap + ((4 * at) % 512), value);
        const threads = threadsOf();
        for (const each of threads) {
          const wait = waitOf(each);
          if (wait !== undefined) ownersOf(wait.wanted, each, wait.writer, threads);
          expect(holdsOf(each).length).toBeLessThanOrEqual(62);
        }
        const told = gatherThreads(new Map(), { cycle: [], victims: [] }, () => 0);
        expect(told).toHaveLength(NAMES.length);
        expect(JSON.parse(JSON.stringify(told))).toHaveLength(NAMES.length);
        expect(gatherLocks(symbolsOf()).length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });

  test.for([
    [4096, 0x7fffffff],
    [-4096, 0x7fffffff],
    [0x7fffff00, 64],
    [5, 640],
  ])('in the symbol table, an object at %i of %i bytes, is no lock', ([address, size]) => {
    const before = gatherLocks(symbolsOf()).length;
    addSymbol('wrecked', address!, size!, 'kmutex');
    const locks = gatherLocks(symbolsOf());
    expect(locks.length - before).toBeLessThanOrEqual(
      get(header, image_header.size_pages) * (PAGE / 64),
    );
    expect(JSON.parse(JSON.stringify(locks))).toHaveLength(locks.length);
  });
});
