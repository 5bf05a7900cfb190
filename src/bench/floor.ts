/*
 * The floor: the least that a lock can cost here, two compare-and-swaps on one word in a closure over one view.
 */

/** n uncontended pairs of compare-and-swap. */
export function pairFloor(words: Int32Array, index: number, n: number): void {
  for (let i = 0; i < n; i++) {
    Atomics.compareExchange(words, index, 0, 1);
    Atomics.compareExchange(words, index, 1, 0);
  }
}
