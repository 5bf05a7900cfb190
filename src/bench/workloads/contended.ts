/*
 * The workload of lock-contended and lock-fairness: threads that all want one lock, ours or that of a peer.
 *
 * The module is told by its URL which peer (peer.ts), and measures ours when it is told of none.  The seed
 * says how many of its threads take part, and how long they hold the lock, so that one machine measures all
 * cells; the other threads end at once.
 *
 * check() compares what was counted inside of the sections with what the threads say they did.  That, and
 * how the threads fared, goes out as outcomes, which only ever grow: so the thread that is done last tells
 * all of them.
 */

import { histogram, mergeInto, quantileOf } from '../../layout/histogram.ts';
import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import { struct, u32, type Ref } from '../../layout/struct.ts';
import { get, put } from '../../layout/word.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { defineWorkload } from '../../run/workload.ts';
import { makeLock, openLock, peerOf } from '../peer.ts';
import { THREADS_OF } from '../thread-counts.ts';
import { BATCH, batchOf, sectionsCounted, timedBatchOf } from './taking.ts';

const { min, max } = THREADS_OF['lock-contended'];

/** Kept under `books`, when a thread is done. */
const tally = struct('bench_tally', {
  claimed: u32, // sections that threads say they went through
  done: u32,
  least: u32,
  gap_us: u32,
});
const lock = global('bench_contended', kmutex);
const books = global('bench_books', kmutex);
const tallies = global('bench_tally', tally);
/** From wanting the lock to having it, in nanoseconds: of each thread, and the sum of those that are done. */
const times = global('bench_times', histogram, max);
const all = global('bench_times_all', histogram);
const peer = (await peerOf(import.meta.url))?.mutex;

/** What a trial is told: a seed. */
export function cellSeed(threads: number, turns: number): number {
  return turns * 256 + threads;
}

function timesOf(nth: number): Ref<'histogram'> {
  return (times + nth * histogram.$.size) as Ref<'histogram'>;
}

export default defineWorkload({
  name: 'bench-contended',
  title: 'everybody wants the one lock',
  variants: {
    contended: { title: "ours or a peer's", verdict: 'pass' },
    timed: { title: 'the same, each acquire by the clock', verdict: 'pass' },
  },
  params: {
    threads: { type: 'int', default: 2, min, max, title: 'threads at most' },
  },
  outcomes: {
    entries: { grade: 'expected', title: 'sections' },
    least: { grade: 'expected', title: 'sections of the thread with the fewest' },
    gap_us: {
      grade: 'expected',
      title: 'the longest that any thread was kept out, in microseconds',
    },
    p50_ns: { grade: 'expected', title: 'half of all acquires took at most this' },
    p99_ns: { grade: 'expected', title: '99 of 100' },
    p999_ns: { grade: 'expected', title: '999 of 1,000' },
    max_ns: { grade: 'expected', title: 'all of them' },
  },
  share: ({ seed }) => peer && makeLock(peer, { threads: seed % 256, permits: 0 }),
  roles: [
    {
      name: 'contender',
      psargs: 'contender',
      count: ({ threads }) => threads,
      run(context) {
        const { variant, seed, nth, shared, running, outcome } = context;
        const threads = seed % 256;
        if (nth >= threads) return;
        const { progress } = context;
        const opened = peer && openLock(peer, shared, { nth, threads });
        const turns = Math.floor(seed / 256);
        const batch =
          variant === 'timed'
            ? timedBatchOf(lock, opened, turns, timesOf(nth))
            : batchOf(lock, opened, turns);
        let entries = 0;
        let gapMs = 0;
        let last = performance.now();
        while (running()) {
          batch();
          entries += BATCH;
          progress(BATCH);
          const now = performance.now();
          gapMs = Math.max(gapMs, now - last);
          last = now;
        }
        mutex_enter(books);
        const done = get(tallies, tally.done) + 1;
        const claimed = (get(tallies, tally.claimed) + entries) | 0;
        const least = done === 1 ? entries : Math.min(entries, get(tallies, tally.least));
        const gapUs = Math.max(Math.round(gapMs * 1000), get(tallies, tally.gap_us));
        put(tallies, tally.claimed, claimed);
        put(tallies, tally.done, done);
        put(tallies, tally.least, least);
        put(tallies, tally.gap_us, gapUs);
        mergeInto(all, timesOf(nth));
        if (done === threads) {
          outcome('entries', claimed);
          outcome('least', least);
          outcome('gap_us', gapUs);
          outcome('p50_ns', quantileOf(all, 0.5));
          outcome('p99_ns', quantileOf(all, 0.99));
          outcome('p999_ns', quantileOf(all, 0.999));
          outcome('max_ns', quantileOf(all, 1));
        }
        mutex_exit(books);
      },
    },
  ],
  check() {
    const lost = (get(tallies, tally.claimed) - sectionsCounted()) | 0;
    return lost === 0 ? undefined : `lost ${lost} updates`;
  },
});
