/*
 * fasttrap: providers whose process is gone, and the sweep that removes them.
 *
 * When a process exits, DTrace may have its probes enabled, so its providers cannot be unregistered on
 * the spot.  They are retired and marked, and fasttrap_pid_cleanup_cb(), a timeout, sweeps the buckets
 * for marked providers:
 *
 *     ftp_marked   ftp_retired   rcount   the sweep
 *     ----------   -----------   ------   --------------------------------------------------------------
 *     0            any           any      passes by
 *     1            0             any      clears the mark and tries: EBUSY if DTrace is open
 *     1            1             n        clears the mark and tries: EAGAIN, marks it again, for later
 *     1            1             0        tries: it is gone
 *
 * A provider with ftp_ccount or ftp_mcount is still being built, or its process lives: its mark is cleared,
 * and it is not tried.
 *
 * The sweep holds ftb_mtx of the bucket across dtrace_unregister(), which takes dtrace_provider_lock,
 * mod_lock and dtrace_lock: the first thread of bug 9056 is here.  fasttrap_cleanup_mtx is not held
 * meanwhile; it guards only what there is to do.
 */

import {
  get,
  global,
  kmutex,
  mutex_enter,
  mutex_exit,
  put,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import { HZ, timeout } from './callout.ts';
import { dtrace_invalidate, dtrace_unregister } from './dtrace.ts';
import {
  bucket_at,
  bucket_of,
  BUCKETS,
  fasttrap_bucket,
  fasttrap_provider,
  fasttrap_provider_find,
  fasttrap_provider_free,
} from './fasttrap_provider.ts';
import type { Bucket, Provider } from './fasttrap_provider.ts';
import { outcome } from './load.ts';
import { EAGAIN } from './parts.ts';
import { text_symbol } from './text.ts';

/** What a sweep has instead of an errno for a provider that it did not try. */
const PASSED = -1;

export const fasttrap_state = struct('fasttrap_state', {
  fasttrap_timeout: u32, //      the callout that will sweep, or 0
  fasttrap_cleanup_work: u32, // 1: marks were made since the sweep began
  fasttrap_sweeps: u32,
});

const fasttrap_cleanup_mtx = global('fasttrap_cleanup_mtx', kmutex);
export const fasttrap = global('fasttrap', fasttrap_state);

/** The process is gone, or takes the provider back: it is marked for the next sweep, which is set up. */
export function fasttrap_provider_retire(pid: number, name: string, mprov: boolean): void {
  const bucket = bucket_of(pid);
  const lock = sub(bucket, fasttrap_bucket.ftb_mtx);
  mutex_enter(lock);
  const fp = fasttrap_provider_find(bucket, pid, name);
  if (fp === 0) return mutex_exit(lock);
  mutex_enter(sub(fp, fasttrap_provider.ftp_mtx));
  const mcount = get(fp, fasttrap_provider.ftp_mcount) - (mprov ? 1 : 0);
  put(fp, fasttrap_provider.ftp_mcount, mcount);
  const last = !mprov || mcount === 0;
  if (last) {
    put(fp, fasttrap_provider.ftp_retired, 1);
    put(fp, fasttrap_provider.ftp_marked, 1);
  }
  mutex_exit(sub(fp, fasttrap_provider.ftp_mtx));
  if (last) dtrace_invalidate(get(fp, fasttrap_provider.ftp_provid));
  mutex_exit(lock);
  if (last) fasttrap_pid_cleanup();
}

/** Sees to it that there will be a sweep: a tick from now, unless one is due anyway. */
export function fasttrap_pid_cleanup(): void {
  mutex_enter(fasttrap_cleanup_mtx);
  put(fasttrap, fasttrap_state.fasttrap_cleanup_work, 1);
  if (get(fasttrap, fasttrap_state.fasttrap_timeout) === 0) {
    put(fasttrap, fasttrap_state.fasttrap_timeout, timeout(cleanup_cb, 0, 1));
  }
  mutex_exit(fasttrap_cleanup_mtx);
}

/** The sweep: a timeout, and so on a thread of callout_taskq. */
export function fasttrap_pid_cleanup_cb(): number {
  let later = 0;
  mutex_enter(fasttrap_cleanup_mtx);
  put(
    fasttrap,
    fasttrap_state.fasttrap_sweeps,
    (get(fasttrap, fasttrap_state.fasttrap_sweeps) + 1) | 0,
  );
  while (get(fasttrap, fasttrap_state.fasttrap_cleanup_work) === 1) {
    put(fasttrap, fasttrap_state.fasttrap_cleanup_work, 0);
    mutex_exit(fasttrap_cleanup_mtx);
    later = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const bucket = bucket_at(i);
      let before = 0 as Provider;
      mutex_enter(sub(bucket, fasttrap_bucket.ftb_mtx));
      for (let fp = get(bucket, fasttrap_bucket.ftb_data); fp !== 0;) {
        const next = get(fp, fasttrap_provider.ftp_next);
        // The bucket stays locked while DTrace takes its own locks.
        const rval = fasttrap_sweepable(fp)
          ? dtrace_unregister(get(fp, fasttrap_provider.ftp_provid))
          : PASSED;
        if (rval === 0) fasttrap_provider_remove(bucket, before, fp);
        else before = fp;
        if (rval > 0) later += fasttrap_provider_keep(fp, rval);
        fp = next;
      }
      mutex_exit(sub(bucket, fasttrap_bucket.ftb_mtx));
    }
    mutex_enter(fasttrap_cleanup_mtx);
  }
  // Something could not be removed yet: another try in a second.
  put(fasttrap, fasttrap_state.fasttrap_timeout, later > 0 ? timeout(cleanup_cb, 0, HZ) : 0);
  if (later > 0) put(fasttrap, fasttrap_state.fasttrap_cleanup_work, 1);
  mutex_exit(fasttrap_cleanup_mtx);
  return 0;
}
const cleanup_cb = text_symbol('fasttrap', fasttrap_pid_cleanup_cb);

/** Whether a sweep should try to unregister the provider.  Its bucket is locked. */
function fasttrap_sweepable(fp: Provider): boolean {
  if (get(fp, fasttrap_provider.ftp_marked) === 0) return false;
  const lock = sub(fp, fasttrap_provider.ftp_mtx);
  mutex_enter(lock);
  const counts = get(fp, fasttrap_provider.ftp_ccount) + get(fp, fasttrap_provider.ftp_mcount);
  const retired = get(fp, fasttrap_provider.ftp_retired) === 1;
  if (counts !== 0 || !retired || get(fp, fasttrap_provider.ftp_rcount) !== 0) {
    put(fp, fasttrap_provider.ftp_marked, 0);
  }
  mutex_exit(lock);
  return counts === 0;
}

/** DTrace has let go of it. */
function fasttrap_provider_remove(bucket: Bucket, before: Provider, fp: Provider): void {
  const next = get(fp, fasttrap_provider.ftp_next);
  if (before === 0) put(bucket, fasttrap_bucket.ftb_data, next);
  else put(before, fasttrap_provider.ftp_next, next);
  fasttrap_provider_free(fp);
  outcome('unregistered');
}

/** DTrace has not.  @returns 1 when it should be tried again later */
function fasttrap_provider_keep(fp: Provider, rval: number): number {
  if (rval === EAGAIN) put(fp, fasttrap_provider.ftp_marked, 1);
  outcome(rval === EAGAIN ? 'eagain' : 'ebusy');
  return get(fp, fasttrap_provider.ftp_marked);
}
