/*
 * Event rings: the last things each thread did, in the image, so that a dump can tell how it came.
 *
 * A ring belongs to its thread and is written with plain stores; the number in `seq` comes from one
 * counter of the image, so rings merge into one order.  Zero marks an unused record.  At track level
 * `held` only slow paths leave events (block, wake, signal, contend); at `events` every acquire and
 * release does, through a probe (track.ts).
 *
 *     kind         object                arg
 *     ----------   -------------------   -------------------------------------------------
 *     start exit   -                     exit_reason
 *     block        what it sleeps on     who holds that, a kthread, or 0
 *     wake         what it slept on      who woke it, a kthread, or 0 for a timeout
 *     contend      a lock                its owner when the fast path failed
 *     signal       a condvar, a lock     the kthread that it wakes, or 0 for nobody
 *     handoff      a lock                the kthread that now owns it
 *     note         -                     a text of the workload's own
 */

import { EVENT, header, image_header, kevent, kthread, RING_EVENTS } from '../layout/records.ts';
import { intern } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { add, get, put } from '../layout/word.ts';
import { curthread, lbolt } from './thread.ts';

/** Records an event of curthread.  @param kind one of EVENT */
export function ring_event(kind: number, object: number, arg: number): void {
  const t = curthread;
  const n = get(t, kthread.ring_next);
  const at = (get(t, kthread.ring) + (n % RING_EVENTS) * kevent.$.size) as Ref<'kevent'>;
  put(at, kevent.seq, (add(header, image_header.event_seq, 1) + 1) | 0);
  put(at, kevent.time, lbolt());
  put(at, kevent.kind, kind);
  put(at, kevent.object, object as Ref<'sobj'>);
  put(at, kevent.arg, arg);
  put(t, kthread.ring_next, (n + 1) | 0);
}

/** Leaves a remark of the workload's own in the ring. */
export function ring_note(remark: string): void {
  ring_event(EVENT.note, 0, intern(remark));
}
