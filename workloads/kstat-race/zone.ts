/*
 * Zones, as far as kstats know them: a zone that boots creates eight, and removes them when it halts.
 *
 *     1 .. 4   caps:<id>:lockedmem_zone_<id>, swapresv_…, physicalmem_…, nprocs_…
 *     5        zone_vfs:<id>:<name>
 *     6        zone_zfs:<id>:<name>          where the racing thread of the report stands
 *     7        memory_cap:<id>:<name>
 *     8        zones:<id>:<name>
 *
 * Each is created for its zone, shown to the global zone, given data and a data lock, and installed, one
 * after the other, by the thread that boots the zone.  That thread has no mutex in zone_kstat_create().
 *
 * A zone gets an id that no zone had before it, so no kstat is ever created over an old one.
 *
 * Not here: the rest of a zone.
 */

import {
  char,
  embed,
  get,
  get64,
  getText,
  global,
  i32,
  kmem_free,
  kmem_zalloc,
  kmutex,
  mutex_enter,
  mutex_exit,
  mutex_init,
  panic,
  put,
  put64,
  put8,
  putText,
  ref,
  struct,
  sub,
  u32,
  array,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import {
  GLOBAL_ZONEID,
  KSTAT_DATA,
  KSTAT_FLAG,
  KSTAT_TYPE,
  kstat_named_t,
  kstat_t,
  type Kstat,
} from './kstat.ts';
import { kstat_create_zone, kstat_delete, kstat_install, kstat_zone_add } from './kstat_fr.ts';

/** What zone(2) is asked for. */
export const ZONE = { create: 0, destroy: 1 } as const;
/** kstats of a zone */
export const ZONE_KSTATS = 8;
const NAME = 64;

const kstat_slot = struct('kstat_slot', { ksp: ref('kstat_t') });

export const zone_t = struct('zone_t', {
  zone_vfs_lock: embed(kmutex),
  zone_zfs_lock: embed(kmutex),
  zone_misc_lock: embed(kmutex),
  zone_id: i32, //          0 while the zone is down
  zone_nth: u32,
  zone_boots: u32,
  zone_name: char(NAME),
  zone_kstats: array(kstat_slot, ZONE_KSTATS), // in the order of their creation
});
type Zone = Ref<'zone_t'>;

const zone_table = struct('zone_table', { zones: u32, count: u32 });
/** Guards which zones there are. */
const zonehash_lock = global('zonehash_lock', kmutex);
const zonehash = global('zonehash', zone_table);

/** Makes room for zones 0 to n - 1, all down.  At boot. */
export function zone_init(n: number): void {
  const at = kmem_zalloc(Math.max(1, n) * zone_t.$.size);
  if (at === 0) panic(`zone_init: no memory for ${n} zones`);
  put(zonehash, zone_table.zones, at);
  put(zonehash, zone_table.count, n);
  for (let i = 0; i < n; i++) {
    const zone = zone_at(i);
    put(zone, zone_t.zone_nth, i);
    putText(zone, zone_t.zone_name, NAME, `zone${i + 1}`);
    mutex_init(sub(zone, zone_t.zone_vfs_lock), `zone${i + 1}.zone_vfs_lock`);
    mutex_init(sub(zone, zone_t.zone_zfs_lock), `zone${i + 1}.zone_zfs_lock`);
    mutex_init(sub(zone, zone_t.zone_misc_lock), `zone${i + 1}.zone_misc_lock`);
  }
}

function zone_at(nth: number): Zone {
  return (get(zonehash, zone_table.zones) + nth * zone_t.$.size) as Zone;
}

/** The way into the kernel of a process of 64 bits. */
export function sys_syscall(subcommand: number, nth: number): void {
  zone(subcommand, nth);
}

/** zone(2) */
function zone(subcommand: number, nth: number): void {
  if (subcommand === ZONE.create) zone_create(zone_at(nth));
  else zone_destroy(zone_at(nth));
}

function zone_create(zone: Zone): void {
  mutex_enter(zonehash_lock);
  const boots = get(zone, zone_t.zone_boots) + 1;
  put(zone, zone_t.zone_boots, boots);
  const count = get(zonehash, zone_table.count);
  put(zone, zone_t.zone_id, 1 + get(zone, zone_t.zone_nth) + (boots - 1) * count);
  mutex_exit(zonehash_lock);
  zone_kstat_create(zone);
}

function zone_destroy(zone: Zone): void {
  zone_kstat_delete(zone);
  mutex_enter(zonehash_lock);
  put(zone, zone_t.zone_id, 0);
  mutex_exit(zonehash_lock);
}

/** Whether a zone is up.  For when nobody changes it. */
export function zone_is_up(nth: number): boolean {
  return get(zone_at(nth), zone_t.zone_id) !== 0;
}

// --- its kstats ---------------------------------------------------------------------------------

const RCTL = ['zonename', 'usage', 'value'];
const VFS = 'zonename nread reads rtime rlentime nwritten writes wtime wlentime 10ms_ops'.split(' ');
const ZFS = 'zonename nread reads rtime rlentime nwritten writes waittime'.split(' ');
const MCAP = 'zonename rss physcap swap swapcap nover pagedout pgpgin anonpgin'.split(' ');
const MISC = 'zonename nsec_user nsec_sys nsec_waitrq avenrun_1min avenrun_5min boot_time'.split(' ');

function zone_kstat_create(zone: Zone): void {
  zone_rctl_kstat_create(zone, 0, 'lockedmem');
  zone_rctl_kstat_create(zone, 1, 'swapresv');
  zone_rctl_kstat_create(zone, 2, 'physicalmem');
  zone_rctl_kstat_create(zone, 3, 'nprocs');
  zone_vfs_kstat_create(zone);
  zone_zfs_kstat_create(zone);
  zone_mcap_kstat_create(zone);
  zone_misc_kstat_create(zone);
}

function zone_rctl_kstat_create(zone: Zone, nth: number, resource: string): void {
  const name = `${resource}_zone_${get(zone, zone_t.zone_id)}`;
  const ksp = zone_kstat_prepare(zone, nth, 'caps', name, 'zone_caps', RCTL);
  if (ksp !== 0) kstat_install(ksp);
}

function zone_vfs_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 4, 'zone_vfs', zone_name(zone), 'zone_vfs', VFS);
  if (ksp === 0) return;
  put64(ksp, kstat_t.ks_lock, sub(zone, zone_t.zone_vfs_lock));
  kstat_install(ksp);
}

function zone_zfs_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 5, 'zone_zfs', zone_name(zone), 'zone_zfs', ZFS);
  if (ksp === 0) return;
  put64(ksp, kstat_t.ks_lock, sub(zone, zone_t.zone_zfs_lock));
  kstat_install(ksp);
}

function zone_mcap_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 6, 'memory_cap', zone_name(zone), 'zone_memory_cap', MCAP);
  if (ksp !== 0) kstat_install(ksp);
}

function zone_misc_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 7, 'zones', zone_name(zone), 'zone_misc', MISC);
  if (ksp === 0) return;
  put64(ksp, kstat_t.ks_lock, sub(zone, zone_t.zone_misc_lock));
  kstat_install(ksp);
}

/** Everything but the data lock and the installation.  NULL if there was no memory. */
function zone_kstat_prepare(
  zone: Zone,
  nth: number,
  module: string,
  name: string,
  kstat_class: string,
  fields: readonly string[],
): Kstat {
  const zoneid = get(zone, zone_t.zone_id);
  const ksp = kstat_create_zone(
    {
      module,
      instance: zoneid,
      name,
      class: kstat_class,
      type: KSTAT_TYPE.named,
      ndata: fields.length,
      flags: KSTAT_FLAG.virtual,
    },
    zoneid,
  );
  put(zone_kstat(zone, nth), kstat_slot.ksp, ksp);
  if (ksp === 0) return ksp;
  if (zoneid !== GLOBAL_ZONEID) kstat_zone_add(ksp, GLOBAL_ZONEID);
  const data = kmem_zalloc(fields.length * kstat_named_t.$.size);
  if (data === 0) panic('zone_kstat_create: no memory');
  fields.forEach((field, i) => {
    const named = (data + i * kstat_named_t.$.size) as Ref<'kstat_named_t'>;
    putText(named, kstat_named_t.name, 31, field);
    put8(named, kstat_named_t.data_type, i === 0 ? KSTAT_DATA.string : KSTAT_DATA.uint64);
  });
  kstat_named_setstr(ksp, data as Ref<'kstat_named_t'>, zone);
  put64(ksp, kstat_t.ks_data, data as Ref<'kstat_named_t'>);
  return ksp;
}

/** The zone's name as data: the string stays where it is, and the kstat grows by its length. */
function kstat_named_setstr(ksp: Kstat, named: Ref<'kstat_named_t'>, zone: Zone): void {
  const length = zone_name(zone).length + 1;
  put64(named, kstat_named_t.value, zone + zone_t.zone_name);
  put(named, kstat_named_t.length, length);
  put64(ksp, kstat_t.ks_data_size, get64(ksp, kstat_t.ks_data_size) + length);
}

function zone_kstat_delete(zone: Zone): void {
  for (let nth = 0; nth < ZONE_KSTATS; nth++) {
    const slot = zone_kstat(zone, nth);
    const ksp = get(slot, kstat_slot.ksp);
    put(slot, kstat_slot.ksp, 0 as Kstat);
    if (ksp !== 0) kstat_delete_common(ksp);
  }
}

function kstat_delete_common(ksp: Kstat): void {
  const data = get64(ksp, kstat_t.ks_data);
  const bytes = get(ksp, kstat_t.ks_ndata) * kstat_named_t.$.size;
  kstat_delete(ksp);
  kmem_free(data, bytes);
}

function zone_kstat(zone: Zone, nth: number): Ref<'kstat_slot'> {
  return (sub(zone, zone_t.zone_kstats) + nth * kstat_slot.$.size) as Ref<'kstat_slot'>;
}

function zone_name(zone: Zone): string {
  return getText(zone, zone_t.zone_name, NAME);
}
