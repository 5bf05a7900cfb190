/*
 * Shrinking: a shorter schedule, with fewer switches, that still fails in the same way.
 *
 * A failing schedule has switches that the failure does not need.  We take runs out, join what lies beside them, cut
 * the end off, and keep whatever still fails.  Each try is one trial by replay, which goes on by itself where
 * a schedule is silent; what the trial then really did is the schedule that is kept, so nothing is invented.
 *
 *     1. cut the end off, by halves, then by single runs                 what comes after is often noise
 *     2. take n runs out at once, n halved each round                    as ddmin does (Zeller 1999)
 *     3. move a run to another place: it may belong before what it was switched away from
 *
 * until a whole round gains nothing.  Better is: fewer preemptions, then fewer runs, then fewer choices.  The
 * result is a local minimum: no single step of these makes it better.
 */

import type { Run, Schedule } from './schedule.ts';
import { lengthOf, scheduleOf, choicesOf } from './schedule.ts';

/** What a trial of a schedule came to. */
export interface Tried {
  /** whether it failed in the way that is looked for */
  readonly fails: boolean;
  /** what really ran */
  readonly schedule: Schedule;
  /** switches away from a thread that could go on */
  readonly preemptions: number;
}

export interface Shrunk extends Tried {
  readonly trials: number;
}

/** @param attempt runs a schedule @param trialsMax trials at most */
export async function shrink(
  first: Tried,
  attempt: (schedule: Schedule) => Promise<Tried> | Tried,
  trialsMax = 2_000,
): Promise<Shrunk> {
  let best = first;
  let trials = 0;
  const seen = new Set<string>();

  /** Tries a schedule, and keeps it if it is better. */
  async function better(schedule: Schedule): Promise<boolean> {
    const key = JSON.stringify(schedule);
    if (trials >= trialsMax || seen.has(key)) return false;
    seen.add(key);
    trials++;
    const tried = await attempt(schedule);
    if (!tried.fails || compare(tried, best) >= 0) return false;
    best = tried;
    return true;
  }

  for (let gained = true; gained && trials < trialsMax;) {
    gained = false;
    for (let n = best.schedule.length >> 1; n >= 1; n >>= 1) {
      while (n < best.schedule.length && (await better(best.schedule.slice(0, -n)))) gained = true;
    }
    for (let n = best.schedule.length >> 1; n >= 1; n >>= 1) {
      for (let at = 0; at + n <= best.schedule.length;) {
        if (await better(without(best.schedule, at, n))) gained = true;
        else at++;
      }
    }
    for (let from = 0; from < best.schedule.length; from++) {
      for (let to = 0; to < best.schedule.length; to++) {
        if (from !== to && (await better(moved(best.schedule, from, to)))) gained = true;
      }
    }
  }
  return { ...best, trials };
}

function compare(a: Tried, b: Tried): number {
  return (
    a.preemptions - b.preemptions ||
    a.schedule.length - b.schedule.length ||
    lengthOf(a.schedule) - lengthOf(b.schedule)
  );
}

/** The schedule without some runs: what they did is left to whoever runs then. */
function without(schedule: Schedule, at: number, n: number): Schedule {
  return joined([...schedule.slice(0, at), ...schedule.slice(at + n)]);
}

function moved(schedule: Schedule, from: number, to: number): Schedule {
  const rest = [...schedule];
  const taken = rest.splice(from, 1);
  rest.splice(to, 0, ...taken);
  return joined(rest);
}

function joined(runs: readonly Run[]): Schedule {
  return scheduleOf(choicesOf(runs));
}
