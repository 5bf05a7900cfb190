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
  copyBytes,
  embed,
  get,
  get64,
  global,
  i32,
  kmem_alloc,
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
import {
  kstat_create_zone,
  kstat_delete,
  kstat_install,
  kstat_zone_add,
  type KstatTemplate,
} from './kstat_fr.ts';

/** What zone(2) is asked for. */
export const ZONE = { create: 0, destroy: 1 } as const;
/** kstats of a zone */
export const ZONE_KSTATS = 8;
const NAME = 64;

const kstat_slot = struct('kstat_slot', {
  ksp: ref('kstat_t'), // NULL while the zone is down
  initial: ref('kstat_named_t'),
});

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
    putText(zone, zone_t.zone_name, NAME, zone_name(zone));
    KSTATS.forEach((kstat, nth) => {
      put(zone_kstat(zone, nth), kstat_slot.initial, zone_kstat_initial(zone, kstat));
    });
    mutex_init(sub(zone, zone_t.zone_vfs_lock), `${zone_name(zone)}.zone_vfs_lock`);
    mutex_init(sub(zone, zone_t.zone_zfs_lock), `${zone_name(zone)}.zone_zfs_lock`);
    mutex_init(sub(zone, zone_t.zone_misc_lock), `${zone_name(zone)}.zone_misc_lock`);
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

// --- its kstats ---------------------------------------------------------------------------------

interface ZoneKstat {
  readonly module: string;
  readonly class: string;
  readonly data: readonly string[];
}
const RCTL = { module: 'caps', class: 'zone_caps', data: words('zonename usage value') };
const KSTATS: readonly ZoneKstat[] = [
  RCTL,
  RCTL,
  RCTL,
  RCTL,
  {
    module: 'zone_vfs',
    class: 'zone_vfs',
    data: words('zonename nread reads rtime rlentime nwritten writes wtime wlentime delay_cnt'),
  },
  {
    module: 'zone_zfs',
    class: 'zone_zfs',
    data: words('zonename nread reads rtime rlentime nwritten writes waittime'),
  },
  {
    module: 'memory_cap',
    class: 'zone_memory_cap',
    data: words('zonename rss physcap swap swapcap nover pagedout pgpgin anonpgin execpgin'),
  },
  {
    module: 'zones',
    class: 'zone_misc',
    data: words('zonename nsec_user nsec_sys nsec_waitrq avenrun_1min avenrun_5min boot_time'),
  },
];

function words(text: string): readonly string[] {
  return text.split(' ');
}

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
  const ksp = zone_kstat_prepare(zone, nth, `${resource}_zone_${get(zone, zone_t.zone_id)}`);
  if (ksp !== 0) kstat_install(ksp);
}

function zone_vfs_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 4, zone_name(zone));
  if (ksp === 0) return;
  put64(ksp, kstat_t.ks_lock, sub(zone, zone_t.zone_vfs_lock));
  kstat_install(ksp);
}

function zone_zfs_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 5, zone_name(zone));
  if (ksp === 0) return;
  put64(ksp, kstat_t.ks_lock, sub(zone, zone_t.zone_zfs_lock));
  kstat_install(ksp);
}

function zone_mcap_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 6, zone_name(zone));
  if (ksp !== 0) kstat_install(ksp);
}

function zone_misc_kstat_create(zone: Zone): void {
  const ksp = zone_kstat_prepare(zone, 7, zone_name(zone));
  if (ksp === 0) return;
  put64(ksp, kstat_t.ks_lock, sub(zone, zone_t.zone_misc_lock));
  kstat_install(ksp);
}

/** Everything but the data lock and the installation.  NULL if there was no memory. */
function zone_kstat_prepare(zone: Zone, nth: number, name: string): Kstat {
  const { module, class: kstat_class, data } = KSTATS[nth]!;
  const zoneid = get(zone, zone_t.zone_id);
  const template: KstatTemplate = {
    module,
    instance: zoneid,
    name,
    class: kstat_class,
    type: KSTAT_TYPE.named,
    ndata: data.length,
    flags: KSTAT_FLAG.virtual,
  };
  const ksp = kstat_create_zone(template, zoneid);
  if (ksp === 0) return ksp;
  const slot = zone_kstat(zone, nth);
  put(slot, kstat_slot.ksp, ksp);
  if (zoneid !== GLOBAL_ZONEID) kstat_zone_add(ksp, GLOBAL_ZONEID);

  const bytes = data.length * kstat_named_t.$.size;
  const at = kmem_alloc(bytes) as Ref<'kstat_named_t'>;
  if (at === 0) panic('zone_kstat_create: no memory');
  copyBytes(get(slot, kstat_slot.initial), at, bytes);
  put64(ksp, kstat_t.ks_data_size, bytes + get(at, kstat_named_t.length));
  put64(ksp, kstat_t.ks_data, at);
  return ksp;
}

/** What the data of a zone's kstat are when it is created: names and types, the zone's name, zeros. */
function zone_kstat_initial(zone: Zone, { data }: ZoneKstat): Ref<'kstat_named_t'> {
  const at = kmem_zalloc(data.length * kstat_named_t.$.size) as Ref<'kstat_named_t'>;
  data.forEach((name, i) => {
    const named = (at + i * kstat_named_t.$.size) as Ref<'kstat_named_t'>;
    putText(named, kstat_named_t.name, 31, name);
    put8(named, kstat_named_t.data_type, i === 0 ? KSTAT_DATA.string : KSTAT_DATA.uint64);
  });
  // The string stays where it is; kstats that name it are larger by its length.
  put64(at, kstat_named_t.value, zone + zone_t.zone_name);
  put(at, kstat_named_t.length, zone_name(zone).length + 1);
  return at;
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
  return `zone${get(zone, zone_t.zone_nth) + 1}`;
}
