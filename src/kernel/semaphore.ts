/*
 * Counting semaphores.
 *
 *     ksema.count     means
 *     -----------     ----------------------------------------------
 *     n > 0           n units are free; nobody stands in line for long
 *     0               none is
 *
 * sema_p() takes a free unit with one swap.  sema_v() adds its unit, and then gives one to the first in
 * line, if there is one.  In between a passer-by may take it, and the first in line waits for the next:
 * the same bargain as the mutex's.  What has been given to somebody nobody else can take.
 *
 * Why no wakeup is lost: sema_v() adds its unit and then looks for waiters; sema_p() joins the line and
 * then looks for units, under the chain.  One of the two sees the other.
 *
 * A semaphore has no owner, so a deadlock through one has no edge; a semaphore used as a lock should
 * say so with a resource (resource.ts).
 */

import { EVENT, ksema, SOBJ, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { add, cas, get, load, store, sub } from '../layout/word.ts';
import { setrun, sleep_commit, WOKE } from './disp.ts';
import { panic, panic_check } from './panic.ts';
import { hrtime_ms, POINT, probe } from './probe.ts';
import { ring_event } from './ring.ts';
import { sobj_contended, sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import {
  turnstile_enlist,
  turnstile_exit,
  turnstile_first,
  turnstile_lookup,
  turnstile_remove,
  turnstile_sleep,
  turnstile_waiters,
} from './turnstile.ts';

type Sema = Ref<'ksema'>;

/** @param units free at first, 0 or more */
export function sema_init(sp: Sema, units: number, name: string): void {
  sobj_init(sp, SOBJ.sema, ksema.$.name, name);
  add(sp, ksema.count, units - load(sp, ksema.count));
}

export function sema_destroy(sp: Sema): void {
  sobj_destroy(sp, 'sema_destroy');
  store(sp, ksema.count, 0);
}

/** Takes a unit, sleeping until there is one. */
export function sema_p(sp: Sema): void {
  sema_take(sp, Infinity);
}

/** Takes a unit, or gives up.  @param ms milliseconds to wait at most */
export function sema_p_timed(sp: Sema, ms: number): boolean {
  return sema_take(sp, ms);
}

/** Takes a unit if one is free. */
export function sema_tryp(sp: Sema): boolean {
  probe(POINT.acquire, sp);
  for (let count = load(sp, ksema.count); count > 0; count = load(sp, ksema.count)) {
    if (cas(sp, ksema.count, count, count - 1) === count) {
      probe(POINT.acquired, sp);
      return true;
    }
  }
  return false;
}

/** Gives a unit back, or a new one: to the first in line, or to whoever comes. */
export function sema_v(sp: Sema): void {
  panic_check();
  probe(POINT.release, sp);
  add(sp, ksema.count, 1);
  if (turnstile_waiters(sub(sp, ksema.ts)) === 0) return;
  const ts = turnstile_lookup(sp);
  const t = turnstile_first(ts);
  const given = t !== 0 && sema_unit(sp);
  if (given) turnstile_remove(ts, t);
  turnstile_exit(ts);
  if (!given) return;
  ring_event(EVENT.signal, sp, t);
  setrun(t);
}

function sema_take(sp: Sema, ms: number): boolean {
  if (sema_tryp(sp)) return true;
  panic_check();
  if (get(sp, ksema.kind) !== SOBJ.sema)
    panic(`sema_p: bad semaphore, sp=${sp.toString(16)} (${sobj_name(sp) || '?'})`);
  sobj_contended(sp);
  const deadline = ms === Infinity ? Infinity : hrtime_ms() + ms;
  for (;;) {
    const left = deadline === Infinity ? Infinity : deadline - hrtime_ms();
    if (left <= 0) return false;
    const ts = turnstile_lookup(sp);
    turnstile_enlist(ts, sp, SOBJ.sema, ms === Infinity ? 0 : WAIT.timed);
    // In line first, then the look: see the header.  A unit that came meanwhile wakes the first.
    const t = turnstile_first(ts);
    const given = sema_unit(sp);
    if (given) turnstile_remove(ts, t);
    turnstile_exit(ts);
    if (given) setrun(t);
    // Asleep only now: one that counts as asleep wakes nobody, or all could seem to be when one is woken.
    sleep_commit();
    if (turnstile_sleep(sp, left) === WOKE.granted) break;
  }
  probe(POINT.acquired, sp);
  return true;
}

/** Takes a unit for somebody in line; the chain is held. */
function sema_unit(sp: Sema): boolean {
  for (let count = load(sp, ksema.count); count > 0; count = load(sp, ksema.count)) {
    if (cas(sp, ksema.count, count, count - 1) === count) return true;
  }
  return false;
}
