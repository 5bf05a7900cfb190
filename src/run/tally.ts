/*
 * The tally of a campaign: what its trials have shown so far.
 *
 * It is told of trials in stretches: so many in a row that passed, then one that did not.  How the row was cut
 * into stretches makes no difference, nor does who ran which: two tallies of different trials merge into
 * the one that a single machine would have made of all of them, because every trial has its index, and
 * what a tally says is said of the trials in the order of their indices.
 *
 *     index       0 1 2 3 4 5 6 7 8 9
 *     came to     . . . F . . F F . .        . passed, F failed
 *     to failure  4       3     1 (2)        observations; the last is cut off: longer than 2
 *
 * Each failure ends an observation and begins the next, so a campaign that goes on after a failure has
 * more than one, and one that ends without has one that is cut off.  Median and p90 are those of Kaplan and
 * Meier (base/survival.ts).  The same observations in seconds are machine time: two machines side
 * by side make two seconds in one.  What of them depends on the cutting, stretches.ts says.
 *
 * Failures with one signature are one failure, seen so many times.  Its message, dump and command are those of the
 * first that has one.
 *
 * Coverage: an interleaving is the whole order of a trial's choices, known by a hash.  See base/distinct.ts
 * for what is exact and what is estimated.  Of a free run nobody knows it: null.
 *
 * Not here: what a verdict is worth (grade.ts), and a histogram of preemptions, which would have each trial of a
 * long series counted one by one to say little more than their mean does.
 */

import { DistinctCounter, HASHES_MAX } from '../base/distinct.ts';
import { rateOf, type Rate } from '../base/interval.ts';
import type { Lengths } from '../base/log-rank.ts';
import { kaplanMeier, survivalQuantile, type Curve } from '../base/survival.ts';
import type { VerdictName } from '../base/verdict.ts';
import { Stretches, type Observations } from './stretches.ts';

/** Trials in a row that all passed. */
export interface PassedTrials {
  /** the index of the first */
  readonly first: number;
  readonly trials: number;
  /** from one index to the next; 1, or the number of shards */
  readonly stride?: number;
  /** more that were given up as seen, among those indices */
  readonly givenUp?: number;
  readonly seconds: number;
  /** of a controlled run */
  readonly choices?: number;
  readonly preemptions?: number;
  /** hash of an interleaving, and how many of these trials went that way */
  readonly interleavings?: Iterable<readonly [hash: number, trials: number]>;
}

/** A trial that did not pass; a TrialRecord is one. */
export interface FailedTrial {
  readonly index: number;
  readonly seconds: number;
  readonly verdict: VerdictName;
  readonly message: string | null;
  readonly signature: string;
  readonly dump: string | null;
  readonly replay: string | null;
  readonly schedule: { readonly choices: number; readonly preemptions: number } | null;
}

/** What is said of lengths, in schedules or in seconds. */
export interface ToFailure {
  /** from the start to the first failure, it included */
  readonly first: number;
  /** all there was, the time without a failure at the end included */
  readonly of: number;
  /** null: less than half, less than 9 in 10, came to an end */
  readonly median: number | null;
  readonly p90: number | null;
  /** failures */
  readonly n: number;
}

/** All failures that are the same. */
export interface DistinctFailure {
  readonly signature: string;
  readonly verdict: VerdictName;
  readonly message: string | null;
  readonly count: number;
  /** the index of the first */
  readonly first: number;
  readonly dump: string | null;
  readonly replay: string | null;
}

export interface Coverage {
  /** trials whose interleaving is known */
  readonly interleavings: number;
  readonly distinct: number;
  /** at least so many were not seen */
  readonly unseen_estimate: number;
  /** the chance that one more trial goes a way that none has gone */
  readonly next_is_new: number;
  /** whether `distinct` was counted, and not estimated from a sample */
  readonly exact: boolean;
}

/** What a tally adds to the summary of a campaign. */
export interface Statistics {
  /** of trials that failed; the interval is one where schedules are drawn, not for dfs, which goes through them */
  readonly rate: Rate;
  readonly time_to_failure_s: ToFailure | null;
  readonly schedules_to_failure: ToFailure | null;
  /** of schedules: length, share that is longer, and its interval of 95%; thinned out where there are many */
  readonly survival: readonly (readonly [number, number, number | null, number | null])[];
  /** the most frequent first */
  readonly failures: readonly DistinctFailure[];
  readonly coverage: Coverage | null;
  /** of controlled trials: means of a trial */
  readonly choices: number | null;
  readonly preemptions: number | null;
}

// Points of the curve in a summary: enough to draw it.
const POINTS_MAX = 100;

interface Group {
  readonly verdict: VerdictName;
  count: number;
  first: Told;
  dump: Told | undefined;
  replay: Told | undefined;
}

// What was said of a trial.
interface Told {
  readonly index: number;
  readonly text: string | null;
}

export class Tally {
  private passes = 0;
  private readonly secondsOf = new Map<number, number>(); //  of each failure, by its index
  private readonly stretches = new Stretches();
  private readonly groups = new Map<string, Group>();
  private readonly ways: DistinctCounter;
  private controlled = 0;
  private choices = 0;
  private preemptions = 0;

  /** @param hashesMax interleavings that are told apart without sampling */
  constructor(hashesMax = HASHES_MAX) {
    this.ways = new DistinctCounter(hashesMax);
  }

  get trials(): number {
    return this.passes + this.failures;
  }

  get failures(): number {
    return this.secondsOf.size;
  }

  /** Trials in a row that passed.  @throws RangeError when one of them was told of before as passed */
  passed(stretch: PassedTrials): void {
    const { first, trials, stride = 1, givenUp = 0, seconds } = stretch;
    this.stretches.add({ first, stride, trials, givenUp, seconds });
    this.passes += trials;
    if (stretch.choices !== undefined) {
      this.controlled += trials;
      this.choices += stretch.choices;
      this.preemptions += stretch.preemptions ?? 0;
    }
    for (const [hash, times] of stretch.interleavings ?? []) this.ways.add(hash, times);
  }

  /**
   * A trial that did not pass.
   * @param interleaving its hash, in a controlled run
   * @throws RangeError when it was told of before as failed
   */
  failed(trial: FailedTrial, interleaving?: number): void {
    const { index, seconds, signature, verdict, message, dump, replay, schedule } = trial;
    this.insertFailure(index, seconds);
    const told = (text: string | null): Told | undefined =>
      text === null ? undefined : { index, text };
    this.insertGroup(signature, {
      verdict,
      count: 1,
      first: { index, text: message },
      dump: told(dump),
      replay: told(replay),
    });
    if (schedule !== null) {
      this.controlled++;
      this.choices += schedule.choices;
      this.preemptions += schedule.preemptions;
    }
    if (interleaving !== undefined) this.ways.add(interleaving);
  }

  /** Adds what another tally was told of other trials.  @throws RangeError when they are not others */
  merge(other: Tally): void {
    this.passes += other.passes;
    this.stretches.merge(other.stretches);
    for (const [index, seconds] of other.secondsOf) this.insertFailure(index, seconds);
    for (const [signature, group] of other.groups) this.insertGroup(signature, { ...group });
    this.ways.merge(other.ways);
    this.controlled += other.controlled;
    this.choices += other.choices;
    this.preemptions += other.preemptions;
  }

  statistics(): Statistics {
    const { trials, seconds } = this.observations();
    const curve = curveOf(trials);
    const mean = (sum: number): number | null =>
      this.controlled === 0 ? null : sum / this.controlled;
    return {
      rate: rateOf(this.failures, this.trials),
      time_to_failure_s: toFailure(seconds, curveOf(seconds)),
      schedules_to_failure: toFailure(trials, curve),
      survival: thinned(curve),
      failures: this.distinctFailures(),
      coverage: this.coverage(),
      choices: mean(this.choices),
      preemptions: mean(this.preemptions),
    };
  }

  /** What was observed of how long it takes to fail: in schedules, and in seconds where a clock was fine enough. */
  lengths(): { readonly schedules: Lengths; readonly seconds: Lengths } {
    const { trials, seconds } = this.observations();
    const isTimed = seconds.some((each) => each > 0);
    return { schedules: ending(trials), seconds: isTimed ? ending(seconds) : ending(null) };
  }

  private insertFailure(index: number, seconds: number): void {
    if (this.secondsOf.has(index)) throw new RangeError(`trial ${index} was counted before`);
    this.secondsOf.set(index, seconds);
  }

  private insertGroup(signature: string, group: Group): void {
    const mine = this.groups.get(signature);
    if (mine === undefined) {
      this.groups.set(signature, group);
      return;
    }
    mine.count += group.count;
    mine.first = earlier(mine.first, group.first)!;
    mine.dump = earlier(mine.dump, group.dump);
    mine.replay = earlier(mine.replay, group.replay);
  }

  private observations(): Observations {
    const at = [...this.secondsOf.keys()].toSorted((a, b) => a - b);
    const trials = new Float64Array(at.length + 1).fill(1, 0, at.length);
    const seconds = Float64Array.from([...at.map((index) => this.secondsOf.get(index)!), 0]);
    this.stretches.deal(at, { trials, seconds });
    return { trials, seconds };
  }

  private distinctFailures(): DistinctFailure[] {
    return [...this.groups]
      .map(([signature, { verdict, count, first, dump, replay }]) => ({
        signature,
        verdict,
        message: first.text,
        count,
        first: first.index,
        dump: dump?.text ?? null,
        replay: replay?.text ?? null,
      }))
      .toSorted((a, b) => b.count - a.count || a.first - b.first);
  }

  private coverage(): Coverage | null {
    const { counted, distinct, unseen, nextIsNew, exact } = this.ways.estimate();
    if (counted === 0) return null;
    return {
      interleavings: counted,
      distinct,
      unseen_estimate: Math.round(unseen),
      next_is_new: nextIsNew,
      exact,
    };
  }
}

function earlier(a: Told | undefined, b: Told | undefined): Told | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.index < a.index ? b : a;
}

// As curveOf() has them, for whoever compares.
function ending(lengths: Float64Array | null): Lengths {
  const cut = lengths?.at(-1) ?? 0;
  return { failed: Array.from(lengths?.subarray(0, -1) ?? []), cut: cut > 0 ? [cut] : [] };
}

// All observations but the last ended with a failure; one of no length was not begun.
function curveOf(lengths: Float64Array): Curve {
  const cut = lengths.at(-1)!;
  return kaplanMeier(lengths.subarray(0, -1), cut > 0 ? [cut] : []);
}

// Nothing is known of lengths that a clock was too coarse for: all 0.
function toFailure(lengths: Float64Array, curve: Curve): ToFailure | null {
  const of = lengths.reduce((sum, each) => sum + each, 0);
  if (lengths.length === 1 || of === 0) return null;
  return {
    first: lengths[0]!,
    of,
    median: survivalQuantile(curve, 0.5),
    p90: survivalQuantile(curve, 0.9),
    n: lengths.length - 1,
  };
}

// The first and the last point are among those that stay.
function thinned({ steps }: Curve): Statistics['survival'] {
  const kept = Math.min(POINTS_MAX, steps.length);
  return Array.from({ length: kept }, (_, i) => {
    const at = kept === 1 ? 0 : Math.round((i * (steps.length - 1)) / (kept - 1));
    const { at: length, survival, low, high } = steps[at]!;
    return [length, survival, low, high] as const;
  });
}
