/* Broken twin of a lock for readers and writers: writers wait for each other, and readers for nobody. */
export const rwlock = {
  open(memory) {
    const word = new Int32Array(memory);
    return {
      readLock() {},
      readUnlock() {},
      writeLock() {
        while (Atomics.compareExchange(word, 0, 0, 1) !== 0) Atomics.wait(word, 0, 1);
      },
      writeUnlock() {
        Atomics.store(word, 0, 0);
        Atomics.notify(word, 0);
      },
    };
  },
};
