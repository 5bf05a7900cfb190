/*
 * Vnodes: files of different file systems, behind one set of calls.
 *
 * fop_open() and the others look up the file system's function and call it.  A file system makes its
 * operations known while modules are evaluated, so the number in v_op means the same in each thread.
 */

import { get, ref, struct, u32 } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';

export const vnode = struct('vnode_t', {
  v_op: u32, //     which file system: a number of vn_make_ops()
  v_rdev: u32, //   a device's major and minor
  v_data: ref('vnode_data'), // the file system's own
});
type Vnode = Ref<'vnode_t'>;

export interface VnodeOps {
  /** @returns the vnode to use, which may be another; or -errno */
  vop_open(vp: Vnode): number;
  /** @param count references to the file that is closed, this one included @returns 0 or an errno */
  vop_close(vp: Vnode, count: number): number;
  /** @param buf where to @returns bytes, or -errno */
  vop_read(vp: Vnode, buf: number, length: number, offset: number): number;
  /** @returns 0 or more, or -errno */
  vop_ioctl(vp: Vnode, cmd: number, arg: number): number;
  /** The last reference is gone. */
  vop_inactive(vp: Vnode): void;
}

const vnodeops: VnodeOps[] = [];

/** Makes a file system known.  At module level only.  @returns its number, from 1 */
export function vn_make_ops(ops: VnodeOps): number {
  return vnodeops.push(ops);
}

function ops_of(vp: Vnode): VnodeOps {
  return vnodeops[get(vp, vnode.v_op) - 1]!;
}

export function fop_open(vp: Vnode): number {
  return ops_of(vp).vop_open(vp);
}

export function fop_close(vp: Vnode, count: number): number {
  return ops_of(vp).vop_close(vp, count);
}

export function fop_read(vp: Vnode, buf: number, length: number, offset: number): number {
  return ops_of(vp).vop_read(vp, buf, length, offset);
}

export function fop_ioctl(vp: Vnode, cmd: number, arg: number): number {
  return ops_of(vp).vop_ioctl(vp, cmd, arg);
}

/** VN_RELE() of the last reference. */
export function fop_inactive(vp: Vnode): void {
  ops_of(vp).vop_inactive(vp);
}
