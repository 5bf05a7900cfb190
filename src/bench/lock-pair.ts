/*
 * lock-pair: what a lock costs when nobody is in the way.
 *
 * The floor is two compare-and-swaps on one word.  Ours adds an owner, a held stack with times, and the
 * checks that make misuse panic by name; it is called as users call it, by an imported name.  At track
 * level `events` each acquire and release also leaves an event, through the probe.
 *
 *     Node            20     22     24     26          mutex_enter + mutex_exit, times the floor:
 *     ratio           1.10   1.13   1.13   1.09        the median of 16 processes each
 *     of all, at most 1.19   1.28   1.32   1.15
 *
 * One process differs from the next by a few hundredths, whichever the lock: where the compiler put the
 * loop, and which addresses collide.  word.ts and mutex.ts say where the tenth goes.
 *
 * One thread measures all of it, in rounds that measure each in turn.  Attaching a probe makes fields
 * mutable that the compiler took for constants, for good; so what needs one is measured last.
 */

import { Bench } from 'tinybench';
import { createImage } from '../layout/image.ts';
import { global } from '../layout/linker.ts';
import { kcondvar, kmutex, krwlock, ksema } from '../layout/records.ts';
import { cv_signal } from '../kernel/condvar.ts';
import { mutex_enter, mutex_exit, mutex_tryenter } from '../kernel/mutex.ts';
import { probe_attach } from '../kernel/probe.ts';
import { ring_trace } from '../kernel/ring.ts';
import { RW_READER, RW_WRITER, rw_enter, rw_exit } from '../kernel/rwlock.ts';
import { sema_init, sema_p, sema_v } from '../kernel/semaphore.ts';
import { kernel_boot } from '../kernel/startup.ts';
import { checkFigures, figure, type Asked, type Figure } from './figure.ts';
import { FutexMutex, pairFloor } from './floor.ts';

const lock = global('bench_pair_lock', kmutex);
const rwlock = global('bench_pair_rwlock', krwlock);
const sema = global('bench_pair_sema', ksema);
const cv = global('bench_pair_cv', kcondvar);
/** Pairs in one call of the measuring loop, so that the loop itself does not show. */
const PAIRS = 20_000;
const GOAL = 1.25;

type Tasks = Readonly<Record<string, () => void>>;

const TASKS: Tasks = {
  mutex: mutexPairs,
  mutex_tryenter() {
    for (let i = 0; i < PAIRS; i++) if (mutex_tryenter(lock)) mutex_exit(lock);
  },
  rwlock_reader() {
    for (let i = 0; i < PAIRS; i++) {
      rw_enter(rwlock, RW_READER);
      rw_exit(rwlock);
    }
  },
  rwlock_writer() {
    for (let i = 0; i < PAIRS; i++) {
      rw_enter(rwlock, RW_WRITER);
      rw_exit(rwlock);
    }
  },
  semaphore() {
    for (let i = 0; i < PAIRS; i++) {
      sema_p(sema);
      sema_v(sema);
    }
  },
  cv_signal() {
    for (let i = 0; i < PAIRS; i++) cv_signal(cv);
  },
};

/** Uncontended pairs of each kind of lock.  @throws Fail UNKNOWN_FIGURE */
export async function lockPair({ quick, figures: names }: Asked): Promise<Figure[]> {
  checkFigures('lock-pair', names ?? [], ['futex', ...Object.keys(TASKS), 'mutex_events']);
  createImage({ threads: 1, heapBytes: 1 << 16 });
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  sema_init(sema, 1, 'bench_pair_sema');
  const words = new Int32Array(new SharedArrayBuffer(4096));
  const futex = new FutexMutex(words, 64);
  const floor = (): void => pairFloor(words, 32, PAIRS);
  const peer = (): void => {
    for (let i = 0; i < PAIRS; i++) {
      futex.lock();
      futex.unlock();
    }
  };
  const only = (tasks: Tasks): Tasks =>
    Object.fromEntries(Object.entries(tasks).filter(([name]) => names?.includes(name) ?? true));
  const figures = await rounds(quick ? 9 : 25, floor, only({ futex: peer, ...TASKS }));
  ring_trace();
  const traced = await rounds(quick ? 5 : 15, floor, only({ mutex_events: mutexPairs }));
  probe_attach(undefined);
  return [...figures, ...traced];
}

function mutexPairs(): void {
  for (let i = 0; i < PAIRS; i++) {
    mutex_enter(lock);
    mutex_exit(lock);
  }
}

/** Measures the tasks, and the floor beside them, so many times. */
async function rounds(n: number, floor: () => void, tasks: Tasks): Promise<Figure[]> {
  if (Object.keys(tasks).length === 0) return [];
  const times = new Map<string, number[]>(
    ['floor', ...Object.keys(tasks)].map((name) => [name, []]),
  );
  for (let round = 0; round < n; round++) {
    for (const [name, ns] of await measure({ floor, ...tasks }, round === 0))
      times.get(name)!.push(ns);
  }
  const floors = times.get('floor')!;
  return Object.keys(tasks).map((name) =>
    figure({
      question: 'lock-pair',
      name,
      unit: 'ns',
      values: times.get(name)!,
      floors,
      ...(name === 'mutex' ? { goal: GOAL } : {}),
    }),
  );
}

/** Nanoseconds a pair of each task, the least of many calls: what the machine allows, not what it did. */
async function measure(tasks: Tasks, warmup: boolean): Promise<Map<string, number>> {
  const bench = new Bench({ time: 15, iterations: 4, warmup, warmupTime: 50 });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  return new Map(
    bench.tasks.map(({ name, result }) => {
      if (!('latency' in result)) throw new Error(`bench: ${name} gave no result`);
      return [name, (result.latency.min * 1e6) / PAIRS];
    }),
  );
}
