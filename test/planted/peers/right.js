/* The right lock, of which the others are broken twins: the example of src/bench/peer.ts. */
export const mutex = {
  open(memory) {
    const word = new Int32Array(memory);
    return {
      lock() {
        while (Atomics.compareExchange(word, 0, 0, 1) !== 0) Atomics.wait(word, 0, 1);
      },
      unlock() {
        Atomics.store(word, 0, 0);
        Atomics.notify(word, 0);
      },
    };
  },
};
