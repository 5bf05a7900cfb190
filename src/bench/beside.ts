/*
 * Lanes as figures: ours beside the best peer of the cell, and the peers as they are.
 *
 * Who is best is decided by the first measure of a question.  A contender that failed is one figure, which says how.
 */

import { quantile } from '../base/stats.ts';
import { table } from '../base/table.ts';
import type { Lane } from './arena.ts';
import { failed, figure, isNoisy, valueText, type Figure } from './figure.ts';
import { OURS } from './peers.ts';

export interface Measure<T> {
  readonly name: string;
  readonly unit: string;
  readonly pick: (round: T) => number;
  /** what ours should not exceed, times the best peer */
  readonly goal?: number;
}

export type CellParams = Readonly<Record<string, string | number>>;

/** What a cell came to.  @param measures the first one says who is best */
export function besideFigures<T>(
  question: string,
  cell: CellParams,
  lanes: readonly Lane<T>[],
  measures: readonly [Measure<T>, ...Measure<T>[]],
): Figure[] {
  const best = bestOf(lanes, measures[0].pick);
  return lanes.flatMap(({ contender, rounds, failure }) => {
    const common = { question, params: { ...cell, lock: contender.name } };
    if (failure !== null) return [failed({ ...common, ...measures[0] }, failure)];
    const isBeside = contender === OURS && best !== undefined;
    return measures.map(({ name, unit, pick, goal }) =>
      figure({
        ...common,
        name,
        unit,
        values: rounds.map(pick),
        ...(isBeside ? { floors: best.rounds.map(pick) } : {}),
        ...(isBeside && goal !== undefined ? { goal } : {}),
      }),
    );
  });
}

/** The peer with the least median, of those that came through. */
function bestOf<T>(lanes: readonly Lane<T>[], pick: (round: T) => number): Lane<T> | undefined {
  return lanes
    .filter(({ contender, failure }) => contender !== OURS && failure === null)
    .toSorted((a, b) => quantile(a.rounds.map(pick), 0.5) - quantile(b.rounds.map(pick), 0.5))[0];
}

/**
 * A row a cell, the locks beside each other: once for each measure.
 * @param keys the params that make a cell  @param names the measures, the first one that of the notes
 */
export function besideTable(
  figures: readonly Figure[],
  keys: readonly string[],
  names: readonly [string, ...string[]],
): string {
  const locks = [...new Set(figures.map(lockOf))];
  const cells = figures.filter((each) => each.name === names[0] && lockOf(each) === OURS.name);
  const rows = cells.map(({ params }) => {
    const of = (lock: string, name: string): Figure | undefined =>
      figures.find(
        (each) =>
          each.name === name &&
          lockOf(each) === lock &&
          keys.every((key) => each.params[key] === params[key]),
      );
    const ours = of(OURS.name, names[0]);
    return [
      ...keys.map((key) => params[key]),
      ...names.flatMap((name) => [
        ...locks.map((lock) => {
          const each = of(lock, name);
          return each === undefined ? null : valueText(each);
        }),
        of(OURS.name, name)?.ratio?.toFixed(2),
      ]),
      ours !== undefined && isNoisy(ours) ? 'noisy' : null,
    ];
  });
  const heads = [
    ...keys,
    ...names.flatMap((name, i) => [
      ...locks.map((lock) => (i === 0 ? lock : `${name}:${lock}`)),
      '×best',
    ]),
    'note',
  ];
  return `${table(heads, rows, { indent: 2 })}\n  ×best: ours over the peer with the least ${names[0]} of the row`;
}

function lockOf({ params }: Figure): string {
  return String(params['lock']);
}
