/*
 * A lock to start from, for `gridlock bench --against`: a whole peer, and what each kind must have.
 *
 * It runs as it is printed, so whoever begins sees figures before writing a line, and then puts a lock of their own, or a few
 * lines around one that is installed, in its place.  The contract with its reasons is the header of src/bench/peer.ts.
 */

import type { Template } from './template.ts';

export const lock: Template = {
  engine: 'lock',
  describe: 'a lock of your own to measure beside ours',
  print: ({ name }) => `/*
 * A lock, to be measured beside those of gridlock.
 *
 *     gridlock bench lock-contended --quick --against ./${name}.js     threads that fight for it
 *     gridlock bench lock-pair.mutex --quick --against ./${name}.js    nobody in the way
 *
 * It is checked meanwhile: one that hangs, throws or loses an update is a row that says so, a dump, and exit code 1.
 *
 *     EXPORT      WHAT open() RETURNS                                        MEASURED BY
 *     mutex       lock(), unlock(); or locked(section), which calls it       lock-pair, lock-contended, lock-fairness
 *     rwlock      readLock(), readUnlock(), writeLock(), writeUnlock()       rwlock
 *     condvar     a mutex, and wait(), notify(), perhaps notifyAll()         condvar-handoff
 *     semaphore   acquire(), release()                                       semaphore
 *
 * open(memory, { nth, threads }) is called in each thread, with the same 1,024 shared bytes of zeros; of a semaphore the first
 * word is how many permits there are.  For anything else to share, export make({ threads, permits }) beside open: what it
 * returns is sent to every thread, in the place of that memory.  All calls block the thread; none returns a promise.
 */

const FREE = 0;
const HELD = 1;
const WAITED_FOR = 2;

export const mutex = {
  open(memory) {
    const word = new Int32Array(memory);
    return {
      lock() {
        if (Atomics.compareExchange(word, 0, FREE, HELD) === FREE) return;
        while (Atomics.exchange(word, 0, WAITED_FOR) !== FREE) Atomics.wait(word, 0, WAITED_FOR);
      },
      unlock() {
        if (Atomics.exchange(word, 0, FREE) === WAITED_FOR) Atomics.notify(word, 0, 1);
      },
    };
  },
};
`,
};
