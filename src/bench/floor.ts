/*
 * Floors: the least that a lock can cost here, and the plainest lock there is.
 *
 * pairFloor() is two compare-and-swaps on one word in a closure over one view: no lock can be cheaper.
 * FutexMutex is Drepper's three-state mutex ("Futexes Are Tricky", mutex 2): 0 free, 1 held, 2 held and
 * wanted.  It knows no owner, checks nothing and never spins; it is the bar for contended locks.
 */

/** n uncontended pairs of compare-and-swap. */
export function pairFloor(words: Int32Array, index: number, n: number): void {
  for (let i = 0; i < n; i++) {
    Atomics.compareExchange(words, index, 0, 1);
    Atomics.compareExchange(words, index, 1, 0);
  }
}

export class FutexMutex {
  private readonly words: Int32Array;
  private readonly index: number;

  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.index = index;
  }

  lock(): void {
    let was = Atomics.compareExchange(this.words, this.index, 0, 1);
    if (was === 0) return;
    if (was !== 2) was = Atomics.exchange(this.words, this.index, 2);
    while (was !== 0) {
      Atomics.wait(this.words, this.index, 2);
      was = Atomics.exchange(this.words, this.index, 2);
    }
  }

  unlock(): void {
    if (Atomics.sub(this.words, this.index, 1) === 1) return;
    Atomics.store(this.words, this.index, 0);
    Atomics.notify(this.words, this.index, 1);
  }
}
