/*
 * /dev/kstat: how a process reads kstats, from the system call down to the copy that goes wrong.
 *
 * The functions above kstat_ioctl() do what theirs do in the kernel, which here is to pass the call on,
 * and are there to be found in the stack.
 *
 * read_kstat_data(), in the kernel's order (FACTS A.4):
 *
 *     1  what the process says of itself: KID, buffer, size
 *     2  hold the kstat                                     ENXIO if it is gone
 *     3  not yet installed                                  EAGAIN
 *     4  of fixed size: allocate now, before the data lock  EAGAIN if there is no memory
 *     5  take the data lock; of KID 0: kstat_chain_lock
 *     6  update
 *     7  the buffer of the process is too small             ENOMEM, and the size goes back to it
 *        of variable size: allocate now, under the lock     EAGAIN
 *     8  snapshot
 *     9  what has become known goes back to the process
 *    10  drop the data lock, then the hold
 *    11  copy the data out, free them
 *
 * Two things in it make the bug what it is.  One byte more is asked for than is needed, so N headers that
 * fill their pages exactly get one page more.  And step 7 has to come after step 6, for the size is not
 * known before: so between the walk that counts and the walk that copies lies an allocation of a
 * megabyte, zeroed, and the window is as wide as that.
 *
 * A kernel that is being debugged has a red zone behind each buffer (kmem_flags=0xf), and looks at it when the
 * buffer is freed.  So does this one with -P redzone=on: then there is no silent overrun.
 *
 * Two readers of KID 0 wait for each other in step 2, not for the lock.
 *
 * A process's memory is memory of the image too: what is behind a kernel that we model is modelled here
 * as pages of which only the process has the address.
 */

import {
  bcopy,
  get,
  get64,
  kmem_free,
  kmem_zalloc,
  mutex_enter,
  mutex_exit,
  panic,
  peek8,
  put,
  put64,
  put8,
} from '../../src/index.ts';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOMEM,
  ENXIO,
  getzoneid,
  KSTAT_FLAG,
  kstat_flags,
  kstat_t,
  type Kstat,
} from './kstat.ts';
import { kstat_chain_id } from './kstat_chain.ts';
import { KSTAT_READ, kstat_hold_bykid, kstat_rele } from './kstat_fr.ts';
import { text_at } from './ktext.ts';
import { has_redzone } from './variants.ts';

/** Bytes of a red zone: a header too many lands in it. */
const REDZONE = kstat_t.$.size;

/** 'K' << 8 | … */
export const KSTAT_IOC = { chain_id: 0x4b01, read: 0x4b02, write: 0x4b03 } as const;
/** /dev/kstat: major 2, minor 0. */
const KSTAT_DEV = 0x2_0000_0000;
/** DATAMODEL_ILP32 | FREAD */
const FLAG = 0x100001;

/** Where a system call leaves what it returns besides its errno. */
export interface Rval {
  r_val1: number;
}

/** The way into the kernel of a process of 32 bits.  @returns errno */
function _sys_sysenter_post_swapgs(fd: number, cmd: number, arg: number, rvalp: Rval): number {
  return ioctl(fd, cmd, arg, rvalp);
}
export { _sys_sysenter_post_swapgs };

function ioctl(fd: number, cmd: number, arg: number, rvalp: Rval): number {
  return fop_ioctl(fd, cmd, arg, FLAG, rvalp);
}

function fop_ioctl(vp: number, cmd: number, arg: number, flag: number, rvalp: Rval): number {
  return spec_ioctl(vp, cmd, arg, flag, rvalp);
}

function spec_ioctl(vp: number, cmd: number, arg: number, flag: number, rvalp: Rval): number {
  if (vp <= 0) return EINVAL;
  return cdev_ioctl(KSTAT_DEV, cmd, arg, flag, rvalp);
}

function cdev_ioctl(dev: number, cmd: number, arg: number, flag: number, rvalp: Rval): number {
  return dev === KSTAT_DEV ? kstat_ioctl(dev, cmd, arg, flag, rvalp) : ENXIO;
}

export function kstat_ioctl(
  _dev: number,
  cmd: number,
  data: number,
  flag: number,
  rvalp: Rval,
): number {
  switch (cmd) {
    case KSTAT_IOC.chain_id:
      rvalp.r_val1 = kstat_chain_id();
      return 0;
    case KSTAT_IOC.read:
      return read_kstat_data(rvalp, data as Kstat, flag);
    default:
      return EINVAL;
  }
}

/** @param user_ksp the kstat_t of the process: which kstat, and where to */
export function read_kstat_data(rvalp: Rval, user_ksp: Kstat, _flag: number): number {
  if (user_ksp === 0) return EFAULT;
  const ubuf = get64(user_ksp, kstat_t.ks_data);
  const ubufsize = get64(user_ksp, kstat_t.ks_data_size);
  const ksp = kstat_hold_bykid(get(user_ksp, kstat_t.ks_kid), getzoneid());
  if (ksp === 0) return ENXIO;
  if (kstat_flags(ksp) & KSTAT_FLAG.invalid) {
    kstat_rele(ksp);
    return EAGAIN;
  }
  const var_size = (kstat_flags(ksp) & KSTAT_FLAG.var_size) !== 0;
  let kbuf = 0;
  let kbufsize = 0;
  if (!var_size) {
    kbufsize = get64(ksp, kstat_t.ks_data_size);
    kbuf = kbuf_alloc(kbufsize);
    if (kbuf === 0) {
      kstat_rele(ksp);
      return EAGAIN;
    }
  }

  const lp = get64(ksp, kstat_t.ks_lock);
  const ks_update = text_at(get64(ksp, kstat_t.ks_update));
  const ks_snapshot = text_at(get64(ksp, kstat_t.ks_snapshot));
  if (lp !== 0) mutex_enter(lp);
  let error = ks_update(ksp, KSTAT_READ, 0);
  if (error === 0) {
    if (var_size) kbufsize = get64(ksp, kstat_t.ks_data_size);
    if (ubufsize < kbufsize) error = ENOMEM;
    else if (var_size) kbuf = kbuf_alloc(kbufsize);
    if (error === 0) error = kbuf === 0 ? EAGAIN : ks_snapshot(ksp, KSTAT_READ, kbuf);
    put(user_ksp, kstat_t.ks_ndata, get(ksp, kstat_t.ks_ndata));
    put64(user_ksp, kstat_t.ks_data_size, kbufsize);
    put8(user_ksp, kstat_t.ks_flags, kstat_flags(ksp));
    put64(user_ksp, kstat_t.ks_snaptime, get64(ksp, kstat_t.ks_snaptime));
    rvalp.r_val1 = kstat_chain_id();
  }
  if (lp !== 0) mutex_exit(lp);
  kstat_rele(ksp);

  if (error === 0) copyout(kbuf, ubuf, kbufsize);
  if (kbuf !== 0) kbuf_free(kbuf, kbufsize);
  return error;
}

function kbuf_alloc(size: number): number {
  return kmem_zalloc(size + 1 + (has_redzone() ? REDZONE : 0));
}

function kbuf_free(kbuf: number, size: number): void {
  if (!has_redzone()) return kmem_free(kbuf, size + 1);
  for (let i = 0; i < REDZONE; i++) {
    if (peek8(kbuf + size + 1 + i) !== 0) {
      panic('kernel memory allocator: redzone violation: write past end of buffer', kbuf);
    }
  }
  kmem_free(kbuf, size + 1 + REDZONE);
}

/** copyout(9F): to the memory of a process. */
function copyout(from: number, to: number, length: number): void {
  bcopy(from, to, length);
}
