/*
 * The plainest of the other locks: a reader count, a generation, a number of permits.  They are the floors of the
 * questions rwlock, condvar-handoff and semaphore, as futex is that of lock-contended.
 *
 *     kind         words                                   who waits, and who is woken
 *     ----------   -------------------------------------   ------------------------------------------------
 *     rwlock       -1: one writes; n: n read               all for the one word; all, when it comes to 0
 *     condvar      futex.ts, and a generation behind it    for the next generation; one, or all
 *     semaphore    permits; how many wait for one          for a permit; one for each that comes back
 *
 * None knows an owner, checks anything, or is fair: a writer gets in when nobody happens to read.
 *
 * Why none loses a wakeup.  Who waits names the value that it saw, and the host does not put it to sleep if the word is
 * another by then.  The reader count that is not 0 is not waited for to change but to come to 0, and every change of
 * it to 0 wakes all.  A generation is read while the mutex is held, and moved on before anybody is woken.  The semaphore
 * counts who waits before it looks at the permits again, and gives a permit back before it looks at who waits.
 */

import type { PeerCondition, PeerLock, PeerPair, PeerRwlock, PeerSemaphore } from '../peer.ts';
import { mutex } from './futex.ts';

export const title = 'plain reader count, generation, permits';

const WRITER = -1;

export const rwlock: PeerLock<PeerRwlock> = {
  open(memory) {
    const words = new Int32Array(memory);
    return {
      readLock() {
        for (;;) {
          const now = Atomics.load(words, 0);
          if (now === WRITER) Atomics.wait(words, 0, WRITER);
          else if (Atomics.compareExchange(words, 0, now, now + 1) === now) return;
        }
      },
      readUnlock() {
        if (Atomics.sub(words, 0, 1) === 1) Atomics.notify(words, 0);
      },
      writeLock() {
        for (;;) {
          const now = Atomics.compareExchange(words, 0, 0, WRITER);
          if (now === 0) return;
          Atomics.wait(words, 0, now);
        }
      },
      writeUnlock() {
        Atomics.store(words, 0, 0);
        Atomics.notify(words, 0);
      },
    };
  },
};

export const condvar: PeerLock<PeerPair & PeerCondition> = {
  open(memory, thread) {
    const words = new Int32Array(memory);
    const pair = mutex.open(memory, thread);
    return {
      ...pair,
      wait() {
        const generation = Atomics.load(words, 1);
        pair.unlock();
        Atomics.wait(words, 1, generation);
        pair.lock();
      },
      notify() {
        Atomics.add(words, 1, 1);
        Atomics.notify(words, 1, 1);
      },
      notifyAll() {
        Atomics.add(words, 1, 1);
        Atomics.notify(words, 1);
      },
    };
  },
};

export const semaphore: PeerLock<PeerSemaphore> = {
  open(memory) {
    const words = new Int32Array(memory);
    return {
      acquire() {
        for (;;) {
          const now = Atomics.load(words, 0);
          if (now > 0) {
            if (Atomics.compareExchange(words, 0, now, now - 1) === now) return;
            continue;
          }
          Atomics.add(words, 1, 1);
          Atomics.wait(words, 0, 0);
          Atomics.sub(words, 1, 1);
        }
      },
      release() {
        Atomics.add(words, 0, 1);
        if (Atomics.load(words, 1) > 0) Atomics.notify(words, 0, 1);
      },
    };
  },
};
