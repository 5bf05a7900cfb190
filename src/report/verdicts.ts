/*
 * The verdict table: one row for each variant that ran.
 */

import { formatDuration, formatNs } from '../base/duration.ts';
import { table } from '../base/table.ts';
import { printable } from '../base/text.ts';
import type { Summary } from '../run/campaign-records.ts';
import type { ToFailure } from '../run/tally.ts';
import { PERCENTILES, timeAt, timesCounted, TimesSum } from '../run/times.ts';
import type { Colors } from '../base/color.ts';
import { shown } from './escape.ts';

/** Columns of a name in a table at most. */
export const NAME_MAX = 60;

/** The table, with its head. */
export function verdictTable(summaries: readonly Summary[], colors: Colors): string {
  const rows = summaries.map((summary) => [
    shown(summary.workload, NAME_MAX),
    shown(summary.variant, NAME_MAX),
    paint(summary, colors),
    shown(summary.declared, NAME_MAX),
    timeToFailure(summary),
    summary.trials,
    summary.dump === null ? null : printable(summary.dump),
  ]);
  return table(
    ['workload', 'variant', 'verdict', 'declared', 'time-to-failure', 'trials', 'dump'],
    rows,
  );
}

/** Outcomes of all campaigns that counted any, and how long things took in those that were timed. */
export function outcomeLines(summaries: readonly Summary[]): string[] {
  return summaries.flatMap(({ workload, variant, outcomes, times }) => {
    const counted = Object.entries(outcomes).filter(([, n]) => n > 0);
    const told = counted.map(([name, n]) => `${name} ${n.toLocaleString('en')}`).join(', ');
    return [told, ...timesTold(times)]
      .filter((each) => each !== '')
      .map((each) => shown(`${workload} ${variant}: ${each}`));
  });
}

/** `acquire_ns p50 119ns, p99 2.3us, p99.9 37us, max 4.2ms of 1,204,112`.  @param times of a record */
export function timesTold(times: unknown): string[] {
  return Object.entries(new TimesSum().add(times).said.times ?? {}).map(([metric, each]) => {
    const count = timesCounted(each);
    if (count === 0) return `${metric}: none`;
    const parts = PERCENTILES.map((p) => `p${p} ${formatNs(timeAt(each, p / 100))}`);
    return `${metric} ${parts.join(', ')}, max ${formatNs(each.max)} of ${count.toLocaleString('en')}`;
  });
}

/** `deadlock`, or `deadlock×18,pass×2` where trials differ. */
export function verdictsOf({ verdicts }: Summary): string {
  const entries = Object.entries(verdicts).toSorted(([, a], [, b]) => b - a);
  if (entries.length === 1) return shown(entries[0]![0], NAME_MAX);
  return shown(entries.map(([verdict, n]) => `${verdict}×${n}`).join(','));
}

function paint(summary: Summary, { green, red, yellow }: Colors): string {
  const text = verdictsOf(summary);
  if (summary.grade === 'forbidden') return red(text);
  return summary.grade === 'interesting' ? yellow(text) : green(text);
}

// A median of one is no median: what is known is when it came.
function timeToFailure({
  time_to_failure_s: time,
}: Pick<Summary, 'time_to_failure_s'>): string | null {
  if (time === null) return null;
  const { first, median, p90, n }: Partial<ToFailure> = time;
  const told = (seconds: number | null | undefined): string =>
    formatDuration((seconds ?? NaN) * 1000);
  if (n === 1) return told(first ?? median);
  return `${told(median)},p90=${told(p90)}`;
}
