/*
 * The rows of a comparison: what two sides both have, and the test that says whether it differs.
 *
 *     what                                  test           interval
 *     -----------------------------------   ------------   ----------------------------------------------------------
 *     figures, seconds a trial, outcomes,   Mann-Whitney   of the ratio of the medians, by drawing again
 *       how long an acquire took
 *     how often it failed, and how          Fisher         of the ratio of the rates
 *     trials and seconds until failure      log-rank       of the hazards
 *
 * A figure is compared over its floor where both sides have one, else as it is.
 *
 * Which way is worse: a figure says it.  Where a variant declares a pass, to fail more often or sooner is worse; where
 * it declares its bug, what is tested is how well the bug is found, and to fail less often or later is.  Outcomes
 * have no better and no worse.
 *
 * The ratio of two lengths until failure is that of their hazards (base/log-rank.ts), turned over: trials of one kind fail
 * each with the same chance, so the one is the mean of the other.
 *
 * dfs and replay draw nothing, so of them no chance can be said: their rows are untested.
 *
 * Not here: what may be said of a p among many.  That takes the whole table (compare.ts).
 */

import { medianRatioInterval, ratioOf, type Interval } from '../base/bootstrap.ts';
import { fisherExact } from '../base/fisher.ts';
import { rateOf } from '../base/interval.ts';
import { logRank, type Lengths } from '../base/log-rank.ts';
import { leastP, mannWhitney } from '../base/mann-whitney.ts';
import { medianInterval } from '../base/median-interval.ts';
import { rateRatio } from '../base/rate-ratio.ts';
import { median } from '../base/stats.ts';
import { kaplanMeier, survivalQuantile } from '../base/survival.ts';
import type { CampaignSide, FigureSide } from './side.ts';

/** What a test may find where there is nothing, as a share. */
export const ALPHA = 0.05;
/** Strategies that draw nothing. */
const NOT_DRAWN = new Set(['dfs', 'replay']);
const SECONDS = 's';

/** One side of a row. */
export interface Middle {
  /** the median, or the rate; NaN where it is not known */
  readonly middle: number;
  /** its interval of 95%; null where there are too few samples for one */
  readonly interval: Interval | null;
  /** samples: processes, trials, failures, runs */
  readonly n: number;
}

/** What both sides have, tested. */
export interface Tested {
  /** the question, or the campaign */
  readonly group: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** '×floor' where ratios to a floor are compared */
  readonly unit: string;
  readonly a: Middle;
  readonly b: Middle;
  /** B over A, and its interval of 95%; NaN where nothing is known */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly test: 'mann-whitney' | 'log-rank' | 'fisher' | null;
  /** of two sides; NaN where nothing was tested */
  readonly p: number;
  readonly better: 'less' | 'more' | null;
  /** there are too few samples to find any difference, whatever they are */
  readonly tooFew: boolean;
}

/** The row of a figure; none where it failed, which is said apart. */
export function figureRow(x: FigureSide, y: FigureSide): Tested[] {
  const isOfFloor = x.ratios !== null && y.ratios !== null;
  const a = isOfFloor ? x.ratios : x.values;
  const b = isOfFloor ? y.ratios : y.values;
  if (a.length === 0 || b.length === 0) return [];
  const { question, name, params, seen, better } = x;
  const asked = Object.entries(params).filter(([param]) => !seen.includes(param));
  return [
    {
      ...ranked(a, b),
      group: question,
      name,
      params: Object.fromEntries(asked),
      unit: isOfFloor ? '×floor' : x.unit,
      better,
    },
  ];
}

/** Two samples of numbers. */
function ranked(
  a: readonly number[],
  b: readonly number[],
): Pick<Tested, 'a' | 'b' | 'ratio' | 'low' | 'high' | 'test' | 'p' | 'tooFew'> {
  const isOne = a.length < 2 || b.length < 2;
  const { low, high } = isOne ? { low: NaN, high: NaN } : medianRatioInterval(b, a);
  return {
    a: middleOf(a),
    b: middleOf(b),
    ratio: ratioOf(median(b), median(a)),
    low,
    high,
    test: 'mann-whitney',
    p: mannWhitney(a, b).p,
    tooFew: leastP(a.length, b.length) >= ALPHA,
  };
}

function middleOf(values: readonly number[]): Middle {
  return { middle: median(values), interval: medianInterval(values), n: values.length };
}

/** The rows of a campaign: how often it failed, and how; after how long; what came of its trials. */
export function campaignRows(x: CampaignSide, y: CampaignSide): Tested[] {
  const group = labelOfCampaign(y);
  const isDrawn = !NOT_DRAWN.has(x.strategy) && !NOT_DRAWN.has(y.strategy);
  const isClean = (y.declared ?? 'pass') === 'pass';
  const common = { group, params: {}, tooFew: false };
  const rows: Tested[] = [];
  const failed = (side: CampaignSide): number => side.trials - (side.verdicts['pass'] ?? 0);
  const shares = (name: string, countOf: (side: CampaignSide) => number): Tested => ({
    ...common,
    name,
    unit: 'of-trials',
    ...shared([countOf(x), x.trials], [countOf(y), y.trials], isDrawn),
    better: name === 'failures' ? (isClean ? 'less' : 'more') : null,
  });
  rows.push(shares('failures', failed));
  const verdicts = new Set([...Object.keys(x.verdicts), ...Object.keys(y.verdicts)]);
  const kinds = [...verdicts].filter((name) => name !== 'pass');
  // One kind of failure is the row above.
  if (kinds.length > 1)
    for (const name of kinds) rows.push(shares(name, ({ verdicts: all }) => all[name] ?? 0));
  const longer = isClean ? 'more' : 'less';
  const lengths = [
    ['schedules-to-failure', 'trials', x.schedules, y.schedules],
    ['time-to-failure', SECONDS, x.seconds, y.seconds],
  ] as const;
  for (const [name, unit, mine, theirs] of lengths)
    if (mine.failed.length + theirs.failed.length > 0)
      rows.push({ ...common, name, unit, ...watched(mine, theirs, isDrawn), better: longer });
  if (x.secondsOfTrial.length > 0 && y.secondsOfTrial.length > 0)
    rows.push({
      ...common,
      name: 'trial-seconds',
      unit: SECONDS,
      ...ranked(x.secondsOfTrial, y.secondsOfTrial),
      better: 'less',
    });
  for (const [name, mine] of Object.entries(x.outcomes)) {
    const theirs = y.outcomes[name];
    if (theirs === undefined) continue;
    rows.push({
      ...common,
      name: `outcome:${name}`,
      unit: 'a-trial',
      ...ranked(mine, theirs),
      better: null,
    });
  }
  for (const [name, mine] of Object.entries(x.times)) {
    const theirs = y.times[name];
    if (theirs === undefined) continue;
    rows.push({ ...common, name, unit: 'ns', ...ranked(mine, theirs), better: 'less' });
  }
  return rows;
}

type Compared = Pick<Tested, 'a' | 'b' | 'ratio' | 'low' | 'high' | 'test' | 'p'>;

/** How many of how many, twice. */
function shared(
  [k, n]: readonly [number, number],
  [l, m]: readonly [number, number],
  isDrawn: boolean,
): Compared {
  const [one, other] = [rateOf(k, n), rateOf(l, m)];
  return {
    a: { middle: one.value, interval: isDrawn ? one : null, n },
    b: { middle: other.value, interval: isDrawn ? other : null, n: m },
    ...rateRatio(l, m, k, n),
    test: isDrawn ? 'fisher' : null,
    p: isDrawn ? fisherExact(k, n, l, m) : NaN,
  };
}

/** Lengths until failure, twice. */
function watched(x: Lengths, y: Lengths, isDrawn: boolean): Compared {
  const { hazard, low, high, p } = logRank(x, y);
  return {
    a: lengthOf(x),
    b: lengthOf(y),
    ratio: hazard,
    low,
    high,
    test: isDrawn ? 'log-rank' : null,
    p: isDrawn ? p : NaN,
  };
}

function lengthOf({ failed, cut }: Lengths): Middle {
  const half = survivalQuantile(kaplanMeier(failed, cut), 0.5);
  return { middle: half ?? NaN, interval: null, n: failed.length };
}

/** `lock-contended.section{threads=4}`, as a threshold names it. */
export function labelOfFigure({ question, name, params, seen }: FigureSide): string {
  const asked = Object.entries(params).filter(([param]) => !seen.includes(param));
  const said = asked.map(([param, value]) => `${param}=${value}`).join(',');
  return `${question}.${name}${said === '' ? '' : `{${said}}`}`;
}

export function labelOfCampaign({ workload, variant, strategy }: CampaignSide): string {
  return `${workload} ${variant}, ${strategy}`;
}
