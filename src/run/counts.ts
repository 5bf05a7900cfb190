/*
 * Counts: what a trial got done, read from the image at its end, by whoever ends it.
 */

import { outcomeAt } from '../layout/image.ts';
import { kthread, koutcome } from '../layout/records.ts';
import { textOf } from '../layout/strings.ts';
import { add, get, load } from '../layout/word.ts';
import { threadsOf } from '../dump/census.ts';

/** Progress of all threads of each role. */
export function progressByRole(): Record<string, number> {
  const progress: Record<string, number> = {};
  for (const t of threadsOf()) {
    const role = textOf(get(t, kthread.role));
    progress[role] = (progress[role] ?? 0) + (load(t, kthread.progress) >>> 0);
  }
  return progress;
}

/** How often each of the workload's outcomes happened. */
export function outcomeCounts(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    names.map((name, i) => [name, load(outcomeAt(i), koutcome.count) >>> 0]),
  );
}

/** Counts outcome number i. */
export function countOutcome(i: number, n: number): void {
  add(outcomeAt(i), koutcome.count, n);
}
