/*
 * Processes, and the lock that /proc takes on them.
 *
 * pidlock guards the table of processes, p_lock a process.  The order is pidlock, p_lock; p_lock is not
 * part of the process but of its slot, so that a thread asleep with it can be woken though the process
 * is gone.
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
 *
 * Why no process is freed under somebody's feet: it leaves the table under pidlock and p_lock, having
 * waited for P_PR_LOCK to be clear with SEXITING set, and nobody sets P_PR_LOCK on such a process.
 */

import {
  array,
  bits,
  char,
  curthread,
  cv_broadcast,
  cv_signal,
  cv_wait,
  embed,
  enumeration,
  get,
  global,
  kcondvar,
  kmem_free,
  kmem_zalloc,
  kmutex,
  kresource,
  kthread,
  mutex_destroy,
  mutex_enter,
  mutex_exit,
  mutex_tryenter,
  put,
  putText,
  ref,
  resource_enter,
  resource_exit,
  resource_wants,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { assert_held, assert_that, part_mutex } from './parts.ts';
import { pr_lock_is_declared, pr_lock_is_mutex } from './tune.ts';

/** Slots of /proc, and so processes that can be at once. */
export const NPROC = 96;
/** Files one process may have open. */
export const NOFILE = 3;
const HASH = 32;

/** p_stat: sys/proc.h. */
export const STAT = { SRUN: 2, SZOMB: 3, SIDL: 5 } as const;
/** p_flag. */
export const SSYS = 0x1;
export const SEXITING = 0x2;
/** p_proc_flag. */
export const P_PR_LOCK = 0x8;

export const uf_entry = struct('uf_entry_t', {
  uf_lock: embed(kmutex),
  uf_file: ref('file_t'),
  uf_refcnt: u32, // system calls at work on it
});
export const user = struct('user_t', {
  u_comm: char(20),
  u_psargs: char(80),
  u_flist: array(uf_entry, NOFILE),
});
export const proc_t = struct('proc_t', {
  p_stat: enumeration({ 0: 'SUNUSED', 2: 'SRUN', 3: 'SZOMB', 5: 'SIDL' }),
  p_flag: bits({ 1: 'SSYS', 2: 'SEXITING' }),
  p_proc_flag: bits({ 8: 'P_PR_LOCK' }),
  p_pid: u32,
  p_ppid: u32,
  p_slot: u32,
  p_lockp: ref('kmutex'),
  p_hash: ref('proc_t'), //         next with the same hash of its pid
  p_as: ref('as_t'),
  p_plist: ref('prnode_t'), //      /proc nodes open on it
  p_segacct: ref('segacct'), //     System V shared memory attached
  p_semacct: u32, //                semaphore undo
  p_door_list: u32, //              doors
  p_dtrace_count: u32, //           tracepoints in its text
  p_dtrace_helpers: ref('helper_provider'), // the USDT providers it registered
  p_user: embed(user),
});
type Proc = Ref<'proc_t'>;
const NO_PROC = 0 as Proc;

const proc_state = struct('proc_state', { nextpid: u32, nproc: u32 });
const proc_slot = struct('procent', { pe_proc: ref('proc_t') });
const proc_head = struct('pidhash', { first: ref('proc_t') });

export const pidlock = global('pidlock', kmutex);
const p_locks = global('p_lock', kmutex, NPROC);
const pr_pid_cv = global('pr_pid_cv', kcondvar, NPROC);
const pr_lock_resources = global('P_PR_LOCK', kresource, NPROC);
const pr_lock_mutexes = global('p_pr_mutex', kmutex, NPROC);
const procdir = global('procdir', proc_slot, NPROC);
const pidhash = global('pidhash', proc_head, HASH);
const state = global('proc_state', proc_state);

/** The process of the running thread. */
export function curproc(): Proc {
  return get(curthread, kthread.proc) as Proc;
}

/** Makes the running thread one of p's. */
export function lwp_enter(p: Proc): void {
  put(curthread, kthread.proc, p);
}

/** The process in a slot, or NULL.  pidlock is held, or it is known to stay. */
export function pid_entry(slot: number): Proc {
  return get((procdir + slot * proc_slot.$.size) as Ref<'procent'>, proc_slot.pe_proc);
}

/** Makes a process, without an address space, that nobody can lock yet.  @returns NULL: no room */
export function newproc(ppid: number, psargs: string): Proc {
  const p = kmem_zalloc(proc_t.$.size) as Proc;
  if (p === 0) return p;
  const up = sub(p, proc_t.p_user);
  putText(up, user.u_comm, 20, psargs.split(/[ :]/, 1)[0]!);
  putText(up, user.u_psargs, 80, psargs);
  for (let fd = 0; fd < NOFILE; fd++) part_mutex(sub(fd_entry(p, fd), uf_entry.uf_lock), 'uf_lock');
  put(p, proc_t.p_ppid, ppid);
  put(p, proc_t.p_stat, STAT.SIDL);
  if (pid_assign(p)) return p;
  proc_free(p);
  return NO_PROC;
}

/** The file table entry of a descriptor. */
export function fd_entry(p: Proc, fd: number): Ref<'uf_entry_t'> {
  const flist = sub(sub(p, proc_t.p_user), user.u_flist);
  return (flist + fd * uf_entry.$.size) as Ref<'uf_entry_t'>;
}

/** Lets others find it. */
export function proc_run(p: Proc): void {
  mutex_enter(get(p, proc_t.p_lockp));
  put(p, proc_t.p_stat, STAT.SRUN);
  mutex_exit(get(p, proc_t.p_lockp));
}

function pid_assign(p: Proc): boolean {
  mutex_enter(pidlock);
  let slot = get(state, proc_state.nproc) === NPROC ? NPROC : 0;
  while (slot < NPROC && pid_entry(slot) !== 0) slot++;
  if (slot < NPROC) {
    const pid = get(state, proc_state.nextpid);
    put(state, proc_state.nextpid, pid + 1);
    put(state, proc_state.nproc, get(state, proc_state.nproc) + 1);
    put((procdir + slot * proc_slot.$.size) as Ref<'procent'>, proc_slot.pe_proc, p);
    put(p, proc_t.p_pid, pid);
    put(p, proc_t.p_slot, slot);
    put(p, proc_t.p_lockp, (p_locks + slot * kmutex.$.size) as Ref<'kmutex'>);
    put(p, proc_t.p_hash, get(hash_head(pid), proc_head.first));
    put(hash_head(pid), proc_head.first, p);
  }
  mutex_exit(pidlock);
  return slot < NPROC;
}

/** The end of a process: it is not found any more, and its memory is free. */
export function pid_exit(p: Proc): void {
  const lock = get(p, proc_t.p_lockp);
  mutex_enter(pidlock);
  mutex_enter(lock);
  assert_that((get(p, proc_t.p_proc_flag) & P_PR_LOCK) === 0, '!(p->p_proc_flag & P_PR_LOCK)');
  put(p, proc_t.p_stat, STAT.SZOMB);
  const head = hash_head(get(p, proc_t.p_pid));
  let at = get(head, proc_head.first);
  if (at === p) put(head, proc_head.first, get(p, proc_t.p_hash));
  else {
    while (get(at, proc_t.p_hash) !== p) at = get(at, proc_t.p_hash);
    put(at, proc_t.p_hash, get(p, proc_t.p_hash));
  }
  const entry = (procdir + get(p, proc_t.p_slot) * proc_slot.$.size) as Ref<'procent'>;
  put(entry, proc_slot.pe_proc, NO_PROC);
  put(state, proc_state.nproc, get(state, proc_state.nproc) - 1);
  mutex_exit(lock);
  mutex_exit(pidlock);
  proc_free(p);
}

function proc_free(p: Proc): void {
  for (let fd = 0; fd < NOFILE; fd++) mutex_destroy(sub(fd_entry(p, fd), uf_entry.uf_lock));
  kmem_free(p, proc_t.$.size);
}

function hash_head(pid: number): Ref<'pidhash'> {
  return (pidhash + (pid % HASH) * proc_head.$.size) as Ref<'pidhash'>;
}

/** The process with a pid, or NULL.  pidlock is held. */
export function prfind(pid: number): Proc {
  assert_held(pidlock, '&pidlock');
  let p = get(hash_head(pid), proc_head.first);
  while (p !== 0 && get(p, proc_t.p_pid) !== pid) p = get(p, proc_t.p_hash);
  return p;
}

// --- P_PR_LOCK ----------------------------------------------------------------------------------

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
