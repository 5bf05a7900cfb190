/*
 * The workload of lock-contended: threads that all want one lock.
 *
 * The seed says which lock, ours or the peer's, so that one machine measures both with the same threads on
 * the same CPUs, trial by trial.  What the threads did goes out as outcomes, which only ever grow: a maximum
 * is raised by what is missing, under the lock, by whoever has more to show.
 */

import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import { struct, u32 } from '../../layout/struct.ts';
import { boundImage, get, put } from '../../layout/word.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { defineWorkload, type RoleContext } from '../../run/workload.ts';
import { FutexMutex } from '../floor.ts';

/** The seed's lowest bit: which lock. */
export const OURS = 0;
export const THEIRS = 1;

const tally = struct('bench_tally', {
  entries: u32,
  done: u32,
  least: u32,
  most: u32,
  gap_us: u32,
});
const lock = global('bench_contended', kmutex);
const peer = global('bench_contended_peer', kmutex);
const tallies = global('bench_tally', tally);
/** Sections between two looks at the clock, and at whether to go on. */
const BATCH = 16;

/** An empty loop that takes time on a CPU.  @param turns about a nanosecond each */
export function work(turns: number): number {
  let x = turns;
  for (let i = 0; i < turns; i++) x = (x * 5 + 1) | 0;
  return x;
}

/** One section: what the lock guards is a count that two threads at once would get wrong. */
function section(turns: number): void {
  put(tallies, tally.entries, (get(tallies, tally.entries) + 1) | 0);
  work(turns);
}

function ourBatch(turns: number): void {
  for (let i = 0; i < BATCH; i++) {
    mutex_enter(lock);
    section(turns);
    mutex_exit(lock);
  }
}

function theirBatch(futex: FutexMutex, turns: number): void {
  for (let i = 0; i < BATCH; i++) {
    futex.lock();
    section(turns);
    futex.unlock();
  }
}

/** The thread is done: entries, and its longest time without a batch, in milliseconds. */
function report({ count, outcome }: RoleContext, entries: number, gapMs: number): void {
  mutex_enter(lock);
  const done = get(tallies, tally.done) + 1;
  const least = done === 1 ? entries : Math.min(entries, get(tallies, tally.least));
  const most = Math.max(entries, get(tallies, tally.most));
  const gapUs = Math.max(Math.round(gapMs * 1000), get(tallies, tally.gap_us));
  put(tallies, tally.done, done);
  put(tallies, tally.least, least);
  put(tallies, tally.most, most);
  put(tallies, tally.gap_us, gapUs);
  if (done === count) {
    outcome('entries', get(tallies, tally.entries));
    outcome('least', least);
    outcome('most', most);
    outcome('gap_us', gapUs);
  }
  mutex_exit(lock);
}

export default defineWorkload({
  name: 'bench-contended',
  title: 'everybody wants the one lock',
  variants: {
    contended: { title: 'ours or the plain futex mutex, as the seed says', verdict: 'pass' },
  },
  params: {
    threads: { type: 'int', default: 2, min: 1, max: 64, title: 'threads' },
    turns: {
      type: 'int',
      default: 0,
      min: 0,
      max: 1_000_000,
      title: 'turns of a loop that the lock is held',
    },
  },
  outcomes: {
    entries: { grade: 'expected', title: 'sections, as counted inside of them' },
    least: { grade: 'expected', title: 'sections of the thread with the fewest' },
    most: { grade: 'expected', title: 'sections of the thread with the most' },
    gap_us: {
      grade: 'expected',
      title: 'the longest that any thread was kept out, in microseconds',
    },
  },
  roles: [
    {
      name: 'contender',
      psargs: 'contender',
      count: ({ threads }) => threads,
      run(context) {
        const { seed, params, running, progress } = context;
        const futex = new FutexMutex(new Int32Array(boundImage()), peer >> 2);
        let entries = 0;
        let gapMs = 0;
        let last = performance.now();
        while (running()) {
          if ((seed & 1) === OURS) ourBatch(params.turns);
          else theirBatch(futex, params.turns);
          entries += BATCH;
          progress(BATCH);
          const now = performance.now();
          gapMs = Math.max(gapMs, now - last);
          last = now;
        }
        report(context as unknown as RoleContext, entries, gapMs);
      },
    },
  ],
});
