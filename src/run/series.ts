/*
 * A series: trials of a controlled run, one behind the other, without leaving the threads.
 *
 * The main thread boots once and takes a snapshot.  Its hosts come through the start gate, and then whichever of them ends
 * the last role of a trial looks at what it came to, rewinds the image, and begins the next:
 *
 *     the trial …                                   and then
 *     -------------------------------------------   --------------------------------------------------------
 *     is beyond doubt: all roles came back with     a line of the series' log; the next trial, at once
 *       nothing in their hands, check() is content,
 *       no outcome is forbidden
 *     was given up by the strategy                  the same, as none that counts
 *     strayed from a schedule that was given, is    the series is over, and the image is left as it lies: the
 *       anything else, or the last one that was       main thread judges it, as the end of any other trial
 *       ordered, or the strategy has tried all
 *     is frozen, panicked, halted                   the watchdog judges it; the hosts go when the machine halts
 *
 * So nothing is decided here but that a trial needs no further look; whatever does is looked at by those who
 * look at free runs.  A trial costs its choices, its switches and a rewind: no message, no timer, no barrier.
 *
 * What it takes for granted: a role keeps nothing on the heap of its thread from one trial to the next, since who
 * runs it may be another thread (invariant: no lock state on the JavaScript heap).
 */

import { outcomeAt, threadAt } from '../layout/image.ts';
import { header, image_header, koutcome, kthread, type TrackLevel } from '../layout/records.ts';
import { kbaton, ktrial } from '../layout/control-records.ts';
import type { Snapshot } from '../layout/snapshot.ts';
import type { Ref } from '../layout/struct.ts';
import { add, get, load, put, store } from '../layout/word.ts';
import { thread_attach } from '../kernel/startup.ts';
import { halted } from '../kernel/thread.ts';
import { ENDED, GONE, type Baton } from './baton.ts';
import { resetTrial } from './control.ts';
import { outcomesBegin } from './counts.ts';
import { runRole, type Part } from './role.ts';
import type { Trial, Workload } from './workload.ts';

/** kthread.thread_id of a thread that no host runs. */
export const NO_HOST = -1;

export interface Cast {
  readonly threadId: number;
  readonly osTid: number;
  readonly track: TrackLevel;
  readonly workload: Workload;
  /** by their place in the roster */
  readonly parts: readonly Part[];
  /** what check() is given; the seed is the image's */
  readonly trial: Omit<Trial, 'seed'>;
}

/** One host's end of it. */
export class Series {
  private readonly baton: Baton;
  private readonly snapshot: Snapshot;
  private readonly cast: Cast;
  /** rows of the outcomes that no trial may have */
  private readonly forbidden: readonly number[];
  private readonly outcomes: number;
  private readonly words = get(header, image_header.baton);

  constructor(baton: Baton, snapshot: Snapshot, cast: Cast) {
    this.baton = baton;
    this.snapshot = snapshot;
    this.cast = cast;
    const outcomes = Object.values(cast.workload.outcomes ?? {});
    this.outcomes = outcomes.length;
    this.forbidden = outcomes.flatMap(({ grade }, i) => (grade === 'forbidden' ? [i] : []));
  }

  /** This host's part of it, behind the start gate.  @param isOpener whether it opened that */
  play(isOpener: boolean): void {
    const { baton } = this;
    if (isOpener) baton.open();
    let next = isOpener ? this.settle(baton.first()) : baton.awaitRole();
    while (next !== GONE) next = this.onward(this.role(next));
  }

  /** Who goes on is here, or elsewhere, or nobody: what this host does then. */
  private onward(next: number): number {
    const { baton } = this;
    const chosen = this.settle(next);
    return chosen < 0 || baton.isFresh(chosen) ? chosen : baton.handOver(chosen);
  }

  /** Ends trials and begins others until somebody has been chosen. */
  private settle(chosen: number): number {
    let next = chosen;
    while (next === ENDED) {
      if (!this.another()) {
        this.baton.dismiss();
        return GONE;
      }
      next = this.baton.first();
    }
    return next;
  }

  /** Becomes a thread of the roster until its role is over. */
  private role(thread: number): number {
    const { baton, cast } = this;
    const t = threadAt(thread + 1);
    put(t, kthread.thread_id, cast.threadId);
    put(t, kthread.os_tid, cast.osTid);
    thread_attach(t, cast.track);
    baton.enter(thread);
    const isSound = runRole(cast.parts[thread]!);
    const next = baton.leave(isSound);
    if (next !== GONE) put(t, kthread.thread_id, NO_HOST);
    return next;
  }

  /** The trial is over, and nobody is in it.  @returns whether another one has begun */
  private another(): boolean {
    const { words, baton } = this;
    if (halted() || get(words, kbaton.doubt) !== 0 || load(words, kbaton.enough) !== 0)
      return false;
    const trial = get(words, kbaton.trial);
    const isGivenUp = get(words, kbaton.given_up) !== 0;
    if (trial + 1 >= get(words, kbaton.trials_max) || !(isGivenUp || this.isContent()))
      return false;
    const choices = get(words, kbaton.step);
    const { strategy } = baton;
    strategy.end(choices, !isGivenUp);
    put(words, kbaton.ended, 1);
    if ((strategy.strayed ?? -1) >= 0) return false;
    if (!strategy.begin()) {
      put(words, kbaton.exhausted, 1);
      return false;
    }
    put(words, kbaton.ended, 0);
    const row = (get(words, kbaton.trials) + trial * ktrial.$.size) as Ref<'ktrial'>;
    put(row, ktrial.choices, isGivenUp ? 0 : choices);
    put(row, ktrial.preemptions, get(words, kbaton.preemptions));
    put(row, ktrial.hash, get(words, kbaton.hash));
    add(words, kbaton.rewinds, 1);
    this.snapshot.rewind();
    outcomesBegin(this.outcomes);
    resetTrial(this.cast.parts.length);
    store(words, kbaton.trial, trial + 1);
    add(words, kbaton.rewinds, 1);
    return true;
  }

  /** Whether nothing is to be said against the trial.  If in doubt, the main thread looks. */
  private isContent(): boolean {
    for (const i of this.forbidden) {
      const row = outcomeAt(i);
      if (get(row, koutcome.count) !== get(row, koutcome.before)) return false;
    }
    const { workload, trial, track } = this.cast;
    if (workload.check === undefined) return true;
    // As the main thread would: check() may use the kernel, and is not part of the trial.
    thread_attach(threadAt(0), track);
    try {
      // Where there is a share(), a series is one trial, which the main thread checks.
      return workload.check({ ...trial, seed: get(header, image_header.seed) >>> 0 }) === undefined;
    } catch {
      return false;
    }
  }
}
