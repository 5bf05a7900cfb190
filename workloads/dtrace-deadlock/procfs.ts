/*
 * procfs: /proc/PID/psinfo and /proc/PID/map.
 *
 * A node of /proc refers to its process for as long as the process lives: pr_pidlock guards that
 * reference, and the order is pr_pidlock, pidlock, p_lock.  What reads or changes the process takes
 * P_PR_LOCK on it with prlock(), and gives it back with prunlock().
 *
 * Reading the map takes long, so it is done without p_lock, under P_PR_LOCK and a_lock:
 *
 *     prlock()              P_PR_LOCK, p_lock
 *     a_lock, if free       else give all back, wait a tick and start again: the process itself may have
 *                           it, and want p_lock
 *     drop p_lock
 *     prgetmap()            for each shared mapping of a process with System V shared memory: shmgetid()
 *     drop a_lock, take p_lock, prunlock()
 *
 * shmgetid() is a function of a module.  Whether that costs mod_lock, here of all places, is up to its
 * stub.
 */

import {
  at,
  bcopy,
  char,
  delay,
  embed,
  enumeration,
  get,
  getText,
  global,
  i32,
  kmem_free,
  kmem_zalloc,
  kmutex,
  mutex_enter,
  mutex_exit,
  put,
  put64,
  putText,
  ref,
  rw_exit,
  rw_tryenter,
  RW_WRITER,
  struct,
  sub,
  u32,
  u64,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_t, MA, seg } from './as.ts';
import { outcome } from './load.ts';
import { jump, stub } from './modstubs.ts';
import { assert_that, EINVAL, ENOENT } from './parts.ts';
import {
  NPROC,
  P_PR_LOCK,
  pid_entry,
  pidlock,
  prfind,
  proc_t,
  prunmark,
  SSYS,
  sprtrylock_proc,
  sprwaitlock_proc,
  user,
} from './proc.ts';
import { SHMID_FREE, SHMID_NONE } from './shm.ts';
import { vn_make_ops, vnode } from './vnode.ts';

/** pr_type. */
export const PR = { PSINFO: 1, MAP: 2 } as const;

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
type Prnode = Ref<'prnode_t'>;
type Proc = Ref<'proc_t'>;
type Prmap = Ref<'prmap_t'>;
const NO_PROC = 0 as Proc;

export const pr_pidlock = global('pr_pidlock', kmutex);

const PROC_OPS = vn_make_ops({
  vop_open: (vp) => vp,
  vop_close: prclose,
  vop_read: prread,
  vop_ioctl: () => -EINVAL,
  vop_inactive: prinactive,
});

function vtop(vp: Ref<'vnode_t'>): Prnode {
  return get(vp, vnode.v_data) as Ref<string> as Prnode;
}

/** The node for a file of a process.  @returns its vnode, or -errno */
export function prlookup(pid: number, type: number): number {
  const pnp = kmem_zalloc(prnode.$.size) as Prnode;
  if (pnp === 0) return -ENOENT;
  const vp = sub(pnp, prnode.pr_vnode);
  put(vp, vnode.v_op, PROC_OPS);
  put(vp, vnode.v_data, pnp as Ref<string> as Ref<'vnode_data'>);
  put(pnp, prnode.pr_type, type);
  mutex_enter(pr_pidlock);
  mutex_enter(pidlock);
  const p = prfind(pid);
  if (p !== 0) {
    put(pnp, prnode.pr_proc, p);
    put(pnp, prnode.pr_next, get(p, proc_t.p_plist));
    put(p, proc_t.p_plist, pnp);
  }
  mutex_exit(pidlock);
  mutex_exit(pr_pidlock);
  if (p !== 0) return vp;
  kmem_free(pnp, prnode.$.size);
  return -ENOENT;
}

function prclose(): number {
  return 0;
}

function prinactive(vp: Ref<'vnode_t'>): void {
  const pnp = vtop(vp);
  mutex_enter(pr_pidlock);
  const p = get(pnp, prnode.pr_proc);
  if (p !== 0) {
    let on = get(p, proc_t.p_plist);
    if (on === pnp) put(p, proc_t.p_plist, get(pnp, prnode.pr_next));
    else {
      while (get(on, prnode.pr_next) !== pnp) on = get(on, prnode.pr_next);
      put(on, prnode.pr_next, get(pnp, prnode.pr_next));
    }
  }
  mutex_exit(pr_pidlock);
  kmem_free(pnp, prnode.$.size);
}

/** The process exits: the nodes that are open on it outlive it. */
export function prexit(p: Proc): void {
  mutex_enter(pr_pidlock);
  for (let pnp = get(p, proc_t.p_plist); pnp !== 0; pnp = get(pnp, prnode.pr_next)) {
    put(pnp, prnode.pr_proc, NO_PROC);
  }
  put(p, proc_t.p_plist, 0 as Prnode);
  mutex_exit(pr_pidlock);
}

/** The pids of all processes, as in a listing of /proc. */
export function pr_readdir(): number[] {
  const pids: number[] = [];
  mutex_enter(pidlock);
  for (let slot = 0; slot < NPROC; slot++) {
    const p = pid_entry(slot);
    if (p !== 0) pids.push(get(p, proc_t.p_pid));
  }
  mutex_exit(pidlock);
  return pids;
}

// --- locking the process of a node --------------------------------------------------------------

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
function prunlock(p: Proc): void {
  if ((get(p, proc_t.p_flag) & SSYS) === 0) prunmark(p);
  mutex_exit(get(p, proc_t.p_lockp));
}

// --- reading ------------------------------------------------------------------------------------

/** Calls what reads a file of the node's type. */
function prread(vp: Ref<'vnode_t'>, buf: number, length: number, offset: number): number {
  const pnp = vtop(vp);
  return read_function(get(pnp, prnode.pr_type))(pnp, buf, length, offset);
}

function read_function(type: number): typeof pr_read_map {
  return type === PR.MAP ? pr_read_map : pr_read_psinfo;
}

function pr_read_psinfo(pnp: Prnode, buf: number, length: number): number {
  const info = kmem_zalloc(psinfo.$.size) as Ref<'psinfo_t'>;
  const p = info === 0 ? NO_PROC : prlock(pnp);
  if (p !== 0) {
    prgetpsinfo(p, info);
    prunlock(p);
    bcopy(info, buf, Math.min(length, psinfo.$.size));
  }
  if (info !== 0) kmem_free(info, psinfo.$.size);
  return p === 0 ? -ENOENT : psinfo.$.size;
}

function prgetpsinfo(p: Proc, info: Ref<'psinfo_t'>): void {
  const as = get(p, proc_t.p_as);
  const up = sub(p, proc_t.p_user);
  put(info, psinfo.pr_pid, get(p, proc_t.p_pid));
  put(info, psinfo.pr_ppid, get(p, proc_t.p_ppid));
  put(info, psinfo.pr_size, as === 0 ? 0 : get(as, as_t.a_size));
  put(info, psinfo.pr_nsegs, as === 0 ? 0 : get(as, as_t.a_nsegs));
  putText(info, psinfo.pr_fname, 20, getText(up, user.u_comm, 20));
  putText(info, psinfo.pr_psargs, 80, getText(up, user.u_psargs, 80));
}

function pr_read_map(pnp: Prnode, buf: number, length: number, offset: number): number {
  assert_that(get(pnp, prnode.pr_type) === PR.MAP, 'pnp->pr_type == PR_MAP');
  return pr_read_map_common(pnp, buf, length, offset);
}

function pr_read_map_common(pnp: Prnode, buf: number, length: number, offset: number): number {
  let p = prlock(pnp);
  for (; p !== 0; p = prlock(pnp)) {
    const as = get(p, proc_t.p_as);
    if (as === 0) {
      prunlock(p);
      return 0;
    }
    if (rw_tryenter(sub(as, as_t.a_lock), RW_WRITER)) break;
    prunlock(p);
    outcome('map busy');
    delay(1);
  }
  if (p === 0) return -ENOENT;
  const lock = get(p, proc_t.p_lockp);
  const as = get(p, proc_t.p_as);
  const size = get(as, as_t.a_nsegs) * prmap.$.size;
  mutex_exit(lock);
  const iol = size === 0 ? 0 : kmem_zalloc(size);
  if (iol !== 0) prgetmap(p, iol as Prmap);
  rw_exit(sub(as, as_t.a_lock));
  mutex_enter(lock);
  prunlock(p);
  if (iol === 0) return 0;
  const bytes = Math.max(0, Math.min(length, size - offset));
  bcopy(iol + offset, buf, bytes);
  kmem_free(iol, size);
  return bytes;
}

/** One record for each mapping.  P_PR_LOCK and a_lock are held, p_lock is not. */
function prgetmap(p: Proc, iol: Prmap): void {
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
