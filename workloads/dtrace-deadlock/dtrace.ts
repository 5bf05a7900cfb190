/*
 * DTrace: providers and probes.
 *
 * A provider (fasttrap, for the probes of a process) registers itself and creates probes.  A consumer
 * enables probes with ECBs (dtrace_state.ts).  Three locks, and the order in which they are taken:
 *
 *     dtrace_meta_lock        which processes have probes of their own (dtrace_helper.ts)
 *     cpu_lock                what all processors are doing; not DTrace's own
 *     dtrace_provider_lock    the list of providers
 *     mod_lock                the modules in which providers find probes; not DTrace's own
 *     dtrace_lock             everything else: probes, ECBs, consumers
 *
 * mod_lock before dtrace_lock is the assumption that bug 9056 broke.  "DTrace very much assumes that
 * mod_lock is sufficiently coarse-grained that mod_lock can be held when dtrace_lock is acquired": then
 * nobody who waits for something that a holder of dtrace_lock waits for may want mod_lock.
 *
 * Not here: dtrace_module_unloaded(), the hook that takes the same three locks as dtrace_unregister().  A
 * user who unloads a module could stand in for the sweep in the cycle; in the report it was the sweep.
 */

import {
  at,
  char,
  get,
  getText,
  global,
  kmem_alloc,
  kmem_free,
  kmem_zalloc,
  kmutex,
  lbolt,
  mutex_enter,
  mutex_exit,
  peek,
  peek8,
  poke,
  put,
  putText,
  ref,
  struct,
  time,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { mod_lock, mod_set_hook, modctl, modules } from './modctl.ts';
import { assert_held, EAGAIN, EBUSY } from './parts.ts';

/** Probes that there can be. */
export const MAX_PROBES = 4096;
const HASH = 64;
/** How long a retired provider with enabled probes is worth another try: 60 s, in clock ticks. */
const DEFUNCT_REAP = 600_000;
/** dtpv_priv: who may use a provider. */
export const PRIV = { KERNEL: 0x2, PROC: 0x10, USER: 0x4 } as const;

export const dtrace_meta_lock = global('dtrace_meta_lock', kmutex);
export const cpu_lock = global('cpu_lock', kmutex);
export const dtrace_provider_lock = global('dtrace_provider_lock', kmutex);
export const dtrace_lock = global('dtrace_lock', kmutex);

export const dtrace_provider = struct('dtrace_provider_t', {
  dtpv_next: ref('dtrace_provider_t'),
  dtpv_pops: u32, //          which kind of provider: an index of dtrace_pops()
  dtpv_arg: u32, //           the provider's own
  dtpv_priv: u32,
  dtpv_defunct: time, //      since when it is retired, or 0
  dtpv_provided: u32, //      probes created so far
  dtpv_name: at(32, char(32)),
});
export const dtrace_probe = struct('dtrace_probe_t', {
  dtpr_id: u32,
  dtpr_ecb: ref('dtrace_ecb_t'), //      first ECB; NULL when the probe is not enabled
  dtpr_provider: ref('dtrace_provider_t'),
  dtpr_arg: u32, //                      the provider's own
  dtpr_nextname: ref('dtrace_probe_t'), // dtrace_byname
  dtpr_prevname: ref('dtrace_probe_t'),
  dtpr_name: at(32, char(32)),
});
const dtrace_globals = struct('dtrace_globals', {
  dtrace_opens: u32, //       consumers
  dtrace_nprobes: u32,
  dtrace_probes: u32, //      the table of probes, by id
  dtrace_rotor: u32, //       the id at which the next search begins
  dtrace_provider: ref('dtrace_provider_t'),
  dtrace_syncs: u32,
});
const dtrace_hash = struct('dtrace_hash_t', { dth_chain: ref('dtrace_probe_t') });

type Provider = Ref<'dtrace_provider_t'>;
type Probe = Ref<'dtrace_probe_t'>;
const NO_PROBE = 0 as Probe;

const dt = global('dtrace', dtrace_globals);
const dtrace_byname = global('dtrace_byname', dtrace_hash, HASH);

/** What DTrace calls back: dtrace_pops_t. */
export interface Pops {
  /** The first ECB is on the probe.  cpu_lock and dtrace_lock are held. */
  dtps_enable(provider: number, id: number, probe: number): void;
  /** The last ECB is off the probe.  The same. */
  dtps_disable(provider: number, id: number, probe: number): void;
  /** The probe is no more.  dtrace_provider_lock, mod_lock and dtrace_lock are held. */
  dtps_destroy(provider: number, id: number, probe: number): void;
}
const pops: Pops[] = [];

/** Makes a kind of provider known.  At module level only.  @returns its number */
export function dtrace_pops(kind: Pops): number {
  return pops.push(kind) - 1;
}

export function pops_of(prov: Provider): Pops {
  return pops[get(prov, dtrace_provider.dtpv_pops)]!;
}

/** Boot: dtrace_attach().  @returns whether there was memory */
export function dtrace_setup(): boolean {
  const probes = kmem_zalloc(4 * (MAX_PROBES + 1));
  put(dt, dtrace_globals.dtrace_probes, probes);
  return probes !== 0;
}

/** A provider.  @returns NULL: no memory */
export function dtrace_register(name: string, priv: number, kind: number, arg: number): Provider {
  const prov = kmem_zalloc(dtrace_provider.$.size) as Provider;
  if (prov === 0) return prov;
  put(prov, dtrace_provider.dtpv_pops, kind);
  put(prov, dtrace_provider.dtpv_arg, arg);
  put(prov, dtrace_provider.dtpv_priv, priv);
  putText(prov, dtrace_provider.dtpv_name, 32, name);
  mutex_enter(dtrace_provider_lock);
  mutex_enter(dtrace_lock);
  put(prov, dtrace_provider.dtpv_next, get(dt, dtrace_globals.dtrace_provider));
  put(dt, dtrace_globals.dtrace_provider, prov);
  mutex_exit(dtrace_lock);
  mutex_exit(dtrace_provider_lock);
  return prov;
}

/**
 * Takes a provider away, with all its probes.
 *
 * All three locks are taken before it is known whether there was any need for them.
 * @returns 0; EBUSY: it is in use, or DTrace is; EAGAIN: it is retired, but a probe is still enabled
 */
export function dtrace_unregister(old: Provider): number {
  mutex_enter(dtrace_provider_lock);
  mutex_enter(mod_lock);
  mutex_enter(dtrace_lock);
  const error = dtrace_unregister_check(old);
  if (error === 0) {
    const first = dtrace_unhash_all(old);
    dtrace_sync();
    dtrace_destroy_all(old, first);
    dtrace_provider_unlink(old);
  }
  mutex_exit(dtrace_lock);
  mutex_exit(mod_lock);
  mutex_exit(dtrace_provider_lock);
  if (error === 0) kmem_free(old, dtrace_provider.$.size);
  return error;
}

function dtrace_unregister_check(old: Provider): number {
  const defunct = get(old, dtrace_provider.dtpv_defunct);
  if (defunct === 0 && get(dt, dtrace_globals.dtrace_opens) !== 0) return EBUSY;
  for (let id = 1; id <= MAX_PROBES; id++) {
    const probe = dtrace_probe_lookup_id(id);
    if (probe === 0 || get(probe, dtrace_probe.dtpr_provider) !== old) continue;
    if (get(probe, dtrace_probe.dtpr_ecb) === 0) continue;
    return defunct !== 0 && lbolt() - defunct < DEFUNCT_REAP ? EAGAIN : EBUSY;
  }
  return 0;
}

/** Takes the provider's probes out of the table and the hash.  @returns them, chained by dtpr_nextname */
function dtrace_unhash_all(old: Provider): Probe {
  let first = NO_PROBE;
  for (let id = 1; id <= MAX_PROBES; id++) {
    const probe = dtrace_probe_lookup_id(id);
    if (probe === 0 || get(probe, dtrace_probe.dtpr_provider) !== old) continue;
    poke(get(dt, dtrace_globals.dtrace_probes) + 4 * id, 0);
    put(dt, dtrace_globals.dtrace_nprobes, get(dt, dtrace_globals.dtrace_nprobes) - 1);
    dtrace_hash_remove(probe);
    put(probe, dtrace_probe.dtpr_nextname, first);
    first = probe;
  }
  return first;
}

function dtrace_destroy_all(old: Provider, first: Probe): void {
  for (let probe = first; probe !== 0;) {
    const next = get(probe, dtrace_probe.dtpr_nextname);
    const id = get(probe, dtrace_probe.dtpr_id);
    const arg = get(probe, dtrace_probe.dtpr_arg);
    pops_of(old).dtps_destroy(get(old, dtrace_provider.dtpv_arg), id, arg);
    kmem_free(probe, dtrace_probe.$.size);
    probe = next;
  }
}

function dtrace_provider_unlink(old: Provider): void {
  const next = get(old, dtrace_provider.dtpv_next);
  let prov = get(dt, dtrace_globals.dtrace_provider);
  if (prov === old) return put(dt, dtrace_globals.dtrace_provider, next);
  while (get(prov, dtrace_provider.dtpv_next) !== old) prov = get(prov, dtrace_provider.dtpv_next);
  put(prov, dtrace_provider.dtpv_next, next);
}

/** The provider's process is gone: no new enablings, and dtrace_unregister() works though DTrace is open. */
export function dtrace_invalidate(prov: Provider): void {
  mutex_enter(dtrace_provider_lock);
  mutex_enter(dtrace_lock);
  put(prov, dtrace_provider.dtpv_defunct, Math.max(1, lbolt()));
  mutex_exit(dtrace_lock);
  mutex_exit(dtrace_provider_lock);
}

/** A probe.  @returns its id, or 0: no memory, too many */
export function dtrace_probe_create(prov: Provider, name: string, arg: number): number {
  const probe = kmem_alloc(dtrace_probe.$.size) as Probe;
  if (probe === 0) return 0;
  mutex_enter(dtrace_lock);
  const id = dtrace_id_alloc();
  if (id !== 0) {
    put(probe, dtrace_probe.dtpr_id, id);
    put(probe, dtrace_probe.dtpr_ecb, 0 as Ref<'dtrace_ecb_t'>);
    put(probe, dtrace_probe.dtpr_provider, prov);
    put(probe, dtrace_probe.dtpr_arg, arg);
    putText(probe, dtrace_probe.dtpr_name, 32, name);
    dtrace_hash_add(probe);
    poke(get(dt, dtrace_globals.dtrace_probes) + 4 * id, probe);
    put(dt, dtrace_globals.dtrace_nprobes, get(dt, dtrace_globals.dtrace_nprobes) + 1);
    put(prov, dtrace_provider.dtpv_provided, get(prov, dtrace_provider.dtpv_provided) + 1);
  }
  mutex_exit(dtrace_lock);
  if (id === 0) kmem_free(probe, dtrace_probe.$.size);
  return id;
}

/** Asks all providers for probes in all modules.  dtrace_provider_lock is held. */
export function dtrace_probe_provide(): void {
  assert_held(dtrace_provider_lock, '&dtrace_provider_lock');
  mutex_enter(mod_lock);
  let mp = modules;
  do {
    // fasttrap, the one provider here, has no probes in modules: it is asked all the same.
    for (let prov = get(dt, dtrace_globals.dtrace_provider); prov !== 0;) {
      prov = get(prov, dtrace_provider.dtpv_next);
    }
    mp = get(mp, modctl.mod_next);
  } while (mp !== modules);
  mutex_exit(mod_lock);
}

/** A module was loaded; it is busy, and no lock is held. */
function dtrace_module_loaded(): void {
  mutex_enter(dtrace_provider_lock);
  dtrace_probe_provide();
  mutex_exit(dtrace_provider_lock);
  // Retained enablings would be matched against the new probes.  There are none of those.
  mutex_enter(dtrace_lock);
  mutex_exit(dtrace_lock);
}
mod_set_hook(dtrace_module_loaded);

/** Waits until every processor has left probe context.  Nothing fires here for long. */
export function dtrace_sync(): void {
  put(dt, dtrace_globals.dtrace_syncs, (get(dt, dtrace_globals.dtrace_syncs) + 1) | 0);
}

/** Counts consumers.  dtrace_lock is held.  @returns how many there are now */
export function dtrace_count_opens(by: number): number {
  const opens = get(dt, dtrace_globals.dtrace_opens) + by;
  put(dt, dtrace_globals.dtrace_opens, opens);
  return opens;
}

export function dtrace_nprobes(): number {
  return get(dt, dtrace_globals.dtrace_nprobes);
}

/** The probe with an id, or NULL. */
export function dtrace_probe_lookup_id(id: number): Probe {
  return peek(get(dt, dtrace_globals.dtrace_probes) + 4 * id) as Probe;
}

export function dtrace_provider_name(prov: Provider): string {
  return getText(prov, dtrace_provider.dtpv_name, 32);
}

/** A free id, or 0: the lowest from where the last one was found. */
function dtrace_id_alloc(): number {
  const rotor = get(dt, dtrace_globals.dtrace_rotor);
  for (let i = 0; i < MAX_PROBES; i++) {
    const id = ((rotor + i) % MAX_PROBES) + 1;
    if (dtrace_probe_lookup_id(id) !== 0) continue;
    put(dt, dtrace_globals.dtrace_rotor, id % MAX_PROBES);
    return id;
  }
  return 0;
}

function dtrace_hash_head(probe: Probe): Ref<'dtrace_hash_t'> {
  let hash = 0;
  for (let from = probe + dtrace_probe.dtpr_name; peek8(from) !== 0; from++) {
    hash = (hash * 31 + peek8(from)) | 0;
  }
  return (dtrace_byname + ((hash >>> 0) % HASH) * dtrace_hash.$.size) as Ref<'dtrace_hash_t'>;
}

function dtrace_hash_add(probe: Probe): void {
  const head = dtrace_hash_head(probe);
  const first = get(head, dtrace_hash.dth_chain);
  put(probe, dtrace_probe.dtpr_prevname, NO_PROBE);
  put(probe, dtrace_probe.dtpr_nextname, first);
  if (first !== 0) put(first, dtrace_probe.dtpr_prevname, probe);
  put(head, dtrace_hash.dth_chain, probe);
}

function dtrace_hash_remove(probe: Probe): void {
  const next = get(probe, dtrace_probe.dtpr_nextname);
  const prev = get(probe, dtrace_probe.dtpr_prevname);
  if (next !== 0) put(next, dtrace_probe.dtpr_prevname, prev);
  if (prev !== 0) put(prev, dtrace_probe.dtpr_nextname, next);
  else put(dtrace_hash_head(probe), dtrace_hash.dth_chain, next);
}
