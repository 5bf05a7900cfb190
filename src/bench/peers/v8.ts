/*
 * V8's own: Atomics.Mutex and Atomics.Condition, objects of the shared heap, behind --harmony-struct.
 *
 * A proposal (tc39/proposal-structs), so they are there in some versions of Node and not in others, and a
 * mutex is taken around a function.
 */

import type { PeerCondition, PeerGuard, PeerLock } from '../peer.ts';

interface SharedHeap {
  readonly Mutex?: {
    new (): object;
    lock(mutex: object, section: () => void): void;
  };
  readonly Condition?: {
    new (): object;
    wait(condition: object, mutex: object): void;
    notify(condition: object, count?: number): number;
  };
}

const { Mutex, Condition } = Atomics as unknown as Required<SharedHeap>;

export const title = "V8's Atomics.Mutex and Atomics.Condition";
export const execArgv = ['--harmony-struct'];

export function missing(): string | undefined {
  const { Mutex: there, Condition: too } = Atomics as unknown as SharedHeap;
  if (there?.lock !== undefined && too !== undefined) return undefined;
  return `its V8 ${process.versions.v8} has no Atomics.Mutex.lock(), with --harmony-struct or without`;
}

export const mutex: PeerLock<PeerGuard, object> = {
  make: () => new Mutex(),
  open: (lock) => ({
    locked(section) {
      Mutex.lock(lock, section);
    },
  }),
};

export const condvar: PeerLock<PeerGuard & PeerCondition, { lock: object; condition: object }> = {
  make: () => ({ lock: new Mutex(), condition: new Condition() }),
  open: ({ lock, condition }) => ({
    locked(section) {
      Mutex.lock(lock, section);
    },
    wait() {
      Condition.wait(condition, lock);
    },
    notify() {
      Condition.notify(condition, 1);
    },
    notifyAll() {
      Condition.notify(condition);
    },
  }),
};
