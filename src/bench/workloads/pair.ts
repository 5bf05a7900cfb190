/*
 * The workload of lock-pair: one thread, which takes a lock and gives it back.
 *
 * A trial is a round: the floor and the lock in turn, a call of PAIRS each, until the time is up.  Out goes
 * the least that a call of either took, in picoseconds a pair: what the machine allows, not what it did.
 * The module is told by its URL whose lock (peer.ts); the variant says which.
 */

import { global } from '../../layout/linker.ts';
import { kmutex, krwlock, ksema } from '../../layout/records.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { RW_READER, RW_WRITER, rw_enter, rw_exit } from '../../kernel/rwlock.ts';
import { sema_init, sema_p, sema_v } from '../../kernel/semaphore.ts';
import { defineWorkload } from '../../run/workload.ts';
import { pairFloor } from '../floor.ts';
import {
  makeLock,
  openLock,
  peerOf,
  type Peer,
  type PeerKind,
  type PeerMutex,
  type PeerRwlock,
  type PeerSemaphore,
} from '../peer.ts';

const PAIRS = 2_000;

const lock = global('bench_pair_mutex', kmutex);
const rwlock = global('bench_pair_rwlock', krwlock);
const sema = global('bench_pair_sema', ksema);
const peer = await peerOf(import.meta.url);

/** What is measured, and of which kind it is. */
export const PAIRS_OF = {
  mutex: 'mutex',
  rwlock_reader: 'rwlock',
  rwlock_writer: 'rwlock',
  semaphore: 'semaphore',
} as const satisfies Readonly<Record<string, PeerKind>>;

type Name = keyof typeof PAIRS_OF;

const OURS: Readonly<Record<Name, () => void>> = {
  mutex() {
    for (let i = 0; i < PAIRS; i++) {
      mutex_enter(lock);
      mutex_exit(lock);
    }
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
};

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
function pairsOf(name: Name, theirs: Peer | undefined, shared: unknown): () => void {
  if (theirs === undefined) return OURS[name];
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
    const kind = PAIRS_OF[variant as Name];
    return peer && makeLock(peer[kind]!, { threads: 1, permits: kind === 'semaphore' ? 1 : 0 });
  },
  boot() {
    sema_init(sema, 1, 'bench_pair_sema');
  },
  roles: [
    {
      name: 'taker',
      psargs: 'taker',
      run({ variant, shared, running, progress, outcome }) {
        const words = new Int32Array(new SharedArrayBuffer(4096));
        const pairs = pairsOf(variant as Name, peer, shared);
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
