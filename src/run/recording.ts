/*
 * From what a machine reports to what a campaign says.
 *
 * A machine is ordered to run a trial, or as many as need no look, and reports the last one, with a sum of those before it:
 *
 *     the last one                                     becomes
 *     ----------------------------------------------   ----------------------------------------------------------
 *     passed, under a strategy, no outcome forbidden   part of the series before it: there is nothing more to say
 *     anything else; every trial of a free run;        a record of its own, behind a series of those before it,
 *       a replay, which somebody wants to look at        if there were any
 *
 * The time that an order took is shared evenly among its trials, since nobody stopped a clock between them.
 */

import { closeAgain } from './again.ts';
import type { SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import { gradeTrial } from './grade.ts';
import { againOf, declaredBy, keyOf, seedAt, type CampaignPlan } from './plan.ts';
import type { DumpReport, SeriesReport, TrialOutcome, TrialSchedule } from './protocol.ts';
import { addUp } from './totals.ts';
import type { Grade } from './workload.ts';

/** An order that is over. */
export interface OrderEnd {
  /** the index of its first trial */
  readonly first: number;
  readonly outcome: TrialOutcome;
  /** the file named as in the results directory */
  readonly dump: DumpReport | null;
  /** of real time, of all its trials */
  readonly seconds: number;
  /** names, by place in the roster */
  readonly threads: readonly string[];
}

/** What it came to. */
export interface Came {
  readonly series: SeriesRecord | null;
  readonly record: TrialRecord | null;
  readonly outcome: TrialOutcome;
  /** names, by place in the roster */
  readonly threads: readonly string[];
  /** of real time, of the record's trial */
  readonly seconds: number;
  /** of the trials of the series, and of the last one */
  readonly grades: readonly Grade[];
  /** where the program did not do what it had done; who replays is told elsewhere */
  readonly strayed: Summary['strayed'];
}

const NONE: SeriesReport = {
  trials: 0,
  givenUp: 0,
  choices: 0,
  preemptions: 0,
  outcomes: {},
  hashes: [],
  handoffs: 0,
};

/** An order that is over, in the campaign's terms. */
export function recorded(plan: CampaignPlan, end: OrderEnd): Came {
  const { outcome, threads } = end;
  const { schedule, before } = outcome;
  const grade = gradeOf(plan, outcome);
  const isReplay = plan.schedule !== null;
  const hasStrayed = schedule !== null && schedule.strayed >= 0;
  const isPlain =
    schedule !== null &&
    !isReplay &&
    !hasStrayed &&
    outcome.verdict === 'pass' &&
    grade !== 'forbidden';
  const passed = isPlain ? withLast(before ?? NONE, schedule, outcome.outcomes) : (before ?? NONE);
  const share = passed.trials / (passed.trials + (isPlain ? 0 : 1));
  return {
    series: passed.trials === 0 ? null : seriesRecord(plan, end, passed, end.seconds * share),
    record: isPlain ? null : trialRecord(plan, end, grade),
    outcome,
    threads,
    seconds: schedule === null ? outcome.seconds : end.seconds * (1 - share),
    grades: [grade, gradeOf(plan, { verdict: 'pass', outcomes: passed.outcomes })],
    strayed: hasStrayed && !isReplay ? { trial: outcome.index, choice: schedule.strayed } : null,
  };
}

function gradeOf(plan: CampaignPlan, trial: Pick<TrialOutcome, 'verdict' | 'outcomes'>): Grade {
  return gradeTrial(declaredBy(plan), plan.entry.workload.outcomes ?? {}, trial);
}

/** A series, and the trial that ended it and passed, too. */
function withLast(
  before: SeriesReport,
  last: TrialSchedule,
  happened: Readonly<Record<string, number>>,
): SeriesReport {
  const { trials, givenUp, choices, preemptions, hashes, handoffs } = before;
  const outcomes = addUp({ ...before.outcomes }, happened);
  if (last.givenUp) return { ...before, trials: trials + 1, givenUp: givenUp + 1, outcomes };
  return {
    trials: trials + 1,
    givenUp,
    choices: choices + last.choices,
    preemptions: preemptions + last.preemptions,
    outcomes,
    hashes: [...hashes, last.events],
    handoffs,
  };
}

function seriesRecord(
  plan: CampaignPlan,
  { first }: OrderEnd,
  { trials, givenUp, choices, preemptions, outcomes, hashes }: SeriesReport,
  seconds: number,
): SeriesRecord {
  return {
    type: 'series',
    ...keyOf(plan),
    first,
    seed: seedAt(plan, first),
    passed: trials - givenUp,
    given_up: givenUp,
    choices,
    preemptions,
    outcomes,
    seconds,
    hashes,
  };
}

function trialRecord(
  plan: CampaignPlan,
  { first, outcome, dump }: OrderEnd,
  grade: Grade,
): TrialRecord {
  const { index, verdict, schedule, times } = outcome;
  const seed = seedAt(plan, first);
  const file = dump?.file ?? null;
  // What a machine that died had chosen died with it.
  const isUnknown = plan.control !== null && schedule === null;
  return {
    type: 'trial',
    ...keyOf(plan),
    index,
    seed,
    verdict,
    grade,
    seconds: outcome.seconds,
    progress: outcome.progress,
    outcomes: outcome.outcomes,
    ...(times === undefined ? {} : { times }),
    dump: file,
    replay:
      verdict === 'pass' || isUnknown
        ? null
        : closeAgain(againOf(plan, index, seed), verdict, schedule),
    message: outcome.message === '' ? null : outcome.message,
    because: outcome.because,
    exact: outcome.exact,
    signature: outcome.signature,
    dump_ms: file === null ? null : (dump?.ms ?? null),
    dump_error: dump?.error ?? null,
    schedule,
  };
}
