/*
 * DTrace: consumers.
 *
 * A consumer is an open of /dev/dtrace: a state with ECBs, each of which stands on one probe and says
 * what happens when it fires.  The first ECB on a probe has the provider enable it, the last one to go
 * has it disabled.  Both call back into the provider with cpu_lock and dtrace_lock held; for a probe in
 * a process (fasttrap.ts) the provider then locks the process.  So P_PR_LOCK comes after dtrace_lock.
 *
 * A consumer that goes away takes its ECBs with it: dtrace_close() holds both locks from the first to
 * the last, however many there are.
 */

import {
  at,
  char,
  enumeration,
  get,
  global,
  kmem_free,
  kmem_zalloc,
  mutex_enter,
  mutex_exit,
  peek,
  peek8,
  poke,
  put,
  ref,
  struct,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import {
  cpu_lock,
  dtrace_count_opens,
  dtrace_lock,
  dtrace_probe,
  dtrace_probe_lookup_id,
  dtrace_probe_provide,
  dtrace_provider,
  dtrace_provider_lock,
  dtrace_sync,
  MAX_PROBES,
  pops_of,
  PRIV,
} from './dtrace.ts';
import { dtrace_helper_ioctl } from './dtrace_helper.ts';
import { assert_held, EBUSY, EINVAL, ENOMEM, ENXIO } from './parts.ts';
import { ddi_attach } from './specfs.ts';

/** ioctl(2) commands: sys/dtrace.h. */
export const DTRACEIOC_ENABLE = 0x64740006;
export const DTRACEIOC_GO = 0x6474000c;
/** Minors of the device: opening `dtrace` makes a new one, from `clone` up. */
export const MINOR = { dtrace: 0, helper: 1, clone: 3 } as const;
/** Consumers that there can be. */
export const MINORS = 16;

export const ACTIVITY = { INACTIVE: 0, ACTIVE: 2, KILLED: 6 } as const;

export const dtrace_ecb = struct('dtrace_ecb_t', {
  dte_epid: u32,
  dte_probe: ref('dtrace_probe_t'), // NULL: disabled
  dte_next: ref('dtrace_ecb_t'), //    next on the probe
  dte_state: ref('dtrace_state_t'),
});
export const dtrace_state = struct('dtrace_state_t', {
  dts_activity: enumeration({ 0: 'INACTIVE', 2: 'ACTIVE', 6: 'KILLED' }),
  dts_dev: u32,
  dts_ecbs: u32, //     table of ECBs, by epid - 1
  dts_necbs: u32, //    in use
  dts_room: u32,
});
/** What DTRACEIOC_ENABLE points to: which probes.  A trailing * matches the rest. */
export const dtrace_probedesc = struct('dtrace_probedesc_t', {
  dtpd_provider: at(0, char(32)),
  dtpd_name: at(32, char(32)),
});
const dtrace_softstate = struct('dtrace_softstate_t', { state: ref('dtrace_state_t') });

type State = Ref<'dtrace_state_t'>;
type Ecb = Ref<'dtrace_ecb_t'>;
type Probe = Ref<'dtrace_probe_t'>;
const NO_ECB = 0 as Ecb;
const NO_STATE = 0 as State;

const softstate = global('dtrace_softstate', dtrace_softstate, MINORS);

function soft(minor: number): Ref<'dtrace_softstate_t'> {
  const i = minor - MINOR.clone;
  return (softstate + i * dtrace_softstate.$.size) as Ref<'dtrace_softstate_t'>;
}

/** open(2).  @returns the minor: of the new consumer, or of the helper; or -errno */
export function dtrace_open(opened: number): number {
  if (opened === MINOR.helper) return opened;
  mutex_enter(dtrace_provider_lock);
  dtrace_probe_provide();
  mutex_exit(dtrace_provider_lock);
  mutex_enter(cpu_lock);
  mutex_enter(dtrace_lock);
  dtrace_count_opens(1);
  const minor = dtrace_state_create();
  mutex_exit(cpu_lock);
  if (minor < 0) dtrace_count_opens(-1);
  mutex_exit(dtrace_lock);
  return minor;
}

/** The last close(2) of a consumer: all its enablings go. */
export function dtrace_close(minor: number): number {
  if (minor === MINOR.helper) return 0;
  mutex_enter(cpu_lock);
  mutex_enter(dtrace_lock);
  dtrace_state_destroy(get(soft(minor), dtrace_softstate.state));
  put(soft(minor), dtrace_softstate.state, NO_STATE);
  dtrace_count_opens(-1);
  mutex_exit(dtrace_lock);
  mutex_exit(cpu_lock);
  return 0;
}

/** ioctl(2).  @returns 0 or more, or -errno */
export function dtrace_ioctl(minor: number, cmd: number, arg: number): number {
  if (minor === MINOR.helper) return dtrace_helper_ioctl(cmd, arg);
  mutex_enter(cpu_lock);
  mutex_enter(dtrace_lock);
  const state = get(soft(minor), dtrace_softstate.state);
  let rval = -EINVAL;
  if (cmd === DTRACEIOC_ENABLE) {
    const idle = get(state, dtrace_state.dts_activity) === ACTIVITY.INACTIVE;
    rval = idle ? dtrace_enabling_match(state, arg as Ref<'dtrace_probedesc_t'>) : -EBUSY;
  } else if (cmd === DTRACEIOC_GO) {
    put(state, dtrace_state.dts_activity, ACTIVITY.ACTIVE);
    rval = 0;
  }
  mutex_exit(dtrace_lock);
  mutex_exit(cpu_lock);
  return rval;
}

function dtrace_state_create(): number {
  let minor = MINOR.clone;
  while (minor < MINOR.clone + MINORS && get(soft(minor), dtrace_softstate.state) !== 0) minor++;
  if (minor === MINOR.clone + MINORS) return -ENXIO;
  const state = kmem_zalloc(dtrace_state.$.size) as State;
  if (state === 0) return -ENOMEM;
  put(state, dtrace_state.dts_dev, minor);
  put(soft(minor), dtrace_softstate.state, state);
  return minor;
}

/** Two passes: first what needs kernel privileges, which may be on many probes, then the rest. */
function dtrace_state_destroy(state: State): void {
  assert_held(dtrace_lock, '&dtrace_lock');
  assert_held(cpu_lock, '&cpu_lock');
  if (get(state, dtrace_state.dts_activity) === ACTIVITY.ACTIVE) {
    put(state, dtrace_state.dts_activity, ACTIVITY.KILLED);
    dtrace_sync();
  }
  const necbs = get(state, dtrace_state.dts_necbs);
  for (const match of [PRIV.KERNEL, 0]) {
    for (let i = 0; i < necbs; i++) {
      const ecb = dtrace_ecb_at(state, i);
      if (ecb === 0) continue;
      if (match !== 0 && (dtrace_ecb_priv(ecb) & match) === 0) continue;
      dtrace_ecb_disable(ecb);
      dtrace_ecb_destroy(state, i, ecb);
    }
  }
  const room = get(state, dtrace_state.dts_room);
  if (room !== 0) kmem_free(get(state, dtrace_state.dts_ecbs), 4 * room);
  kmem_free(state, dtrace_state.$.size);
}

// --- enabling -----------------------------------------------------------------------------------

/** Puts an ECB on every probe that the description matches.  @returns how many, or -errno */
function dtrace_enabling_match(state: State, desc: Ref<'dtrace_probedesc_t'>): number {
  let matched = 0;
  for (let id = 1; id <= MAX_PROBES; id++) {
    const probe = dtrace_probe_lookup_id(id);
    if (probe === 0 || !dtrace_match(probe, desc)) continue;
    const ecb = dtrace_ecb_create_enable(state, probe);
    if (ecb === 0) return -ENOMEM;
    matched++;
  }
  return matched;
}

function dtrace_match(probe: Probe, desc: Ref<'dtrace_probedesc_t'>): boolean {
  const prov = get(probe, dtrace_probe.dtpr_provider);
  if (get(prov, dtrace_provider.dtpv_defunct) !== 0) return false;
  const name = desc + dtrace_probedesc.dtpd_name;
  if (!dtrace_match_glob(probe + dtrace_probe.dtpr_name, name)) return false;
  return dtrace_match_glob(prov + dtrace_provider.dtpv_name, desc + dtrace_probedesc.dtpd_provider);
}

function dtrace_match_glob(text: number, pattern: number): boolean {
  for (let i = 0; ; i++) {
    const wanted = peek8(pattern + i);
    if (wanted === 0x2a) return true;
    if (wanted !== peek8(text + i)) return false;
    if (wanted === 0) return true;
  }
}

function dtrace_ecb_create_enable(state: State, probe: Probe): Ecb {
  const ecb = dtrace_ecb_add(state, probe);
  if (ecb !== 0) dtrace_ecb_enable(ecb);
  return ecb;
}

function dtrace_ecb_add(state: State, probe: Probe): Ecb {
  const n = get(state, dtrace_state.dts_necbs);
  if (n === get(state, dtrace_state.dts_room) && !dtrace_ecb_grow(state, n)) return NO_ECB;
  const ecb = kmem_zalloc(dtrace_ecb.$.size) as Ecb;
  if (ecb === 0) return ecb;
  put(ecb, dtrace_ecb.dte_epid, n + 1);
  put(ecb, dtrace_ecb.dte_probe, probe);
  put(ecb, dtrace_ecb.dte_state, state);
  poke(get(state, dtrace_state.dts_ecbs) + 4 * n, ecb);
  put(state, dtrace_state.dts_necbs, n + 1);
  return ecb;
}

/** Doubles the table. */
function dtrace_ecb_grow(state: State, room: number): boolean {
  const twice = Math.max(16, 2 * room);
  const table = kmem_zalloc(4 * twice);
  if (table === 0) return false;
  const old = get(state, dtrace_state.dts_ecbs);
  for (let i = 0; i < room; i++) poke(table + 4 * i, peek(old + 4 * i));
  if (room !== 0) kmem_free(old, 4 * room);
  put(state, dtrace_state.dts_ecbs, table);
  put(state, dtrace_state.dts_room, twice);
  return true;
}

function dtrace_ecb_enable(ecb: Ecb): void {
  assert_held(cpu_lock, '&cpu_lock');
  assert_held(dtrace_lock, '&dtrace_lock');
  const probe = get(ecb, dtrace_ecb.dte_probe);
  const first = get(probe, dtrace_probe.dtpr_ecb);
  put(ecb, dtrace_ecb.dte_next, first);
  put(probe, dtrace_probe.dtpr_ecb, ecb);
  if (first !== 0) return;
  const prov = get(probe, dtrace_probe.dtpr_provider);
  const id = get(probe, dtrace_probe.dtpr_id);
  pops_of(prov).dtps_enable(
    get(prov, dtrace_provider.dtpv_arg),
    id,
    get(probe, dtrace_probe.dtpr_arg),
  );
}

// --- disabling ----------------------------------------------------------------------------------

function dtrace_ecb_disable(ecb: Ecb): void {
  assert_held(dtrace_lock, '&dtrace_lock');
  const probe = get(ecb, dtrace_ecb.dte_probe);
  let before = NO_ECB;
  let on = get(probe, dtrace_probe.dtpr_ecb);
  while (on !== ecb) {
    before = on;
    on = get(on, dtrace_ecb.dte_next);
  }
  const next = get(ecb, dtrace_ecb.dte_next);
  if (before === 0) put(probe, dtrace_probe.dtpr_ecb, next);
  else put(before, dtrace_ecb.dte_next, next);
  dtrace_sync();
  if (get(probe, dtrace_probe.dtpr_ecb) === 0) {
    // That was the last one.
    const prov = get(probe, dtrace_probe.dtpr_provider);
    const provider = get(prov, dtrace_provider.dtpv_arg);
    const id = get(probe, dtrace_probe.dtpr_id);
    pops_of(prov).dtps_disable(provider, id, get(probe, dtrace_probe.dtpr_arg));
    dtrace_sync();
  }
  put(ecb, dtrace_ecb.dte_probe, 0 as Probe);
}

function dtrace_ecb_destroy(state: State, i: number, ecb: Ecb): void {
  poke(get(state, dtrace_state.dts_ecbs) + 4 * i, 0);
  kmem_free(ecb, dtrace_ecb.$.size);
}

function dtrace_ecb_at(state: State, i: number): Ecb {
  return peek(get(state, dtrace_state.dts_ecbs) + 4 * i) as Ecb;
}

/** The privileges that the provider of an ECB's probe asks for. */
function dtrace_ecb_priv(ecb: Ecb): number {
  const probe = get(ecb, dtrace_ecb.dte_probe);
  return get(get(probe, dtrace_probe.dtpr_provider), dtrace_provider.dtpv_priv);
}

ddi_attach({ cb_open: dtrace_open, cb_close: dtrace_close, cb_ioctl: dtrace_ioctl });
