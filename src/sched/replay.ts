/*
 * replay: the schedule that is given, again.
 *
 * Choice for choice.  Where the schedule is over, or names a thread that cannot run, the thread that runs goes on,
 * or else the first that can: so a schedule that was cut or bent (shrink.ts) still ends, and still says
 * something.  The first choice that was not made as given is kept, also where there were more choices or fewer: a
 * replay that strayed is none.
 *
 *     word            holds
 *     ------------    ------------------------------------------------------------
 *     the first       the trial's number (strategy.ts)
 *     STRAYED         the first choice that was not made as given, plus one; 0: none
 *     LENGTH          choices that are given
 *     choices         the thread of each
 */

import {
  COMMON_WORDS,
  nextTrial,
  NOBODY,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

const STRAYED = COMMON_WORDS;
const LENGTH = STRAYED + 1;
const CHOICES = LENGTH + 1;

export const replay: StrategyKind = {
  name: 'replay',
  says: 'the schedule that is given, choice for choice',
  words: ({ steps }) => CHOICES + steps,
  make,
};

export interface Replay extends Strategy {
  /** the first choice that was not made as given; -1: all were, and there were no others */
  readonly strayed: number;
}

/** Puts a schedule where replay finds it.  @param choices the thread of each choice */
export function loadSchedule(words: Int32Array, choices: readonly number[]): void {
  const room = words.length - CHOICES;
  if (choices.length > room) {
    throw new RangeError(`a schedule of ${choices.length} choices, and room for ${room}`);
  }
  words[LENGTH] = choices.length;
  words.set(choices, CHOICES);
}

function make(words: Int32Array, { seed }: Shape): Replay {
  function choose({ step, current, enabled, count }: View): number {
    if (step < words[LENGTH]!) {
      const given = words[CHOICES + step]!;
      for (let i = 0; i < count; i++) if (enabled[i] === given) return given;
    }
    if (words[STRAYED] === 0) words[STRAYED] = step + 1;
    return current === NOBODY ? enabled[0]! : current;
  }

  return {
    name: 'replay',
    begin() {
      nextTrial(words, seed);
      words[STRAYED] = 0;
      return true;
    },
    choose,
    end(steps) {
      if (steps < words[LENGTH]! && words[STRAYED] === 0) words[STRAYED] = steps + 1;
    },
    get strayed() {
      return words[STRAYED]! - 1;
    },
  };
}
