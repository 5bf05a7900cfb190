/*
 * Verdicts: what a trial came to.
 *
 *     verdict         what was observed                                                      found by
 *     -------------   --------------------------------------------------------------------   --------
 *     pass            all roles came to their end, and check() had nothing to say            exact
 *     panic           a kernel function or check() found something that cannot be            exact
 *     deadlock        threads that wait for each other in a cycle; or, without all of its    exact, or
 *                     edges known, a chain of waits that ends in one nobody answers          timeout
 *     self-deadlock   a thread that waits for what it holds itself                           exact
 *     orphaned-lock   a lock whose holder is gone                                            exact
 *     lost-wakeup     a thread asleep though what it waits for has come, or nobody is left   timeout
 *                     to wake it
 *     livelock        threads busy with locks that get nothing done                          timeout
 *     starvation      a thread that waits while others get what it waits for                 timeout
 *     stall           a thread that is in no kernel function and does not come back: a       timeout
 *                     loop, native code, a blocked main thread
 *     crash           a role threw, exited, ran out of memory; the machine died              exact
 *     timeout         the trial took longer than --timeout and none of the above was seen    timeout
 *
 * Exact ones need no timeout: they are stable, so two looks that agree prove them (nmi/deadman.ts).
 * The others need --hang-timeout without progress of the thread in question.
 */

export const VERDICTS = [
  'pass',
  'panic',
  'deadlock',
  'self-deadlock',
  'orphaned-lock',
  'lost-wakeup',
  'livelock',
  'starvation',
  'stall',
  'crash',
  'timeout',
] as const;
export type VerdictName = (typeof VERDICTS)[number];
