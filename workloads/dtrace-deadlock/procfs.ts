/*
 * procfs: the files /proc/PID/psinfo and /proc/PID/map.
 *
 * Reading a map takes long, so it is done without p_lock, under P_PR_LOCK and a_lock:
 *
 *     prlock()              P_PR_LOCK, p_lock
 *     a_lock, if free       else give all back, wait a tick and start again: the process itself may have
 *                           it, and want p_lock
 *     drop p_lock
 *     prgetmap()            prsubr.ts
 *     drop a_lock, take p_lock, prunlock()
 */

import {
  bcopy,
  get,
  kmem_free,
  kmem_zalloc,
  mutex_enter,
  mutex_exit,
  put,
  rw_exit,
  rw_tryenter,
  RW_WRITER,
  sub,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_t } from './as.ts';
import { outcome, pause } from './load.ts';
import { assert_that, EINVAL, ENOENT } from './parts.ts';
import { NPROC, pid_entry, pidlock, prfind, proc_t, SEXITING } from './proc.ts';
import {
  pr_pidlock,
  prgetmap,
  prgetpsinfo,
  prlock,
  prmap,
  prnode,
  prunlock,
  psinfo,
} from './prsubr.ts';
import type { Prmap, Prnode } from './prsubr.ts';
import { vn_make_ops, vnode } from './vnode.ts';

/** pr_type. */
export const PR = { PSINFO: 1, MAP: 2 } as const;

type Proc = Ref<'proc_t'>;
const NO_PROC = 0 as Proc;

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
  // One that exits may be past prexit(), and then nobody would tell the node that it is gone.
  const there = p !== 0 && (get(p, proc_t.p_flag) & SEXITING) === 0;
  if (there) {
    put(pnp, prnode.pr_proc, p);
    put(pnp, prnode.pr_next, get(p, proc_t.p_plist));
    put(p, proc_t.p_plist, pnp);
  }
  mutex_exit(pidlock);
  mutex_exit(pr_pidlock);
  if (there) return vp;
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
    pause();
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
