/*
 * A verdict in the journal whose trial is not there.
 *
 * The watchdog writes down what it found before it does anything else, and the supervisor writes the trial's record when the
 * dump is there.  Who is killed between the two leaves the first alone.  Nothing more will come of that trial, so what the
 * watchdog said stands for it; and for the trials of its series that had passed before, which nobody else tells of.
 */

import type { SeriesRecord, TrialRecord } from './campaign-records.ts';
import type { TrialOutcome } from './protocol.ts';
import type { Fields } from './schema.ts';
import type { Grade } from './workload.ts';

/** What the watchdog adds to an outcome, for the journal. */
type Told = Pick<TrialRecord, 'workload' | 'variant' | 'strategy' | 'seed'>;

/** What a verdict is worth where its trial's own record is missing. */
function gradeOf(verdict: string, declared: string | undefined): Grade {
  if (declared === undefined) return 'interesting';
  return verdict === declared ? 'expected' : 'forbidden';
}

/** The watchdog's word for a trial that nobody else told of: the record that it would have had, and its series. */
export function recordsOfVerdict(
  record: Fields,
  declared: string | undefined,
): { readonly series: SeriesRecord | null; readonly trial: TrialRecord } {
  const { before, at: _at, log: _log, ...outcome } = record as unknown as TrialOutcome & Told;
  const trial: TrialRecord = {
    ...outcome,
    type: 'trial',
    message: outcome.message === '' ? null : outcome.message,
    grade: gradeOf(outcome.verdict, declared),
    dump: null,
    replay: null,
    dump_ms: null,
    dump_error: null,
  };
  if (before === null || before === undefined || before.trials === 0)
    return { series: null, trial };
  const { workload, variant, strategy, seed, index } = trial;
  const { trials, givenUp, choices, preemptions } = before;
  const series: SeriesRecord = {
    type: 'series',
    workload,
    variant,
    strategy,
    first: index - trials,
    seed,
    passed: trials - givenUp,
    given_up: givenUp,
    choices,
    preemptions,
    outcomes: {},
    seconds: 0,
    hashes: [],
  };
  return { series, trial };
}
