/*
 * How many threads the machines of a question can have: what --threads may say of it.
 *
 * Both sides read it.  A workload declares it as the range of its param, and has that many places in its globals; a question is
 * refused a number outside of it before anything is measured (asking.ts).  A question that is not here counts no
 * threads: it runs on one, like lock-pair, or its program says how many, like gallery.
 */

export interface ThreadCounts {
  readonly min: number;
  readonly max: number;
  /** half of them are of one sort, half of the other */
  readonly even?: boolean;
}

export const THREADS_OF = {
  'lock-contended': { min: 1, max: 16 },
  'lock-fairness': { min: 1, max: 16 },
  rwlock: { min: 1, max: 64 },
  'condvar-handoff': { min: 2, max: 64 },
  // A producer more than there are consumers would wait for ever at a full buffer.
  semaphore: { min: 2, max: 64, even: true },
  'stub-call': { min: 1, max: 64 },
  detection: { min: 2, max: 256 },
  'watchdog-cost': { min: 1, max: 256 },
  boot: { min: 1, max: 256 },
} as const satisfies Readonly<Record<string, ThreadCounts>>;

/** Of one question; undefined where it counts none. */
export function threadCountsOf(question: string): ThreadCounts | undefined {
  const all: Readonly<Record<string, ThreadCounts | undefined>> = THREADS_OF;
  return Object.hasOwn(all, question) ? all[question] : undefined;
}
