/*
 * dfs: every schedule, one after the other, within a bound.
 *
 * A trial follows the choices of the one before up to the last one that has an alternative left, takes that, and
 * goes on as it likes: with the thread that runs, as long as it can.  When no choice has an alternative left,
 * all were tried, and what no trial showed cannot happen within the bound.  That is a proof, of this program with
 * these parameters, as far as the scheduling points are all there are.
 *
 *     preemptions      a switch away from a thread that could go on.  Most bugs need two at most (Musuvathi
 *                      and Qadeer, PLDI 2007), and the schedules with c of them are about (k n)^c
 *     sleep sets       without a bound: having tried thread a here, in all that follows other choices a need
 *                      not run until something does that does not commute with its next operation
 *                      (Godefroid 1996).  A trial in which all that could run is asleep was seen: NOBODY.
 *                      They are not sound under a bound on preemptions, so they are off there (Coons, Musuvathi,
 *                      McKinley, OOPSLA 2013)
 *
 *     word            holds
 *     ------------    ------------------------------------------------------------
 *     the first       the trial's number (strategy.ts)
 *     DEPTH           choices that are fixed for this trial
 *     USED            preemptions made so far in it
 *     STRAYED         1: the program did not do the same when it was scheduled the same
 *     ROW words       a choice: the thread taken, those not tried yet and those asleep (bit sets), preemptions
 *                     before it, and the operation that was taken, with its object
 *
 * A program must do the same when it is scheduled the same.  Where a thread that ran before cannot run, it does
 * not: choose() returns NOBODY, and `strayed` says why.  Nothing is proven then.
 */

import {
  COMMON_WORDS,
  dependent,
  nextTrial,
  NOBODY,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

const DEPTH = COMMON_WORDS;
const USED = DEPTH + 1;
const STRAYED = USED + 1;
const ROWS = STRAYED + 1;
const ROW = 6;
const TAKEN = 0;
const TODO = 1;
const ASLEEP = 2;
const BEFORE = 3;
const DID = 4;
const AT = 5;
/** Threads that a bit set holds. */
const THREADS_MAX = 32;

export const dfs: StrategyKind = {
  name: 'dfs',
  says: 'every schedule within a bound on preemptions, or all of them: ends, and then what was not seen cannot happen',
  wholeCampaign: true,
  words: ({ steps }) => ROWS + steps * ROW,
  make,
};

export interface Dfs extends Strategy {
  /** whether the program did something else when it was scheduled the same */
  readonly strayed: number;
}

function make(words: Int32Array, { threads, steps, seed, preemptions }: Shape): Dfs {
  if (threads > THREADS_MAX) {
    throw new RangeError(`dfs: ${threads} threads, and it can tell ${THREADS_MAX} apart`);
  }
  const isBounded = preemptions !== Infinity;
  const get = (step: number, field: number): number => words[ROWS + step * ROW + field]!;
  const put = (step: number, field: number, value: number): void => {
    words[ROWS + step * ROW + field] = value;
  };

  function begin(): boolean {
    const trial = nextTrial(words, seed);
    words[USED] = 0;
    if (trial === 0) return true;
    // The last choice that has an alternative: take it, and forget what came behind.
    let last = words[DEPTH]! - 1;
    while (last >= 0 && get(last, TODO) === 0) last--;
    words[DEPTH] = last + 1;
    if (last < 0) return false;
    const todo = get(last, TODO);
    const next = 31 - Math.clz32(todo & -todo);
    if (!isBounded) put(last, ASLEEP, get(last, ASLEEP) | (1 << get(last, TAKEN)));
    put(last, TAKEN, next);
    put(last, TODO, todo & ~(1 << next));
    return true;
  }

  function choose(view: View): number {
    const { step, current } = view;
    if (step >= steps) return NOBODY;
    const enabled = enabledSet(view);
    if (step >= words[DEPTH]!) {
      if (!extend(view, enabled)) return NOBODY;
      words[DEPTH] = step + 1;
    }
    const next = get(step, TAKEN);
    if ((enabled & (1 << next)) === 0) {
      words[STRAYED] = step + 1;
      return NOBODY;
    }
    const isPreempted = current !== NOBODY && next !== current;
    words[USED] = get(step, BEFORE) + (isPreempted ? 1 : 0);
    put(step, DID, view.op[next]!);
    put(step, AT, view.object[next]!);
    return next;
  }

  /** A choice that was not made before: what can be taken here, and what is taken first. */
  function extend(view: View, enabled: number): boolean {
    const { step, current } = view;
    const used = words[USED]!;
    const asleep = isBounded ? 0 : inherited(view);
    let can = enabled & ~asleep;
    if (isBounded && current !== NOBODY && used >= preemptions) can = 1 << current;
    if (can === 0) return false;
    const goesOn = current !== NOBODY && (can & (1 << current)) !== 0;
    const first = goesOn ? current : 31 - Math.clz32(can & -can);
    put(step, TAKEN, first);
    put(step, TODO, can & ~(1 << first));
    put(step, ASLEEP, asleep);
    put(step, BEFORE, used);
    return true;
  }

  /** Those still asleep here: asleep at the choice before, and not woken by what was taken there. */
  function inherited({ step, op, object }: View): number {
    if (step === 0) return 0;
    let asleep = get(step - 1, ASLEEP);
    if (asleep === 0) return 0;
    const [did, at] = [get(step - 1, DID), get(step - 1, AT)];
    for (let t = 0; t < threads; t++) {
      if ((asleep & (1 << t)) !== 0 && dependent(did, at, op[t]!, object[t]!)) asleep &= ~(1 << t);
    }
    return asleep;
  }

  return {
    name: 'dfs',
    begin,
    choose,
    end() {},
    get strayed() {
      return words[STRAYED]! - 1;
    },
  };
}

function enabledSet({ enabled, count }: View): number {
  let set = 0;
  for (let i = 0; i < count; i++) set |= 1 << enabled[i]!;
  return set;
}
