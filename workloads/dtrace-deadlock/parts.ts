/*
 * Locks inside objects that come and go, and assertions.
 *
 * A lock on the heap that is given a name gets a row in the symbol table, and rows are not used again.
 * Files, processes and providers come and go by the thousand, so their locks take the name alone: it
 * shows wherever a thread holds the lock, wants it or sleeps on it, which is where it is looked for.
 */

import {
  cv_init,
  intern,
  kcondvar,
  kmutex,
  kresource,
  krwlock,
  mutex_init,
  mutex_owned,
  panic,
  put,
  resource_init,
  rw_init,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';

export const EPERM = 1;
export const ENOENT = 2;
export const ENXIO = 6;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EBUSY = 16;
export const EINVAL = 22;
export const EMFILE = 24;

export function part_mutex(lp: Ref<'kmutex'>, name: string): void {
  mutex_init(lp, '');
  put(lp, kmutex.name, intern(name));
}

export function part_cv(cvp: Ref<'kcondvar'>, name: string): void {
  cv_init(cvp, '');
  put(cvp, kcondvar.name, intern(name));
}

export function part_rwlock(rw: Ref<'krwlock'>, name: string): void {
  rw_init(rw, '');
  put(rw, krwlock.name, intern(name));
}

export function part_resource(rp: Ref<'kresource'>, name: string): void {
  resource_init(rp, '');
  put(rp, kresource.name, intern(name));
}

/** ASSERT(): panics in the kernel's words. */
export function assert_that(ok: boolean, what: string): void {
  if (!ok) panic(`assertion failed: ${what}`);
}

/** ASSERT(MUTEX_HELD(lp)). */
export function assert_held(lp: Ref<'kmutex'>, name: string): void {
  if (!mutex_owned(lp)) panic(`assertion failed: MUTEX_HELD(${name})`);
}

/** ASSERT(MUTEX_NOT_HELD(lp)). */
export function assert_not_held(lp: Ref<'kmutex'>, name: string): void {
  if (mutex_owned(lp)) panic(`assertion failed: MUTEX_NOT_HELD(${name})`);
}
