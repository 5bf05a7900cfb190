/*
 * unix:0:kstat_headers, the mother kstat: its data are the headers of all kstats.
 *
 * It is KID 0, of variable size, and its data lock is kstat_chain_lock itself.  A read takes the lock
 * and then calls, in this order and without dropping it,
 *
 *     header_kstat_update()      walk 1: counts; ks_ndata and ks_data_size are now how many, how much
 *     kmem_zalloc()              that much and one byte (kstat_ioctl.ts)
 *     header_kstat_snapshot()    walk 2: copies, 184 bytes each, and looks at no bound
 *
 * When walk 2 finds one more than walk 1 (kstat_fr.ts says how), its header goes behind the end of what
 * was asked for.  Whether that is seen is arithmetic:
 *
 *     asked for     N * 184 + 1, rounded up to pages; the page behind them is not mapped
 *     used          (N + 1) * 184
 *     fault if      (N * 184) mod 4096 is 3920 or more: 22 of the 512 multiples of 8, 4.3%
 *     address       of the guard page, always: 0x1642 headers end at kbuf+0xfff70, the next one at
 *                   kbuf+0x100028, and its byte at kbuf+0x100000 is the first that is not there
 *
 * In all other cases the header lands in zeroed slack of the last page.  It is not copied out, and
 * nobody ever knows: the bug was there 23 times before the machine panicked.  A model that counted
 * panics would be blind to it as well, so each snapshot tells a probe what it came to.  That is ours,
 * and not the kernel's; it is the only place here that compares the number copied with the number
 * counted, and it changes nothing.
 *
 *     outcome     copied     means
 *     --------    -------    ----------------------------------------------------------------
 *     exact       = N        both walks saw the same
 *     overrun     > N        a header too many, in the slack: silent
 *     fault       > N        a header too many, into the guard page; told before it is copied
 *     tail        < N        headers counted and not copied: zeros at the end
 */

import {
  bcopy,
  get,
  global,
  kmem_mapped,
  mutex_owned,
  panic,
  put,
  put64,
  put8,
  struct,
  u32,
} from '../../src/index.ts';
import {
  ALL_ZONES,
  EACCES,
  gethrtime,
  getzoneid,
  KSTAT_FLAG,
  KSTAT_TYPE,
  kstat_chain_lock,
  kstat_flags,
  kstat_headers,
  kstat_of,
  kstat_t,
  kstat_types,
  kstat_zone_find,
  type Ekstat,
  type Kstat,
} from './kstat.ts';
import {
  kstat_chain_init,
  kstat_chain_insert,
  kstat_first,
  kstat_namehash,
  kstat_next,
} from './kstat_chain.ts';
import { KSTAT_WRITE, kstat_fill } from './kstat_fr.ts';
import { text_symbol } from './ktext.ts';
import { copy_skips, count_skips } from './variants.ts';

const HEADER = kstat_t.$.size;

export type SnapshotOutcome = 'exact' | 'overrun' | 'fault' | 'tail';

/** What the last reads came to, for who looks at the image: written under kstat_chain_lock. */
const reads = struct('kstat_header_reads', {
  counted: u32, // by the last walk 1
  copied: u32, //  by the last walk 2
  kbuf: u32, //    where to
  exact: u32,
  overrun: u32,
  fault: u32,
  tail: u32,
});
export const kstat_header_reads = global('kstat_header_reads', reads);

/** Told of each snapshot of the headers by this thread, with kstat_chain_lock held. */
let snapshot_probe: (outcome: SnapshotOutcome) => void = () => {};

export function header_snapshot_probe(probe: typeof snapshot_probe): void {
  snapshot_probe = probe;
}

/** ks_update of KID 0: walk 1. */
export function header_kstat_update(ksp: Kstat, rw: number): number {
  if (rw === KSTAT_WRITE) return EACCES;
  if (!mutex_owned(kstat_chain_lock))
    return panic('assertion failed: MUTEX_HELD(&kstat_chain_lock)');
  const zoneid = getzoneid();
  const skips = count_skips();
  let nkstats = 0;
  for (let e = kstat_first(); e !== 0; e = kstat_next(e)) {
    if (kstat_zone_find(e, zoneid) && !(kstat_flags(kstat_of(e)) & skips)) nkstats++;
  }
  put(ksp, kstat_t.ks_ndata, nkstats);
  put64(ksp, kstat_t.ks_data_size, nkstats * HEADER);
  return 0;
}

/** ks_snapshot of KID 0: walk 2. */
export function header_kstat_snapshot(ksp: Kstat, rw: number, buf: number): number {
  if (rw === KSTAT_WRITE) return EACCES;
  put64(ksp, kstat_t.ks_snaptime, gethrtime());
  const counted = get(ksp, kstat_t.ks_ndata);
  put(kstat_header_reads, reads.counted, counted);
  put(kstat_header_reads, reads.kbuf, buf);
  const zoneid = getzoneid();
  const skips = copy_skips();
  let to = buf;
  let copied = 0;
  for (let e = kstat_first(); e !== 0; e = kstat_next(e)) {
    if (kstat_zone_find(e, zoneid) && !(kstat_flags(kstat_of(e)) & skips)) {
      if (copied >= counted && !kmem_mapped(to + HEADER - 1)) snapshot_ends('fault', copied + 1);
      bcopy(e, to, HEADER);
      to += HEADER;
      copied++;
    }
  }
  snapshot_ends(copied === counted ? 'exact' : copied > counted ? 'overrun' : 'tail', copied);
  return 0;
}

const header_kstat_update_text = text_symbol(header_kstat_update);
const header_kstat_snapshot_text = text_symbol(header_kstat_snapshot);

/** Creates KIDs 0 and 1, at boot; the caller holds kstat_chain_lock. */
export function kstat_init(): void {
  kstat_chain_init();
  const { virtual, var_size } = KSTAT_FLAG;
  kstat_early(kstat_headers, 0, 'kstat_headers', KSTAT_TYPE.raw, virtual | var_size);
  kstat_early(kstat_types, 1, 'kstat_types', KSTAT_TYPE.named, virtual);
  const ksp = kstat_of(kstat_headers);
  put64(ksp, kstat_t.ks_lock, kstat_chain_lock);
  put64(ksp, kstat_t.ks_update, header_kstat_update_text);
  put64(ksp, kstat_t.ks_snapshot, header_kstat_snapshot_text);
}

function kstat_early(e: Ekstat, kid: number, name: string, type: number, flags: number): void {
  const template = { module: 'unix', instance: 0, name, class: 'kstat', type, ndata: 0, flags };
  kstat_fill(e, template, ALL_ZONES);
  put(kstat_of(e), kstat_t.ks_kid, kid);
  put8(kstat_of(e), kstat_t.ks_flags, flags);
  kstat_chain_insert(e, kstat_namehash('unix', 0, name));
}

function snapshot_ends(outcome: SnapshotOutcome, copied: number): void {
  put(kstat_header_reads, reads.copied, copied);
  put(kstat_header_reads, reads[outcome], get(kstat_header_reads, reads[outcome]) + 1);
  snapshot_probe(outcome);
}

/** How many reads came to an outcome, by all threads, since boot. */
export function header_reads(outcome: SnapshotOutcome): number {
  return get(kstat_header_reads, reads[outcome]);
}

/** Where the last snapshot was copied to. */
export function header_kbuf(): number {
  return get(kstat_header_reads, reads.kbuf);
}
