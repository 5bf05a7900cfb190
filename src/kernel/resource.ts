/*
 * Resources: things that are held but are no locks.
 *
 * P_PR_LOCK is a bit in a flag word and a condvar.  The common snode's closing lock is another.  Their
 * holders are written nowhere: in the crash dump of bug 9056 the owner of P_PR_LOCK had to be guessed
 * from a stack.  A resource is the annotation that was missing.  It does not lock anything; it tells the
 * dump and the watchdog who has the thing and who waits for it.
 *
 *     resource_enter(rp)      curthread has it now (it got it by its own means)
 *     resource_exit(rp)       it has not any more
 *     resource_wants(rp)      the next sleep is a wait for it; resource_wants(NULL) afterwards
 *
 * With these three the cycle of 9056 has all its edges and is found at once and exactly.  Without them
 * the watchdog must conclude it from a lack of progress.
 */

import { kresource, kthread, SOBJ } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { get, put, store } from '../layout/word.ts';
import { held_pop, held_push } from './held.ts';
import { panic_lock } from './panic.ts';
import { POINT, probe } from './probe.ts';
import { sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import { curthread } from './thread.ts';

type Resource = Ref<'kresource'>;

export function resource_init(rp: Resource, name: string): void {
  sobj_init(rp, SOBJ.resource, kresource.$.name, name);
}

export function resource_destroy(rp: Resource): void {
  sobj_destroy(rp, 'resource_destroy');
}

/** Declares that curthread holds the resource.  Panics when another thread is known to. */
export function resource_enter(rp: Resource): void {
  const owner = get(rp, kresource.owner);
  if (owner !== 0) panic_lock('resource_enter: already held', rp, sobj_name(rp), owner);
  store(rp, kresource.owner, curthread);
  held_push(rp);
  probe(POINT.acquired, rp);
}

/** Declares that curthread has given the resource up. */
export function resource_exit(rp: Resource): void {
  const owner = get(rp, kresource.owner);
  if (owner !== curthread) panic_lock('resource_exit: not owner', rp, sobj_name(rp), owner);
  probe(POINT.release, rp);
  held_pop(rp);
  store(rp, kresource.owner, 0 as Ref<'kthread'>);
}

/** Declares what curthread's next sleep is really for; NULL to end that. */
export function resource_wants(rp: Resource): void {
  put(curthread, kthread.wants_resource, rp);
}
