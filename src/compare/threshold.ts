/*
 * Thresholds, in the grammar of k6, which people know:
 *
 *     threshold     ->  metric ":" assertion
 *     metric        ->  name [ "{" tag { "," tag } "}" ]
 *     tag           ->  name ( "=" | ":" ) value
 *     assertion     ->  aggregation operator value
 *     aggregation   ->  "avg" | "min" | "max" | "med" | "p(" number ")" | "count" | "rate" | "value"
 *     operator      ->  "<" | "<=" | ">" | ">=" | "==" | "===" | "!="
 *     value         ->  number [ "ns" | "us" | "µs" | "ms" | "s" | "m" | "h" | "%" ]
 *
 * k6 has no units: its times are milliseconds, always.  Ours differ from figure to figure, so a value may have one, and one that
 * cannot be converted is refused (metrics.ts).  Spaces may stand between any two parts.  k6 has one assertion in an expression
 * and several in a list; here --threshold is given several times.
 *
 * The parser goes from left to right, and names the first thing that it does not understand, with what could stand there.
 */

import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';

export const AGGREGATIONS = ['avg', 'min', 'max', 'med', 'p(N)', 'count', 'rate', 'value'] as const;
export const OPERATORS = ['<=', '<', '>=', '>', '===', '==', '!='] as const;
export const UNITS = ['ns', 'us', 'µs', 'ms', 's', 'm', 'h', '%'] as const;

export type Aggregation = (typeof AGGREGATIONS)[number];
export type Operator = (typeof OPERATORS)[number];
export type Unit = (typeof UNITS)[number];

export interface Threshold {
  /** as it was given */
  readonly text: string;
  readonly metric: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly aggregation: Aggregation;
  /** of p(N): N, from 0 to 100 */
  readonly percentile: number;
  readonly operator: Operator;
  readonly value: number;
  readonly unit: Unit | null;
}

/** @throws Fail THRESHOLD_SYNTAX */
export function parseThreshold(text: string): Threshold {
  const colon = colonOf(text);
  const wrong = (what: string): Error => fail('THRESHOLD_SYNTAX', { text, what });
  if (colon < 0) throw wrong('no colon is between a metric and what it must be');
  const { metric, tags } = parseMetric(text.slice(0, colon).trim(), wrong);
  return { text, metric, tags, ...parseAssertion(text.slice(colon + 1).trim(), wrong) };
}

type Wrong = (what: string) => Error;

/** The first colon that is not in braces. */
function colonOf(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
    else if (text[i] === ':' && depth <= 0) return i;
  }
  return -1;
}

function parseMetric(text: string, wrong: Wrong): Pick<Threshold, 'metric' | 'tags'> {
  const [, name = '', braces] = /^([^{}]*)(\{.*)?$/s.exec(text) ?? [];
  const metric = name.trim();
  if (metric === '') throw wrong('no metric is before the colon');
  const tags = new Map<string, string>();
  if (braces === undefined) return { metric, tags };
  if (!braces.endsWith('}')) throw wrong(`${braces} does not end in }`);
  for (const tag of braces.slice(1, -1).split(',')) {
    const [, key = '', value = ''] = /^\s*([^=:]+?)\s*[=:]\s*(.+?)\s*$/s.exec(tag) ?? [];
    if (key === '') throw wrong(`${tag.trim() || '{}'} is no tag, which is name=value`);
    tags.set(key, value);
  }
  return { metric, tags };
}

function parseAssertion(text: string, wrong: Wrong): Omit<Threshold, 'text' | 'metric' | 'tags'> {
  if (text === '') throw wrong('nothing is behind the colon');
  if (/&&|\|\|/.test(text)) throw wrong('each threshold is one assertion: give --threshold twice');
  const [left = ''] = /^[^<>=!]*/.exec(text) ?? [];
  const rest = text.slice(left.length);
  const aggregated = parseAggregation(left.trim(), wrong);
  const operator = OPERATORS.find((each) => rest.startsWith(each));
  if (operator === undefined)
    throw wrong(
      `${rest === '' ? 'no operator is' : `${rest} does not begin with an operator`} behind ${left.trim()}; there are ${OPERATORS.join(' ')}`,
    );
  return { ...aggregated, operator, ...parseValue(rest.slice(operator.length).trim(), wrong) };
}

function parseAggregation(
  text: string,
  wrong: Wrong,
): Pick<Threshold, 'aggregation' | 'percentile'> {
  const [, inside] = /^p\s*\((.*)\)$/s.exec(text) ?? [];
  if (inside !== undefined) {
    const percentile = /^\s*\d+(\.\d+)?\s*$/.test(inside) ? Number(inside) : NaN;
    if (!(percentile <= 100)) throw wrong(`${text} is no percentile: p(0) to p(100)`);
    return { aggregation: 'p(N)', percentile };
  }
  const aggregation = AGGREGATIONS.find((each) => each === text && each !== 'p(N)');
  if (aggregation !== undefined) return { aggregation, percentile: NaN };
  if (text === '') throw wrong('no aggregation is before the operator');
  const [, number] = /^p(\d+)$/.exec(text) ?? [];
  const meant = number === undefined ? suggest(text, AGGREGATIONS) : `p(${number})`;
  throw wrong(
    `there is no aggregation ${text}; ${meant === undefined ? '' : `did you mean ${meant}? `}there are ${AGGREGATIONS.join(', ')}`,
  );
}

function parseValue(text: string, wrong: Wrong): Pick<Threshold, 'value' | 'unit'> {
  if (text === '') throw wrong('no value is behind the operator');
  const [, number = '', unit = ''] = /^(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(\S*)$/i.exec(text) ?? [];
  if (number === '') throw wrong(`${text} is no number`);
  if (unit === '') return { value: Number(number), unit: null };
  const known = UNITS.find((each) => each === unit);
  if (known === undefined)
    throw wrong(`${unit} is no unit; there are ${UNITS.join(', ')}, or none`);
  return { value: Number(number), unit: known };
}
