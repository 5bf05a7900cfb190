/*
 * fasttrap: the provider of the probes in processes.
 *
 * A probe is a tracepoint in the text of a process: enabling it writes a trap there, disabling it
 * restores the instruction.  Providers are kept by process in the buckets of fasttrap_provs, tracepoints
 * in those of fasttrap_tpoints.  Locks, in order:
 *
 *     ftb_mtx of a provider bucket        DTrace's locks: the bucket is held across calls into DTrace
 *     ftp_cmtx, creation of probes        dtrace_lock
 *     DTrace's locks                      P_PR_LOCK, ftp_mtx: enabling and disabling are called with them
 *     P_PR_LOCK                           ftp_mtx
 *     ftp_mtx                             ftb_mtx of a tracepoint bucket; never a call into DTrace
 *     ftb_mtx of a tracepoint bucket      a_lock, to write into the text
 *
 * When a process exits, DTrace may have its probes enabled, so its providers cannot be unregistered on
 * the spot.  They are retired and marked, and fasttrap_pid_cleanup_cb(), a timeout, sweeps the buckets
 * for marked providers:
 *
 *     ftp_marked   ftp_retired   rcount   the sweep
 *     ----------   -----------   ------   --------------------------------------------------------
 *     0            any           any      passes by
 *     1            0             any      clears the mark and tries to unregister: EBUSY if DTrace is open
 *     1            1             n        clears the mark: the last disable will mark it again
 *     1            1             0        unregisters it; EAGAIN marks it again, for a second later
 *
 * A provider with ftp_ccount or ftp_mcount is still being built, or its process lives: not touched.
 */

import {
  embed,
  get,
  global,
  intern,
  kmem_alloc,
  kmem_free,
  kmem_zalloc,
  kmutex,
  mutex_destroy,
  mutex_enter,
  mutex_exit,
  mutex_init,
  put,
  ref,
  struct,
  sub,
  text,
  textOf,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { HZ, timeout } from './callout.ts';
import { dtrace_meta_register } from './dtrace_helper.ts';
import {
  cpu_lock,
  dtrace_invalidate,
  dtrace_pops,
  dtrace_probe_create,
  dtrace_register,
  dtrace_unregister,
  PRIV,
} from './dtrace.ts';
import { outcome } from './load.ts';
import { assert_held, EAGAIN, part_mutex } from './parts.ts';
import { pidlock, prfind, proc_t, SEXITING, sprlock, sprunlock } from './proc.ts';
import { text_symbol } from './text.ts';
import { fasttrap_tracepoint_disable, fasttrap_tracepoint_enable, tracepoint } from './tracepoint.ts';

const BUCKETS = 16;
/** What a sweep has instead of an errno for a provider that it did not try. */
const PASSED = -1;

export const fasttrap_bucket = struct('fasttrap_bucket_t', {
  ftb_mtx: embed(kmutex),
  ftb_data: ref('fasttrap_provider_t'),
});
export const fasttrap_provider = struct('fasttrap_provider_t', {
  ftp_mtx: embed(kmutex),
  ftp_cmtx: embed(kmutex),
  ftp_next: ref('fasttrap_provider_t'),
  ftp_pid: u32,
  ftp_name: text,
  ftp_provid: ref('dtrace_provider_t'),
  ftp_marked: u32, //   1: a sweep should look at it
  ftp_retired: u32, //  1: its process is gone
  ftp_rcount: u32, //   enabled probes
  ftp_ccount: u32, //   creations of probes under way
  ftp_mcount: u32, //   times the process handed it in
});
export const fasttrap_probe = struct('fasttrap_probe_t', {
  ftp_prov: ref('fasttrap_provider_t'),
  ftp_pid: u32,
  ftp_enabled: u32,
  ftp_tp: embed(tracepoint),
});
const fasttrap_state = struct('fasttrap_state', {
  fasttrap_timeout: u32, //      the callout that will sweep, or 0
  fasttrap_cleanup_work: u32, // 1: marks were made since the sweep began
  fasttrap_sweeps: u32,
});
type Provider = Ref<'fasttrap_provider_t'>;
type Probe = Ref<'fasttrap_probe_t'>;
type Bucket = Ref<'fasttrap_bucket_t'>;

const fasttrap_provs = global('fasttrap_provs', fasttrap_bucket, BUCKETS);
const fasttrap_cleanup_mtx = global('fasttrap_cleanup_mtx', kmutex);
const ft = global('fasttrap', fasttrap_state);

const pops = dtrace_pops({
  dtps_enable: fasttrap_pid_enable,
  dtps_disable: fasttrap_pid_disable,
  dtps_destroy: fasttrap_pid_destroy,
});
dtrace_meta_register({
  dtms_provide_pid: fasttrap_meta_provide,
  dtms_create_probe: fasttrap_meta_create_probe,
  dtms_remove_pid: fasttrap_meta_remove,
});

/** Boot: fasttrap_attach(). */
export function fasttrap_setup(): void {
  for (let i = 0; i < BUCKETS; i++) {
    mutex_init(sub(bucket_at(i), fasttrap_bucket.ftb_mtx), `fasttrap_provs[${i}].ftb_mtx`);
  }
}

function bucket_at(i: number): Bucket {
  return (fasttrap_provs + i * fasttrap_bucket.$.size) as Bucket;
}

function bucket_of(pid: number): Bucket {
  return bucket_at(pid % BUCKETS);
}

// --- providers ----------------------------------------------------------------------------------

/** A provider that is not retired, or NULL.  The bucket is locked. */
function fasttrap_provider_find(bucket: Bucket, pid: number, name: string): Provider {
  let fp = get(bucket, fasttrap_bucket.ftb_data);
  for (; fp !== 0; fp = get(fp, fasttrap_provider.ftp_next)) {
    if (get(fp, fasttrap_provider.ftp_pid) !== pid) continue;
    if (get(fp, fasttrap_provider.ftp_retired) === 1) continue;
    if (textOf(get(fp, fasttrap_provider.ftp_name)) === name) break;
  }
  return fp;
}

/** Finds a provider or makes one.  @returns it with ftp_mtx held; NULL: no process, no memory */
function fasttrap_provider_lookup(pid: number, name: string): Provider {
  const bucket = bucket_of(pid);
  const lock = sub(bucket, fasttrap_bucket.ftb_mtx);
  if (!fasttrap_process_lives(pid)) return 0 as Provider;
  mutex_enter(lock);
  let fp = fasttrap_provider_find(bucket, pid, name);
  if (fp === 0) fp = fasttrap_provider_create(bucket, pid, name);
  if (fp !== 0) mutex_enter(sub(fp, fasttrap_provider.ftp_mtx));
  mutex_exit(lock);
  return fp;
}

function fasttrap_provider_create(bucket: Bucket, pid: number, name: string): Provider {
  const fp = kmem_zalloc(fasttrap_provider.$.size) as Provider;
  if (fp === 0) return fp;
  const provid = dtrace_register(`${name}${pid}`, PRIV.PROC, pops, fp);
  if (provid === 0) {
    kmem_free(fp, fasttrap_provider.$.size);
    return 0 as Provider;
  }
  part_mutex(sub(fp, fasttrap_provider.ftp_mtx), 'ftp_mtx');
  part_mutex(sub(fp, fasttrap_provider.ftp_cmtx), 'ftp_cmtx');
  put(fp, fasttrap_provider.ftp_pid, pid);
  put(fp, fasttrap_provider.ftp_name, intern(name));
  put(fp, fasttrap_provider.ftp_provid, provid);
  put(fp, fasttrap_provider.ftp_next, get(bucket, fasttrap_bucket.ftb_data));
  put(bucket, fasttrap_bucket.ftb_data, fp);
  return fp;
}

function fasttrap_process_lives(pid: number): boolean {
  mutex_enter(pidlock);
  const p = prfind(pid);
  const lives = p !== 0 && (get(p, proc_t.p_flag) & SEXITING) === 0;
  mutex_exit(pidlock);
  return lives;
}

function fasttrap_provider_free(fp: Provider): void {
  mutex_destroy(sub(fp, fasttrap_provider.ftp_mtx));
  mutex_destroy(sub(fp, fasttrap_provider.ftp_cmtx));
  kmem_free(fp, fasttrap_provider.$.size);
}

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

// --- the meta provider --------------------------------------------------------------------------

function fasttrap_meta_provide(pid: number, name: string): number {
  const fp = fasttrap_provider_lookup(pid, name);
  if (fp === 0) return fp;
  put(fp, fasttrap_provider.ftp_mcount, get(fp, fasttrap_provider.ftp_mcount) + 1);
  mutex_exit(sub(fp, fasttrap_provider.ftp_mtx));
  return fp;
}

function fasttrap_meta_create_probe(provider: number, name: string, pc: number): void {
  const fp = provider as Provider;
  const cmtx = sub(fp, fasttrap_provider.ftp_cmtx);
  mutex_enter(cmtx);
  const pp = kmem_alloc(fasttrap_probe.$.size) as Probe;
  if (pp !== 0) {
    put(pp, fasttrap_probe.ftp_prov, fp);
    put(pp, fasttrap_probe.ftp_pid, get(fp, fasttrap_provider.ftp_pid));
    put(pp, fasttrap_probe.ftp_enabled, 0);
    const tp = sub(pp, fasttrap_probe.ftp_tp);
    put(tp, tracepoint.ftt_pid, get(fp, fasttrap_provider.ftp_pid));
    put(tp, tracepoint.ftt_pc, pc);
    const id = dtrace_probe_create(get(fp, fasttrap_provider.ftp_provid), name, pp);
    if (id === 0) kmem_free(pp, fasttrap_probe.$.size);
  }
  mutex_exit(cmtx);
}

function fasttrap_meta_remove(pid: number, name: string): void {
  fasttrap_provider_retire(pid, name, true);
}

// --- called by DTrace, with its locks held ------------------------------------------------------

function fasttrap_pid_enable(provider: number, _id: number, parg: number): void {
  const fp = provider as Provider;
  const pp = parg as Probe;
  assert_held(cpu_lock, '&cpu_lock');
  if (get(fp, fasttrap_provider.ftp_retired) === 1) return;
  const p = sprlock(get(pp, fasttrap_probe.ftp_pid));
  if (p === 0) return;
  mutex_exit(get(p, proc_t.p_lockp));
  mutex_enter(sub(fp, fasttrap_provider.ftp_mtx));
  put(fp, fasttrap_provider.ftp_rcount, get(fp, fasttrap_provider.ftp_rcount) + 1);
  fasttrap_tracepoint_enable(p, sub(pp, fasttrap_probe.ftp_tp));
  put(pp, fasttrap_probe.ftp_enabled, 1);
  mutex_exit(sub(fp, fasttrap_provider.ftp_mtx));
  mutex_enter(get(p, proc_t.p_lockp));
  sprunlock(p);
}

function fasttrap_pid_disable(provider: number, _id: number, parg: number): void {
  const fp = provider as Provider;
  const pp = parg as Probe;
  assert_held(cpu_lock, '&cpu_lock');
  if (get(pp, fasttrap_probe.ftp_enabled) === 0) return;
  // The process first, then ftp_mtx.  When the process is gone, ftp_mtx alone has to do.
  const p = sprlock(get(pp, fasttrap_probe.ftp_pid));
  if (p !== 0) mutex_exit(get(p, proc_t.p_lockp));
  mutex_enter(sub(fp, fasttrap_provider.ftp_mtx));
  fasttrap_tracepoint_disable(p, sub(pp, fasttrap_probe.ftp_tp));
  put(pp, fasttrap_probe.ftp_enabled, 0);
  const rcount = get(fp, fasttrap_provider.ftp_rcount) - 1;
  put(fp, fasttrap_provider.ftp_rcount, rcount);
  const over = p !== 0 ? get(fp, fasttrap_provider.ftp_retired) === 1 : rcount === 0;
  const whack = over && get(fp, fasttrap_provider.ftp_marked) === 0;
  if (whack) put(fp, fasttrap_provider.ftp_marked, 1);
  mutex_exit(sub(fp, fasttrap_provider.ftp_mtx));
  if (p !== 0) {
    mutex_enter(get(p, proc_t.p_lockp));
    sprunlock(p);
  }
  if (whack) fasttrap_pid_cleanup();
}

function fasttrap_pid_destroy(_provider: number, _id: number, parg: number): void {
  kmem_free(parg, fasttrap_probe.$.size);
}

// --- the sweep ----------------------------------------------------------------------------------

/** Sees to it that there will be a sweep: a tick from now, unless one is due anyway. */
export function fasttrap_pid_cleanup(): void {
  mutex_enter(fasttrap_cleanup_mtx);
  put(ft, fasttrap_state.fasttrap_cleanup_work, 1);
  if (get(ft, fasttrap_state.fasttrap_timeout) === 0) {
    put(ft, fasttrap_state.fasttrap_timeout, timeout(cleanup_cb, 0, 1));
  }
  mutex_exit(fasttrap_cleanup_mtx);
}

/** The sweep: a timeout, and so on a thread of callout_taskq. */
export function fasttrap_pid_cleanup_cb(): number {
  let later = 0;
  mutex_enter(fasttrap_cleanup_mtx);
  put(ft, fasttrap_state.fasttrap_sweeps, (get(ft, fasttrap_state.fasttrap_sweeps) + 1) | 0);
  while (get(ft, fasttrap_state.fasttrap_cleanup_work) === 1) {
    put(ft, fasttrap_state.fasttrap_cleanup_work, 0);
    mutex_exit(fasttrap_cleanup_mtx);
    later = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const bucket = bucket_at(i);
      let before = 0 as Provider;
      mutex_enter(sub(bucket, fasttrap_bucket.ftb_mtx));
      for (let fp = get(bucket, fasttrap_bucket.ftb_data); fp !== 0; ) {
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
  put(ft, fasttrap_state.fasttrap_timeout, later > 0 ? timeout(cleanup_cb, 0, HZ) : 0);
  if (later > 0) put(ft, fasttrap_state.fasttrap_cleanup_work, 1);
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

/** How many providers a process has that are not retired, and that are. */
export function fasttrap_providers(pid: number): { live: number; retired: number } {
  const count = { live: 0, retired: 0 };
  let fp = get(bucket_of(pid), fasttrap_bucket.ftb_data);
  for (; fp !== 0; fp = get(fp, fasttrap_provider.ftp_next)) {
    if (get(fp, fasttrap_provider.ftp_pid) !== pid) continue;
    if (get(fp, fasttrap_provider.ftp_retired) === 1) count.retired++;
    else count.live++;
  }
  return count;
}
