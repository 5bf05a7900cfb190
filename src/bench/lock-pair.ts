/*
 * lock-pair: what mutex_enter and mutex_exit cost when nobody is in the way.
 *
 * The floor is two compare-and-swaps on one word.  Ours adds an owner, a held stack with times, and the
 * checks that make misuse panic by name.  At track level `events` each acquire and release also leaves an
 * event, through the probe.  Node runs all of it in one thread, in rounds that measure each in turn.
 */

import { Bench } from 'tinybench';
import { createImage } from '../layout/image.ts';
import { global } from '../layout/linker.ts';
import { kmutex, krwlock } from '../layout/records.ts';
import { mutex_enter, mutex_exit } from '../kernel/mutex.ts';
import { probe_attach } from '../kernel/probe.ts';
import { ring_trace } from '../kernel/ring.ts';
import { RW_READER, rw_enter, rw_exit } from '../kernel/rwlock.ts';
import { kernel_boot } from '../kernel/startup.ts';
import { figure, type Figure } from './figure.ts';
import { FutexMutex, pairFloor } from './floor.ts';

const lock = global('bench_pair_lock', kmutex);
const rwlock = global('bench_pair_rwlock', krwlock);
/** Pairs in one call of the measuring loop, so that the loop itself does not show. */
const PAIRS = 20_000;

export async function lockPair({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  createImage({ threads: 1, heapBytes: 1 << 16 });
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  const words = new Int32Array(new SharedArrayBuffer(4096));
  const futex = new FutexMutex(words, 64);
  const tasks: Readonly<Record<string, () => void>> = {
    floor: () => pairFloor(words, 32, PAIRS),
    futex() {
      for (let i = 0; i < PAIRS; i++) {
        futex.lock();
        futex.unlock();
      }
    },
    mutex: mutexPairs,
    rwlock_reader() {
      for (let i = 0; i < PAIRS; i++) {
        rw_enter(rwlock, RW_READER);
        rw_exit(rwlock);
      }
    },
  };
  const times = new Map<string, number[]>(Object.keys(tasks).map((name) => [name, []]));
  times.set('mutex_events', []);
  const rounds = quick ? 9 : 25;
  for (let round = 0; round < rounds; round++) {
    for (const [name, ns] of await measure(tasks, round === 0)) times.get(name)!.push(ns);
    ring_trace();
    for (const [, ns] of await measure({ mutex_events: mutexPairs }, round === 0))
      times.get('mutex_events')!.push(ns);
    probe_attach(undefined);
  }
  const floors = times.get('floor')!;
  return [...times]
    .filter(([name]) => name !== 'floor')
    .map(([name, values]) => figure({ question: 'lock-pair', name, unit: 'ns', values, floors }));
}

function mutexPairs(): void {
  for (let i = 0; i < PAIRS; i++) {
    mutex_enter(lock);
    mutex_exit(lock);
  }
}

/** Nanoseconds a pair of each task, the least of a few calls: what the machine allows, not what it did. */
async function measure(
  tasks: Readonly<Record<string, () => void>>,
  warmup: boolean,
): Promise<Map<string, number>> {
  const bench = new Bench({ time: 20, iterations: 4, warmup, warmupTime: 50 });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  return new Map(
    bench.tasks.map(({ name, result }) => {
      if (!('latency' in result)) throw new Error(`bench: ${name} gave no result`);
      return [name, (result.latency.min * 1e6) / PAIRS];
    }),
  );
}
