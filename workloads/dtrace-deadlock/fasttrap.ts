/*
 * fasttrap: the provider of the probes in processes.
 *
 * A probe is a tracepoint in the text of a process: enabling it writes a trap there, disabling it
 * restores the instruction.  Locks, in order:
 *
 *     ftb_mtx of a provider bucket        DTrace's locks: the bucket is held across calls into DTrace
 *     ftp_cmtx, creation of probes        dtrace_lock
 *     DTrace's locks                      P_PR_LOCK, ftp_mtx: enabling and disabling are called with them
 *     P_PR_LOCK                           ftp_mtx
 *     ftp_mtx                             ftb_mtx of a tracepoint bucket; never a call into DTrace
 *     ftb_mtx of a tracepoint bucket      a_lock, to write into the text
 *
 * The second thread of bug 9056 is in fasttrap_pid_disable(): with cpu_lock and dtrace_lock, as DTrace
 * calls it, and waiting for P_PR_LOCK of the process whose probe it is to remove.
 */

import {
  embed,
  get,
  kmem_alloc,
  kmem_free,
  mutex_enter,
  mutex_exit,
  put,
  ref,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { dtrace_meta_register } from './dtrace_helper.ts';
import { cpu_lock, dtrace_pops, dtrace_probe_create } from './dtrace.ts';
import { bucket_setup, fasttrap_provider, fasttrap_provider_lookup } from './fasttrap_provider.ts';
import type { Provider } from './fasttrap_provider.ts';
import { fasttrap_pid_cleanup, fasttrap_provider_retire } from './fasttrap_sweep.ts';
import { assert_held } from './parts.ts';
import { proc_t } from './proc.ts';
import { sprlock, sprunlock } from './sprlock.ts';
import {
  fasttrap_tracepoint_disable,
  fasttrap_tracepoint_enable,
  tracepoint,
  tracepoint_setup,
} from './tracepoint.ts';

export const fasttrap_probe = struct('fasttrap_probe_t', {
  ftp_prov: ref('fasttrap_provider_t'),
  ftp_pid: u32,
  ftp_enabled: u32,
  ftp_tp: embed(tracepoint),
});
type Probe = Ref<'fasttrap_probe_t'>;

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

/** Boot. */
export function fasttrap_attach(): void {
  bucket_setup();
  tracepoint_setup();
}

// --- the meta provider --------------------------------------------------------------------------

function fasttrap_meta_provide(pid: number, name: string): number {
  const fp = fasttrap_provider_lookup(pid, name, pops);
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
