/*
 * Comparing two sides: a row for each thing that both have, and what may be said of it.
 *
 *     said of a row    when
 *     -------------    -------------------------------------------------------------------------------------
 *     ~                no difference was found, which is not that there is none
 *     -17.20%          p is below 0.05, as benchstat has it, and the interval of 95% of the ratio of the medians does
 *                      not hold 1, either
 *     past             a difference to act on: p is below 0.01 though corrected for all rows (base/holm.ts), and
 *                      the nearer end of the interval is past --noise
 *
 * Only a row that is past, and for the worse, is a regression; and what A can do and B cannot: a figure that failed in every
 * process of B and in none of A has no row, for it has no value, and needs no test.  Why so much is asked of a row:
 *
 *   (1) A rank test at 5% is wrong in 5 of 100 by design.  It asks of ranks, the interval of medians; what
 *       only one of them calls different is not called so.  Together they are wrong in about 3 of 100.
 *   (2) A gate asks once of the whole table, and must not fail one time in two because the table is long: hence the
 *       correction.  And it stops people's work, so it may be wrong in one table of a hundred, not in five.
 *   (3) With enough processes a tenth of a percent is significant, and nobody wants to hear of it: hence the noise.  It is
 *       the near end that must be past it and not the middle, or a lucky draw of a true 1% would count as 4%.
 *
 * With ten processes a side that differ by 2% among themselves, 5% more is found in 98 of 100, and past 1% in 90; with nothing to find,
 * 3 of 100 are found, and 2 of 1,000 past (test/compare/error-rates.test.ts counts them).
 *
 * What is tested of a row, and how, and which way is worse: rows.ts.
 */

import { fail } from '../base/fail.ts';
import { holm } from '../base/holm.ts';
import { leastP } from '../base/mann-whitney.ts';
import { figureKey } from '../run/figures.ts';
import {
  ALPHA,
  campaignRows,
  figureRow,
  labelOfCampaign,
  labelOfFigure,
  type Tested,
} from './rows.ts';
import { campaignKeyOf, FACTS, type CampaignSide, type FigureSide, type Side } from './side.ts';

/** Of the whole table, for what is to be acted on. */
const ALPHA_PAST = 0.01;
/** Processes a side that nobody asks for. */
const SAMPLES_MAX = 100;
export const NOISE = 0.01;

export type Verdict = 'same' | 'better' | 'worse' | 'different' | 'untested';

export interface Row extends Tested {
  /** p, corrected for all rows */
  readonly corrected: number;
  readonly verdict: Verdict;
  /** a difference to act on */
  readonly past: boolean;
}

export interface Difference {
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

export interface Comparison {
  readonly a: Side;
  readonly b: Side;
  readonly noise: number;
  /** what differs beside what is compared */
  readonly differs: readonly Difference[];
  readonly rows: readonly Row[];
  /** of each group with several figures: the geometric mean of B over A */
  readonly geomeans: Readonly<Record<string, number>>;
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** figures that failed in a process or more, by side */
  readonly failedA: readonly string[];
  readonly failedB: readonly string[];
  /** figures that failed in every process of B, and in none of A */
  readonly broken: readonly string[];
  readonly regressions: readonly Row[];
  /** how many samples each side would need for any row to be past; null where it has them, or nobody knows */
  readonly needed: number | null;
}

/**
 * Compares two sides.
 * @param noise a share: what is nearer to 1 than this is not worth acting on
 * @throws Fail COMPARE_KINDS, COMPARE_NOTHING
 */
export function compareSides(a: Side, b: Side, noise = NOISE): Comparison {
  if (a.kind !== b.kind)
    throw fail('COMPARE_KINDS', { a: a.label, kindA: a.kind, b: b.label, kindB: b.kind });
  const figures = pairs(a.figures, b.figures, figureKey, labelOfFigure);
  const campaigns = pairs(a.campaigns, b.campaigns, campaignKeyOf, labelOfCampaign);
  const others = campaignsOfOne(a, b, campaigns.both);
  const both = [...campaigns.both, ...others];
  const raw = [
    ...figures.both.flatMap(([x, y]) => figureRow(x, y)),
    ...both.flatMap(([x, y]) => campaignRows(x, y)),
  ];
  const [failedA, failedB] = [failuresOf(a), failuresOf(b)];
  const broken = figures.both.filter(isBroken).map(([figure]) => labelOfFigure(figure));
  if (raw.length === 0 && broken.length === 0)
    throw fail('COMPARE_NOTHING', {
      a: a.label,
      b: b.label,
      inA: listed([...figures.onlyA, ...campaigns.onlyA, ...failedA]),
      inB: listed([...figures.onlyB, ...campaigns.onlyB, ...failedB]),
    });
  const corrected = holm(raw.map(({ p }) => p));
  const rows = raw.map((row, i) => judged(row, corrected[i]!, noise));
  const isPaired = others.length > 0;
  return {
    a,
    b,
    noise,
    differs: [...factsThatDiffer(a, b), ...others.flatMap(campaignsThatDiffer)],
    rows,
    geomeans: geomeansOf(rows),
    onlyA: [...figures.onlyA, ...(isPaired ? [] : campaigns.onlyA)],
    onlyB: [...figures.onlyB, ...(isPaired ? [] : campaigns.onlyB)],
    failedA,
    failedB,
    broken,
    regressions: rows.filter(({ past, verdict }) => past && verdict === 'worse'),
    needed: neededFor(rows),
  };
}

/** With few samples the smallest p that there can be is too large for a long table, whatever they are. */
function neededFor(rows: readonly Row[]): number | null {
  const tested = rows.filter(({ p }) => !Number.isNaN(p));
  const canBePast = (least: number): boolean => least * tested.length < ALPHA_PAST;
  if (tested.length === 0) return null;
  if (tested.some(({ test, a, b }) => test !== 'mann-whitney' || canBePast(leastP(a.n, b.n))))
    return null;
  let n = 1;
  while (n < SAMPLES_MAX && !canBePast(leastP(n, n))) n++;
  return n;
}

/** 'lock-contended.section{lock=mine}: hung in 1 of 10'. */
function failuresOf({ figures }: Side): string[] {
  return figures
    .filter(({ failures }) => failures.length > 0)
    .map((figure) => {
      const { failures, values } = figure;
      const how = [...new Set(failures)].join(', ');
      const often = ` in ${failures.length} of ${failures.length + values.length}`;
      return `${labelOfFigure(figure)}: ${how}${values.length > 0 ? often : ''}`;
    });
}

function isBroken([x, y]: readonly [FigureSide, FigureSide]): boolean {
  const isSound = x.values.length > 0 && x.failures.length === 0;
  return isSound && y.values.length === 0 && y.failures.length > 0;
}

/** Whether B is worse in anything that is to be acted on. */
export function isRegression({ regressions, broken }: Comparison): boolean {
  return regressions.length + broken.length > 0;
}

function judged(row: Tested, corrected: number, noise: number): Row {
  const { p, ratio, low, high, better } = row;
  if (Number.isNaN(p)) return { ...row, corrected, verdict: 'untested', past: false };
  // The other two tests are of the very thing that their interval is of.
  const holdsOne = row.test === 'mann-whitney' && low <= 1 && high >= 1;
  if (p >= ALPHA || ratio === 1 || holdsOne)
    return { ...row, corrected, verdict: 'same', past: false };
  const isMore = ratio > 1;
  const verdict =
    better === null ? 'different' : isMore === (better === 'more') ? 'better' : 'worse';
  const isPastNoise = isMore ? low > 1 + noise : high < 1 / (1 + noise);
  return { ...row, corrected, verdict, past: corrected < ALPHA_PAST && isPastNoise };
}

function geomeansOf(rows: readonly Row[]): Record<string, number> {
  const means: Record<string, number> = {};
  for (const group of new Set(rows.map((row) => row.group))) {
    const ratios = rows
      .filter((row) => row.group === group && row.test === 'mann-whitney' && row.better === 'less')
      .map(({ ratio }) => ratio)
      .filter((ratio) => Number.isFinite(ratio) && ratio > 0);
    if (ratios.length < 2) continue;
    means[group] = Math.exp(ratios.reduce((sum, each) => sum + Math.log(each), 0) / ratios.length);
  }
  return means;
}

interface Pairs<T> {
  readonly both: readonly (readonly [T, T])[];
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

function pairs<T>(
  a: readonly T[],
  b: readonly T[],
  keyOf: (thing: T) => string,
  labelOf: (thing: T) => string,
): Pairs<T> {
  const theirs = new Map(b.map((each) => [keyOf(each), each]));
  const mine = new Set(a.map(keyOf));
  return {
    both: a.flatMap((each) => {
      const other = theirs.get(keyOf(each));
      return other === undefined ? [] : [[each, other] as const];
    }),
    onlyA: a.filter((each) => !theirs.has(keyOf(each))).map(labelOf),
    onlyB: b.filter((each) => !mine.has(keyOf(each))).map(labelOf),
  };
}

/** Two sides of one campaign each are meant for each other, whatever they are called: a bug, and its fix. */
function campaignsOfOne(
  a: Side,
  b: Side,
  paired: readonly unknown[],
): (readonly [CampaignSide, CampaignSide])[] {
  const [x, ...moreX] = a.campaigns;
  const [y, ...moreY] = b.campaigns;
  if (paired.length > 0 || x === undefined || y === undefined) return [];
  return moreX.length + moreY.length > 0 ? [] : [[x, y]];
}

function campaignsThatDiffer([x, y]: readonly [CampaignSide, CampaignSide]): Difference[] {
  const said = (side: CampaignSide): [string, string][] => [
    ['workload', side.workload],
    ['variant', side.variant],
    ['strategy', side.strategy],
    ...Object.entries(side.params ?? {}).map(([name, value]): [string, string] => [
      `-P ${name}`,
      String(value),
    ]),
  ];
  return differing(new Map(said(x)), new Map(said(y)));
}

function factsThatDiffer(a: Side, b: Side): Difference[] {
  const said = ({ facts }: Side): Map<string, string> =>
    new Map(FACTS.flatMap((name) => (facts[name] ? [[name, facts[name].join(', ')]] : [])));
  return differing(said(a), said(b));
}

function differing(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Difference[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((what) => ({ what, a: a.get(what) ?? 'not known', b: b.get(what) ?? 'not known' }))
    .filter((each) => each.a !== each.b);
}

const LISTED_MAX = 6;

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length - LISTED_MAX;
  return `${names.slice(0, LISTED_MAX).join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
