/*
 * Check: what must be true of the machine when everybody has gone home.
 *
 * Nothing is held for anybody: no module by a stub, no process by /proc, no probe by a consumer.  Retired
 * providers may be left, as the clock may stop before their sweep.
 */

import { get, put } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { dtrace_count_opens, dtrace_probe, dtrace_probe_lookup_id, MAX_PROBES } from './dtrace.ts';
import { load_shared, load_state } from './load.ts';
import { mod_find, mod_name, modctl, MODULES } from './modctl.ts';
import type { Boot } from './params.ts';
import { NPROC, P_PR_LOCK, pid_entry, proc_t } from './proc.ts';

/** Counts the roles that need the clock.  @param readers how many of them read maps */
export function load_boot({ params }: Boot, readers: number): void {
  const { databases, consumers, usdt, shells, ps, modloads } = params;
  const postmasters = 1;
  const roles = databases + consumers + readers + postmasters + usdt + shells + ps + modloads;
  put(load_shared, load_state.roles_left, roles);
}

/** What is left that should not be, or undefined. */
export function leftovers(): string | undefined {
  for (const name of MODULES) {
    const mp = mod_find(name);
    if (get(mp, modctl.mod_ref) !== 0)
      return `${mod_name(mp)} is held by ${get(mp, modctl.mod_ref)} calls`;
    if (get(mp, modctl.mod_busy) !== 0) return `${mod_name(mp)} is busy`;
  }
  for (let slot = 0; slot < NPROC; slot++) {
    const p: Ref<'proc_t'> = pid_entry(slot);
    if (p !== 0 && (get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0) {
      return `P_PR_LOCK of process ${get(p, proc_t.p_pid)} is set`;
    }
  }
  const opens = dtrace_count_opens(0);
  if (opens !== 0) return `DTrace is open ${opens} times`;
  for (let id = 1; id <= MAX_PROBES; id++) {
    const probe = dtrace_probe_lookup_id(id);
    if (probe !== 0 && get(probe, dtrace_probe.dtpr_ecb) !== 0) return `probe ${id} is enabled`;
  }
  return undefined;
}
