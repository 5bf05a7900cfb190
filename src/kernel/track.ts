/*
 * Track level `events`: what is recorded of every acquire and release, through a probe.
 *
 *     event       at                what is recorded
 *     --------    --------------    ----------------------------------------------------------------------
 *     acquire     POINT.acquired    an event in the thread's ring; how long it took, in its histogram
 *     release     POINT.release     an event in the thread's ring
 *
 * How long an acquire took is from wanting the lock (POINT.acquire, the first thing that a slow path does) to having it: a
 * mutex, either way of a rwlock, a unit of a semaphore, and the mutex that cv_wait() takes again.  With a probe attached
 * every call takes the slow path, and one reading of the clock lies between, so a lock that nobody else wants shows
 * some 100 ns and not the 10 that it takes at level `held`: the same for each, and small beside a wait.
 *
 * Counted are acquires, and only those: who gave up (tryenter, a timeout), or never came (a hang), had nothing to count.
 * Hence the object: an attempt that failed leaves a time behind, which must not be taken for another's.  A declared
 * resource is not waited for, and has no such time (resource.ts); nor has a barrier, which nobody has.
 *
 * The histogram is the thread's own (layout/histogram.ts): plain stores, nothing shared.  An image without room for it has
 * none, and then the clock is not asked.  At level `held` none of this is there: the fast path of a lock would have to read the
 * clock twice, at 69 ns each, for a pair that takes 26.
 */

import { record } from '../layout/histogram.ts';
import { EVENT, kthread } from '../layout/records.ts';
import { get } from '../layout/word.ts';
import { hrtime_ms, POINT, probe_attach } from './probe.ts';
import { ring_event } from './ring.ts';
import { curthread } from './thread.ts';

const NS_PER_MS = 1e6;

/** Attaches the probe, for curthread. */
export function track_events(): void {
  const times = get(curthread, kthread.acquires);
  if (times === 0) return probe_attach(leave_event);
  let wanted = 0;
  let since = 0;
  probe_attach((point, object) => {
    if (point === POINT.acquire) {
      wanted = object;
      since = hrtime_ms();
      return;
    }
    if (point === POINT.acquired && object === wanted) {
      record(times, Math.round((hrtime_ms() - since) * NS_PER_MS));
      wanted = 0;
    }
    leave_event(point, object);
  });
}

function leave_event(point: number, object: number): void {
  if (point === POINT.acquired) ring_event(EVENT.acquire, object, 0);
  else if (point === POINT.release) ring_event(EVENT.release, object, 0);
}
