/*
 * Counts: what a trial got done, read from the image at its end, by whoever ends it.
 */

import { countsOf, maxOf } from '../layout/histogram.ts';
import { outcomeAt } from '../layout/image.ts';
import { header, image_header, kthread, koutcome } from '../layout/records.ts';
import { textOf } from '../layout/strings.ts';
import { add, get, load, put } from '../layout/word.ts';
import { threadsOf } from '../dump/census.ts';
import { TimesSum, type Timed } from './times.ts';

/** Progress of all threads of each role. */
export function progressByRole(): Record<string, number> {
  const progress: Record<string, number> = {};
  for (const t of threadsOf()) {
    const role = textOf(get(t, kthread.role));
    progress[role] = (progress[role] ?? 0) + (load(t, kthread.progress) >>> 0);
  }
  return progress;
}

/** How long the acquires of all threads took; nothing where nobody counts. */
export function acquireTimes(): Timed {
  if (get(header, image_header.acquires) === 0) return {};
  const sum = new TimesSum().add({ acquire_ns: { max: 0, counts: [] } });
  for (const t of threadsOf()) {
    const at = get(t, kthread.acquires);
    if (at !== 0) sum.add({ acquire_ns: { max: maxOf(at), counts: countsOf(at) } });
  }
  return sum.said;
}

/** How often each of the workload's outcomes happened in the trial. */
export function outcomeCounts(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    names.map((name, i) => {
      const row = outcomeAt(i);
      return [name, (load(row, koutcome.count) - get(row, koutcome.before)) >>> 0];
    }),
  );
}

/** The same of the trials of its series before it. */
export function outcomesBefore(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    names.map((name, i) => [name, get(outcomeAt(i), koutcome.before) >>> 0]),
  );
}

/** The next trial of a series begins. */
export function outcomesBegin(count: number): void {
  for (let i = 0; i < count; i++) {
    put(outcomeAt(i), koutcome.before, load(outcomeAt(i), koutcome.count));
  }
}

/** Counts outcome number i. */
export function countOutcome(i: number, n: number): void {
  add(outcomeAt(i), koutcome.count, n);
}
