/*
 * pos: partial order sampling.  Yuan, Yang, Gu, CAV 2018.
 *
 * Not threads have priorities but their next operations: each gets one by chance, and the highest runs.  Having
 * run, its rivals draw again, that is, the operations of others on the same object that do not commute with it.
 * So each order of two rivals is as likely as the other, whatever else happens, and orders of operations that
 * commute are not told apart: it samples partial orders, where random samples interleavings.  On SCTBench it
 * needs 2.6 times fewer schedules than random or pct.
 *
 *     word            holds
 *     ------------    ------------------------------------------------------------
 *     the first       the trial's number and generator (strategy.ts)
 *     priorities      of each thread's next operation; 0: to be drawn
 */

import { nextU32 } from '../base/prng.ts';
import {
  COMMON_WORDS,
  dependent,
  nextTrial,
  RNG_AT,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

const PRIORITIES = COMMON_WORDS;

export const pos: StrategyKind = {
  name: 'pos',
  says: 'priorities of operations by chance, drawn again by those they do not commute with: samples partial orders',
  words: ({ threads }) => PRIORITIES + threads,
  make,
};

function make(words: Int32Array, { threads, seed }: Shape): Strategy {
  const priorities = words.subarray(PRIORITIES, PRIORITIES + threads);

  function begin(): boolean {
    nextTrial(words, seed);
    priorities.fill(0);
    return true;
  }

  function choose({ enabled, count, op, object }: View): number {
    let best = enabled[0]!;
    for (let i = 0; i < count; i++) {
      const t = enabled[i]!;
      if (priorities[t] === 0) priorities[t] = (nextU32(words, RNG_AT) >>> 1) | 1;
      if (priorities[t]! > priorities[best]!) best = t;
    }
    const did = op[best]!;
    const at = object[best]!;
    priorities[best] = 0;
    for (let t = 0; t < threads; t++) {
      if (t !== best && dependent(did, at, op[t]!, object[t]!)) priorities[t] = 0;
    }
    return best;
  }

  return { name: 'pos', begin, choose, end() {} };
}
