/*
 * Grades: what a verdict is worth, against what the variant declares.
 *
 *     declared    the trial came to    graded          the campaign is satisfied if
 *     --------    -----------------    ------------    ---------------------------------------------
 *     pass        pass                 expected        every trial passed
 *     pass        anything else        forbidden
 *     a failure   that                 expected        the declared failure showed at least once
 *     a failure   pass                 interesting     (a bug that did not show this time)
 *     a failure   another failure      forbidden
 *
 * An outcome that the workload grades forbidden makes its trial forbidden, in a variant that declares
 * pass.  In one that declares a failure it is one of the ways in which the bug shows.
 *
 * A declared failure that did not show is forbidden to a campaign, which was all there is.  Who has seen a part only, one
 * strategy of several or some shards of all, says `unshown`: interesting, for it may have shown elsewhere.
 */

import type { VerdictName } from '../base/verdict.ts';
import type { TrialOutcome } from './protocol.ts';
import type { Totals } from './totals.ts';
import type { Grade, Outcome } from './workload.ts';

/** What a trial is worth.  @param outcomes those that the workload declares; others are expected */
export function gradeTrial(
  declared: VerdictName,
  outcomes: Readonly<Record<string, Outcome>>,
  trial: Pick<TrialOutcome, 'verdict' | 'outcomes'>,
): Grade {
  if (declared !== 'pass') {
    if (trial.verdict === declared) return 'expected';
    return trial.verdict === 'pass' ? 'interesting' : 'forbidden';
  }
  const grades = new Set(
    Object.entries(trial.outcomes)
      .filter(([, n]) => n > 0)
      .map(([name]) => outcomes[name]?.grade ?? 'expected'),
  );
  if (trial.verdict !== 'pass' || grades.has('forbidden')) return 'forbidden';
  return grades.has('interesting') ? 'interesting' : 'expected';
}

/** What all trials together are worth.  @param unshown where a declared failure did not show */
export function gradeTotals(
  declared: string,
  { grades, verdicts }: Pick<Totals, 'grades' | 'verdicts'>,
  isStrayed: boolean,
  unshown: Grade,
): Grade {
  if (grades.has('forbidden') || isStrayed) return 'forbidden';
  if (declared !== 'pass') return (verdicts[declared] ?? 0) > 0 ? 'expected' : unshown;
  return grades.has('interesting') ? 'interesting' : 'expected';
}
