/*
 * The workload of rwlock: threads that read and write what one lock guards, ours or that of a peer.
 *
 * The module is told by its URL which peer (peer.ts), and by the seed how many of its threads take part and in which mix of
 * reads and writes (rw-cells.ts); the others end at once.
 *
 * What the lock guards are two words that are equal whenever nobody writes.  A writer adds to the one, works, and adds to
 * the other; a reader looks at the one, works, and looks at the other.  So check() sees what a lock does that is none:
 *
 *     two writers at once          the first word is not what the writer made it, or an addition is lost
 *     a reader beside a writer     the two words are not the same
 */

import { global } from '../../layout/linker.ts';
import { kmutex, krwlock } from '../../layout/records.ts';
import { struct, u32 } from '../../layout/struct.ts';
import { get, put } from '../../layout/word.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { RW_READER, RW_WRITER, rw_enter, rw_exit } from '../../kernel/rwlock.ts';
import { defineWorkload } from '../../run/workload.ts';
import { mustBlock } from '../must-block.ts';
import { makeLock, openLock, peerOf, type PeerRwlock } from '../peer.ts';
import { mixOfSeed, type Mix } from '../rw-cells.ts';
import { THREADS_OF } from '../thread-counts.ts';

const guarded = struct('bench_guarded', { left: u32, right: u32 });
const tally = struct('bench_rw_tally', {
  written: u32,
  clashes: u32,
  torn: u32,
  gap_us: u32,
  done: u32,
});
const lock = global('bench_rwlock', krwlock);
const books = global('bench_rw_books', kmutex);
const words = global('bench_guarded', guarded);
const tallies = global('bench_rw_tally', tally);
const peer = (await peerOf(import.meta.url))?.rwlock;
/** Turns in a mix between two looks at the clock, and at whether to go on. */
const BATCH = 8;
/** Turns of an empty loop between the two words, about a nanosecond each. */
const WORK = 100;

/** What this thread's sections came to that went wrong. */
const wrong = { torn: 0, clashes: 0 };

function work(): number {
  let x = WORK;
  for (let i = 0; i < WORK; i++) x = (x * 5 + 1) | 0;
  return x;
}

function readSection(): void {
  const left = get(words, guarded.left);
  work();
  if (left !== get(words, guarded.right)) wrong.torn++;
}

function writeSection(): void {
  const next = (get(words, guarded.left) + 1) | 0;
  put(words, guarded.left, next);
  work();
  if (get(words, guarded.left) !== next) wrong.clashes++;
  put(words, guarded.right, (get(words, guarded.right) + 1) | 0);
}

function ourBatch({ reads, writes }: Mix): void {
  for (let turn = 0; turn < BATCH; turn++) {
    for (let i = 0; i < reads; i++) {
      rw_enter(lock, RW_READER);
      readSection();
      rw_exit(lock);
    }
    for (let i = 0; i < writes; i++) {
      rw_enter(lock, RW_WRITER);
      writeSection();
      rw_exit(lock);
    }
  }
}

function theirBatch(theirs: PeerRwlock, { reads, writes }: Mix): void {
  for (let turn = 0; turn < BATCH; turn++) {
    for (let i = 0; i < reads; i++) {
      theirs.readLock();
      readSection();
      theirs.readUnlock();
    }
    for (let i = 0; i < writes; i++) {
      theirs.writeLock();
      writeSection();
      theirs.writeUnlock();
    }
  }
}

function batchOf(theirs: PeerRwlock | undefined): (mix: Mix) => void {
  if (theirs === undefined) return ourBatch;
  mustBlock(theirs.readLock(), 'readLock()');
  theirs.readUnlock();
  return (mix) => theirBatch(theirs, mix);
}

export default defineWorkload({
  name: 'bench-rwlocks',
  title: 'two words that are the same, unless somebody writes',
  variants: { mixed: { title: "ours or a peer's", verdict: 'pass' } },
  params: { threads: { type: 'int', default: 8, ...THREADS_OF.rwlock, title: 'threads at most' } },
  outcomes: {
    sections: { grade: 'expected', title: 'reads and writes' },
    gap_us: { grade: 'expected', title: 'the longest that a thread had no batch, in microseconds' },
  },
  share: ({ seed }) => peer && makeLock(peer, { threads: mixOfSeed(seed).threads, permits: 0 }),
  roles: [
    {
      name: 'user',
      psargs: 'user',
      count: ({ threads }) => threads,
      run(context) {
        const { seed, nth, shared, running, outcome } = context;
        const { threads, mix } = mixOfSeed(seed);
        if (nth >= threads) return;
        const { progress } = context;
        const batch = batchOf(peer && openLock(peer, shared, { nth, threads }));
        const perBatch = BATCH * (mix.reads + mix.writes);
        let [batches, gapMs] = [0, 0];
        Object.assign(wrong, { torn: 0, clashes: 0 });
        let last = performance.now();
        while (running()) {
          batch(mix);
          batches++;
          progress(perBatch);
          const now = performance.now();
          gapMs = Math.max(gapMs, now - last);
          last = now;
        }
        outcome('sections', batches * perBatch);
        mutex_enter(books);
        const written = batches * BATCH * mix.writes;
        const gapUs = Math.max(Math.round(gapMs * 1000), get(tallies, tally.gap_us));
        put(tallies, tally.written, (get(tallies, tally.written) + written) | 0);
        put(tallies, tally.torn, get(tallies, tally.torn) + wrong.torn);
        put(tallies, tally.clashes, get(tallies, tally.clashes) + wrong.clashes);
        put(tallies, tally.gap_us, gapUs);
        put(tallies, tally.done, get(tallies, tally.done) + 1);
        if (get(tallies, tally.done) === threads) outcome('gap_us', gapUs);
        mutex_exit(books);
      },
    },
  ],
  check() {
    const clashes = get(tallies, tally.clashes);
    if (clashes !== 0) return `${clashes} writes at once`;
    const lost = (get(tallies, tally.written) - get(words, guarded.left)) | 0;
    if (lost !== 0) return `lost ${lost} writes`;
    const torn = get(tallies, tally.torn);
    return torn === 0 ? undefined : `${torn} reads beside a writer`;
  },
});
