/*
 * libkstat: the user's side of /dev/kstat.
 *
 * A process has a chain of its own, the headers it read last, and asks by CHAIN_ID whether the kernel's
 * is still the same.  If not it reads KID 0 again.  Since kstats come and go meanwhile, it cannot know
 * how large that is: it offers the buffer it has, is told ENOMEM and the size that would have done, and
 * offers one of that size.  On a machine where zones boot this goes on for a round or two, each of them
 * with kstat_chain_lock held for one walk.
 *
 *     EAGAIN      the kstat is not ready, or the kernel out of memory: again, 100 ms later
 *     ENOMEM      a larger buffer, and again
 *     ENXIO       the kstat is gone
 *
 * What a process allocates it keeps: this library has no close.
 */

import {
  delay,
  get,
  get64,
  getText,
  kmem_free,
  kmem_zalloc,
  peek8,
  put,
  put64,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { CHARS, EAGAIN, ENOMEM, kstat_t, type Kstat } from './kstat.ts';
import { _sys_sysenter_post_swapgs, KSTAT_IOC, type Rval } from './kstat_ioctl.ts';

const POLL_MS = 100;
/** The descriptor of the report. */
const KSTAT_FD = 0xd;

/** A kstat_t of a process, and how large the buffer is that its ks_data points to. */
interface UserKstat {
  readonly ksp: Kstat;
  size: number;
}

/** What a process knows of the kernel's kstats. */
export interface KstatCtl {
  /** of the chain it has; -1 before the first */
  kc_chain_id: number;
  /** how many headers that chain has */
  kc_count: number;
  readonly kc_headers: UserKstat;
  /** for the data of single kstats */
  readonly kc_single: UserKstat;
}

export function kstat_open(): KstatCtl {
  return { kc_chain_id: -1, kc_count: 0, kc_headers: user_kstat(), kc_single: user_kstat() };
}

/** Reads the headers if they have changed.  @returns whether they had */
export function kstat_chain_update(kc: KstatCtl): boolean {
  const rval: Rval = { r_val1: 0 };
  _sys_sysenter_post_swapgs(KSTAT_FD, KSTAT_IOC.chain_id, 0, rval);
  if (rval.r_val1 === kc.kc_chain_id) return false;
  if (kstat_read_kid(kc.kc_headers, 0, rval) !== 0) return false;
  kc.kc_chain_id = rval.r_val1;
  kc.kc_count = get(kc.kc_headers.ksp, kstat_t.ks_ndata);
  return true;
}

/** The headers of a module's kstats in the process's chain. */
export function kstat_lookup(kc: KstatCtl, module: string): Kstat[] {
  const found: Kstat[] = [];
  const first = module.charCodeAt(0);
  const start = get64(kc.kc_headers.ksp, kstat_t.ks_data);
  for (let i = 0; i < kc.kc_count; i++) {
    const ksp = (start + i * kstat_t.$.size) as Kstat;
    if (peek8(ksp + kstat_t.ks_module) !== first) continue;
    if (getText(ksp, kstat_t.ks_module, CHARS) === module) found.push(ksp);
  }
  return found;
}

/** Reads the data of one kstat of the chain.  @returns errno: it may be gone */
export function kstat_read(kc: KstatCtl, header: Kstat): number {
  return kstat_read_kid(kc.kc_single, get(header, kstat_t.ks_kid), { r_val1: 0 });
}

/** The read itself, until the buffer is large enough. */
function kstat_read_kid(user: UserKstat, kid: number, rval: Rval): number {
  const { ksp } = user;
  for (;;) {
    put(ksp, kstat_t.ks_kid, kid);
    put64(ksp, kstat_t.ks_data_size, user.size);
    const error = _sys_sysenter_post_swapgs(KSTAT_FD, KSTAT_IOC.read, ksp, rval);
    if (error === EAGAIN) delay(POLL_MS);
    else if (error === ENOMEM) grow(user, get64(ksp, kstat_t.ks_data_size));
    else return error;
  }
}

function user_kstat(): UserKstat {
  return { ksp: user_alloc(kstat_t.$.size) as Kstat, size: 0 };
}

function grow(user: UserKstat, size: number): void {
  if (user.size !== 0) kmem_free(get64(user.ksp, kstat_t.ks_data), user.size);
  put64(user.ksp, kstat_t.ks_data, user_alloc(size) as Ref<'kstat_named_t'>);
  user.size = size;
}

/** Memory of the process: it waits for as long as there is none. */
function user_alloc(size: number): number {
  for (;;) {
    const at = kmem_zalloc(size);
    if (at !== 0) return at;
    delay(POLL_MS);
  }
}
