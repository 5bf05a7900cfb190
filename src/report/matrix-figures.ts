/*
 * Figures of a bench by configuration, for a matrix.
 *
 *     lock-pair
 *       FIGURE  PARAMS  NODE     V8       VALUE   FLOOR   RATIO  RANGE       ROUNDS  VS-FIRST
 *       mutex   -       20.20.2  default  21.0ns  19.1ns   1.10  20.1..23.4  ▆█▆     -
 *       mutex   -       20.20.2  jitless   310ns   240ns   1.29  300..330    ▇▇█     ×14.8
 *
 * Each round of a configuration is a bench of its own, in a process of its own, and gives one value.  What is reported is the
 * median of the rounds and the range from the least to the most of them.  VS-FIRST compares with the first configuration where the two
 * ranges have nothing in common; where they overlap it says ~, for then the rounds of one configuration differ as
 * much as the configurations do.  With one round there is no range, and no comparison.  A param that is an axis, like threads, has
 * its column as that, and does not tell one figure from another: 4 threads stand below 2, and are compared with them.  To ask for more than that, compare two
 * results: gridlock compare.
 */

import { median } from '../base/stats.ts';
import { sparkline } from '../base/sparkline.ts';
import { table } from '../base/table.ts';
import { printable } from '../base/text.ts';
import type { MatrixFacts } from '../run/matrix-records.ts';
import type { Fields } from '../run/schema.ts';

/** A figure as `bench --json` says it, and the configuration that it is of. */
export interface BenchFigure {
  readonly type: 'figure';
  readonly question: string;
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly unit: string;
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly configuration: string;
}

export function isBenchFigure(record: Fields): record is Fields & BenchFigure {
  const { type, question, name, value, configuration } = record;
  return (
    type === 'figure' &&
    typeof value === 'number' &&
    [question, name, configuration].every((each) => typeof each === 'string')
  );
}

/** A table a question. */
export function figuresTable(
  figures: readonly BenchFigure[],
  { axes, configurations }: Pick<MatrixFacts, 'axes' | 'configurations'>,
): string[] {
  const questions = [...new Set(figures.map(({ question }) => question))];
  return questions.flatMap((question) => {
    const own = figures.filter((each) => each.question === question);
    const heads = ['figure', 'params', ...axes.map(({ name }) => name)];
    const keyOf = (each: BenchFigure): string => JSON.stringify([each.name, besides(each, axes)]);
    const rows = [...new Set(own.map(keyOf))].flatMap((key) => {
      const same = own.filter((each) => keyOf(each) === key);
      const by = configurations.map(({ name }) =>
        same.filter(({ configuration }) => configuration === name),
      );
      const first = by[0]!.map(({ value }) => value);
      return configurations.flatMap(({ settings }, i) => {
        const rounds = by[i]!;
        const [any] = rounds;
        if (any === undefined) return [];
        const values = rounds.map(({ value }) => value);
        const [floors, ratios] = [known(rounds, 'floor'), known(rounds, 'ratio')];
        return [
          [
            printable(any.name),
            printable(paramsOf(any, axes)) || null,
            ...axes.map(({ name }) => printable(settings[name] ?? '') || null),
            `${digits(median(values))}${any.unit}`,
            floors.length === 0 ? null : `${digits(median(floors))}${any.unit}`,
            ratios.length === 0 ? null : median(ratios).toFixed(2),
            `${digits(Math.min(...values))}..${digits(Math.max(...values))}`,
            sparkline(values) || null,
            i === 0 ? null : versus(values, first),
          ],
        ];
      });
    });
    const more = ['value', 'floor', 'ratio', 'range', 'rounds', 'vs-first'];
    return [printable(question), table([...heads, ...more], rows, { indent: 2 }), ''];
  });
}

/** How many times that of the first; ~ where the rounds do not tell them apart. */
function versus(values: readonly number[], first: readonly number[]): string | null {
  if (values.length < 2 || first.length < 2) return null;
  const isApart =
    Math.min(...values) > Math.max(...first) || Math.max(...values) < Math.min(...first);
  return isApart ? `×${(median(values) / median(first)).toPrecision(3)}` : '~';
}

function known(rounds: readonly BenchFigure[], field: 'floor' | 'ratio'): number[] {
  return rounds.map((each) => each[field]).filter((value) => value !== null);
}

/** Its params, but for those that are axes. */
function besides({ params }: BenchFigure, axes: MatrixFacts['axes']): [string, unknown][] {
  return Object.entries(params).filter(([param]) => axes.every(({ name }) => name !== param));
}

function paramsOf(figure: BenchFigure, axes: MatrixFacts['axes']): string {
  return besides(figure, axes)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(',');
}

function digits(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
