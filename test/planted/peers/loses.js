/* Broken twin of right.js: it looks, and after a nap it takes; in between, another has looked. */
export const mutex = {
  open(memory) {
    const word = new Int32Array(memory);
    return {
      lock() {
        while (Atomics.load(word, 0) !== 0) Atomics.wait(word, 0, 1);
        Atomics.wait(word, 1, 0, 0.1);
        Atomics.store(word, 0, 1);
      },
      unlock() {
        Atomics.store(word, 0, 0);
        Atomics.notify(word, 0);
      },
    };
  },
};
