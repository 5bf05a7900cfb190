/*
 * What there is to set a threshold on, and whether it was kept.
 *
 *     of a bench     QUESTION.FIGURE, tags are its params      a trend: all rounds of all processes
 *     of a run       failures, verdicts.NAME, outcomes.NAME    count; and rate, of all trials
 *                    trials                                    count
 *                    trial_seconds                             value: the mean of all trials
 *                    time_to_failure, schedules_to_failure     a trend of observations, some of them cut off
 *                    acquire_ns                                a trend of all acquires of all trials (run/times.ts);
 *                                                              with --track events
 *                    tags are workload, variant, strategy
 *
 *     a trend has avg, min, max, med, p(N) and count; where something was cut off, min, med, p(N) and count: no mean and no
 *     largest is known, and a quantile that was not reached is longer than any number.  Times are read from histograms:
 *     all but max and count are too large by less than a sixteenth, so what is kept was kept.  Of no time at all nothing
 *     can be said, and no threshold is kept.
 *
 * A value without a unit is in multiples of the floor where a figure has one, since that is what holds on another machine, and
 * else in the figure's own unit.  One with a unit is the time itself.
 *
 * A metric that is there several times, with other tags, must keep the threshold each time: what all threads together
 * came to would be nobody's figure.  Tags choose among them; a name without tags is the one that has none, where there is one:
 * lock-pair.mutex is ours as `bench lock-pair.mutex` measures it, not each lock that was measured beside it.
 *
 * What failed keeps no threshold.
 */

import { fail } from '../base/fail.ts';
import { percent } from '../base/interval.ts';
import type { Lengths } from '../base/log-rank.ts';
import { quantile } from '../base/stats.ts';
import { suggest } from '../base/suggest.ts';
import { shellWord } from '../base/text.ts';
import { VERDICTS } from '../base/verdict.ts';
import { kaplanMeier, survivalQuantile } from '../base/survival.ts';
import { grouped } from '../base/grouped.ts';
import type { RunModel } from '../report/model.ts';
import { figureKey, type FigureRecord } from '../run/figures.ts';
import { TIME_METRICS, timeAt, timeMean, timesCounted, type Times } from '../run/times.ts';
import { digits } from './text.ts';
import type { Aggregation, Operator, Threshold } from './threshold.ts';

/** Something that was measured, and how it can be said in one number. */
export interface Metric {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly has: Partial<Record<Aggregation, (percentile: number) => number>>;
  /** the same, over the floor; null where there is none */
  readonly overFloor: Metric['has'] | null;
  /** in few words, why it has no value: hung */
  readonly failure?: string | undefined;
}

/** What came of a threshold. */
export interface Judged {
  readonly threshold: Threshold;
  readonly metric: string;
  /** in the unit in which it was asked, with that unit */
  readonly seen: string;
  readonly isKept: boolean;
}

/** Names that a metric of a run can have; one that ends in a dot goes on. */
export const RUN_METRICS = [
  'trials',
  'failures',
  'trial_seconds',
  'time_to_failure',
  'schedules_to_failure',
  ...TIME_METRICS,
  ...VERDICTS.map((verdict) => `verdicts.${verdict}`),
  'outcomes.',
] as const;

/**
 * Refuses what cannot be there, before anything is measured.
 * @param names as RUN_METRICS has them
 * @throws Fail THRESHOLD_METRIC
 */
export function checkMetric({ metric }: Threshold, names: readonly string[]): void {
  const isPossible = names.some((name) =>
    name.endsWith('.') ? metric.startsWith(name) && metric !== name : metric === name,
  );
  if (isPossible) return;
  const known = names.map((name) => (name.endsWith('.') ? `${name}NAME` : name)).join(', ');
  throw fail('THRESHOLD_METRIC', { name: metric, known, suggestion: suggest(metric, names) });
}

/**
 * Refuses what a run at this level of tracking does not measure.
 * @param command that would measure it, without its thresholds
 * @throws Fail THRESHOLD_TRACK
 */
export function checkTracked({ metric, text }: Threshold, track: string, command: string): void {
  const isTime = TIME_METRICS.some((name) => name === metric);
  if (isTime && track === 'held')
    throw fail('THRESHOLD_TRACK', { name: metric, command, threshold: shellWord(text) });
}

export function metricsOfFigures(figures: readonly FigureRecord[]): Metric[] {
  return [...grouped(figures, figureKey).values()].map((group) => {
    const { question, name, params, seen, unit } = group[0]!;
    const asked = Object.entries(params).filter(([param]) => !seen.includes(param));
    const ratios = group.flatMap(({ values, floors }) =>
      floors === null ? [] : values.map((value, i) => value / floors[i]!),
    );
    return {
      name: `${question}.${name}`,
      tags: Object.fromEntries(asked.map(([param, value]) => [param, String(value)])),
      unit,
      has: trend(group.flatMap(({ values }) => values)),
      overFloor: ratios.length > 0 ? trend(ratios) : null,
      failure: group.find(({ failure }) => failure !== undefined)?.failure?.what,
    };
  });
}

export function metricsOfRun({ campaigns }: RunModel): Metric[] {
  return campaigns.flatMap(
    ({ workload, variant, strategy, trials, verdicts, outcomes, times, lengths }) => {
      const tags = { workload, variant, strategy };
      const common = { tags, unit: '', overFloor: null };
      const counted = (name: string, count: number): Metric => ({
        ...common,
        name,
        has: { count: () => count, rate: () => count / trials },
      });
      const { schedules, seconds } = lengths();
      const all = [...seconds.failed, ...seconds.cut].reduce((sum, each) => sum + each, 0);
      return [
        { ...common, name: 'trials', has: { count: () => trials } },
        counted('failures', trials - (verdicts['pass'] ?? 0)),
        ...VERDICTS.map((name) => counted(`verdicts.${name}`, verdicts[name] ?? 0)),
        ...Object.entries(outcomes).map(([name, count]) => counted(`outcomes.${name}`, count)),
        ...Object.entries(times).map(([name, each]) => ({ ...common, ...timeTrend(each), name })),
        { ...common, name: 'schedules_to_failure', has: cutTrend(schedules) },
        ...(all > 0
          ? [
              { ...common, name: 'time_to_failure', unit: 's', has: cutTrend(seconds) },
              { ...common, name: 'trial_seconds', unit: 's', has: { value: () => all / trials } },
            ]
          : []),
      ];
    },
  );
}

/**
 * Whether a threshold was kept, for each metric that it means.
 * @throws Fail THRESHOLD_METRIC where there is none, THRESHOLD_SYNTAX where it cannot be asked of it
 */
export function judge(threshold: Threshold, metrics: readonly Metric[]): Judged[] {
  const fits = metrics.filter(
    ({ name, tags }) =>
      name === threshold.metric && [...threshold.tags].every(([tag, value]) => tags[tag] === value),
  );
  if (fits.length === 0) throw unknown(threshold, metrics);
  const bare = fits.filter(({ tags }) => Object.keys(tags).length === 0);
  const meant = threshold.tags.size === 0 && bare.length > 0 ? bare : fits;
  return meant.map((metric) => judgeOne(threshold, metric));
}

function judgeOne(threshold: Threshold, metric: Metric): Judged {
  if (metric.failure !== undefined)
    return { threshold, metric: labelOf(metric), seen: metric.failure, isKept: false };
  const { text, aggregation, percentile, operator, value, unit } = threshold;
  const isOverFloor = metric.overFloor !== null && unit === null && aggregation !== 'count';
  const has = isOverFloor ? metric.overFloor : metric.has;
  const known = Object.keys(has).join(', ');
  const of = has[aggregation];
  if (of === undefined)
    throw fail('THRESHOLD_SYNTAX', {
      text,
      what: `${metric.name} has no ${aggregation}; it has ${known}`,
    });
  const number = of(percentile);
  const scale = isOverFloor ? 1 : scaleOf(threshold, metric);
  const shown = isOverFloor
    ? `${digits(number)}×floor`
    : aggregation === 'rate'
      ? percent(number)
      : `${numeral(number / scale)}${aggregation === 'count' ? '' : (unit ?? metric.unit)}`;
  return {
    threshold,
    metric: labelOf(metric),
    seen: shown,
    isKept: HOLDS[operator](number, value * scale),
  };
}

/** What a value of the threshold's unit is in the metric's. */
function scaleOf({ text, unit, aggregation }: Threshold, metric: Metric): number {
  if (unit === null) return 1;
  if (unit === '%' && aggregation === 'rate') return 0.01;
  if (unit === metric.unit) return 1;
  const from = nanoseconds(unit);
  const to = nanoseconds(metric.unit);
  if (aggregation !== 'count' && aggregation !== 'rate' && from !== null && to !== null)
    return from / to;
  const own = metric.unit === '' ? 'no unit' : `the unit ${metric.unit}`;
  throw fail('THRESHOLD_SYNTAX', {
    text,
    what: `${unit} does not fit: ${aggregation} of ${metric.name} has ${aggregation === 'rate' ? 'the unit %' : aggregation === 'count' ? 'no unit' : own}`,
  });
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

function nanoseconds(unit: string): number | null {
  return NANOSECONDS[unit] ?? null;
}

const HOLDS: Readonly<Record<Operator, (seen: number, value: number) => boolean>> = {
  '<': (seen, value) => seen < value,
  '<=': (seen, value) => seen <= value,
  '>': (seen, value) => seen > value,
  '>=': (seen, value) => seen >= value,
  '==': (seen, value) => seen === value,
  '===': (seen, value) => seen === value,
  '!=': (seen, value) => seen !== value,
};

function trend(values: readonly number[]): Metric['has'] {
  return {
    avg: () => values.reduce((sum, each) => sum + each, 0) / values.length,
    min: () => quantile(values, 0),
    max: () => quantile(values, 1),
    med: () => quantile(values, 0.5),
    'p(N)': (percentile) => quantile(values, percentile / 100),
    count: () => values.length,
  };
}

/** Of a histogram, in nanoseconds. */
function timeTrend(times: Times): Pick<Metric, 'unit' | 'has' | 'failure'> {
  const count = timesCounted(times);
  return {
    unit: 'ns',
    has: {
      avg: () => timeMean(times),
      min: () => timeAt(times, 0),
      max: () => times.max,
      med: () => timeAt(times, 0.5),
      'p(N)': (percentile) => timeAt(times, percentile / 100),
      count: () => count,
    },
    failure: count === 0 ? 'of nothing: no lock was taken' : undefined,
  };
}

function cutTrend({ failed, cut }: Lengths): Metric['has'] {
  const curve = kaplanMeier(failed, cut);
  const at = (share: number): number => survivalQuantile(curve, share) ?? Infinity;
  return {
    min: () => (failed.length === 0 ? Infinity : quantile(failed, 0)),
    med: () => at(0.5),
    'p(N)': (percentile) => at(percentile / 100),
    count: () => failed.length,
  };
}

/** A count is whole, and is told so. */
function numeral(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : digits(value);
}

/** `boot.cold{threads=16}`. */
function labelOf({ name, tags }: Metric): string {
  const said = Object.entries(tags).map(([tag, value]) => `${tag}=${value}`);
  return `${name}${said.length === 0 ? '' : `{${said.join(',')}}`}`;
}

function unknown({ metric, tags }: Threshold, metrics: readonly Metric[]): Error {
  const names = [...new Set(metrics.map(({ name }) => name))];
  const isTag = names.includes(metric);
  const known = isTag ? metrics.filter(({ name }) => name === metric).map(labelOf) : names;
  const asked = labelOf({ name: metric, tags: Object.fromEntries(tags) } as Metric);
  return fail('THRESHOLD_METRIC', {
    name: asked,
    known: known.length === 0 ? 'nothing' : known.join(', '),
    suggestion: isTag ? suggest(asked, known) : suggest(metric, names),
  });
}
