/*
 * Files: what a descriptor stands for.
 *
 * uf_lock guards an entry of a process's table, f_tlock a file.  uf_lock is dropped before anything is
 * done with the file.  f_tlock is not: closef() holds it across the file system's close, however long
 * that takes, since the count of references must not change meanwhile.
 */

import {
  embed,
  get,
  kmem_alloc,
  kmem_free,
  kmutex,
  mutex_destroy,
  mutex_enter,
  mutex_exit,
  put,
  ref,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { assert_that, EBADF, EMFILE, ENOMEM, part_mutex } from './parts.ts';
import { curproc, fd_entry, NOFILE, uf_entry } from './proc.ts';
import { fop_close, fop_inactive } from './vnode.ts';

export const file = struct('file_t', {
  f_tlock: embed(kmutex),
  f_vnode: ref('vnode_t'),
  f_count: u32,
});
type File = Ref<'file_t'>;
type Vnode = Ref<'vnode_t'>;
const NO_FILE = 0 as File;

/** A new file in the lowest free descriptor.  @returns the descriptor, or -errno */
export function falloc(vp: Vnode): number {
  const fp = kmem_alloc(file.$.size) as File;
  if (fp === 0) return -ENOMEM;
  part_mutex(sub(fp, file.f_tlock), 'f_tlock');
  put(fp, file.f_vnode, vp);
  put(fp, file.f_count, 1);
  for (let fd = 0; fd < NOFILE; fd++) {
    const ufp = fd_entry(curproc(), fd);
    mutex_enter(sub(ufp, uf_entry.uf_lock));
    const free = get(ufp, uf_entry.uf_file) === 0;
    if (free) put(ufp, uf_entry.uf_file, fp);
    mutex_exit(sub(ufp, uf_entry.uf_lock));
    if (free) return fd;
  }
  file_free(fp);
  return -EMFILE;
}

function file_free(fp: File): void {
  mutex_destroy(sub(fp, file.f_tlock));
  kmem_free(fp, file.$.size);
}

/** The file of a descriptor, for the length of a system call; or NULL. */
export function getf(fd: number): File {
  const ufp = fd_entry(curproc(), fd);
  mutex_enter(sub(ufp, uf_entry.uf_lock));
  const fp = get(ufp, uf_entry.uf_file);
  if (fp !== 0) put(ufp, uf_entry.uf_refcnt, get(ufp, uf_entry.uf_refcnt) + 1);
  mutex_exit(sub(ufp, uf_entry.uf_lock));
  return fp;
}

export function releasef(fd: number): void {
  const ufp = fd_entry(curproc(), fd);
  mutex_enter(sub(ufp, uf_entry.uf_lock));
  put(ufp, uf_entry.uf_refcnt, get(ufp, uf_entry.uf_refcnt) - 1);
  mutex_exit(sub(ufp, uf_entry.uf_lock));
}

/** Puts another file into a descriptor, or NULL, and closes the one that was there. */
export function closeandsetf(fd: number, newfp: File): number {
  const ufp = fd_entry(curproc(), fd);
  mutex_enter(sub(ufp, uf_entry.uf_lock));
  const fp = get(ufp, uf_entry.uf_file);
  // Each process here has one thread, and it is in this call.
  assert_that(get(ufp, uf_entry.uf_refcnt) === 0, 'ufp->uf_refcnt == 0');
  put(ufp, uf_entry.uf_file, newfp);
  mutex_exit(sub(ufp, uf_entry.uf_lock));
  return fp === 0 ? EBADF : closef(fp);
}

/** Drops a reference to a file. */
export function closef(fp: File): number {
  const lock = sub(fp, file.f_tlock);
  mutex_enter(lock);
  const count = get(fp, file.f_count);
  assert_that(count > 0, 'fp->f_count > 0');
  put(fp, file.f_count, count - 1);
  const vp = get(fp, file.f_vnode);
  const error = fop_close(vp, count);
  mutex_exit(lock);
  if (count > 1) return error;
  fop_inactive(vp);
  file_free(fp);
  return error;
}

/** Another reference to a file: its descriptor was inherited. */
export function file_hold(fp: File): void {
  mutex_enter(sub(fp, file.f_tlock));
  put(fp, file.f_count, get(fp, file.f_count) + 1);
  mutex_exit(sub(fp, file.f_tlock));
}

/** A process exits: closes what it has open. */
export function closeall(p: Ref<'proc_t'>): void {
  for (let fd = 0; fd < NOFILE; fd++) {
    const ufp = fd_entry(p, fd);
    const fp = get(ufp, uf_entry.uf_file);
    if (fp === 0) continue;
    put(ufp, uf_entry.uf_file, NO_FILE);
    closef(fp);
  }
}
