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
 * Who is signalled needs the mutex next, and whoever signals mostly has it.  For one thread that is well: by the time
 * that it is awake the mutex is free.  Several would only meet there, find it taken, spin, and go to sleep again.  So a
 * broadcast to several does not wake them: it moves them, asleep as they are, from this line into that of their mutex
 * (mutex_line_up), and the mutex_exit() of whoever has that wakes all of them.  If nobody has it they are woken at once.  A dump
 * shows the truth of it: who was told waits for the mutex, which has an owner.  bench condvar-handoff has figures.
 *
 * Not moved, but woken: one with a time limit, which would end in a line where no time counts; those who wait with
 * different mutexes; and those whose mutex was destroyed, for mutex_enter() to say so.
 *
 * One that was moved and is nudged leaves the line that its wchan names.  If it reads the condvar there, and is moved
 * before it has that chain, it is not found, and so was chosen: it waits for the wakeup of the mutex.
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
/** In kcondvar.mutex: those in line wait with more than one. */
const SEVERAL = 0 as Mutex;

export function cv_init(cvp: Condvar, name: string): void {
  sobj_init(cvp, SOBJ.cv, kcondvar.$.name, name);
  put(cvp, kcondvar.unheard, 0);
  put(cvp, kcondvar.last_signal, 0 as Ref<'kthread'>);
  put(cvp, kcondvar.mutex, SEVERAL);
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
  const ts = turnstile_lookup(cvp);
  if (get(cvp, kcondvar.mutex) !== mp)
    put(cvp, kcondvar.mutex, turnstile_waiters(ts) === 0 ? mp : SEVERAL);
  turnstile_enlist(ts, cvp, SOBJ.cv, flags);
  turnstile_exit(ts);
  mutex_exit(mp);
  // Asleep only now: while it counted as asleep with mp in hand, two such threads looked like a cycle.
  sleep_commit();
  const woke = turnstile_sleep(cvp, ms);
  const moved = (get(curthread, kthread.wait_flags) & WAIT.moved) !== 0;
  if (moved && woke === WOKE.granted) mutex_enter_woken(mp);
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
  const woken: Ref<'kthread'>[] = [];
  const moved: Ref<'kthread'>[] = [];
  const ts = turnstile_lookup(cvp);
  // One alone is awake by the time that the mutex is given up; several would only meet there.
  const alone = most === 1 || turnstile_waiters(ts) === 1;
  const mp = alone ? SEVERAL : get(cvp, kcondvar.mutex);
  while (woken.length + moved.length < most && turnstile_waiters(ts) !== 0) {
    const t = turnstile_first(ts);
    turnstile_remove(ts, t);
    ring_event(most === 1 ? EVENT.signal : EVENT.broadcast, cvp, t);
    if (mayMove(t, mp)) moved.push(t);
    else woken.push(t);
  }
  turnstile_exit(ts);
  for (const t of woken) setrun(t);
  if (moved.length !== 0) mutex_line_up(mp, moved);
}

/** Whether a thread can wait for its wakeup in the line of this mutex: its time, if it has a limit, would end there. */
function mayMove(t: Ref<'kthread'>, mp: Mutex): boolean {
  if (mp === SEVERAL || get(mp, kmutex.kind) !== SOBJ.mutex) return false;
  return (get(t, kthread.wait_flags) & WAIT.timed) === 0;
}
