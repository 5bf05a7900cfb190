/*
 * procfs: what it does with a process: finding it, locking it, describing it.
 *
 * A node of /proc refers to its process for as long as the process lives: pr_pidlock guards that
 * reference, and the order is pr_pidlock, pidlock, p_lock.  What reads or changes the process takes
 * P_PR_LOCK on it with prlock(), and gives it back with prunlock().
 *
 * The third thread of bug 9056 is in prgetmap().  It has P_PR_LOCK and a_lock, and for each shared mapping
 * of a process with System V shared memory it calls shmgetid(), a function of a module.  Whether that
 * costs mod_lock, here of all places, is up to its stub.
 */

import {
  at,
  char,
  embed,
  enumeration,
  get,
  getText,
  global,
  i32,
  kmutex,
  mutex_enter,
  mutex_exit,
  put,
  put64,
  putText,
  ref,
  struct,
  sub,
  u32,
  u64,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_t, MA, seg } from './as.ts';
import { jump, stub } from './modstubs.ts';
import { assert_that } from './parts.ts';
import { P_PR_LOCK, proc_t, SSYS, user } from './proc.ts';
import { SHMID_FREE, SHMID_NONE } from './shm.ts';
import { prunmark, sprtrylock_proc, sprwaitlock_proc } from './sprlock.ts';
import { vnode } from './vnode.ts';

export const prnode = struct('prnode_t', {
  pr_vnode: embed(vnode),
  pr_type: enumeration({ 1: 'PR_PSINFO', 2: 'PR_MAP' }),
  pr_proc: ref('proc_t'), //    NULL: the process is gone
  pr_next: ref('prnode_t'), //  the next one on p_plist
});
/** What reading a map returns, a record for each mapping: the layout of LP64. */
export const prmap = struct(
  'prmap_t',
  {
    pr_vaddr: u64,
    pr_size: u64,
    pr_mapname: char(64),
    pr_offset: u64,
    pr_mflags: at(0x58, u32),
    pr_pagesize: u32,
    pr_shmid: at(0x60, i32),
  },
  0x68,
);
export const psinfo = struct('psinfo_t', {
  pr_pid: u32,
  pr_ppid: u32,
  pr_size: u32,
  pr_nsegs: u32,
  pr_fname: char(20),
  pr_psargs: char(80),
});
export type Prnode = Ref<'prnode_t'>;
export type Prmap = Ref<'prmap_t'>;
type Proc = Ref<'proc_t'>;
const NO_PROC = 0 as Proc;

export const pr_pidlock = global('pr_pidlock', kmutex);

/** The process exits: the nodes that are open on it outlive it. */
export function prexit(p: Proc): void {
  mutex_enter(pr_pidlock);
  for (let pnp = get(p, proc_t.p_plist); pnp !== 0; pnp = get(pnp, prnode.pr_next)) {
    put(pnp, prnode.pr_proc, NO_PROC);
  }
  put(p, proc_t.p_plist, 0 as Prnode);
  mutex_exit(pr_pidlock);
}

/** Locks the process of a node; p_lock is held on return.  NULL when it is gone, or going. */
function pr_p_lock(pnp: Prnode): Proc {
  for (;;) {
    mutex_enter(pr_pidlock);
    const p = get(pnp, prnode.pr_proc);
    if (p === 0) {
      mutex_exit(pr_pidlock);
      return NO_PROC;
    }
    const lock = get(p, proc_t.p_lockp);
    mutex_enter(lock);
    mutex_exit(pr_pidlock);
    if ((get(p, proc_t.p_flag) & SSYS) !== 0) return p; // nothing to lock: it has no memory
    const busy = sprtrylock_proc(p);
    if (busy === 0) return p;
    if (busy === -1) {
      mutex_exit(lock);
      return NO_PROC;
    }
    sprwaitlock_proc(p);
  }
}

export function prlock(pnp: Prnode): Proc {
  return pr_p_lock(pnp);
}

/** p_lock is held, and dropped. */
export function prunlock(p: Proc): void {
  if ((get(p, proc_t.p_flag) & SSYS) === 0) prunmark(p);
  mutex_exit(get(p, proc_t.p_lockp));
}

export function prgetpsinfo(p: Proc, info: Ref<'psinfo_t'>): void {
  const as = get(p, proc_t.p_as);
  const up = sub(p, proc_t.p_user);
  put(info, psinfo.pr_pid, get(p, proc_t.p_pid));
  put(info, psinfo.pr_ppid, get(p, proc_t.p_ppid));
  put(info, psinfo.pr_size, as === 0 ? 0 : get(as, as_t.a_size));
  put(info, psinfo.pr_nsegs, as === 0 ? 0 : get(as, as_t.a_nsegs));
  putText(info, psinfo.pr_fname, 20, getText(up, user.u_comm, 20));
  putText(info, psinfo.pr_psargs, 80, getText(up, user.u_psargs, 80));
}

/** One record for each mapping.  P_PR_LOCK and a_lock are held, p_lock is not. */
export function prgetmap(p: Proc, iol: Prmap): void {
  const as = get(p, proc_t.p_as);
  assert_that((get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0, 'p->p_proc_flag & P_PR_LOCK');
  let mp = iol;
  for (let s = get(as, as_t.a_segs); s !== 0; s = get(s, seg.s_next)) {
    const base = get(s, seg.s_base);
    put64(mp, prmap.pr_vaddr, base);
    put64(mp, prmap.pr_size, get(s, seg.s_size));
    put64(mp, prmap.pr_offset, get(s, seg.s_offset));
    put(mp, prmap.pr_mflags, get(s, seg.s_flags));
    put(mp, prmap.pr_pagesize, 4096);
    if (get(s, seg.s_ino) !== 0) putText(mp, prmap.pr_mapname, 64, `zfs.1.${get(s, seg.s_ino)}`);
    let shmid = SHMID_NONE;
    if ((get(s, seg.s_flags) & MA.SHARED) !== 0 && get(p, proc_t.p_segacct) !== 0) {
      shmid = jump(stub.shmgetid)(p, base);
      if (shmid !== SHMID_NONE) put(mp, prmap.pr_mflags, get(s, seg.s_flags) | MA.SHM);
    }
    put(mp, prmap.pr_shmid, shmid === SHMID_FREE ? -1 : shmid);
    mp = (mp + prmap.$.size) as Prmap;
  }
}
