/*
 * The npm package multithreading (0.3): guards over one word; each kind by its blocking calls.
 *
 * A semaphore's guard knows how to give back what its own thread took, so a permit is given back by what all
 * guards use.  A lock's second argument is the memory that its own serialization hands to other threads.  It looks for a
 * navigator when it is imported, which Node has from 21 on.
 */

import { availableParallelism } from 'node:os';
import type { PeerCondvar, PeerLock, PeerPair, PeerRwlock, PeerSemaphore } from '../peer.ts';
import { installed } from './installed.ts';

interface Guard {
  dispose(): void;
}

interface Package {
  readonly Mutex: new (data: undefined, memory: SharedArrayBuffer) => { blockingLock(): Guard };
  readonly RwLock: new (
    data: undefined,
    memory: SharedArrayBuffer,
  ) => { blockingRead(): Guard; blockingWrite(): Guard };
  readonly Condvar: new (memory: SharedArrayBuffer) => {
    blockingWait(guard: Guard): void;
    notifyOne(): void;
    notifyAll(): void;
  };
  readonly Semaphore: new (
    permits: number,
    memory: SharedArrayBuffer,
  ) => { blockingAcquire(): Guard; readonly [controller: symbol]: { release(n: number): void } };
  readonly INTERNAL_SEMAPHORE_CONTROLLER: symbol;
}

if (!('navigator' in globalThis))
  Object.assign(globalThis, { navigator: { hardwareConcurrency: availableParallelism() } });
const { Mutex, RwLock, Condvar, Semaphore, INTERNAL_SEMAPHORE_CONTROLLER } =
  await installed<Package>('multithreading');

export const title = 'npm multithreading';

const word = (): SharedArrayBuffer => new SharedArrayBuffer(4);

export const mutex: PeerLock<PeerPair> = {
  make: word,
  open(memory) {
    const lock = new Mutex(undefined, memory);
    let guard: Guard;
    return {
      lock() {
        guard = lock.blockingLock();
      },
      unlock: () => guard.dispose(),
    };
  },
};

export const rwlock: PeerLock<PeerRwlock> = {
  make: word,
  open(memory) {
    const lock = new RwLock(undefined, memory);
    let guard: Guard;
    const dispose = (): void => guard.dispose();
    return {
      readLock() {
        guard = lock.blockingRead();
      },
      readUnlock: dispose,
      writeLock() {
        guard = lock.blockingWrite();
      },
      writeUnlock: dispose,
    };
  },
};

export const condvar: PeerLock<
  PeerCondvar,
  { lock: SharedArrayBuffer; condition: SharedArrayBuffer }
> = {
  make: () => ({ lock: word(), condition: word() }),
  open(memory) {
    const lock = new Mutex(undefined, memory.lock);
    const condition = new Condvar(memory.condition);
    let guard: Guard;
    return {
      lock() {
        guard = lock.blockingLock();
      },
      unlock: () => guard.dispose(),
      wait: () => condition.blockingWait(guard),
      notify: () => condition.notifyOne(),
      notifyAll: () => condition.notifyAll(),
    };
  },
};

export const semaphore: PeerLock<PeerSemaphore> = {
  open(memory) {
    const permits = new Semaphore(0, memory);
    const controller = permits[INTERNAL_SEMAPHORE_CONTROLLER]!;
    return {
      acquire: () => void permits.blockingAcquire(),
      release: () => controller.release(1),
    };
  },
};
