/*
 * The npm package atomics-sync (1.0): functions over arrays, which are told who calls.
 */

import type { PeerCondvar, PeerLock, PeerPair, PeerSemaphore } from '../peer.ts';
import { installed } from './installed.ts';

interface Package {
  readonly Mutex: {
    init(): Int32Array;
    lock(mutex: Int32Array, threadId: number): void;
    unlock(mutex: Int32Array, threadId: number): void;
  };
  readonly Condition: {
    init(): Int32Array;
    wait(condition: Int32Array, mutex: Int32Array, threadId: number): void;
    signal(condition: Int32Array): void;
    broadcast(condition: Int32Array): void;
  };
  readonly Semaphore: {
    init(permits: number): Int32Array;
    wait(semaphore: Int32Array): void;
    post(semaphore: Int32Array): void;
  };
}

const { Mutex, Condition, Semaphore } = await installed<Package>('atomics-sync');

export const title = 'npm atomics-sync';

export const mutex: PeerLock<PeerPair, Int32Array> = {
  make: () => Mutex.init(),
  open(lock, { nth }) {
    const self = nth + 1; //  0 is nobody
    return { lock: () => Mutex.lock(lock, self), unlock: () => Mutex.unlock(lock, self) };
  },
};

export const condvar: PeerLock<PeerCondvar, { lock: Int32Array; condition: Int32Array }> = {
  make: () => ({ lock: Mutex.init(), condition: Condition.init() }),
  open({ lock, condition }, { nth }) {
    const self = nth + 1;
    return {
      lock: () => Mutex.lock(lock, self),
      unlock: () => Mutex.unlock(lock, self),
      wait: () => Condition.wait(condition, lock, self),
      notify: () => Condition.signal(condition),
      notifyAll: () => Condition.broadcast(condition),
    };
  },
};

export const semaphore: PeerLock<PeerSemaphore, Int32Array> = {
  make: ({ permits }) => Semaphore.init(permits),
  open: (permits) => ({
    acquire: () => Semaphore.wait(permits),
    release: () => Semaphore.post(permits),
  }),
};
