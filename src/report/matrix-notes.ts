/*
 * Which configurations of a matrix differ, and what may be said of it.
 *
 * Each configuration is held against all others together, verdict by verdict, by Fisher's exact test
 * (base/fisher.ts); what is noted has a p below 5% after Holm's correction for all that were asked of the table (base/holm.ts).  So a
 * table in which nothing differs has a note in at most 5 of 100 cases.  It says that the share differs, not why: a slower
 * configuration has fewer turns of the race in the same time.  Where a strategy goes through schedules in order, there is no chance, and
 * no test.  Outcomes are counted, but held against each other only where a trial has one at most: several of one trial
 * are not independent.
 */

import { fisherExact } from '../base/fisher.ts';
import { holm } from '../base/holm.ts';
import { printable } from '../base/text.ts';
import type { CampaignModel } from './model.ts';

/** A p above it is no difference. */
const ALPHA = 0.05;
/** Strategies that draw nothing. */
export const NOT_DRAWN: ReadonlySet<string> = new Set(['dfs', 'replay']);

/** What can be held against another of its kind. */
export type Counts = Pick<CampaignModel, 'trials' | 'verdicts' | 'outcomes' | 'strategy'>;

/** What differs from all others together. */
export function notesOf<C extends Counts>(
  group: readonly C[],
  verdicts: readonly string[],
  outcomes: readonly string[],
): Map<C, string[]> {
  const notes = new Map(group.map((each) => [each, [] as string[]]));
  const asked: { each: C; name: string; p: number; isMore: boolean }[] = [];
  const drawn = group.filter(({ strategy }) => !NOT_DRAWN.has(strategy));
  const ask = (name: string, part: (c: C) => number, of: (c: C) => number): void => {
    const [all, every] = [total(drawn, part), total(drawn, of)];
    // Of two, the one differs from the other as the other does from it: that is one question.
    for (const each of drawn.length === 2 ? drawn.slice(0, 1) : drawn) {
      const [a, n] = [part(each), of(each)];
      const [b, m] = [all - a, every - n];
      asked.push({ each, name, p: fisherExact(a, n, b, m), isMore: a * m > b * n });
    }
  };
  // Where there are two, what did not pass is what passed, turned round.
  const told = verdicts.length < 2 ? [] : verdicts.filter((name) => name !== 'pass');
  for (const name of told)
    ask(
      name,
      ({ verdicts: had }) => had[name] ?? 0,
      ({ trials }) => trials,
    );
  const areSingle = group.every((each) => sum(each.outcomes) <= each.trials);
  const counted = outcomes.length < 2 || !areSingle ? [] : outcomes;
  for (const name of counted)
    ask(
      name,
      ({ outcomes: had }) => had[name] ?? 0,
      ({ outcomes: had }) => sum(had),
    );
  const ps = holm(asked.map(({ p }) => p));
  for (const [i, { each, name, isMore }] of asked.entries()) {
    const p = ps[i]!;
    if (!(p < ALPHA)) continue;
    const how = p < 0.001 ? '<0.001' : `=${p.toFixed(3)}`;
    const note = (isIt: boolean): string =>
      `${isIt ? 'more' : 'fewer'} ${printable(name)} than elsewhere (p${how})`;
    notes.get(each)!.push(note(isMore));
    const [, other] = drawn;
    if (drawn.length === 2) notes.get(other!)!.push(note(!isMore));
  }
  return notes;
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, n) => all + n, 0);
}

export function total<C>(of: readonly C[], count: (each: C) => number): number {
  return of.reduce((all, each) => all + count(each), 0);
}
