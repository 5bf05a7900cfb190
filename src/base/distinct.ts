/*
 * How many different ones there were, and how many there may still be.
 *
 * Each thing is known by its hash, a whole number below 2^53; so two things with one hash are one.  Counts
 * are exact up to a bound.  Beyond it, a sample: of all hashes, mixed, those that end in `level`
 * zeros, where level is the lowest at which they fit.  A hash that is in the sample now has been in all of the
 * former, so its count is whole.  Which hashes are in it depends on which there were, and on nothing else:
 * not on their order, nor on who counted which.  That is why two counts merge into the one that would
 * have been made of both, and why this and not a reservoir, nor a sketch that knows no counts.
 *
 * Of n draws, f1 were seen once and f2 twice.
 *
 *     the next is new     f1 / n                                  Good (1953), after Turing: the chance that
 *                                                                 one more draw shows what none has
 *     unseen, at least    (n - 1)/n * f1 (f1 - 1) / (2 (f2 + 1))  Chao (1984), as corrected in 2005: what is
 *                                                                 seldom hides more of its like
 *
 * Both hold for draws that do not know of each other, so for random and pct, not for a strategy that never
 * goes the same way twice: of that, all are seen once, and neither number means a thing.  The second is
 * a lower bound, and where nearly all were seen once a very rough one.
 */

import { mix } from './prng.ts';

/** Hashes kept, at most: 2^20 in a Map are tens of megabytes. */
export const HASHES_MAX = 1 << 20;

// Of 32 mixed bits no more can be zero; hashes that are alike in all of them are not told apart further.
const LEVEL_MAX = 32;

export interface Distinct {
  /** things counted, repetitions included */
  readonly counted: number;
  readonly distinct: number;
  /** that one more is one not seen before */
  readonly nextIsNew: number;
  /** of those not seen yet, at least so many */
  readonly unseen: number;
  /** false: counted in a sample, and multiplied */
  readonly exact: boolean;
}

export class DistinctCounter {
  private readonly counts = new Map<number, number>();
  private readonly max: number;
  private counted = 0;
  private level = 0;

  constructor(max = HASHES_MAX) {
    this.max = max;
  }

  add(hash: number, times = 1): void {
    this.counted += times;
    this.keep(hash, times);
  }

  /** Counts what the other has counted, as if it had been added here. */
  merge(other: DistinctCounter): void {
    this.counted += other.counted;
    if (other.level > this.level) this.raise(other.level);
    for (const [hash, times] of other.counts) this.keep(hash, times);
  }

  estimate(): Distinct {
    const { counted } = this;
    const scale = 2 ** this.level;
    let [once, twice] = [0, 0];
    for (const times of this.counts.values()) {
      if (times === 1) once += scale;
      if (times === 2) twice += scale;
    }
    return {
      counted,
      distinct: this.counts.size * scale,
      nextIsNew: counted === 0 ? 1 : Math.min(1, once / counted),
      unseen:
        counted === 0 ? 0 : (((counted - 1) / counted) * once * (once - 1)) / (2 * (twice + 1)),
      exact: this.level === 0,
    };
  }

  private keep(hash: number, times: number): void {
    if (!isSampled(hash, this.level)) return;
    this.counts.set(hash, (this.counts.get(hash) ?? 0) + times);
    while (this.counts.size > this.max && this.level < LEVEL_MAX) this.raise(this.level + 1);
  }

  private raise(level: number): void {
    this.level = level;
    for (const hash of this.counts.keys()) if (!isSampled(hash, level)) this.counts.delete(hash);
  }
}

// The sample must not depend on which bits the hash has mixed well, so they are mixed again.
function isSampled(hash: number, level: number): boolean {
  const low = hash >>> 0;
  const high = Math.floor(hash / 0x1_0000_0000);
  return (mix(low ^ mix(high)) & (2 ** level - 1)) === 0;
}
