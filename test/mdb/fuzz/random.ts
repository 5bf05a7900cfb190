/*
 * Choices of a fuzzer: all of an input follow from the seed and the input's number, so any can be had again alone.
 */

import { nextBelow, RNG_WORDS, seedOf, seedRng } from '../../../src/base/prng.ts';

export class Chance {
  private readonly words = new Uint32Array(RNG_WORDS);

  constructor(seed: number, input: number) {
    seedRng(this.words, seedOf(seed, input));
  }

  below(n: number): number {
    return nextBelow(this.words, n);
  }

  /** One time in n. */
  one(n: number): boolean {
    return this.below(n) === 0;
  }

  of<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  times(most: number, each: () => string, between = ''): string {
    return Array.from({ length: this.below(most + 1) }, each).join(between);
  }
}
