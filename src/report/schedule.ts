/*
 * A schedule as a table: who ran, in order, and for how many choices; a column a thread.
 */

import { printable } from '../base/text.ts';
import { table } from '../base/table.ts';
import type { ShrunkFailure } from '../run/shrinking.ts';

/** Threads that get a column each; with more, they are named. */
const COLUMNS_MAX = 6;

/** What shrinking came to.  @param again the command that runs it */
export function scheduleTable(shrunk: ShrunkFailure, again: string): string {
  const { first, schedule, preemptions, trials, verdict, message, threads } = shrunk;
  const used = [...new Set(schedule.map(({ thread }) => thread))].toSorted((a, b) => a - b);
  const name = (thread: number): string =>
    printable(threads[thread] ?? `#${thread}`).replaceAll(' ', '_');
  const heads =
    used.length <= COLUMNS_MAX ? ['choice', ...used.map(name)] : ['choice', 'thread', 'choices'];
  let at = 0;
  const rows = schedule.map(({ thread, choices }) => {
    const choice = String(at);
    at += choices;
    if (used.length > COLUMNS_MAX) return [choice, name(thread), String(choices)];
    return [choice, ...used.map((each) => (each === thread ? String(choices) : ''))];
  });
  const count = (n: number, what: string): string =>
    `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
  return [
    `${printable(verdict)}: ${printable(message)}`,
    '',
    table(heads, rows),
    '',
    `${count(preemptions, 'preemption')}, ${count(schedule.length, 'run')}, ${count(choicesOf(schedule), 'choice')}; ` +
      `before: ${count(first.preemptions, 'preemption')}, ${count(first.schedule.length, 'run')}, ${count(choicesOf(first.schedule), 'choice')}; ` +
      count(trials, 'trial'),
    `again: ${again}`,
  ].join('\n');
}

function choicesOf(runs: ShrunkFailure['schedule']): number {
  return runs.reduce((sum, { choices }) => sum + choices, 0);
}
