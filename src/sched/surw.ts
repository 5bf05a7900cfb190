/*
 * surw: selectively uniform random walk.  Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025.
 *
 * random is not fair to schedules: a thread of few steps is nearly always done before one of many has come to what
 * matters.  Were each thread drawn by the steps that it has left, every interleaving would be as likely.  Most of the
 * steps do not matter, though, so only some are counted:
 *
 *     select      for a trial, one of the objects that two threads or more touched in the trial before
 *     intend      which thread is the next to touch it, drawn by how often each has still to touch it
 *     walk        any thread that can run, as random does, but of those about to touch it only the intended one
 *
 * So the orders in which the threads come to that object are equally likely, if they touch it as often as they
 * did in the trial before, and whatever else they do.  Where only others than the intended one can run, one of
 * those does: a count that is not right delays nobody for good.
 *
 *     word               holds
 *     ---------------    ------------------------------------------------------------
 *     the first          the trial's number and generator (strategy.ts)
 *     SELECTED           place of the selected object, or -1
 *     INTENDED           the thread that is to touch it next, or -1
 *     SUM                of all that is left
 *     by thread          how often it has still to touch it
 *     by thread, 64      how often it touched each object, hashed, in the trial before; and in this one
 *
 * The first trial is one of random, and counts.  Where it differs: the paper counts once, in runs of their own, and
 * selects more than one object; objects that share a hash are selected together here.
 */

import { nextBelow } from '../base/prng.ts';
import {
  COMMON_WORDS,
  hashOf,
  nextTrial,
  NOBODY,
  RNG_AT,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

const PLACE_BITS = 6;
const PLACES = 1 << PLACE_BITS;

const SELECTED = COMMON_WORDS;
const INTENDED = SELECTED + 1;
const SUM = INTENDED + 1;
const THREADS = SUM + 1;

export const surw: StrategyKind = {
  name: 'surw',
  says: 'draws an object, and threads by how often they will touch it: each order of those is as likely as another',
  words: ({ threads }) => THREADS + threads * (1 + 2 * PLACES),
  make,
};

function make(words: Int32Array, { threads, seed }: Shape): Strategy {
  const left = THREADS;
  const before = left + threads;
  const now = before + threads * PLACES;

  function begin(): boolean {
    nextTrial(words, seed);
    select();
    let sum = 0;
    for (let t = 0; t < threads; t++) {
      const times = words[SELECTED] === -1 ? 0 : words[before + t * PLACES + words[SELECTED]!]!;
      words[left + t] = times;
      sum += times;
    }
    words[SUM] = sum;
    words.fill(0, now, now + threads * PLACES);
    intend();
    return true;
  }

  /** Any of the objects that more than one thread touches. */
  function select(): void {
    words[SELECTED] = -1;
    let shared = 0;
    for (let place = 0; place < PLACES; place++) {
      let by = 0;
      for (let t = 0; t < threads; t++) if (words[before + t * PLACES + place]! > 0) by++;
      if (by > 1 && nextBelow(words, ++shared, RNG_AT) === 0) words[SELECTED] = place;
    }
  }

  function intend(): void {
    words[INTENDED] = NOBODY;
    if (words[SUM] === 0) return;
    let drawn = nextBelow(words, words[SUM]!, RNG_AT);
    let t = 0;
    while (drawn >= words[left + t]!) drawn -= words[left + t++]!;
    words[INTENDED] = t;
  }

  function choose({ enabled, count, object }: View): number {
    let may = 0;
    for (let i = 0; i < count; i++) if (mayRun(enabled[i]!, object)) may++;
    let next = enabled[0]!;
    if (may === 0) {
      next = enabled[nextBelow(words, count, RNG_AT)]!;
    } else {
      let skip = nextBelow(words, may, RNG_AT);
      for (let i = 0; i < count; i++) {
        next = enabled[i]!;
        if (mayRun(next, object) && skip-- === 0) break;
      }
    }
    if (object[next] !== 0) touch(next, hashOf(object[next]!, PLACE_BITS));
    return next;
  }

  function mayRun(t: number, object: Int32Array): boolean {
    const intended = words[INTENDED]!;
    if (t === intended || intended === NOBODY || object[t] === 0) return true;
    return hashOf(object[t]!, PLACE_BITS) !== words[SELECTED];
  }

  function touch(t: number, place: number): void {
    words[now + t * PLACES + place]!++;
    if (place !== words[SELECTED]) return;
    if (words[left + t]! > 0) {
      words[left + t]!--;
      words[SUM]!--;
    }
    intend();
  }

  function end(): void {
    words.copyWithin(before, now, now + threads * PLACES);
  }

  return { name: 'surw', begin, choose, end };
}
