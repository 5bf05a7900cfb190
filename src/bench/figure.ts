/*
 * Figures: what a question answers with.
 *
 * A time alone says more about the machine than about us.  So each figure carries its floor, the least
 * that the same machine could do in the same minute, and the ratio of the two; and a question measures in
 * rounds, each of which measures both, so that noise hits both.  What is reported is the median of the
 * rounds, with the middle half of them as the interval.
 */

import { fail } from '../base/fail.ts';
import { grouped } from '../base/grouped.ts';
import { quantile } from '../base/stats.ts';
import { suggest } from '../base/suggest.ts';
import { table } from '../base/table.ts';
import { figureKey, SCHEDULES, type Failure, type FigureRecord } from '../run/figures.ts';

export { SCHEDULES, type Failure } from '../run/figures.ts';

/** How a question is asked. */
export interface Asked {
  /** shorter runs, wider intervals */
  readonly quick: boolean;
  /** whom to measure beside ours: names of peers, or files that say how to use one */
  readonly against: readonly string[];
  /** only these of its figures, by name, where a question can do without the others; all by default */
  readonly figures?: readonly string[];
  /** numbers of threads in place of its own, of a question that counts them (thread-counts.ts) */
  readonly threads?: readonly number[];
  /** false: threads of machines run where the host puts them; by default they are pinned, as far as that can be done here */
  readonly pin?: boolean;
  /** what the names of dumps begin with, results/ID/dumps/ for example; by default none are taken */
  readonly dumps?: string;
}

/** Hears of each cell before it is measured: which one of how many. */
export type Tell = (cell: string, nth: number, of: number) => void;

export type Figure = FigureRecord;

export interface FigureInput {
  readonly question: string;
  readonly name: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly unit: string;
  readonly values: readonly number[];
  /** round by round beside `values` */
  readonly floors?: readonly number[];
  readonly goal?: number;
  /** less by default */
  readonly better?: 'less' | 'more';
  /** params that are not what was asked but what came of it */
  readonly seen?: readonly string[];
}

/** @throws Fail UNKNOWN_FIGURE where a question has no figure of a name that is asked for */
export function checkFigures(
  question: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const name = names.find((each) => !known.includes(each));
  if (name === undefined) return;
  const suggestion = suggest(name, known);
  throw fail('UNKNOWN_FIGURE', { question, name, known: known.join(', '), suggestion });
}

/** A figure from its rounds. */
export function figure({
  question,
  name,
  params = {},
  unit,
  values,
  floors,
  goal,
  better = 'less',
  seen = [],
}: FigureInput): Figure {
  const ratios = floors === undefined ? undefined : values.map((value, i) => value / floors[i]!);
  const spread = ratios ?? values;
  return {
    type: 'figure',
    question,
    name,
    params,
    value: quantile(values, 0.5),
    unit,
    floor: floors === undefined ? null : quantile(floors, 0.5),
    ratio: ratios === undefined ? null : quantile(ratios, 0.5),
    low: quantile(spread, 0.25),
    high: quantile(spread, 0.75),
    n: values.length,
    goal: goal ?? null,
    better,
    seen,
    values,
    floors: floors ?? null,
    process: 0,
  };
}

/** In place of a figure: what was to be measured failed. */
export function failed(
  { question, name, params = {}, unit }: Omit<FigureInput, 'values' | 'floors' | 'goal'>,
  failure: Failure,
): Figure {
  return { ...figure({ question, name, params, unit, values: [] }), failure };
}

/** The figures of several processes, those of the same name as one that was made of all their rounds. */
export function pooled(figures: readonly Figure[]): Figure[] {
  return [...grouped(figures, figureKey).values()].map((group) => {
    const first = group[0]!;
    const { goal, floors, ...rest } = first;
    const broken = group.find(({ failure }) => failure !== undefined);
    if (group.length === 1 || broken !== undefined) return broken ?? first;
    return figure({
      ...rest,
      values: group.flatMap(({ values }) => values),
      ...(floors === null ? {} : { floors: group.flatMap((each) => each.floors ?? []) }),
      ...(goal === null ? {} : { goal }),
    });
  });
}

/** Rounds that disagree by more than this say nothing: the middle half is wider than a third of its median. */
const NOISY = 0.33;

export function isNoisy({ unit, ratio, value, low, high }: Figure): boolean {
  // How many schedules a search needs is chance by nature, and no machine's fault.
  if (unit === SCHEDULES) return false;
  return (high - low) / (ratio ?? value) > NOISY;
}

/**
 * Whether a figure is what was promised.  Missed means that even the better quarter of the rounds missed
 * it; undefined, that the rounds do not say, or that nothing was promised.
 */
export function meetsGoal({ goal, ratio, value, low }: Figure): boolean | undefined {
  if (goal === null) return undefined;
  if ((ratio ?? value) <= goal) return true;
  return low > goal ? false : undefined;
}

/** The table for people. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((each) => [
    each.name,
    Object.entries(each.params)
      .map(([name, value]) => `${name}=${value}`)
      .join(',') || null,
    valueText(each),
    each.floor === null ? null : `${digits(each.floor)}${each.unit}`,
    each.ratio === null ? null : each.ratio.toFixed(2),
    each.failure === undefined ? `${digits(each.low)}..${digits(each.high)}` : null,
    each.n,
    each.goal === null ? null : `≤${digits(each.goal)}`,
    notesOf(each) || null,
  ]);
  const heads = [
    'figure',
    'params',
    'value',
    'floor',
    'ratio',
    'quartiles',
    'rounds',
    'goal',
    'note',
  ];
  return table(heads, rows, { indent: 2 });
}

/** The value with its unit, or in few words what came instead. */
export function valueText({ value, unit, failure }: Figure): string {
  return failure === undefined ? `${digits(value)}${unit}` : failure.what.replaceAll(' ', '_');
}

function notesOf(each: Figure): string {
  const met = meetsGoal(each);
  const notes = [met === undefined ? '' : met ? 'met' : 'MISSED', isNoisy(each) ? 'noisy' : ''];
  return notes.filter((note) => note !== '').join(',');
}

function digits(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
