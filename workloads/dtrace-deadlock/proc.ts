/*
 * Processes.
 *
 * pidlock guards the table of processes, p_lock a process.  The order is pidlock, p_lock; p_lock is not
 * part of the process but of its slot, so that a thread asleep with it can be woken though the process
 * is gone.
 *
 * Why no process is freed under somebody's feet: it leaves the table under pidlock and p_lock, having
 * waited with SEXITING set for P_PR_LOCK to be clear, and nobody sets P_PR_LOCK on such a process
 * (sprlock.ts).
 */

import {
  array,
  bits,
  char,
  curthread,
  embed,
  enumeration,
  get,
  global,
  kmem_free,
  kmem_zalloc,
  kmutex,
  kthread,
  mutex_destroy,
  mutex_enter,
  mutex_exit,
  put,
  putText,
  ref,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { assert_held, assert_that, part_mutex } from './parts.ts';

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
const procdir = global('procdir', proc_slot, NPROC);
const pidhash = global('pidhash', proc_head, HASH);
const state = global('proc_state', proc_state);

/** The process of the running thread. */
export function curproc(): Proc {
  return get(curthread, kthread.proc);
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
