/*
 * auto: a portfolio.  No strategy wins everywhere, so the trials are shared among several.
 *
 *     random      what is shallow
 *     pct         who must be far behind, and orders of a known depth
 *     pos         races of a few operations in long threads
 *     surw        orders of the operations on one object, in threads that are not alike
 *     rff         who must see what, among many who do the same
 *
 * Each trial is one strategy's, by the trial's own number, and each strategy has words and a seed of its own.  Whose
 * it is, is drawn.  Each has a chance that never goes away, for what is found last may be what only one can find,
 * and another that grows with what its trials were worth lately.  A trial is worth
 *
 *     4    if two operations on an object came one after the other that never had (which thread, and how often
 *          before, is not looked at)
 *     1    if the order of the operations on each object, with their threads, was as in no trial before
 *
 * and what was earned halves in about five trials of that strategy.  So one that repeats itself, as pct does in a
 * small program, makes room, and where all of them always show something new they have equal parts.
 *
 *     words                      hold
 *     -----------------------    ------------------------------------------------------------
 *     the first                  the trial's number and generator (strategy.ts)
 *     ARM                        whose trial it is
 *     WORTH                      by strategy: what its trials were worth lately, in 256ths
 *     FRESH                      steps of this trial that had never been seen
 *     LAST, CHAIN, 256 each      by object, hashed: the last operation on it; all of them, with their threads
 *     SEEN, 8,192                steps and orders that were seen, hashed; from 6,144 on, nothing is new any more
 *     the rest                   the words of each strategy
 */

import { mix, nextBelow, seedOf } from '../base/prng.ts';
import { pct } from './pct.ts';
import { pos } from './pos.ts';
import { random } from './random.ts';
import { rff } from './rff.ts';
import { learn, seenWords } from './seen.ts';
import {
  COMMON_WORDS,
  hashOf,
  nextTrial,
  RNG_AT,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';
import { surw } from './surw.ts';

const ARMS: readonly StrategyKind[] = [random, pct, pos, surw, rff];
/** What each is worth at least. */
const FLOOR = 4_096;
const UNIT = 256;
const NEW_STEP = 4 * UNIT;
const NEW_ORDER = UNIT;
const OBJECT_BITS = 8;
const OBJECTS = 1 << OBJECT_BITS;
const SEEN_SIZE = 8_192;

const ARM = COMMON_WORDS;
const WORTH = ARM + 1;
const FRESH = WORTH + ARMS.length;
const LAST = FRESH + 1;
const CHAIN = LAST + OBJECTS;
const SEEN = CHAIN + OBJECTS;
const REST = SEEN + seenWords(SEEN_SIZE);

export const auto: StrategyKind = {
  name: 'auto',
  says: 'a portfolio: random, pct, pos, surw and rff share the trials, by what they show that was not seen before',
  words: (shape) => ARMS.reduce((sum, arm) => sum + arm.words(shape), REST),
  make,
};

function make(words: Int32Array, shape: Shape): Strategy {
  const arms: Strategy[] = [];
  /** where the words of each begin, with the trial's number */
  const firsts: number[] = [];
  let at = REST;
  for (const [i, arm] of ARMS.entries()) {
    const size = arm.words(shape);
    arms.push(arm.make(words.subarray(at, at + size), { ...shape, seed: seedOf(shape.seed, i) }));
    firsts.push(at);
    at += size;
  }

  function begin(): boolean {
    const trial = nextTrial(words, shape.seed);
    words.fill(0, FRESH, SEEN);
    let sum = 0;
    for (let i = 0; i < ARMS.length; i++) sum += FLOOR + words[WORTH + i]!;
    let drawn = nextBelow(words, sum, RNG_AT);
    let arm = 0;
    while (drawn >= FLOOR + words[WORTH + arm]!) drawn -= FLOOR + words[WORTH + arm++]!;
    words[ARM] = arm;
    words[firsts[arm]!] = trial;
    return arms[arm]!.begin();
  }

  function choose(view: View): number {
    const next = arms[words[ARM]!]!.choose(view);
    const object = view.object[next]!;
    if (object !== 0) note(next, view.op[next]!, object);
    return next;
  }

  function note(t: number, op: number, object: number): void {
    const place = hashOf(object, OBJECT_BITS);
    const last = words[LAST + place]!;
    if (learn(words, SEEN, SEEN_SIZE, mix(hashOf(object, 32) + last * 16 + op))) words[FRESH]!++;
    words[LAST + place] = op;
    words[CHAIN + place] = mix(words[CHAIN + place]! ^ (t * 16 + op + 1));
  }

  function end(steps: number, isWhole?: boolean): void {
    const arm = words[ARM]!;
    arms[arm]!.end(steps, isWhole);
    let order = 0;
    for (let i = 0; i < OBJECTS; i++) order = mix(order ^ words[CHAIN + i]!);
    const worth =
      (words[FRESH]! > 0 ? NEW_STEP : 0) + (learn(words, SEEN, SEEN_SIZE, order) ? NEW_ORDER : 0);
    const was = words[WORTH + arm]!;
    words[WORTH + arm] = was - (was >> 3) + worth;
  }

  return { name: 'auto', begin, choose, end };
}

/** The same, by the name that the literature has for it. */
export const portfolio: StrategyKind = { ...auto, name: 'portfolio' };
