/*
 * shmsys: System V shared memory, a module of 7K that everybody needs.
 *
 * A segment (kshmid) has bytes of its own.  A process that attaches it gets a mapping and a segacct, a
 * note of which mapping is which segment; they are passed on by fork and dropped by exit.  The segaccts
 * of a process are changed by the process alone, and read by others who hold P_PR_LOCK on it.
 *
 * shmgetid() answers the question of prgetmap(): which segment is mapped at this address?  It takes no
 * lock at all.  That it cost one all the same is bug 9056: it was reached through a WSTUB (modstubs.ts),
 * although _fini below has never allowed the module to unload.
 */

import {
  add,
  get,
  global,
  kmem_alloc,
  kmem_free,
  kmem_zalloc,
  load,
  put,
  ref,
  struct,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_map, MA } from './as.ts';
import { assert_not_held, assert_that, EBUSY, EINVAL, ENOMEM } from './parts.ts';
import { curproc, P_PR_LOCK, proc_t } from './proc.ts';
import { text_symbol } from './text.ts';

/** Answers of shmgetid() that are no ids. */
export const SHMID_NONE = -1;
export const SHMID_FREE = -2;
/** Segments that there can be. */
export const SHMMNI = 8;

export const kshmid = struct('kshmid', {
  shm_size: u32, //    0 for a free entry
  shm_memory: u32, //  its bytes
  shm_nattch: u32,
  shm_rmid: u32, //    1: removed, and here only until the last detach
});
export const segacct = struct('segacct', {
  sa_next: ref('segacct'),
  sa_addr: u32,
  sa_len: u32,
  sa_id: u32,
});
type Proc = Ref<'proc_t'>;
type Segacct = Ref<'segacct'>;

const shm_svc = global('shm_svc', kshmid, SHMMNI);

/** The segment with an id. */
export function shm_lookup(id: number): Ref<'kshmid'> {
  assert_that(id >= 0 && id < SHMMNI, 'id < SHMMNI');
  return (shm_svc + id * kshmid.$.size) as Ref<'kshmid'>;
}

/** shmget(2), for a new segment.  @param size bytes @returns its id, or -errno */
export function shmget(size: number): number {
  for (let id = 0; id < SHMMNI; id++) {
    const sp = shm_lookup(id);
    if (get(sp, kshmid.shm_size) !== 0) continue;
    const memory = kmem_zalloc(size);
    if (memory === 0) return -ENOMEM;
    put(sp, kshmid.shm_memory, memory);
    put(sp, kshmid.shm_size, size);
    return id;
  }
  return -EINVAL;
}

/** shmat(2).  @returns the address of the new mapping, or 0 */
export function shmat(p: Proc, id: number): number {
  const sp = shm_lookup(id);
  const sa = kmem_alloc(segacct.$.size) as Segacct;
  if (sa === 0) return 0;
  const flags = MA.READ | MA.WRITE | MA.SHARED;
  const addr = as_map(get(p, proc_t.p_as), get(sp, kshmid.shm_size), flags, 0);
  if (addr === 0) {
    kmem_free(sa, segacct.$.size);
    return 0;
  }
  sa_add(p, sa, addr, get(sp, kshmid.shm_size), id);
  return addr;
}

/** shmctl(2) with IPC_RMID: the segment goes with its last attachment. */
export function shm_rmid(id: number): void {
  put(shm_lookup(id), kshmid.shm_rmid, 1);
}

function sa_add(p: Proc, sa: Segacct, addr: number, len: number, id: number): void {
  put(sa, segacct.sa_addr, addr);
  put(sa, segacct.sa_len, len);
  put(sa, segacct.sa_id, id);
  put(sa, segacct.sa_next, get(p, proc_t.p_segacct));
  put(p, proc_t.p_segacct, sa);
  add(shm_lookup(id), kshmid.shm_nattch, 1);
}

/** fork: the child has attached what the parent has.  @returns 0 or ENOMEM */
export function shmfork(parent: number, child: number): number {
  const cp = child as Proc;
  for (let sa = get(parent as Proc, proc_t.p_segacct); sa !== 0; sa = get(sa, segacct.sa_next)) {
    const copy = kmem_alloc(segacct.$.size) as Segacct;
    if (copy === 0) return ENOMEM;
    sa_add(cp, copy, get(sa, segacct.sa_addr), get(sa, segacct.sa_len), get(sa, segacct.sa_id));
  }
  return 0;
}

/** exit: everything is detached. */
export function shmexit(exiting: number): number {
  const p = exiting as Proc;
  for (let sa = get(p, proc_t.p_segacct); sa !== 0;) {
    const next = get(sa, segacct.sa_next);
    const sp = shm_lookup(get(sa, segacct.sa_id));
    if (add(sp, kshmid.shm_nattch, -1) === 1 && get(sp, kshmid.shm_rmid) === 1) {
      kmem_free(get(sp, kshmid.shm_memory), get(sp, kshmid.shm_size));
      put(sp, kshmid.shm_size, 0);
    }
    kmem_free(sa, segacct.$.size);
    sa = next;
  }
  put(p, proc_t.p_segacct, 0 as Segacct);
  return 0;
}

/** The id of the segment that p has mapped at addr; SHMID_NONE, SHMID_FREE.  p has P_PR_LOCK, or runs this. */
export function shmgetid(process: number, addr: number): number {
  const p = process as Proc;
  assert_not_held(get(p, proc_t.p_lockp), '&p->p_lock');
  assert_that(
    (get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0 || p === curproc(),
    '(p->p_proc_flag & P_PR_LOCK) || p == curproc',
  );
  for (let sa = get(p, proc_t.p_segacct); sa !== 0; sa = get(sa, segacct.sa_next)) {
    if (get(sa, segacct.sa_addr) !== addr) continue;
    const id = get(sa, segacct.sa_id);
    return get(shm_lookup(id), kshmid.shm_rmid) === 1 ? SHMID_FREE : id;
  }
  return SHMID_NONE;
}

/** How many attachments a segment has. */
export function shm_nattch(id: number): number {
  return load(shm_lookup(id), kshmid.shm_nattch);
}

function _init(): number {
  return 0;
}

/** "This, however, is (tragi-)comical": the module cannot be unloaded. */
function _fini(): number {
  return EBUSY;
}

for (const func of [_init, _fini, shmexit, shmfork, shmgetid]) text_symbol('shmsys', func);
