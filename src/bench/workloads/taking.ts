/*
 * How a lock is taken a few times in a row: ours, or a peer's in either of its forms, by the clock or without.
 *
 * What the lock guards is a count, added to by plain words: two threads that are inside at once lose one of
 * their additions.  Then the thread works for a while, before it gives the lock back.
 *
 * Each has a loop of its own, for a call that the compiler cannot see through would cost as much as some
 * locks do.  By the clock means that the time from wanting the lock to having it goes into a histogram; the
 * clock's own cost is in it, the same for all.
 */

import { record } from '../../layout/histogram.ts';
import { global } from '../../layout/linker.ts';
import { struct, u32, type Ref } from '../../layout/struct.ts';
import { get, put } from '../../layout/word.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import type { PeerGuard, PeerMutex, PeerPair } from '../peer.ts';

/** Times that the lock is taken in a row. */
export const BATCH = 16;

type Histogram = Ref<'histogram'>;
type Lock = Ref<'kmutex'>;

const count = struct('bench_count', { sections: u32 });
const counted = global('bench_count', count);

/** Sections of all threads, as counted inside of them. */
export function sectionsCounted(): number {
  return get(counted, count.sections);
}

/** An empty loop that takes time on a CPU.  @param turns about a nanosecond each */
export function work(turns: number): number {
  let x = turns;
  for (let i = 0; i < turns; i++) x = (x * 5 + 1) | 0;
  return x;
}

function section(turns: number): void {
  put(counted, count.sections, (get(counted, count.sections) + 1) | 0);
  work(turns);
}

/** Takes the lock BATCH times, and works for so many turns each time. */
export function batchOf(lock: Lock, theirs: PeerMutex | undefined, turns: number): () => void {
  if (theirs === undefined) return () => ourBatch(lock, turns);
  refusePromises(theirs);
  if ('lock' in theirs) return () => pairBatch(theirs, turns);
  const inside = (): void => section(turns);
  return () => guardBatch(theirs, inside);
}

/** The same by the clock.  @param times of this thread alone */
export function timedBatchOf(
  lock: Lock,
  theirs: PeerMutex | undefined,
  turns: number,
  times: Histogram,
): () => void {
  if (theirs === undefined) return () => ourTimedBatch(lock, turns, times);
  refusePromises(theirs);
  return 'lock' in theirs
    ? () => pairTimedBatch(theirs, turns, times)
    : () => guardTimedBatch(theirs, turns, times);
}

function ourBatch(lock: Lock, turns: number): void {
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

function ourTimedBatch(lock: Lock, turns: number, times: Histogram): void {
  for (let i = 0; i < BATCH; i++) {
    const wanted = performance.now();
    mutex_enter(lock);
    recordSince(times, wanted);
    section(turns);
    mutex_exit(lock);
  }
}

function pairTimedBatch(theirs: PeerPair, turns: number, times: Histogram): void {
  for (let i = 0; i < BATCH; i++) {
    const wanted = performance.now();
    theirs.lock();
    recordSince(times, wanted);
    section(turns);
    theirs.unlock();
  }
}

function guardTimedBatch(theirs: PeerGuard, turns: number, times: Histogram): void {
  let wanted = 0;
  const inside = (): void => {
    recordSince(times, wanted);
    section(turns);
  };
  for (let i = 0; i < BATCH; i++) {
    wanted = performance.now();
    theirs.locked(inside);
  }
}

/** In nanoseconds, from milliseconds. */
function recordSince(times: Histogram, wanted: number): void {
  record(times, (performance.now() - wanted) * 1e6);
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
