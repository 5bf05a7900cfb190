/*
 * Totals: what many trials came to, where nothing but addition is needed.
 *
 * A campaign counts its own trials so, a soak those of all its turns, and a report those that it finds in a journal.  What
 * depends on their order or their lengths is tally.ts.
 */

import { TimesSum } from './times.ts';
import type { Grade } from './workload.ts';

export class Totals {
  /** trials of each verdict */
  readonly verdicts = noCounts();
  /** how often each outcome of the workload happened */
  readonly outcomes = noCounts();
  /** how long things took, where that was counted */
  readonly times = new TimesSum();
  /** of single trials, and of rows of them */
  readonly grades = new Set<Grade>();

  /** So many trials came to this verdict, and all of them together to these outcomes. */
  count(verdict: string, trials: number, outcomes: Readonly<Record<string, number>>): void {
    if (trials > 0) this.verdicts[verdict] = (this.verdicts[verdict] ?? 0) + trials;
    addUp(this.outcomes, outcomes);
  }
}

/** Counts by names, which may be anything: `__proto__`, `constructor`. */
function noCounts(): Record<string, number> {
  return Object.create(null) as Record<string, number>;
}

/** Adds the second to the first, name by name. */
export function addUp(
  sum: Record<string, number>,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  for (const [name, n] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}
