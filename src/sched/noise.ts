/*
 * noise: where a free run is held up, and for how long.  Edelstein et al. 2002 and 2003 (ConTest); Fiedor, Letko,
 * Křena, Vojnar, where frequency and strength are what they are here.
 *
 * No strategy: the operating system decides who runs.  But a thread that stands still for a moment at the right place
 * gives the others the time to get in its way, and what needs a coincidence of nanoseconds needs one of microseconds.
 *
 *     about to             a delay gives the others time to                        of 64
 *     -----------------    -----------------------------------------------------   -----
 *     take an inner lock   take that one, and to want what this thread holds:         32
 *                          every cycle of locks goes through here
 *     signal               go to sleep too late, or to find the condition true        16
 *     read or write        change the field between a test and what follows it         4
 *     give up a lock       stand in line, so that what comes next is contended         4
 *     take an outer lock   come first: threads that march in step fall out of it       2
 *
 * How long: by chance from 1 us to the strength, which all threads share.  Equal delays would move all threads alike
 * and nothing against each other.
 *
 * Strength adapts to the program.  A delay was long enough if it met somebody, that is, if at its end another thread
 * stands in line for what the delayed one holds.  Then the strength falls by a quarter, else it rises by one, so
 * it settles where a little less than half of all delays meet somebody, be the threads' rounds 20 us or 20 ms long.
 * Longer ones would meet somebody more often, and cost more rounds than that is worth:
 *
 *     ms to a deadlock of three threads     free                 noise        the same with a strength of
 *     and three locks, median               (no noise)           adapts       100 us        5 ms
 *     -----------------------------------   ------------------   ----------   -----------   -----------
 *     no time between two rounds            4                    2.4          3.2           6.6
 *     200 us                                2,000 to 10,000      3 to 5       3.5           7.6
 *     2 ms                                  none in 2 x 15 s     6.5          270           9.6
 *     20 ms                                 not tried            25           not tried     not tried
 *
 * (test/planted/sparse.js on 2 CPUs, 8 trials or more of a seed, 3 or 4 where free took seconds; no trial of any
 * kind took less than 2.1 ms.)
 *
 * And it leaves room for the program.  A delay is followed by a third of its length without any, so no thread
 * spends more than three quarters of its time in delays; a program in which nobody ever meets gets on, too.
 *
 * What threads share is one word, written without care: an update that is lost is one of many.  The rest is a
 * line for each thread.  It stays from trial to trial, so that a campaign of short trials adapts, but chance begins
 * anew in each, from its seed.  The same seed gives the same draws and not the same run: time is the host's.
 *
 * Rejected: noise at all places alike, which slows everything and changes little.  And noise on some objects only,
 * chosen anew for each trial: it finds some bugs faster, but a long trial that chose wrong is lost.
 */

import { nextBelow, nextU32, RNG_WORDS, seedRng } from '../base/prng.ts';
import { OP } from './strategy.ts';

/** Microseconds. */
export const LEAST_US = 20;
const FIRST_US = 100;

/** Of 64 times. */
const CHANCES: Readonly<Record<number, number>> = {
  [OP.signal]: 16,
  [OP.read]: 4,
  [OP.write]: 4,
  [OP.release]: 4,
  [OP.acquire]: 2,
};
const CHANCE_INNER = 32;

// Words: the strength, then a line for each thread, since each writes its own all the time.
const STRENGTH = 0;
const LINE = 16;
const REST = RNG_WORDS;
const DELAYS = REST + 1;
const INNER = REST + 2;
const MET = REST + 3;
const SPENT = REST + 4;

/** What one thread's delays came to since the machine started. */
export interface NoiseMade {
  readonly delays: number;
  /** of those, before an inner acquire */
  readonly inner: number;
  /** of those, the ones that met somebody */
  readonly met: number;
  /** microseconds in delays; wraps after 71 minutes */
  readonly spent: number;
}

/** Words that the noise of so many threads needs. */
export function noiseWords(threads: number): number {
  return LINE * (1 + threads);
}

/** The longest delay there is now, in microseconds. */
export function strengthOf(words: Int32Array): number {
  return words[STRENGTH]! || FIRST_US;
}

/** What the thread of a slot made of it. */
export function noiseMade(words: Int32Array, slot: number): NoiseMade {
  const line = LINE * (1 + slot);
  return {
    delays: words[line + DELAYS]!,
    inner: words[line + INNER]!,
    met: words[line + MET]!,
    spent: words[line + SPENT]! >>> 0,
  };
}

/** One thread's noise. */
export class Noise {
  private readonly words: Int32Array;
  private readonly line: number;
  private readonly longestUs: number;
  private readonly now: () => number;

  /**
   * @param words shared by all threads, noiseWords() of them, all 0 at first
   * @param now microseconds, of any epoch
   */
  constructor(words: Int32Array, slot: number, longestUs: number, now: () => number) {
    this.words = words;
    this.line = LINE * (1 + slot);
    this.longestUs = longestUs;
    this.now = now;
  }

  /** A trial begins. */
  begin(seed: number): void {
    seedRng(this.words, seed, this.line);
    this.words[this.line + REST] = this.now() | 0;
  }

  /**
   * How long to stand still before an operation.
   * @param op one of OP
   * @param held how many locks the thread holds
   * @returns microseconds; 0 for not at all
   */
  delay(op: number, held: number): number {
    const { words, line } = this;
    const isInner = op === OP.acquire && held > 0;
    const chance = isInner ? CHANCE_INNER : (CHANCES[op] ?? 0);
    if (nextU32(words, line) >>> 26 >= chance) return 0;
    if ((((this.now() | 0) - words[line + REST]!) | 0) < 0) return 0;
    return 1 + nextBelow(words, Math.min(strengthOf(words), this.longestUs), line);
  }

  /**
   * A delay is over.
   * @param us how long it was meant to be
   * @param met whether anybody stood in line at its end; undefined where nothing was held to stand in line for
   */
  over(op: number, us: number, met: boolean | undefined): void {
    const { words, line } = this;
    words[line + DELAYS]!++;
    words[line + SPENT]! += us;
    words[line + REST] = (this.now() + us / 3) | 0;
    if (met === undefined) return;
    if (op === OP.acquire) words[line + INNER]!++;
    if (met) words[line + MET]!++;
    const strength = strengthOf(words);
    const next = met ? strength - (strength >> 2) : strength + (strength >> 2);
    words[STRENGTH] = Math.max(LEAST_US, Math.min(next, this.longestUs));
  }
}
