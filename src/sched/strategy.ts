/*
 * What a strategy is: who runs next, decided anew at each scheduling point.
 *
 * In a controlled run one thread runs at a time.  At a scheduling point (the start and the exit of a thread, a lock
 * taken or given up, a shared field touched, a wait, a wakeup) it stops before the operation, says what that is,
 * and asks the strategy.  The answer may be another thread; then the baton goes there.
 *
 *     begin()  ─▶  choose() choose() …  ─▶  end()          one trial, over and over, until begin() says no
 *
 * Whoever runs asks, so each thread has an instance of its own, and all that a strategy remembers is in words that
 * they share: an Int32Array, which run takes from the image.  Nothing is on the JavaScript heap, so any instance
 * can go on where another stopped, and a dump shows how far it was.
 *
 * A strategy is pure: no threads, no clock, no input or output, no chance but that of its seed.  What it
 * decides follows from (seed, trial, what it was shown), and so a schedule is data (schedule.ts).
 */

import { RNG_WORDS, seedOf, seedRng } from '../base/prng.ts';

/** What a thread is about to do. */
export const OP = {
  none: 0,
  start: 1,
  exit: 2,
  acquire: 3,
  release: 4,
  read: 5,
  write: 6,
  wait: 7,
  signal: 8,
  /** comes back from a timed wait because its time is up */
  timeout: 9,
  /** asks whether to go on, and has done nothing else since it last did: it polls */
  poll: 10,
} as const;
export type Op = (typeof OP)[keyof typeof OP];

/** No thread: the one that ran last cannot go on. */
export const NOBODY = -1;

/** What a strategy is shown. */
export interface View {
  /** the thread that ran last, if it can go on */
  readonly current: number;
  /** how many threads can run; never 0 */
  readonly count: number;
  /** which: enabled[0 … count - 1], ascending */
  readonly enabled: Int32Array;
  /** by thread: what it does next */
  readonly op: Int32Array;
  /** by thread: to which object; 0 for none */
  readonly object: Int32Array;
  /** choices made in this trial before this one */
  readonly step: number;
  /** whether somebody sleeps until a deadline that choices alone may reach: then no two of them commute */
  readonly isTimed?: boolean;
}

export interface Strategy {
  readonly name: string;
  /** @returns false when all is tried that it would try */
  begin(): boolean;
  /** @returns one of the enabled threads, or NOBODY to give the trial up as one that was seen already */
  choose(view: View): number;
  /**
   * @param steps choices made in the trial
   * @param isWhole whether every thread came to its end; where nobody says, some may have had more to do
   */
  end(steps: number, isWhole?: boolean): void;
  /** the first choice at which the program did not go on as before, scheduled as before; -1: none so far */
  readonly strayed?: number;
}

export interface Shape {
  /** threads at most; 32 for dfs */
  readonly threads: number;
  /** choices in a trial at most; a trial that makes more is cut */
  readonly steps: number;
  readonly seed: number;
  /** pct: how many changes of priority, plus one; 0 rotates */
  readonly depth: number;
  /** dfs: preemptions in a schedule at most; Infinity for all schedules */
  readonly preemptions: number;
}

/** A strategy: how many words it needs, and how an instance is made over them. */
export interface StrategyKind {
  readonly name: string;
  /** for people: what it does, from which paper, and what it promises */
  readonly says: string;
  /**
   * whether its words must last from the first trial of a campaign to the last.  The others go on from any trial
   * with words that are all 0 but words[0], its number: so a campaign can be cut into blocks of trials, and
   * several machines that share the blocks come to the same as one
   */
  readonly isWhole?: boolean;
  /** threads at most, where there is a limit */
  readonly threadsMax?: number;
  /** whether giving up a lock must be a scheduling point of its own: OP.release */
  readonly needsReleases?: boolean;
  words(shape: Shape): number;
  make(words: Int32Array, shape: Shape): Strategy;
}

/** Words that every strategy begins with: the trial's number, and a generator for it. */
export const COMMON_WORDS = 1 + RNG_WORDS;
export const RNG_AT = 1;

/** The next trial's number; its chance begins anew, so that each trial can be run alone. */
export function nextTrial(words: Int32Array, seed: number): number {
  const trial = words[0]!;
  words[0] = trial + 1;
  seedRng(words, seedOf(seed, trial), RNG_AT);
  return trial;
}

/** Whether two operations may not be exchanged: both on one object, and not both only read it. */
export function dependent(opA: number, objectA: number, opB: number, objectB: number): boolean {
  return objectA !== 0 && objectA === objectB && !(opA === OP.read && opB === OP.read);
}

/** So many bits of a number, which tell apart objects that differ in any of theirs: for tables of a fixed size. */
export function hashOf(object: number, bits: number): number {
  // The high bits of a product with 2^32 / phi, odd.
  return Math.imul(object, 0x9e3779b9) >>> (32 - bits);
}
