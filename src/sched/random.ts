/*
 * random: every thread that can run is as likely to run next.
 *
 * The plainest strategy, and a hard one to beat on shallow bugs: 43 of the 49 of SCTBench within 100,000
 * schedules.  It promises little: a schedule of k choices among n threads has the probability 1 / n^k, so a
 * thread that must be far behind the others hardly ever is.
 */

import { nextBelow } from '../base/prng.ts';
import {
  COMMON_WORDS,
  nextTrial,
  RNG_AT,
  type Shape,
  type Strategy,
  type StrategyKind,
} from './strategy.ts';

export const random: StrategyKind = {
  name: 'random',
  says: 'each thread that can run is as likely to be next; a schedule of k choices among n has probability 1/n^k',
  words: () => COMMON_WORDS,
  make: (words: Int32Array, { seed }: Shape): Strategy => ({
    name: 'random',
    begin() {
      nextTrial(words, seed);
      return true;
    },
    choose({ enabled, count }) {
      return enabled[count === 1 ? 0 : nextBelow(words, count, RNG_AT)]!;
    },
    end() {},
  }),
};
