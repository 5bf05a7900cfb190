/*
 * System calls: how a process enters the kernel.
 *
 * sys_syscall() is the entry, the outermost frame of a stack of the kernel.  What is below it on the
 * host's stack is the program: a role (roles.ts).
 */

import { get, kmem_free, kmem_zalloc, panic, put } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { MINOR } from './dtrace_state.ts';
import { closeandsetf, falloc, file, getf, releasef } from './fio.ts';
import { cfork, proc_exit } from './fork.ts';
import { modload, modunload } from './modctl.ts';
import type { ModuleName } from './modctl.ts';
import { jump, stub } from './modstubs.ts';
import { EBADF, EINVAL, ENOENT, ENOMEM } from './parts.ts';
import { curproc, lwp_enter } from './proc.ts';
import { PR, prlookup } from './procfs.ts';
import { specvp } from './specfs.ts';
import { fop_inactive, fop_ioctl, fop_open, fop_read, vnode } from './vnode.ts';

type Vnode = Ref<'vnode_t'>;

export function sys_syscall<A extends unknown[]>(
  handler: (...args: A) => number,
  ...args: A
): number {
  return handler(...args);
}

/** @returns a descriptor, or -errno */
export function open(path: string): number {
  const vp = lookupname(path);
  if (vp < 0) return vp;
  const opened = fop_open(vp as Vnode);
  if (opened < 0) {
    fop_inactive(vp as Vnode);
    return opened;
  }
  const fd = falloc(opened as Vnode);
  if (fd < 0) panic(`open: out of descriptors or memory: ${fd}`);
  return fd;
}

/** @returns a vnode, or -errno */
function lookupname(path: string): number {
  if (path === '/dev/dtrace/dtrace') return specvp(MINOR.dtrace) || -ENOMEM;
  if (path === '/dev/dtrace/helper') return specvp(MINOR.helper) || -ENOMEM;
  const [, dir, pid, name] = path.split('/');
  if (dir !== 'proc') return -ENOENT;
  return prlookup(Number(pid), name === 'map' ? PR.MAP : PR.PSINFO);
}

export function close(fd: number): number {
  return closeandsetf(fd, 0 as Ref<'file_t'>);
}

/** @returns bytes, or -errno */
export function pread(fd: number, buf: number, length: number, offset: number): number {
  const fp = getf(fd);
  if (fp === 0) return -EBADF;
  const bytes = fop_read(get(fp, file.f_vnode), buf, length, offset);
  releasef(fd);
  return bytes;
}

export function ioctl(fd: number, cmd: number, arg: number): number {
  const fp = getf(fd);
  if (fp === 0) return -EBADF;
  const rval = fop_ioctl(get(fp, file.f_vnode), cmd, arg);
  releasef(fd);
  return rval;
}

/** The running thread goes on as the child.  @returns the parent, for wait(); 0: no more processes */
export function forksys(psargs: string): number {
  const p = curproc();
  const cp = cfork(p, psargs);
  if (cp === 0) return 0;
  lwp_enter(cp);
  return p;
}

/** The running thread's process ends, and the thread goes on as its parent. */
export function rexit(parent: number): number {
  proc_exit(curproc());
  lwp_enter(parent as Ref<'proc_t'>);
  return 0;
}

/** @returns the module's id, or -errno */
export function modctl_modload(name: ModuleName): number {
  return modload(name);
}

/** @returns 0 or an errno */
export function modctl_modunload(name: ModuleName): number {
  return modunload(name);
}

/** stat(2) of a named pipe: what is behind its vnode is a matter of fifofs. */
export function stat_fifo(): number {
  const vp = kmem_zalloc(vnode.$.size) as Vnode;
  if (vp === 0) return ENOMEM;
  put(vp, vnode.v_rdev, 1);
  const shadow = jump(stub.fifovp)(vp);
  kmem_free(vp, vnode.$.size);
  return shadow === vp ? 0 : EINVAL;
}

/** Has the kernel compute a digest.  @returns it, or 0 when md5 is not there */
export function digest(from: number, length: number): number {
  return jump(stub.MD5Update)(0, from, length);
}
