/*
 * The workload of lock-contended: threads that all want one lock, ours or that of a peer.
 *
 * The module is told by its URL which peer (peer.ts), and measures ours when it is told of none.  The seed says how many
 * of its threads take part, and how long they hold the lock, so that one machine measures all cells; the other threads
 * end at once.
 *
 * What the lock guards is a count, added to by plain words: two threads that are inside at once lose one of
 * their additions, which check() sees.  What the threads did goes out as outcomes, which only ever grow: a
 * maximum is raised by what is missing, by the last thread that is done.
 */

import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import { struct, u32 } from '../../layout/struct.ts';
import { get, put } from '../../layout/word.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { defineWorkload } from '../../run/workload.ts';
import {
  makeLock,
  openLock,
  peerOf,
  type PeerGuard,
  type PeerMutex,
  type PeerPair,
} from '../peer.ts';

const tally = struct('bench_tally', {
  entries: u32, // counted in the section, under the lock that is measured
  claimed: u32, // the rest is counted under `books`
  done: u32,
  least: u32,
  most: u32,
  gap_us: u32,
});
const lock = global('bench_contended', kmutex);
const books = global('bench_books', kmutex);
const tallies = global('bench_tally', tally);
const peer = (await peerOf(import.meta.url))?.mutex;
/** Sections between two looks at the clock, and at whether to go on. */
const BATCH = 16;

/** An empty loop that takes time on a CPU.  @param turns about a nanosecond each */
export function work(turns: number): number {
  let x = turns;
  for (let i = 0; i < turns; i++) x = (x * 5 + 1) | 0;
  return x;
}

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

function pairBatch(theirs: PeerPair, turns: number): void {
  for (let i = 0; i < BATCH; i++) {
    theirs.lock();
    section(turns);
    theirs.unlock();
  }
}

function guardBatch(theirs: PeerGuard, inside: () => void): void {
  for (let i = 0; i < BATCH; i++) theirs.locked(inside);
}

/** Takes the lock once.  @throws TypeError when that does not block */
function refusePromises(theirs: PeerMutex): void {
  let inside = false;
  const [took, name] =
    'lock' in theirs
      ? [theirs.lock() as unknown, 'lock()']
      : [theirs.locked(() => (inside = true)) as unknown, 'locked()'];
  if ('lock' in theirs) theirs.unlock();
  if (took instanceof Promise || !('lock' in theirs || inside))
    throw new TypeError(`${name} came back before it had the lock: a peer must block its thread`);
}

function batchOf(theirs: PeerMutex | undefined, turns: number): () => void {
  if (theirs === undefined) return () => ourBatch(turns);
  refusePromises(theirs);
  if ('lock' in theirs) return () => pairBatch(theirs, turns);
  const inside = (): void => section(turns);
  return () => guardBatch(theirs, inside);
}

/** What a trial is told: a seed. */
export function cellSeed(threads: number, turns: number): number {
  return turns * 256 + threads;
}

export default defineWorkload({
  name: 'bench-contended',
  title: 'everybody wants the one lock',
  variants: { contended: { title: "ours or a peer's", verdict: 'pass' } },
  params: { threads: { type: 'int', default: 16, min: 1, max: 64, title: 'threads at most' } },
  outcomes: {
    entries: { grade: 'expected', title: 'sections, as counted inside of them' },
    least: { grade: 'expected', title: 'sections of the thread with the fewest' },
    most: { grade: 'expected', title: 'sections of the thread with the most' },
    gap_us: {
      grade: 'expected',
      title: 'the longest that any thread was kept out, in microseconds',
    },
  },
  share: ({ seed }) => peer && makeLock(peer, { threads: seed % 256, permits: 0 }),
  roles: [
    {
      name: 'contender',
      psargs: 'contender',
      count: ({ threads }) => threads,
      run(context) {
        const { seed, nth, shared, running, outcome } = context;
        const threads = seed % 256;
        if (nth >= threads) return;
        const { progress } = context;
        const opened = peer && openLock(peer, shared, { nth, threads });
        const batch = batchOf(opened, Math.floor(seed / 256));
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
        const least = done === 1 ? entries : Math.min(entries, get(tallies, tally.least));
        const most = Math.max(entries, get(tallies, tally.most));
        const gapUs = Math.max(Math.round(gapMs * 1000), get(tallies, tally.gap_us));
        put(tallies, tally.claimed, (get(tallies, tally.claimed) + entries) | 0);
        put(tallies, tally.done, done);
        put(tallies, tally.least, least);
        put(tallies, tally.most, most);
        put(tallies, tally.gap_us, gapUs);
        if (done === threads) {
          outcome('entries', get(tallies, tally.entries));
          outcome('least', least);
          outcome('most', most);
          outcome('gap_us', gapUs);
        }
        mutex_exit(books);
      },
    },
  ],
  check() {
    const lost = (get(tallies, tally.claimed) - get(tallies, tally.entries)) | 0;
    return lost === 0 ? undefined : `lost ${lost} updates`;
  },
});
