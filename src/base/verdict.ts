/*
 * Verdicts: what a trial came to.
 *
 *     verdict         what was observed                                                      found by
 *     -------------   --------------------------------------------------------------------   --------
 *     pass            all roles came to their end, and check() had nothing to say            exact
 *     panic           a kernel function or check() found something that cannot be            exact
 *     deadlock        threads that wait for each other in a cycle; or, where not all edges   exact, or
 *                     are known, sleepers of whom none can wake another: a chain of waits    timeout
 *                     behind one that nobody answers, several on different things, a
 *                     barrier whose other parties do not come
 *     self-deadlock   a thread that waits for what it holds itself                           exact
 *     orphaned-lock   a lock whose holder is gone, and somebody wants it; or the holder      exact
 *                     returned, and nobody does
 *     lost-wakeup     a thread asleep though what it waits for has come (a nudge proves      exact, or
 *                     it); or nobody does anything that could wake it                        timeout
 *     livelock        threads busy with locks, or polling, that get nothing done             timeout
 *     starvation      a thread that waits while others get what it waits for                 timeout
 *     stall           a thread that is in no kernel function and does not come back: a       timeout
 *                     loop, native code, a blocked main thread
 *     crash           a role, boot() or check() threw; a role exited, ran out of memory,     exact
 *                     returned a promise; the machine died
 *     timeout         the trial took longer than --timeout and none of the above was seen    timeout
 *
 * Exact ones need no timeout: they are stable, so two looks that agree prove them (nmi/deadman.ts).  A
 * deadlock without a cycle and a lost wakeup are exact if nobody is awake who could end them.  The others
 * need --hang-timeout without progress of the thread in question, and starvation half of it more.
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
