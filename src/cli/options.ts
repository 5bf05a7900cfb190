/*
 * Checks of option values that several commands share.
 */

import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';

/** Strategies that can be run today, and the ones that have a name but no implementation. */
const BUILT = new Set(['free']);
const NAMED = new Set([
  'noise',
  'random',
  'pct',
  'pos',
  'surw',
  'dfs',
  'replay',
  'auto',
  'portfolio',
]);

/** @throws Fail STRATEGY_UNKNOWN, STRATEGY_NOT_BUILT */
export function checkStrategy(name: string): void {
  if (BUILT.has(name)) return;
  const known = [...BUILT].join(', ');
  if (NAMED.has(name)) throw fail('STRATEGY_NOT_BUILT', { name, known });
  throw fail('STRATEGY_UNKNOWN', { name, known, suggestion: suggest(name, BUILT) ?? '' });
}

/** A whole number, at least `min`.  @throws Fail BAD_NUMBER */
export function countOf(option: string, value: number, min: number): number {
  if (Number.isInteger(value) && value >= min) return value;
  throw fail('BAD_NUMBER', {
    where: option,
    text: String(value),
    wanted: `a whole number, ${min} or more`,
  });
}
