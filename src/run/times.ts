/*
 * Times at rest: what the histograms of an image say once their trial is over, in records, summaries and reports.
 *
 *     metric        the time                                            counted where
 *     ----------    ------------------------------------------------    ----------------------------------------
 *     acquire_ns    from wanting a lock to having it (kernel/track.ts)  free runs with --track events
 *
 * A histogram of 464 counts has a few dozen that are not 0, so those are written, each by the largest value that belongs
 * to its bucket (base/log-linear.ts): whoever reads a journal needs no table of buckets, and to merge is to add.
 *
 *     "times":{"acquire_ns":{"max":51230,"counts":[[111,7],[119,2048],…,[53247,1]]}}
 *
 * What is read back is too large by less than a sixteenth and never too small, but for the largest, which is exact.  So a
 * threshold that is kept was kept.
 *
 * Nothing is there where nobody counted.  Where somebody did, and there was nothing to count, the counts are empty: to
 * have acquired nothing is not to have acquired fast.
 *
 * Records come from a journal that nobody checked: what is no count is left out.
 */

import { countedIn, valueAt, type Counts } from '../base/log-linear.ts';

/** Every metric of this kind. */
export const TIME_METRICS = ['acquire_ns'] as const;
export type TimeMetric = (typeof TIME_METRICS)[number];

/** Those that are told, and compared. */
export const PERCENTILES = [50, 99, 99.9] as const;

export interface Times {
  /** the largest, as it was */
  readonly max: number;
  /** by the largest value of each bucket, in order */
  readonly counts: Counts;
}

/** Of a trial, or of many. */
export type TimesByMetric = Readonly<Partial<Record<TimeMetric, Times>>>;

/** What a record adds to its own fields; nothing where nobody counted. */
export interface Timed {
  readonly times?: TimesByMetric;
}

interface Sum {
  max: number;
  readonly counts: Map<number, number>;
}

/** Many trials' times, added up. */
export class TimesSum {
  private readonly sums = new Map<TimeMetric, Sum>();

  /** @param times of a record, or whatever stands there */
  add(times: unknown): this {
    for (const metric of TIME_METRICS) {
      const one: unknown = isObject(times) ? times[metric] : undefined;
      if (!isObject(one) || !isCount(one['max']) || !Array.isArray(one['counts'])) continue;
      const sum = this.sums.get(metric) ?? { max: 0, counts: new Map<number, number>() };
      this.sums.set(metric, sum);
      sum.max = Math.max(sum.max, one['max']);
      for (const each of one['counts'] as unknown[]) {
        const [value, count] = Array.isArray(each) ? (each as unknown[]) : [];
        if (isCount(value) && isCount(count))
          sum.counts.set(value, (sum.counts.get(value) ?? 0) + count);
      }
    }
    return this;
  }

  /** All of it, as a record says it. */
  get said(): Timed {
    if (this.sums.size === 0) return {};
    const times = [...this.sums].map(([metric, { max, counts }]) => {
      return [metric, { max, counts: [...counts].toSorted(([a], [b]) => a - b) }] as const;
    });
    return { times: Object.fromEntries(times) };
  }
}

/** How many were counted. */
export function timesCounted({ counts }: Times): number {
  return countedIn(counts);
}

/** The least value that a share q of all does not exceed; NaN when nothing was counted. */
export function timeAt({ counts, max }: Times, q: number): number {
  return valueAt(counts, max, q);
}

/** NaN when nothing was counted. */
export function timeMean(times: Times): number {
  const sum = times.counts.reduce((all, [value, n]) => all + Math.min(times.max, value) * n, 0);
  return sum / timesCounted(times);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
