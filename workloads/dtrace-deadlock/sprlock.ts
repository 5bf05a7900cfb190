/*
 * P_PR_LOCK: the lock on a process.
 *
 * P_PR_LOCK locks a process against everyone else who would look into it or change it from outside:
 * /proc, and DTrace when it instruments.  It may be held for long and while sleeping, which p_lock may
 * not, so it is a bit of p_proc_flag, guarded by p_lock, and a condvar in the process's slot.
 *
 *     sprlock(pid)          finds the process, returns it with P_PR_LOCK set and p_lock held; or NULL
 *     sprunlock(p)          p_lock is held; clears P_PR_LOCK, wakes one who waits, drops p_lock
 *     mutex_exit(p_lock)    in between: P_PR_LOCK stays
 *
 * Who holds P_PR_LOCK is written nowhere, and a sleep for it is a sleep on a condvar, which has no owner.
 * In the dump of 9056 the owner had to be found by reading stacks, and the kernel's own check for
 * cycles, which goes from a lock to its owner, ends there.  Two tunables change that:
 *
 *     pr_lock_declared      the holder, and who waits, are declared (resource_enter and friends)
 *     pr_lock = mutex       P_PR_LOCK is a mutex.  Then the cycle of 9056 is one of mutexes and rwlocks,
 *                           all of them owned, and the kernel panics as the third thread blocks
 */

import {
  cv_broadcast,
  cv_signal,
  cv_wait,
  get,
  global,
  kcondvar,
  kmutex,
  kresource,
  mutex_enter,
  mutex_exit,
  mutex_tryenter,
  put,
  resource_enter,
  resource_exit,
  resource_wants,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { assert_held, assert_that } from './parts.ts';
import { NPROC, P_PR_LOCK, pidlock, prfind, proc_t, SEXITING, SSYS, STAT } from './proc.ts';
import { pr_lock_is_declared, pr_lock_is_mutex } from './tune.ts';

type Proc = Ref<'proc_t'>;
const NO_PROC = 0 as Proc;

const pr_pid_cv = global('pr_pid_cv', kcondvar, NPROC);
const pr_lock_resources = global('P_PR_LOCK', kresource, NPROC);
const pr_lock_mutexes = global('p_pr_mutex', kmutex, NPROC);

function slot_resource(p: Proc): Ref<'kresource'> {
  return (pr_lock_resources + get(p, proc_t.p_slot) * kresource.$.size) as Ref<'kresource'>;
}

function slot_mutex(p: Proc): Ref<'kmutex'> {
  return (pr_lock_mutexes + get(p, proc_t.p_slot) * kmutex.$.size) as Ref<'kmutex'>;
}

/** The condvar on which threads sleep for P_PR_LOCK of p. */
export function slot_cv(p: Proc): Ref<'kcondvar'> {
  return (pr_pid_cv + get(p, proc_t.p_slot) * kcondvar.$.size) as Ref<'kcondvar'>;
}

/** Sets P_PR_LOCK if it is clear.  p_lock is held.  @returns 0; 1: it is set; -1: no such process */
export function sprtrylock_proc(p: Proc): number {
  assert_held(get(p, proc_t.p_lockp), '&p->p_lock');
  const stat = get(p, proc_t.p_stat);
  if (stat === STAT.SIDL || stat === STAT.SZOMB) return -1;
  if ((get(p, proc_t.p_flag) & (SSYS | SEXITING)) !== 0) return -1;
  if ((get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0) return 1;
  if (pr_lock_is_mutex() && !mutex_tryenter(slot_mutex(p))) return 1;
  put(p, proc_t.p_proc_flag, get(p, proc_t.p_proc_flag) | P_PR_LOCK);
  if (pr_lock_is_declared()) resource_enter(slot_resource(p));
  return 0;
}

/** Waits for P_PR_LOCK to be clear.  p_lock is held, and dropped: what p is must be found out again. */
export function sprwaitlock_proc(p: Proc): void {
  const lock = get(p, proc_t.p_lockp);
  if (pr_lock_is_mutex()) {
    const prlock = slot_mutex(p);
    mutex_exit(lock);
    mutex_enter(prlock);
    mutex_exit(prlock);
    return;
  }
  if (pr_lock_is_declared()) resource_wants(slot_resource(p));
  cv_wait(slot_cv(p), lock);
  resource_wants(0 as Ref<'kresource'>);
  mutex_exit(lock);
}

/** Clears P_PR_LOCK.  p_lock is held, and stays so. */
export function prunmark(p: Proc): void {
  assert_held(get(p, proc_t.p_lockp), '&p->p_lock');
  assert_that((get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0, 'p->p_proc_flag & P_PR_LOCK');
  if (pr_lock_is_declared()) resource_exit(slot_resource(p));
  put(p, proc_t.p_proc_flag, get(p, proc_t.p_proc_flag) & ~P_PR_LOCK);
  if (pr_lock_is_mutex()) mutex_exit(slot_mutex(p));
  else cv_signal(slot_cv(p));
}

/** sprlock() for a zone: there is one zone here, so for all of them. */
export function sprlock_zone(pid: number): Proc {
  for (;;) {
    mutex_enter(pidlock);
    const p = prfind(pid);
    if (p === 0) {
      mutex_exit(pidlock);
      return NO_PROC;
    }
    const lock = get(p, proc_t.p_lockp);
    mutex_enter(lock);
    mutex_exit(pidlock);
    const busy = sprtrylock_proc(p);
    if (busy === 0) return p;
    if (busy === -1) {
      mutex_exit(lock);
      return NO_PROC;
    }
    sprwaitlock_proc(p);
  }
}

/** Locks the process with a pid; p_lock is held on return.  NULL when there is none to lock. */
export function sprlock(pid: number): Proc {
  return sprlock_zone(pid);
}

/** The same for a process that the caller knows to stay, such as its own.  p_lock is held throughout. */
export function sprlock_proc(p: Proc): void {
  while (sprtrylock_proc(p) === 1) {
    sprwaitlock_proc(p);
    mutex_enter(get(p, proc_t.p_lockp));
  }
}

/** Unlocks a process.  p_lock is held, and dropped. */
export function sprunlock(p: Proc): void {
  prunmark(p);
  mutex_exit(get(p, proc_t.p_lockp));
}

/** An exiting process: waits until nobody has it locked, and nobody can again.  p_lock is held. */
export function prbarrier_exit(p: Proc): void {
  const lock = get(p, proc_t.p_lockp);
  put(p, proc_t.p_flag, get(p, proc_t.p_flag) | SEXITING);
  while ((get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0) {
    sprwaitlock_proc(p);
    mutex_enter(lock);
  }
  // Whoever still waits is to find SEXITING, and give up.
  cv_broadcast(slot_cv(p));
}
