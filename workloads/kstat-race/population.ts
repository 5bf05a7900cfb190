/*
 * The kstats that are there before anything happens: disks, links, caches, filesystems.
 *
 * How many matters, what they are does not.  A header read of N kstats that is one header too long
 * reaches the guard page for some N only (kstat_headers.ts), so the population is measured such that
 * the racing zone's sixth kstat, zone_zfs as in the report, is installed while N is the `kstats` param:
 *
 *     kstats - 5                         the population, KIDs 0 and 1 included
 *     + 0 .. 7 for the booting zone      counted when its first, … eighth kstat is being installed
 *
 * Every trial boots a machine, so this must be quick: all of them are cut from one piece of kernel
 * memory, as the first kstats of a kernel are, each a copy of the one before it with another name, and
 * they go into the chain under one hold of its lock.
 */

import {
  copyBytes,
  kmem_zalloc,
  mutex_enter,
  mutex_exit,
  panic,
  poke8,
  put,
  put64,
  put8,
  putText,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import {
  ALL_ZONES,
  ekstat,
  KSTAT_DATA,
  KSTAT_TYPE,
  kstat_chain_lock,
  kstat_named_t,
  kstat_of,
  kstat_t,
  type Ekstat,
} from './kstat.ts';
import { kstat_chain_bump, kstat_chain_insert, kstat_namehash } from './kstat_chain.ts';
import { kstat_fill } from './kstat_fr.ts';
import { kstat_init } from './kstat_headers.ts';

/** Which of a zone's kstats is installed at the count that the `kstats` param says: zone_zfs. */
const NTH_OF_ZONE = 6;

interface Family {
  readonly module: string;
  readonly class: string;
  /** names of the data, each a number */
  readonly data: readonly string[];
}
const FAMILIES: readonly Family[] = [
  { module: 'cpu', class: 'misc', data: ['cpu_nsec_user', 'cpu_nsec_kernel', 'syscall', 'intr'] },
  { module: 'kmem_cache', class: 'kmem_cache', data: ['buf_size', 'alloc', 'free', 'buf_inuse'] },
  { module: 'sd', class: 'disk', data: ['nread', 'nwritten', 'reads', 'writes'] },
  { module: 'link', class: 'net', data: ['ipackets64', 'opackets64', 'rbytes64', 'obytes64'] },
  { module: 'unix', class: 'vopstats', data: ['nopen', 'nclose', 'nread', 'nwrite'] },
  { module: 'zfs', class: 'misc', data: ['hits', 'misses', 'size', 'c_max'] },
];

/** How many kstats there are before any zone boots.  @param kstats the param */
export function population_of(kstats: number): number {
  return kstats - (NTH_OF_ZONE - 1);
}

/** Fills the chain, at boot.  @param kstats how many, KIDs 0 and 1 included */
export function kstat_populate(kstats: number): void {
  mutex_enter(kstat_chain_lock);
  kstat_init();
  const wanted = kstats - 2;
  const arena = kmem_zalloc(Math.max(1, wanted) * ekstat.$.size);
  if (arena === 0) panic(`kstat_init: no memory for ${kstats} kstats`);
  const each = Math.ceil(wanted / FAMILIES.length);
  for (let i = 0; i < wanted; i++) {
    const family = FAMILIES[Math.floor(i / each)]!;
    const e = (arena + i * ekstat.$.size) as Ekstat;
    const instance = i % each;
    if (instance === 0) found(e, family);
    else copyBytes(e - ekstat.$.size, e, ekstat.$.size);
    member(e, family, instance);
  }
  mutex_exit(kstat_chain_lock);
}

/** The first of a family, but for its name. */
function found(e: Ekstat, { module, class: kstat_class, data }: Family): void {
  const template = {
    module,
    instance: 0,
    name: module,
    class: kstat_class,
    type: KSTAT_TYPE.named,
    ndata: data.length,
    flags: 0,
  };
  kstat_fill(e, template, ALL_ZONES);
  put8(kstat_of(e), kstat_t.ks_flags, 0);
  const at = kmem_zalloc(data.length * kstat_named_t.$.size);
  put64(kstat_of(e), kstat_t.ks_data, at as Ref<'kstat_named_t'>);
  data.forEach((name, i) => {
    const named = (at + i * kstat_named_t.$.size) as Ref<'kstat_named_t'>;
    putText(named, kstat_named_t.name, 31, name);
    put8(named, kstat_named_t.data_type, KSTAT_DATA.uint64);
  });
}

/** Gives one its instance, its name, its KID and its place in the chain. */
function member(e: Ekstat, { module }: Family, instance: number): void {
  const ksp = kstat_of(e);
  const digits = String(instance);
  const name = module + digits;
  for (let i = 0; i < digits.length; i++) {
    poke8(ksp + kstat_t.ks_name + module.length + i, digits.charCodeAt(i));
  }
  put(ksp, kstat_t.ks_instance, instance);
  put(ksp, kstat_t.ks_kid, kstat_chain_bump());
  kstat_chain_insert(e, kstat_namehash(module, instance, name));
}
