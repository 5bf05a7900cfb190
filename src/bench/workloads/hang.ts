/*
 * The workload of the detection question: two threads that close a cycle at a moment they write down.
 *
 * Each takes a lock, they meet, the first waits for the second's, and once it is seen in line the second
 * notes the time and closes the cycle.  The others wait for work on a condvar, so that the NMI has as many
 * threads to stop as were asked for.  The time goes out as an outcome: microseconds since 1970, the lower
 * 31 bits.
 *
 * `locks` are the locks that are there besides, on the heap, each with a name for as long as there is room for names.
 * Each of the threads that wait holds some of them, so that a dump has holds to tell of.
 */

import { global } from '../../layout/linker.ts';
import { kbarrier, kcondvar, kmutex } from '../../layout/records.ts';
import { struct, u32, type Ref } from '../../layout/struct.ts';
import { get, put, sub } from '../../layout/word.ts';
import { barrier_init, barrier_wait } from '../../kernel/barrier.ts';
import { cv_wait_idle } from '../../kernel/condvar.ts';
import { kmem_zalloc } from '../../kernel/kmem.ts';
import { mutex_enter, mutex_init } from '../../kernel/mutex.ts';
import { panic } from '../../kernel/panic.ts';
import { turnstile_waiters } from '../../kernel/turnstile.ts';
import { defineWorkload } from '../../run/workload.ts';
import { THREADS_OF } from '../thread-counts.ts';

const first = global('bench_first', kmutex);
const second = global('bench_second', kmutex);
const idle_lock = global('bench_idle_lock', kmutex);
const idle_cv = global('bench_idle_cv', kcondvar);
const both = global('bench_both', kbarrier);
const crowd = struct('bench_crowd', { locks: u32 });
const others = global('bench_crowd', crowd);
const MIB = 2 ** 20;
/** Of the other locks, how many each thread that waits holds. */
const HOLDS = 8;

function lockAt(i: number): Ref<'kmutex'> {
  return (get(others, crowd.locks) + i * kmutex.$.size) as Ref<'kmutex'>;
}

/** Microseconds since 1970, the lower 31 bits: differences of up to half an hour are exact. */
export function microseconds(epochMs: number): number {
  return Math.floor(epochMs * 1000) % 2 ** 31;
}

export default defineWorkload({
  name: 'bench-hang',
  title: 'a cycle of two, closed at a known moment',
  variants: { cycle: { title: 'two locks, two orders', verdict: 'deadlock' } },
  params: {
    threads: { type: 'int', default: 16, ...THREADS_OF.detection, title: 'threads in all' },
    locks: { type: 'int', default: 0, min: 0, max: 100_000, title: 'locks besides' },
  },
  outcomes: { closed_us: { grade: 'expected', title: 'when the cycle was closed' } },
  heapBytes: ({ locks }) => MIB + locks * kmutex.$.size,
  boot({ params: { locks } }) {
    barrier_init(both, 2, 'bench_both');
    const at = kmem_zalloc(Math.max(1, locks) * kmutex.$.size);
    if (at === 0) panic(`no memory for ${locks} locks`);
    put(others, crowd.locks, at);
    for (let i = 0; i < locks; i++) mutex_init(lockAt(i), `bench_lock[${i}]`);
  },
  roles: [
    {
      name: 'first',
      psargs: 'first',
      run() {
        mutex_enter(first);
        barrier_wait(both);
        mutex_enter(second);
      },
    },
    {
      name: 'second',
      psargs: 'second',
      run({ outcome, running }) {
        mutex_enter(second);
        barrier_wait(both);
        while (running() && turnstile_waiters(sub(second, kmutex.ts)) === 0);
        outcome('closed_us', microseconds(performance.timeOrigin + performance.now()));
        mutex_enter(first);
      },
    },
    {
      name: 'idle',
      psargs: 'idle',
      count: ({ threads }) => threads - 2,
      daemon: true,
      run({ nth, params: { locks }, running }) {
        const end = Math.min(locks, (nth + 1) * HOLDS);
        for (let i = nth * HOLDS; i < end; i++) mutex_enter(lockAt(i));
        mutex_enter(idle_lock);
        while (running()) cv_wait_idle(idle_cv, idle_lock);
      },
    },
  ],
});
