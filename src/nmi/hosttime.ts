/*
 * Host time: how much of the time a thread of ours had for itself.
 *
 * A thread can be silent because it loops, because it sleeps in a call of the host's, or because the host
 * runs something else in its place.  Only the first two are a fault.  Linux tells them apart: for each
 * thread it counts the nanoseconds on a CPU, and those spent ready to run and waiting for one.
 *
 * Where the host does not say (another system, a kernel without it), nobody is taken for held up.
 */

import { readFileSync } from 'node:fs';

/** Since the thread began, in milliseconds. */
export interface HostTime {
  readonly ranMs: number;
  /** ready to run, and not running */
  readonly heldUpMs: number;
}

/** @param osTid the thread's id at the host; the process's own id for its main thread */
export function hostTime(osTid: number): HostTime | undefined {
  try {
    const [ran = NaN, heldUp = NaN] = readFileSync(`/proc/self/task/${osTid}/schedstat`, 'utf8')
      .split(' ')
      .map((nanoseconds) => Number(nanoseconds) / 1e6);
    return ran >= 0 && heldUp >= 0 ? { ranMs: ran, heldUpMs: heldUp } : undefined;
  } catch {
    return undefined;
  }
}
