/*
 * DTrace: processes that bring probes of their own (USDT).
 *
 * Such a process opens /dev/dtrace/helper when it starts and hands in a description of its providers.
 * Each is remembered in the process (p_dtrace_helpers), and the meta provider, fasttrap, makes a provider
 * and its probes of it.  When the process exits the meta provider is told to remove them; it can not do so
 * at once, and retires them.
 *
 * dtrace_meta_lock is held across the calls into the meta provider, dtrace_lock is not.
 */

import {
  at,
  char,
  get,
  getText,
  global,
  kmem_alloc,
  kmem_free,
  mutex_enter,
  mutex_exit,
  put,
  putText,
  ref,
  struct,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { dtrace_lock, dtrace_meta_lock } from './dtrace.ts';
import { EINVAL, ENOMEM } from './parts.ts';
import { curproc, proc_t } from './proc.ts';

/** What USDT providers call themselves; a provider's probes are the first of them. */
export const PROVIDERS = ['postgresql', 'node', 'ruby', 'erlang', 'libmysql'] as const;
export const PROBES = [
  'transaction-start',
  'transaction-commit',
  'transaction-abort',
  'buffer-read-start',
  'buffer-read-done',
  'buffer-flush-start',
  'buffer-flush-done',
  'query-start',
] as const;

/** Bytes of text from one probe to the next. */
const PROBE_STEP = 4;

/** The name of the i-th probe of a provider. */
export function probe_name(i: number): string {
  const round = Math.floor(i / PROBES.length);
  return `${PROBES[i % PROBES.length]!}${round === 0 ? '' : `-${round}`}`;
}

/** ioctl(2) of /dev/dtrace/helper; its argument is a dof. */
export const DTRACEHIOC_ADDDOF = 0x64746803;
export const dof = struct('dof_helper_t', {
  dofhp_provider: u32, //  an index of PROVIDERS
  dofhp_nproviders: u32, // from there on
  dofhp_nprobes: u32, //    of each
});
export const helper_provider = struct('helper_provider', {
  dthp_next: ref('helper_provider'),
  dthp_nprobes: u32,
  dthp_name: at(8, char(24)),
});
type Proc = Ref<'proc_t'>;
type HelperProvider = Ref<'helper_provider'>;

/** dtrace_mops_t: what the meta provider does.  dtrace_meta_lock is held. */
export interface MetaOps {
  /** @returns the meta provider's word for it, or 0: no memory, or the process is going */
  dtms_provide_pid(pid: number, name: string): number;
  /** @param pc where in the text the probe is */
  dtms_create_probe(provider: number, name: string, pc: number): void;
  dtms_remove_pid(pid: number, name: string): void;
}
let meta: MetaOps | undefined;

/** dtrace_meta_register().  At module level only. */
export function dtrace_meta_register(ops: MetaOps): void {
  meta = ops;
}

const helper_stats = struct('dtrace_helper_stats', { added: u32, removed: u32 });
const stats = global('dtrace_helper_stats', helper_stats);

/** @returns 0 or -errno */
export function dtrace_helper_ioctl(cmd: number, arg: number): number {
  if (cmd !== DTRACEHIOC_ADDDOF) return -EINVAL;
  return dtrace_helper_slurp(arg as Ref<'dof_helper_t'>);
}

/** Takes a description in for the running process.  @returns 0 or -errno */
function dtrace_helper_slurp(from: Ref<'dof_helper_t'>): number {
  const p = curproc();
  const first = get(from, dof.dofhp_provider);
  for (let i = first; i < first + get(from, dof.dofhp_nproviders); i++) {
    const name = PROVIDERS[i % PROVIDERS.length]!;
    const error = dtrace_helper_provider_add(p, name, get(from, dof.dofhp_nprobes));
    if (error !== 0) return -error;
  }
  dtrace_helper_provider_register(p);
  return 0;
}

/** Notes a provider in the process.  @returns 0 or an errno */
export function dtrace_helper_provider_add(p: Proc, name: string, nprobes: number): number {
  const hprov = kmem_alloc(helper_provider.$.size) as HelperProvider;
  if (hprov === 0) return ENOMEM;
  put(hprov, helper_provider.dthp_nprobes, nprobes);
  putText(hprov, helper_provider.dthp_name, 24, name);
  mutex_enter(dtrace_lock);
  put(hprov, helper_provider.dthp_next, get(p, proc_t.p_dtrace_helpers));
  put(p, proc_t.p_dtrace_helpers, hprov);
  put(stats, helper_stats.added, (get(stats, helper_stats.added) + 1) | 0);
  mutex_exit(dtrace_lock);
  return 0;
}

/** Has the meta provider make providers and probes of what the process has. */
export function dtrace_helper_provider_register(p: Proc): void {
  mutex_enter(dtrace_meta_lock);
  let pc = 0;
  for (let hprov = get(p, proc_t.p_dtrace_helpers); hprov !== 0;) {
    dtrace_helper_provide_one(get(p, proc_t.p_pid), hprov, pc);
    pc += PROBE_STEP * get(hprov, helper_provider.dthp_nprobes);
    hprov = get(hprov, helper_provider.dthp_next);
  }
  mutex_exit(dtrace_meta_lock);
}

function dtrace_helper_provide_one(pid: number, hprov: HelperProvider, pc: number): void {
  const name = getText(hprov, helper_provider.dthp_name, 24);
  const parg = meta?.dtms_provide_pid(pid, name) ?? 0;
  if (parg === 0) return;
  const nprobes = get(hprov, helper_provider.dthp_nprobes);
  for (let i = 0; i < nprobes; i++) {
    meta?.dtms_create_probe(parg, probe_name(i), pc + PROBE_STEP * i);
  }
}

/** The process exits: all its providers are to be removed. */
export function dtrace_helpers_destroy(p: Proc): void {
  mutex_enter(dtrace_lock);
  const first = get(p, proc_t.p_dtrace_helpers);
  put(p, proc_t.p_dtrace_helpers, 0 as HelperProvider);
  mutex_exit(dtrace_lock);
  mutex_enter(dtrace_meta_lock);
  for (let hprov = first; hprov !== 0;) {
    const next = get(hprov, helper_provider.dthp_next);
    dtrace_helper_provider_remove_one(get(p, proc_t.p_pid), hprov);
    kmem_free(hprov, helper_provider.$.size);
    hprov = next;
  }
  mutex_exit(dtrace_meta_lock);
}

function dtrace_helper_provider_remove_one(pid: number, hprov: HelperProvider): void {
  meta?.dtms_remove_pid(pid, getText(hprov, helper_provider.dthp_name, 24));
  put(stats, helper_stats.removed, (get(stats, helper_stats.removed) + 1) | 0);
}
