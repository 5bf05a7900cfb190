/* Broken twin of a condition: it waits for a word that notify() does not wake. */
export const condvar = {
  open(memory) {
    const word = new Int32Array(memory);
    const pair = {
      lock() {
        while (Atomics.compareExchange(word, 0, 0, 1) !== 0) Atomics.wait(word, 0, 1);
      },
      unlock() {
        Atomics.store(word, 0, 0);
        Atomics.notify(word, 0);
      },
    };
    return {
      ...pair,
      wait() {
        pair.unlock();
        Atomics.wait(word, 1, 0);
        pair.lock();
      },
      notify() {
        Atomics.notify(word, 2);
      },
    };
  },
};
