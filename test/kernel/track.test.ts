/*
 * Goal: at track level `events` each acquire is counted once, with the time from wanting it to having it, to the nanosecond and
 * in its own bucket; what was not got is not counted; at level `held` nobody asks the clock.
 *
 * Method: a clock that reads what the test says, and the kernel's own calls.  Twins that count from the first attempt, that
 * take a failed attempt for the next thing that is acquired, or that count attempts, must be told from it.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cv_timedwait } from '../../src/kernel/condvar.ts';
import {
  mutex_enter,
  mutex_enter_timed,
  mutex_exit,
  mutex_tryenter,
} from '../../src/kernel/mutex.ts';
import { clock_attach, hrtime_ms, POINT, probe_attach } from '../../src/kernel/probe.ts';
import { resource_enter, resource_exit } from '../../src/kernel/resource.ts';
import { RW_READER, RW_WRITER, rw_enter, rw_exit, rw_tryenter } from '../../src/kernel/rwlock.ts';
import { sema_init, sema_p, sema_tryp, sema_v } from '../../src/kernel/semaphore.ts';
import { kernel_boot, thread_attach, thread_create } from '../../src/kernel/startup.ts';
import { countsOf, maxOf, record } from '../../src/layout/histogram.ts';
import { attachImage, createImage, threadAt } from '../../src/layout/image.ts';
import { global } from '../../src/layout/linker.ts';
import {
  EVENT,
  kcondvar,
  kevent,
  kmutex,
  kresource,
  krwlock,
  ksema,
  kthread,
  type TrackLevel,
} from '../../src/layout/records.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, put } from '../../src/layout/word.ts';

const lock = global('track_lock', kmutex);
const other = global('track_other', kmutex);
const rwlock = global('track_rw', krwlock);
const sema = global('track_sema', ksema);
const cv = global('track_cv', kcondvar);
const resource = global('track_resource', kresource);

/** What the clock reads, in nanoseconds, one reading after the other; then 1 ns more each time. */
let readings: number[] = [];
let asked = 0;
let last = 0;

const CLOCK = {
  now(): number {
    asked++;
    last = readings.shift() ?? last + 1;
    return last / 1e6;
  },
  // Whoever would sleep has slept.
  sleep: () => true,
};

function begin(track: TrackLevel, acquires = true): void {
  attachImage(createImage({ threads: 2, heapBytes: 4096, acquires }));
  kernel_boot({ seed: 1, track, panicOnCycle: false });
  for (const name of ['me', 'somebody']) thread_create({ name, role: 't', psargs: name, flags: 0 });
  thread_attach(threadAt(1), track);
  sema_init(sema, 1, 'sema');
  readings = [];
  asked = 0;
  last = 0;
  clock_attach(CLOCK);
}

afterEach(() => {
  probe_attach(undefined);
  clock_attach(undefined);
});

function counted(): readonly (readonly [number, number])[] {
  return countsOf(get(threadAt(1), kthread.acquires));
}

function owned(by: 'somebody' | 'nobody', at = lock): void {
  put(at, kmutex.owner, by === 'nobody' ? (0 as Ref<'kthread'>) : threadAt(2));
}

type Attach = () => void;
const KERNEL: Attach = () => thread_attach(threadAt(1), 'events');

/** A twin: times what `wants` says of each point, in a probe of its own. */
function twin(
  wants: (point: number, object: number, state: { since: number; object: number }) => boolean,
): Attach {
  return () => {
    const at = get(threadAt(1), kthread.acquires);
    const state = { since: 0, object: 0 };
    probe_attach((point, object) => {
      if (wants(point, object, state)) record(at, Math.round((hrtime_ms() - state.since) * 1e6));
    });
  };
}

/** Times an attempt that failed together with what comes after it. */
const FROM_THE_FIRST = twin((point, object, state) => {
  if (point === POINT.acquire && state.object !== object) {
    state.since = hrtime_ms();
    state.object = object;
  }
  if (point !== POINT.acquired || state.object !== object) return false;
  state.object = 0;
  return true;
});

/** Does not ask of what an attempt was. */
const OF_ANYTHING = twin((point, _, state) => {
  if (point === POINT.acquire) state.since = hrtime_ms();
  return point === POINT.acquired;
});

/** Counts attempts. */
const ATTEMPTS = twin((point, _, state) => {
  state.since = hrtime_ms();
  return point === POINT.acquire;
});

describe('level events', () => {
  beforeEach(() => begin('events'));

  test('known durations go in, exact buckets come out', () => {
    for (const [wanted, had] of [
      [1000, 1007], //        7: a bucket of its own
      [2000, 2007],
      [3000, 3100], //      100: 96 to 103
      [10_000, 61_230], // 51,230: 51,200 to 53,247
      [70_000, 70_000], //    0
    ] as const) {
      readings = [wanted, had];
      mutex_enter(lock);
      mutex_exit(lock);
    }
    expect(counted()).toEqual([
      [0, 1],
      [7, 2],
      [103, 1],
      [53_247, 1],
    ]);
    expect(maxOf(get(threadAt(1), kthread.acquires))).toBe(51_230);
  });

  test('each way to have a lock is counted once', () => {
    const ways: readonly (readonly [string, number, () => void])[] = [
      ['mutex_enter', 1, () => mutex_enter(lock)],
      ['cv_timedwait takes it again', 1, () => cv_timedwait(cv, lock, 1)],
      ['mutex_exit', 0, () => mutex_exit(lock)],
      ['mutex_tryenter', 1, () => mutex_tryenter(lock)],
      ['mutex_exit', 0, () => mutex_exit(lock)],
      ['mutex_enter_timed', 1, () => mutex_enter_timed(lock, 1)],
      ['mutex_exit', 0, () => mutex_exit(lock)],
      ['rw_enter to read', 1, () => rw_enter(rwlock, RW_READER)],
      ['rw_exit', 0, () => rw_exit(rwlock)],
      ['rw_enter to write', 1, () => rw_enter(rwlock, RW_WRITER)],
      ['rw_exit', 0, () => rw_exit(rwlock)],
      ['sema_p', 1, () => sema_p(sema)],
      ['sema_tryp of none', 0, () => sema_tryp(sema)],
      ['sema_v', 0, () => sema_v(sema)],
      ['resource_enter', 0, () => resource_enter(resource)],
      ['resource_exit', 0, () => resource_exit(resource)],
    ];
    let before = 0;
    const told = ways.map(([way, , call]) => {
      call();
      const now = counted().reduce((sum, [, n]) => sum + n, 0);
      const more = now - before;
      before = now;
      return [way, more];
    });
    expect(told).toEqual(ways.map(([way, more]) => [way, more]));
  });

  /** Three attempts that fail, each before something that is had. */
  function failing(attach: Attach): string {
    begin('events');
    attach();
    owned('somebody');
    readings = [100];
    mutex_tryenter(lock);
    resource_enter(resource);
    readings = [5000, 5010];
    mutex_enter(other);
    owned('nobody');
    readings = [9000, 9011];
    mutex_enter(lock);
    mutex_exit(lock);
    owned('somebody');
    readings = [10_000];
    mutex_enter_timed(lock, 0);
    owned('nobody');
    readings = [19_000, 19_012];
    mutex_enter(lock);
    rw_enter(rwlock, RW_READER);
    rw_tryenter(rwlock, RW_WRITER);
    return JSON.stringify(counted());
  }

  test('an attempt that failed is not counted, nor does it begin the next', () => {
    const right = '[[1,1],[10,1],[11,1],[12,1]]';
    expect(failing(KERNEL)).toBe(right);
    expect(failing(FROM_THE_FIRST)).not.toBe(right);
    expect(failing(OF_ANYTHING)).not.toBe(right);
    expect(failing(ATTEMPTS)).not.toBe(right);
  });

  test('a trial begins with none, and with no attempt of the last', () => {
    owned('somebody');
    mutex_tryenter(lock);
    begin('events');
    expect(counted()).toEqual([]);
  });

  test('every acquire and release leaves its event as well', () => {
    mutex_enter(lock);
    mutex_exit(lock);
    const t = threadAt(1);
    const kinds = [2, 1].map((back) => {
      const n = get(t, kthread.ring_next) - back;
      return get((get(t, kthread.ring) + n * kevent.$.size) as Ref<'kevent'>, kevent.kind);
    });
    expect(kinds).toEqual([EVENT.acquire, EVENT.release]);
    expect(asked).toBe(2);
  });
});

describe('nobody asks the clock', () => {
  test.for([
    ['at level held', 'held', true],
    ['where the image has no room', 'events', false],
  ] as const)('%s', ([, track, acquires]) => {
    begin(track, acquires);
    mutex_enter(lock);
    mutex_exit(lock);
    rw_enter(rwlock, RW_READER);
    rw_exit(rwlock);
    sema_p(sema);
    expect(asked).toBe(0);
    if (acquires) expect(counted()).toEqual([]);
  });
});
