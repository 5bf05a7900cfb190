/*
 * The workload of lock-pair: one thread, which takes a lock and gives it back.
 *
 * A trial is a round: the floor and the lock in turn, a call of PAIRS each, until the time is up.  Out goes
 * the least that a call of either took, in picoseconds a pair: what the machine allows, not what it did.
 * The module is told by its URL whose lock (peer.ts); the variant says which.
 */

import { defineWorkload } from '../../run/workload.ts';
import { pairFloor } from '../floor.ts';
import { initPairs, OUR_PAIRS, PAIRS_OF, type PairName } from '../pairs.ts';
import {
  makeLock,
  openLock,
  peerOf,
  type Peer,
  type PeerMutex,
  type PeerRwlock,
  type PeerSemaphore,
} from '../peer.ts';

const PAIRS = 2_000;

const peer = await peerOf(import.meta.url);

function mutexPairs(theirs: PeerMutex): () => void {
  if ('lock' in theirs) {
    return () => {
      for (let i = 0; i < PAIRS; i++) {
        theirs.lock();
        theirs.unlock();
      }
    };
  }
  const nothing = (): void => undefined;
  return () => {
    for (let i = 0; i < PAIRS; i++) theirs.locked(nothing);
  };
}

function readerPairs(theirs: PeerRwlock): () => void {
  return () => {
    for (let i = 0; i < PAIRS; i++) {
      theirs.readLock();
      theirs.readUnlock();
    }
  };
}

function writerPairs(theirs: PeerRwlock): () => void {
  return () => {
    for (let i = 0; i < PAIRS; i++) {
      theirs.writeLock();
      theirs.writeUnlock();
    }
  };
}

function semaphorePairs(theirs: PeerSemaphore): () => void {
  return () => {
    for (let i = 0; i < PAIRS; i++) {
      theirs.acquire();
      theirs.release();
    }
  };
}

/** A call of it: PAIRS pairs. */
function pairsOf(name: PairName, theirs: Peer | undefined, shared: unknown): () => void {
  if (theirs === undefined) return () => OUR_PAIRS[name](PAIRS);
  const self = { nth: 0, threads: 1 };
  if (name === 'mutex') return mutexPairs(openLock(theirs.mutex!, shared, self));
  if (name === 'semaphore') return semaphorePairs(openLock(theirs.semaphore!, shared, self));
  const opened = openLock(theirs.rwlock!, shared, self);
  return name === 'rwlock_reader' ? readerPairs(opened) : writerPairs(opened);
}

export default defineWorkload({
  name: 'bench-pair',
  title: 'a lock that nobody else wants',
  variants: {
    mutex: { title: 'a mutex', verdict: 'pass' },
    rwlock_reader: { title: 'a read lock', verdict: 'pass' },
    rwlock_writer: { title: 'a write lock', verdict: 'pass' },
    semaphore: { title: 'a semaphore of one', verdict: 'pass' },
  },
  outcomes: {
    floor_ps: { grade: 'expected', title: 'two compare-and-swaps, in picoseconds' },
    pair_ps: { grade: 'expected', title: 'the lock taken and given back, in picoseconds' },
  },
  share({ variant }) {
    const kind = PAIRS_OF[variant as PairName];
    return peer && makeLock(peer[kind]!, { threads: 1, permits: kind === 'semaphore' ? 1 : 0 });
  },
  boot() {
    initPairs();
  },
  roles: [
    {
      name: 'taker',
      psargs: 'taker',
      run({ variant, shared, running, progress, outcome }) {
        const words = new Int32Array(new SharedArrayBuffer(4096));
        const pairs = pairsOf(variant as PairName, peer, shared);
        let floorMs = Infinity;
        let pairMs = Infinity;
        while (running()) {
          const began = performance.now();
          pairFloor(words, 32, PAIRS);
          const between = performance.now();
          pairs();
          const ended = performance.now();
          floorMs = Math.min(floorMs, between - began);
          pairMs = Math.min(pairMs, ended - between);
          progress();
        }
        outcome('floor_ps', Math.round((floorMs * 1e9) / PAIRS));
        outcome('pair_ps', Math.round((pairMs * 1e9) / PAIRS));
      },
    },
  ],
});
