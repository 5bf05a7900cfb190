/*
 * Condition variables.
 *
 * A condvar has no state but its line of sleepers: no owner, no memory of signals.  A signal with nobody
 * in line is gone, and only its count (`unheard`) stays, for the watchdog and for whoever reads the dump.
 *
 * cv_wait() joins the line before it drops the mutex, so a signal sent under that mutex cannot pass
 * between.  cv_signal() chooses the first in line and no other: a thread does not return from cv_wait()
 * for any other reason but its own signal, a timeout, or the watchdog's nudge (see nmi/deadman.ts), so
 * the condition must still be tested in a loop, as with every condvar.
 *
 * Who is signalled needs the mutex next, and whoever signals mostly has it: awake at once, it would only find it
 * taken, spin, and go to sleep again.  So a signal does not wake: it moves the thread, asleep as it is, from this line into
 * that of its mutex (mutex_line_up), and mutex_exit() wakes it there, together with all that a broadcast moved.
 * A dump shows the truth of it: a thread that was signalled waits for the mutex, which has an owner.
 * Three are woken at once instead: one with a time limit, whose time must not end in a line where no time counts;
 * one whose mutex was destroyed meanwhile, for mutex_enter() to say so; and if nobody has the mutex, the first, with
 * all that came along.
 *
 * One that gives up meanwhile (timeout, nudge) leaves the line that its wchan names.  If it reads the condvar there and is
 * moved before it has that chain, it is not found, and so was chosen: it waits for the wakeup of the mutex.
 *
 * Rejected: to wake only the first and leave the others in the line of the mutex (pthreads once did, as wait
 * morphing).  Each of them is then woken by the one before it, one wakeup of the host after the other; where those who
 * wait must look who of them was meant, that takes half the line, and was as slow as waking all with the mutex held.
 *
 * Since there is no owner, nothing here tells the kernel whom a sleeper waits for.  Where a condvar
 * stands for something that is held (P_PR_LOCK), say so with a resource (resource.ts).
 */

import { EVENT, kcondvar, kmutex, kthread, SOBJ, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { get, put, sub } from '../layout/word.ts';
import { setrun, sleep_commit, WOKE } from './disp.ts';
import {
  mutex_enter,
  mutex_enter_woken,
  mutex_exit,
  mutex_line_up,
  mutex_owned,
  mutex_owner,
} from './mutex.ts';
import { panic_check, panic_lock } from './panic.ts';
import { POINT, probe } from './probe.ts';
import { ring_event } from './ring.ts';
import { sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import { curthread, lbolt } from './thread.ts';
import {
  turnstile_enlist,
  turnstile_exit,
  turnstile_first,
  turnstile_lookup,
  turnstile_remove,
  turnstile_sleep,
  turnstile_waiters,
} from './turnstile.ts';

type Condvar = Ref<'kcondvar'>;
type Mutex = Ref<'kmutex'>;
/** In kthread.cv_mutex: it stands, or stood, in the line of that mutex. */
const SENT = 0 as Mutex;

export function cv_init(cvp: Condvar, name: string): void {
  sobj_init(cvp, SOBJ.cv, kcondvar.$.name, name);
  put(cvp, kcondvar.unheard, 0);
  put(cvp, kcondvar.last_signal, 0 as Ref<'kthread'>);
}

export function cv_destroy(cvp: Condvar): void {
  sobj_destroy(cvp, 'cv_destroy');
}

/** Drops mp, sleeps until signalled, takes mp again.  Not interruptible. */
export function cv_wait(cvp: Condvar, mp: Mutex): void {
  cv_block(cvp, mp, 0, Infinity);
}

/** The same for a thread that may wait forever by design (a daemon without work): no hang. */
export function cv_wait_idle(cvp: Condvar, mp: Mutex): void {
  cv_block(cvp, mp, WAIT.idle, Infinity);
}

/** cv_timedwait(9F): -1 when the time was up, else 1.  @param ms milliseconds, from now */
export function cv_timedwait(cvp: Condvar, mp: Mutex, ms: number): -1 | 1 {
  return cv_block(cvp, mp, WAIT.timed, ms) === WOKE.timeout ? -1 : 1;
}

/** Wakes the first in line. */
export function cv_signal(cvp: Condvar): void {
  cv_wakeup(cvp, 1);
}

/** Wakes all in line. */
export function cv_broadcast(cvp: Condvar): void {
  cv_wakeup(cvp, Infinity);
}

function cv_block(cvp: Condvar, mp: Mutex, flags: number, ms: number): number {
  panic_check();
  if (!mutex_owned(mp)) panic_lock('cv_wait: mutex not owned', mp, sobj_name(mp), mutex_owner(mp));
  put(curthread, kthread.cv_mutex, mp);
  const ts = turnstile_lookup(cvp);
  turnstile_enlist(ts, cvp, SOBJ.cv, flags);
  turnstile_exit(ts);
  mutex_exit(mp);
  // Asleep only now: while it counted as asleep with mp in hand, two such threads looked like a cycle.
  sleep_commit();
  const woke = turnstile_sleep(cvp, ms);
  if (woke === WOKE.granted && get(curthread, kthread.cv_mutex) === SENT) mutex_enter_woken(mp);
  else mutex_enter(mp);
  return woke;
}

function cv_wakeup(cvp: Condvar, most: number): void {
  probe(POINT.signal, cvp);
  put(cvp, kcondvar.signals, (get(cvp, kcondvar.signals) + 1) | 0);
  put(cvp, kcondvar.last_signal, curthread);
  put(cvp, kcondvar.last_signal_time, lbolt());
  if (turnstile_waiters(sub(cvp, kcondvar.ts)) === 0) {
    put(cvp, kcondvar.unheard, (get(cvp, kcondvar.unheard) + 1) | 0);
    return;
  }
  const chosen: Ref<'kthread'>[] = [];
  const ts = turnstile_lookup(cvp);
  while (chosen.length < most && turnstile_waiters(ts) !== 0) {
    const t = turnstile_first(ts);
    turnstile_remove(ts, t);
    chosen.push(t);
  }
  turnstile_exit(ts);
  for (const t of chosen) ring_event(most === 1 ? EVENT.signal : EVENT.broadcast, cvp, t);
  for (let rest = chosen; rest.length !== 0;) rest = cv_send(rest);
}

/** Sends those who wait with the mutex of the first to it; wakes those who may not be sent.  @returns the others */
function cv_send(chosen: readonly Ref<'kthread'>[]): Ref<'kthread'>[] {
  const mp = get(chosen[0]!, kthread.cv_mutex);
  const others: Ref<'kthread'>[] = [];
  const sent: Ref<'kthread'>[] = [];
  for (const t of chosen) {
    if (get(t, kthread.cv_mutex) !== mp) others.push(t);
    else if ((get(t, kthread.wait_flags) & WAIT.timed) !== 0 || get(mp, kmutex.kind) !== SOBJ.mutex)
      setrun(t);
    else {
      put(t, kthread.cv_mutex, SENT);
      sent.push(t);
    }
  }
  if (sent.length !== 0) mutex_line_up(mp, sent);
  return others;
}
