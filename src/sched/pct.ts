/*
 * pct: probabilistic concurrency testing.  Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010.
 *
 * Each thread gets a priority by chance, and the one with the highest runs until it blocks.  At d - 1 points of the
 * trial, chosen by chance among its k steps, the thread that is about to run falls below all others.  A bug
 * that needs d ordering constraints is found with a probability of at least
 *
 *     1 / (n * k^(d - 1))                 n threads, k steps
 *
 * in each trial, however unlikely it is otherwise: this is the one strategy with a promise.
 *
 *     word            holds
 *     ------------    ------------------------------------------------------------
 *     the first       the trial's number and generator (strategy.ts)
 *     LONGEST         the longest trial so far: k
 *     DEPTH           d of this trial
 *     points          step of the i-th change, or -1
 *     priorities      of each thread
 *
 * Where it differs.  k is not asked for but learned: the first trial has no changes, and each later one spreads
 * them over the longest seen so far.  Without a given depth, d rotates over 1, 2, 3 and 4: nobody knows the depth
 * of a bug that was not found yet, and a change that is not needed does harm: who must be behind all others, in
 * a bug of depth 1, is let go by it.  Two points may fall on one step; then the thread falls twice.
 */

import { nextBelow } from '../base/prng.ts';
import {
  COMMON_WORDS,
  nextTrial,
  RNG_AT,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

const LONGEST = COMMON_WORDS;
const DEPTH = LONGEST + 1;
const POINTS = DEPTH + 1;
/** Depths that are tried in turn when none is given. */
const ROTATION = [1, 2, 3, 4] as const;
/** Changes of priority that there is room for, and one. */
export const DEPTH_MAX = 16;

export const pct: StrategyKind = {
  name: 'pct',
  says: 'priorities by chance, changed d-1 times; a bug of depth d shows with probability 1/(n*k^(d-1)) at least',
  words: ({ threads }) => POINTS + DEPTH_MAX + threads,
  make,
};

function make(words: Int32Array, { threads, seed, depth }: Shape): Strategy {
  const points = words.subarray(POINTS, POINTS + DEPTH_MAX);
  const priorities = words.subarray(POINTS + DEPTH_MAX, POINTS + DEPTH_MAX + threads);

  function begin(): boolean {
    const trial = nextTrial(words, seed);
    const d = Math.min(DEPTH_MAX, depth > 0 ? depth : ROTATION[trial % ROTATION.length]!);
    words[DEPTH] = d;
    // A permutation of d … d + n - 1, so that each change (1 … d - 1) is below all of them.
    for (let t = 0; t < threads; t++) {
      const other = nextBelow(words, t + 1, RNG_AT);
      priorities[t] = priorities[other]!;
      priorities[other] = d + t;
    }
    const longest = words[LONGEST]!;
    for (let i = 0; i < DEPTH_MAX; i++) {
      points[i] = i < d - 1 && longest > 0 ? nextBelow(words, longest, RNG_AT) : -1;
    }
    return true;
  }

  function highest({ enabled, count }: View): number {
    let best = enabled[0]!;
    for (let i = 1; i < count; i++) {
      if (priorities[enabled[i]!]! > priorities[best]!) best = enabled[i]!;
    }
    return best;
  }

  function choose(view: View): number {
    let next = highest(view);
    for (let i = 0; i < words[DEPTH]! - 1; i++) {
      if (points[i] !== view.step) continue;
      priorities[next] = i + 1;
      next = highest(view);
    }
    return next;
  }

  function end(steps: number): void {
    if (steps > words[LONGEST]!) words[LONGEST] = steps;
  }

  return { name: 'pct', begin, choose, end };
}
