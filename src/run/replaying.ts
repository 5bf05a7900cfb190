/*
 * Whether trials of a schedule were replays of it.
 *
 *     a trial is a replay         if it came to the verdict that was recorded, and each choice was made as given
 *     the replays are one         if, moreover, all did the same at the same choice (sched/events.ts)
 *
 * That is checked for every trial and not concluded from the verdict: a program that was changed may well fail in the
 * same way by another course.  The choices themselves are compared, whatever the strategy said of them: it does not
 * hear of a trial that the watchdog ended.  What is not so is said, with the trial and the choice where it was first
 * seen.
 */

import { counted } from '../base/counted.ts';
import { printable } from '../base/text.ts';
import type { VerdictName } from '../base/verdict.ts';
import { firstDifference, type EventLog } from '../sched/events.ts';
import { choicesOf, parseToken } from '../sched/schedule.ts';
import type { TrialSchedule } from './protocol.ts';

/** What was recorded. */
export interface Recorded {
  readonly verdict: VerdictName;
  /** the thread of each choice */
  readonly choices: readonly number[];
}

/** A trial that was to be a replay. */
export interface Replayed {
  readonly verdict: VerdictName;
  readonly schedule: TrialSchedule | null;
  /** what was done at each choice, as far as the machine said */
  readonly log?: EventLog | undefined;
}

export interface Judgement {
  /** how many were replays */
  readonly same: number;
  readonly of: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** the first choice that was not made as given, and in which trial; the first trial is 1 */
  readonly strayed: { readonly trial: number; readonly choice: number } | null;
  /** the first trial that did something else at the same choices than those before */
  readonly unsteady: number | null;
  /** a sentence a line, the first of them the answer */
  readonly says: readonly string[];
}

/** Verdicts that are given when nothing was heard for long enough: where the choices end is by the host's clock. */
const TIMED: ReadonlySet<VerdictName> = new Set(['livelock', 'starvation', 'stall']);

/**
 * The first choice that was not made as given, or was not given, or not made; -1: none.  Of a verdict by the clock only
 * choices that are in both are compared.
 */
export function strayOf(
  given: readonly number[],
  made: readonly number[],
  verdict: VerdictName,
): number {
  const both = Math.min(given.length, made.length);
  for (let i = 0; i < both; i++) if (given[i] !== made[i]) return i;
  return given.length === made.length || TIMED.has(verdict) ? -1 : both;
}

/** @param threads names, by place in the roster */
export function judgeReplays(
  recorded: Recorded,
  trials: readonly Replayed[],
  threads: readonly string[],
): Judgement {
  const verdicts: Record<string, number> = {};
  for (const { verdict } of trials) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  const courses = trials.map((trial): Course => {
    const made = trial.schedule === null ? [] : choicesOf(parseToken(trial.schedule.token));
    const isKnown = trial.schedule !== null;
    return { trial, made, stray: isKnown ? strayOf(recorded.choices, made, trial.verdict) : -1 };
  });
  const isReplay = ({ trial, stray }: Course): boolean =>
    trial.verdict === recorded.verdict && trial.schedule !== null && stray < 0;
  const same = courses.filter(isReplay).length;
  const of = trials.length;
  const strays = courses.filter(({ stray }) => stray >= 0);
  const [first] = strays;
  const unsteady = unsteadyOf(courses);
  const counts = `replayed ${same} of ${of}`;
  const says: string[] = [];
  if (of > 0 && same === of) {
    const choices = counted(recorded.choices.length, 'choice');
    says.push(`${counts}: ${recorded.verdict}${of === 1 ? '' : ' each time'}, the same ${choices}`);
  } else {
    says.push(`${counts}: ${verdictsOf(verdicts)}; recorded was ${recorded.verdict}`);
  }
  if (first !== undefined) {
    const which = `${strays.length} of them, first trial ${courses.indexOf(first) + 1}, `;
    says.push(`${of === 1 ? '' : which}strayed: ${strayedHow(recorded, first, threads)}`);
  }
  const other = unsteady === undefined ? -1 : courses.indexOf(unsteady[1]);
  if (unsteady !== undefined) {
    const where = differenceOf(unsteady, threads);
    says.push(
      `trial ${other + 1} did not do the same at the same choices${where}: the program decides by what no schedule controls`,
    );
  }
  return {
    same,
    of,
    verdicts,
    strayed:
      first === undefined ? null : { trial: courses.indexOf(first) + 1, choice: first.stray },
    unsteady: other < 0 ? null : other + 1,
    says,
  };
}

/** A trial, the choices it made, and the first that was not as given. */
interface Course {
  readonly trial: Replayed;
  readonly made: readonly number[];
  readonly stray: number;
}

/** What was not made as given. */
function strayedHow(
  { choices }: Recorded,
  { made, stray: at }: Course,
  threads: readonly string[],
): string {
  const name = (thread = -1): string => printable(threads[thread] ?? `#${thread}`);
  if (at >= choices.length) {
    return `behind the last of ${counted(choices.length, 'choice')} ${name(made[at])} went on`;
  }
  if (at >= made.length) {
    return `it was over after ${counted(made.length, 'choice')} of ${choices.length.toLocaleString('en')}`;
  }
  return `choice ${at.toLocaleString('en')} was given to ${name(choices[at])}, which could not go on, and ${name(made[at])} did`;
}

/** Two trials of the same choices that did not do the same: the first, and the first that differs from it. */
function unsteadyOf(courses: readonly Course[]): readonly [Course, Course] | undefined {
  const [first, ...others] = courses.filter(
    ({ trial, stray }) => stray < 0 && trial.schedule !== null && !TIMED.has(trial.verdict),
  );
  const other = others.find(
    ({ trial }) => trial.schedule?.events !== first?.trial.schedule?.events,
  );
  return first === undefined || other === undefined ? undefined : [first, other];
}

function differenceOf(
  [{ trial: first }, { trial: other }]: readonly [Course, Course],
  threads: readonly string[],
): string {
  if (first.log === undefined || other.log === undefined) return '';
  const where = firstDifference(first.log, other.log, threads);
  return where === undefined ? '' : `, ${printable(where)}`;
}

/** `deadlock 97 times, pass 3 times` */
function verdictsOf(verdicts: Readonly<Record<string, number>>): string {
  const all = Object.entries(verdicts);
  if (all.length === 0) return 'no trial ended';
  if (all.length === 1) return all[0]![0];
  return all.map(([name, n]) => `${name} ${counted(n, 'time')}`).join(', ');
}
