/*
 * kstat_t: what user and kernel agree on, and the ekstat that the kernel puts around it.
 *
 * The layout is not ours.  A header read copies whole kstat_t's, so their size decides how much memory
 * it asks for, and bug 4997 is a matter of bytes: 0x1642 of them are 0xfff70, the request of one more
 * byte rounds to 0x100000, and one kstat_t too many ends at 0x100028.  With 176 or 192 bytes the same
 * race would not have been seen that day.  So kstat_t has the offsets of the LP64 kernel (FACTS A.1),
 * and the check at the end of this file refuses any other size.
 *
 *     bytes       what                                        who may write it
 *     ---------   -----------------------------------------   -----------------------------------------
 *     0 .. 183    e_ks, the kstat_t itself: same address      its creator; ks_flags: see kstat_fr.ts
 *     184         e_size, e_owner                             holders of kstat_chain_lock
 *     192 .. 255  e_cv, where those wait who want e_owner     the same
 *     256 .. 271  links of the chain and of its two hashes    the same
 *     272         e_zone, the first of the zones that see it  the same
 *
 * ks_flags is one byte among others, and the kernel clears a bit of it by reading and writing the byte.
 *
 * A kstat may be seen from a zone if one of its e_zone entries names that zone, or ALL_ZONES.  The global
 * zone is no exception: a zone's own kstats are seen there because their creator adds it.
 *
 * Not here: the LP32 shape, which the agent of the report really got; its reshaping comes after the copy
 * that went wrong.
 */

import {
  at,
  char,
  embed,
  get,
  get8,
  global,
  i32,
  kcondvar,
  kmutex,
  lbolt,
  poke8,
  ref,
  ref64,
  shared,
  struct,
  sub,
  u32,
  u64,
  u8,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';

const layout = struct(
  'kstat_t',
  {
    ks_crtime: at(0, u64), //           ns since boot
    ks_next: at(8, ref64('kstat_t')), // libkstat's; the kernel leaves it NULL
    ks_kid: at(16, i32),
    ks_module: at(20, char(31)),
    ks_resv: at(51, u8),
    ks_instance: at(52, i32),
    ks_name: at(56, char(31)),
    ks_type: at(87, u8), //             of KSTAT_TYPE
    ks_class: at(88, char(31)),
    ks_flags: at(119, u8), //           of KSTAT_FLAG
    ks_data: at(120, ref64('kstat_named_t')),
    ks_ndata: at(128, u32),
    ks_data_size: at(136, u64),
    ks_snaptime: at(144, u64),
    ks_update: at(152, ref64('ktext')),
    ks_private: at(160, u64),
    ks_snapshot: at(168, ref64('ktext')),
    ks_lock: at(176, ref64('kmutex')),
  },
  184,
);
/** The byte that is read under a lock and written without it: each access of it is a scheduling point. */
export const kstat_t = shared(layout, 'ks_flags');

export const KSTAT_TYPE = { raw: 0, named: 1, intr: 2, io: 3, timer: 4 } as const;
export const KSTAT_FLAG = {
  virtual: 0x01, //  ks_data is its creator's
  var_size: 0x02, // ks_data_size is known when ks_update has run
  writable: 0x04,
  persistent: 0x08,
  dormant: 0x10,
  invalid: 0x20, //  created, not yet installed
} as const;
export const CHARS = 31;

/** ks_data of a named kstat is an array of these. */
export const kstat_named_t = struct(
  'kstat_named_t',
  {
    name: at(0, char(31)),
    data_type: at(31, u8), //          of KSTAT_DATA
    value: at(32, u64), //             or the address of a string
    length: at(40, u32), //            of that string, with its NUL
  },
  48,
);
export const KSTAT_DATA = { uint64: 4, string: 9 } as const;

/** A zone that a kstat is visible in. */
export const kstat_zone = struct('kstat_zone', { zoneid: i32, next: ref('kstat_zone') });
export const GLOBAL_ZONEID = 0;
export const ALL_ZONES = -1;

export const ekstat = struct(
  'ekstat',
  {
    e_ks: at(0, embed(kstat_t)), //  first: a kstat_t's address is its ekstat's
    e_size: at(184, u32), //         bytes, of this and what follows it
    e_owner: at(188, ref('kthread')), // who has it; no lock, a mark made under kstat_chain_lock
    e_cv: at(192, embed(kcondvar)),
    e_next: at(256, ref('ekstat')), // the chain, by KID
    e_prev: ref('ekstat'),
    e_kidnext: ref('ekstat'), //     the bucket of its KID
    e_namenext: ref('ekstat'), //    the bucket of its name
    e_zone: embed(kstat_zone),
    e_namehash: u32,
  },
  320, // a size class of kmem, and whole cache lines
);

// Constants of this module: what the walks of all kstats read, without the load of an object's field.
const ZONE: number = ekstat.e_zone;
const ZONEID = kstat_zone.zoneid;
const ZONE_NEXT = kstat_zone.next;
const FLAGS = kstat_t.ks_flags;

export type Kstat = Ref<'kstat_t'>;
export type Ekstat = Ref<'ekstat'>;

/** Guards the chain; also the data lock of kstat_headers, whose data are the chain. */
export const kstat_chain_lock = global('kstat_chain_lock', kmutex);

/** KID 0.  In the data segment, as in the kernel, where the first kstats come from a static arena. */
export const kstat_headers = global('kstat_headers', ekstat);
/** KID 1. */
export const kstat_types = global('kstat_types', ekstat);

/** errno */
export const ENXIO = 6;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EINVAL = 22;

/** The kstat_t of an ekstat, and back. */
export function kstat_of(e: Ekstat): Kstat {
  return sub(e, ekstat.e_ks);
}

export function ekstat_of(ksp: Kstat): Ekstat {
  return ksp as number as Ekstat;
}

/** Whether a kstat is seen from a zone. */
export function kstat_zone_find(e: Ekstat, zoneid: number): boolean {
  let kz = (e + ZONE) as Ref<'kstat_zone'>;
  do {
    const id = get(kz, ZONEID);
    if (id === ALL_ZONES || id === zoneid || zoneid === ALL_ZONES) return true;
    kz = get(kz, ZONE_NEXT);
  } while (kz !== 0);
  return false;
}

/** Writes a name of ASCII into zeroed memory, cut to fit with its NUL. */
export function kstat_set_text(ksp: Kstat, field: number, text: string): void {
  const length = Math.min(text.length, CHARS - 1);
  for (let i = 0; i < length; i++) poke8(ksp + field + i, text.charCodeAt(i));
}

/** A kstat's flags: a plain read of the byte. */
export function kstat_flags(ksp: Kstat): number {
  return get8(ksp, FLAGS);
}

/** The zone of the caller: everyone who reads kstats here is in the global one. */
export function getzoneid(): number {
  return GLOBAL_ZONEID;
}

/** gethrtime(9F), as coarse as the image's clock: ns since boot. */
export function gethrtime(): number {
  return lbolt() * 100_000;
}

if (layout.$.size !== 184 || layout.ks_flags !== 119 || ekstat.e_ks !== 0) {
  throw new RangeError(`kstat_t is ${kstat_t.$.size} bytes, not the kernel's 184`);
}
