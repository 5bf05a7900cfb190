/*
 * Host time: how much of the time a thread of ours had for itself.
 *
 * A thread can be silent because it loops, because it sleeps in a call of the host's, or because the host
 * runs something else in its place.  Only the first two are a fault.  Linux tells them apart: for each
 * thread it counts the nanoseconds on a CPU, and those spent ready to run and waiting for one.  The latter
 * are added up only when the wait is over, so a thread that waits right now has to be asked whether it is
 * ready, too.
 *
 * osthread.ts says more of a thread, and takes five reads for it; these are one each, for a caller that asks
 * often.  Where the host does not say (another system, a kernel without it), nobody is taken for held up.
 */

import { readFileSync } from 'node:fs';

/** Since the thread began, in milliseconds. */
export interface HostTime {
  readonly ranMs: number;
  /** ready to run, and not running; without the wait that goes on now */
  readonly heldUpMs: number;
}

/** What the deadman asks of the host. */
export interface Host {
  time(osTid: number): HostTime | undefined;
  /** whether the thread runs, or would if it were given a CPU */
  isReady(osTid: number): boolean;
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

/** Host.isReady() */
export function isReady(osTid: number): boolean {
  try {
    const stat = readFileSync(`/proc/self/task/${osTid}/stat`, 'utf8');
    // `tid (name) R …`, and a name may contain anything.
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('R');
  } catch {
    return false;
  }
}

/** What the host said of a thread early in its silence. */
export interface Early {
  readonly spanMs: number;
  readonly host: HostTime;
}

/** How much of a silence the host left to the silent, and how much of that it ran. */
export function ownTime(
  host: Host,
  osTid: number,
  { spanMs, early }: { readonly spanMs: number; readonly early: Early | undefined },
): { hadMs: number; ranMs: number } {
  const now = early === undefined ? undefined : host.time(osTid);
  if (early === undefined || now === undefined) return { hadMs: spanMs, ranMs: NaN };
  const ranMs = now.ranMs - early.host.ranMs;
  // One that is ready has at least run as long as it ran; how long it has waited since, nobody says.
  if (host.isReady(osTid)) return { hadMs: ranMs, ranMs };
  return { hadMs: spanMs - early.spanMs - (now.heldUpMs - early.host.heldUpMs), ranMs };
}
