/*
 * specfs: device files.
 *
 * A device has one common snode, and each open of it a shadow whose s_commonvp leads there.  Opening and
 * closing a device are serialized by a lock on the common snode that is not a lock but a flag, SLOCKED,
 * and a condvar: it is held across the driver's open and close, which may take for ever.  Its holder is
 * declared (s_csp), so that a dump names it; mdb on a real dump could not.
 *
 * /dev/dtrace/dtrace is a clone device: each open makes a new minor, with snodes of its own.  So the lock
 * that the closing consumer of 9056 held was of no interest to anybody else.  The lock of the clone
 * device itself is held across dtrace_open(), so who opens while DTrace is stuck makes a queue there.
 */

import {
  bits,
  cv_broadcast,
  cv_destroy,
  cv_wait,
  embed,
  get,
  global,
  kcondvar,
  kmem_free,
  kmem_zalloc,
  kmutex,
  kresource,
  mutex_destroy,
  mutex_enter,
  mutex_exit,
  put,
  ref,
  resource_destroy,
  resource_enter,
  resource_exit,
  resource_wants,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { EINVAL, ENOMEM, part_cv, part_mutex, part_resource } from './parts.ts';
import { vn_make_ops, vnode } from './vnode.ts';

/** snode.s_flag. */
const SLOCKED = 0x40;
const SCLOSING = 0x80;

export const snode = struct('snode_t', {
  s_vnode: embed(vnode),
  s_flag: bits({ 0x40: 'SLOCKED', 0x80: 'SCLOSING' }),
  s_opencnt: u32, //          of a common snode
  s_commonvp: ref('vnode_t'),
  s_cloned: u32, //           1: the common snode goes with the shadow
  s_lock: embed(kmutex),
  s_cv: embed(kcondvar),
  s_csp: embed(kresource), // who has SLOCKED
});
type Snode = Ref<'snode_t'>;
type Vnode = Ref<'vnode_t'>;

/** A driver: its cb_ops. */
export interface Driver {
  /** @returns the minor that was opened, which is another for a clone device; or -errno */
  cb_open(minor: number): number;
  cb_close(minor: number): number;
  cb_ioctl(minor: number, cmd: number, arg: number): number;
}
const devopsp: Driver[] = [];

/** Makes a driver known.  At module level only. */
export function ddi_attach(driver: Driver): void {
  devopsp.push(driver);
}

const SPEC_OPS = vn_make_ops({
  vop_open: spec_open,
  vop_close: spec_close,
  vop_read: () => -EINVAL,
  vop_ioctl: spec_ioctl,
  vop_inactive: spec_inactive,
});

const common = global('snode_common', snode, 2);

/** Boot: the devices that are there from the start, minors 0 and 1 of driver 0. */
export function specfs_setup(): void {
  for (const minor of [0, 1]) snode_init((common + minor * snode.$.size) as Snode, minor);
}

function snode_init(sp: Snode, rdev: number): void {
  const vp = sub(sp, snode.s_vnode);
  part_mutex(sub(sp, snode.s_lock), 's_lock');
  part_cv(sub(sp, snode.s_cv), 's_cv');
  part_resource(sub(sp, snode.s_csp), 'LOCK_CSP');
  put(vp, vnode.v_op, SPEC_OPS);
  put(vp, vnode.v_rdev, rdev);
  put(vp, vnode.v_data, sp as Ref<string> as Ref<'vnode_data'>);
}

function snode_free(sp: Snode): void {
  mutex_destroy(sub(sp, snode.s_lock));
  cv_destroy(sub(sp, snode.s_cv));
  resource_destroy(sub(sp, snode.s_csp));
  kmem_free(sp, snode.$.size);
}

function vtos(vp: Vnode): Snode {
  return get(vp, vnode.v_data) as Ref<string> as Snode;
}

/** A shadow of a common snode.  @returns NULL: no memory */
export function specvp(minor: number): Vnode {
  return shadow_of(sub((common + minor * snode.$.size) as Snode, snode.s_vnode), minor);
}

function shadow_of(commonvp: Vnode, rdev: number): Vnode {
  const sp = kmem_zalloc(snode.$.size) as Snode;
  if (sp === 0) return 0 as Vnode;
  snode_init(sp, rdev);
  put(sp, snode.s_commonvp, commonvp);
  return sub(sp, snode.s_vnode);
}

/** A shadow and a common snode of their own for a minor that an open has made. */
function spec_clone(minor: number): Vnode {
  const csp = kmem_zalloc(snode.$.size) as Snode;
  if (csp === 0) return 0 as Vnode;
  snode_init(csp, minor);
  put(csp, snode.s_opencnt, 1);
  const vp = shadow_of(sub(csp, snode.s_vnode), minor);
  if (vp === 0) snode_free(csp);
  else put(vtos(vp), snode.s_cloned, 1);
  return vp;
}

/** LOCK_CSP(). */
function lock_csp(csp: Snode): void {
  const lock = sub(csp, snode.s_lock);
  mutex_enter(lock);
  while ((get(csp, snode.s_flag) & SLOCKED) !== 0) {
    resource_wants(sub(csp, snode.s_csp));
    cv_wait(sub(csp, snode.s_cv), lock);
    resource_wants(0 as Ref<'kresource'>);
  }
  put(csp, snode.s_flag, get(csp, snode.s_flag) | SLOCKED);
  resource_enter(sub(csp, snode.s_csp));
  mutex_exit(lock);
}

/** UNLOCK_CSP(). */
function unlock_csp(csp: Snode): void {
  mutex_enter(sub(csp, snode.s_lock));
  resource_exit(sub(csp, snode.s_csp));
  put(csp, snode.s_flag, get(csp, snode.s_flag) & ~SLOCKED);
  cv_broadcast(sub(csp, snode.s_cv));
  mutex_exit(sub(csp, snode.s_lock));
}

function spec_open(vp: Vnode): number {
  const csp = vtos(get(vtos(vp), snode.s_commonvp));
  const rdev = get(vp, vnode.v_rdev);
  lock_csp(csp);
  const minor = dev_open(rdev);
  const cloned = minor >= 0 && minor !== rdev;
  const opened = cloned ? spec_clone(minor) : vp;
  if (minor === rdev) count_open(csp, 1);
  if (opened === 0) device_close(minor);
  unlock_csp(csp);
  if (minor < 0) return minor;
  if (cloned) spec_inactive(vp);
  return opened === 0 ? -ENOMEM : opened;
}

/** @returns how many opens there are now */
function count_open(csp: Snode, by: number): number {
  mutex_enter(sub(csp, snode.s_lock));
  const opencnt = get(csp, snode.s_opencnt) + by;
  put(csp, snode.s_opencnt, opencnt);
  mutex_exit(sub(csp, snode.s_lock));
  return opencnt;
}

function spec_close(vp: Vnode, count: number): number {
  if (count > 1) return 0;
  const csp = vtos(get(vtos(vp), snode.s_commonvp));
  lock_csp(csp);
  let error = 0;
  if (count_open(csp, -1) === 0) {
    spec_closing(csp, true);
    error = device_close(get(vp, vnode.v_rdev));
    spec_closing(csp, false);
  }
  unlock_csp(csp);
  return error;
}

function spec_closing(csp: Snode, on: boolean): void {
  mutex_enter(sub(csp, snode.s_lock));
  const flag = get(csp, snode.s_flag);
  put(csp, snode.s_flag, on ? flag | SCLOSING : flag & ~SCLOSING);
  mutex_exit(sub(csp, snode.s_lock));
}

function spec_ioctl(vp: Vnode, cmd: number, arg: number): number {
  return cdev_ioctl(get(vp, vnode.v_rdev), cmd, arg);
}

function spec_inactive(vp: Vnode): void {
  const sp = vtos(vp);
  if (get(sp, snode.s_cloned) === 1) snode_free(vtos(get(sp, snode.s_commonvp)));
  snode_free(sp);
}

// --- devices ------------------------------------------------------------------------------------

/** The one driver there is. */
function driver(): Driver {
  return devopsp[0]!;
}

function dev_open(minor: number): number {
  return driver().cb_open(minor);
}

function device_close(minor: number): number {
  return dev_close(minor);
}

function dev_close(minor: number): number {
  return driver().cb_close(minor);
}

function cdev_ioctl(minor: number, cmd: number, arg: number): number {
  return driver().cb_ioctl(minor, cmd, arg);
}
