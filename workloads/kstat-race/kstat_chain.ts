/*
 * The kstat chain: every kstat there is, in the order of its KID, and found by KID or by name.
 *
 * The kernel has two AVL trees.  A KID is given out once, each higher than the last, so a chain that is
 * appended to at its end is in order by itself; lookups go through two hashes.  What matters to the bug
 * is kept: a header read visits the kstats by KID, the newest last, so that the one which is counted
 * too early is also the one that is copied at the very end of the buffer.
 *
 *     kstat_chain      first, last, how many
 *     kstat_bykid      4,096 buckets by KID
 *     kstat_byname     4,096 buckets by module, instance and name
 *
 * A created kstat is in all three before it is installed.  Only its INVALID flag says so.
 *
 * For callers.  All of it is guarded by kstat_chain_lock, and nothing here takes it.  Two kstats may
 * have one name if no zone sees both.
 */

import { get, getText, global, put, ref, struct, sub, u32 } from '../../src/index.ts';
import {
  ALL_ZONES,
  CHARS,
  ekstat,
  kstat_of,
  kstat_t,
  kstat_zone,
  kstat_zone_find,
  type Ekstat,
} from './kstat.ts';

const chain_head = struct('kstat_chain', {
  first: ref('ekstat'),
  last: ref('ekstat'),
  count: u32,
  id: u32, // kstat_chain_id: the next KID, and a count of all changes
});
const bucket = struct('kstat_bucket', { first: ref('ekstat') });
const BUCKETS = 4096;
const NONE = 0 as Ekstat;
const NEXT = ekstat.e_next;

export const kstat_chain = global('kstat_chain', chain_head);
const kstat_bykid = global('kstat_bykid', bucket, BUCKETS);
const kstat_byname = global('kstat_byname', bucket, BUCKETS);

type Bucket = typeof kstat_bykid;

/** The chain as it is while nobody has changed it: the next KID, too. */
export function kstat_chain_id(): number {
  return get(kstat_chain, chain_head.id);
}

/** Notes a change. */
export function kstat_chain_bump(): number {
  const id = get(kstat_chain, chain_head.id);
  put(kstat_chain, chain_head.id, (id + 1) | 0);
  return id;
}

/** An empty chain.  KIDs 0 and 1 are not for everyone. */
export function kstat_chain_init(): void {
  put(kstat_chain, chain_head.id, 2);
}

export function kstat_first(): Ekstat {
  return get(kstat_chain, chain_head.first);
}

/** The next one by KID, or NULL. */
export function kstat_next(e: Ekstat): Ekstat {
  return get(e, NEXT);
}

export function kstat_count(): number {
  return get(kstat_chain, chain_head.count);
}

/** Puts a kstat with its KID and its name into the chain. */
export function kstat_chain_insert(e: Ekstat, namehash: number): void {
  const kid = get(kstat_of(e), kstat_t.ks_kid);
  let before = get(kstat_chain, chain_head.last);
  while (before !== 0 && get(kstat_of(before), kstat_t.ks_kid) > kid) {
    before = get(before, ekstat.e_prev);
  }
  const after = before === 0 ? kstat_first() : get(before, ekstat.e_next);
  link(before, e);
  link(e, after);
  put(kstat_chain, chain_head.count, kstat_count() + 1);

  put(e, ekstat.e_namehash, namehash);
  push(bykid(kid), e, ekstat.e_kidnext);
  push(byname(namehash), e, ekstat.e_namenext);
}

export function kstat_chain_remove(e: Ekstat): void {
  link(get(e, ekstat.e_prev), get(e, ekstat.e_next));
  put(kstat_chain, chain_head.count, kstat_count() - 1);
  drop(bykid(get(kstat_of(e), kstat_t.ks_kid)), e, ekstat.e_kidnext);
  drop(byname(get(e, ekstat.e_namehash)), e, ekstat.e_namenext);
}

/** The kstat with a KID, if the zone sees it. */
export function kstat_find_bykid(kid: number, zoneid: number): Ekstat {
  let e = get(bykid(kid), bucket.first);
  while (e !== 0 && !(get(kstat_of(e), kstat_t.ks_kid) === kid && kstat_zone_find(e, zoneid))) {
    e = get(e, ekstat.e_kidnext);
  }
  return e;
}

/** The kstat with a name, if the zone sees it. */
export function kstat_find_byname(
  module: string,
  instance: number,
  name: string,
  zoneid: number,
): Ekstat {
  const hash = kstat_namehash(module, instance, name);
  for (let e = get(byname(hash), bucket.first); e !== 0; e = get(e, ekstat.e_namenext)) {
    const ksp = kstat_of(e);
    if (
      get(e, ekstat.e_namehash) === hash &&
      get(ksp, kstat_t.ks_instance) === instance &&
      getText(ksp, kstat_t.ks_name, CHARS) === name &&
      getText(ksp, kstat_t.ks_module, CHARS) === module &&
      kstat_zone_find(e, zoneid)
    ) {
      return e;
    }
  }
  return NONE;
}

/** FNV-1a of a kstat's name. */
export function kstat_namehash(module: string, instance: number, name: string): number {
  let hash = Math.imul(0x811c9dc5 ^ instance, 0x01000193);
  for (let i = 0; i < module.length; i++) {
    hash = Math.imul(hash ^ module.charCodeAt(i), 0x01000193);
  }
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash;
}

/** What is wrong with the chain, if anything; for when nobody changes it. */
export function kstat_chain_verify(): string | undefined {
  let before = NONE;
  let seen = 0;
  for (let e = kstat_first(); e !== 0; before = e, e = kstat_next(e)) {
    const kid = get(kstat_of(e), kstat_t.ks_kid);
    if (get(e, ekstat.e_prev) !== before) return `kstat ${kid}: e_prev is not the kstat before it`;
    if (before !== 0 && get(kstat_of(before), kstat_t.ks_kid) >= kid) {
      return `kstat ${kid} comes after ${get(kstat_of(before), kstat_t.ks_kid)}`;
    }
    if (kstat_find_bykid(kid, ALL_ZONES) !== e) return `kstat ${kid} is not found by its KID`;
    if (get(sub(e, ekstat.e_zone), kstat_zone.zoneid) < ALL_ZONES)
      return `kstat ${kid} has no zone`;
    seen++;
  }
  if (seen !== kstat_count()) return `the chain has ${seen} kstats, its head says ${kstat_count()}`;
  return undefined;
}

// --- links --------------------------------------------------------------------------------------

function link(before: Ekstat, after: Ekstat): void {
  if (before === 0) put(kstat_chain, chain_head.first, after);
  else put(before, ekstat.e_next, after);
  if (after === 0) put(kstat_chain, chain_head.last, before);
  else put(after, ekstat.e_prev, before);
}

function bykid(kid: number): Bucket {
  return (kstat_bykid + (kid & (BUCKETS - 1)) * bucket.$.size) as Bucket;
}

function byname(hash: number): Bucket {
  return (kstat_byname + ((hash ^ (hash >>> 16)) & (BUCKETS - 1)) * bucket.$.size) as Bucket;
}

type Link = typeof ekstat.e_kidnext;

function push(head: Bucket, e: Ekstat, next: Link): void {
  put(e, next, get(head, bucket.first));
  put(head, bucket.first, e);
}

function drop(head: Bucket, e: Ekstat, next: Link): void {
  let before = NONE;
  let at = get(head, bucket.first);
  while (at !== e && at !== 0) {
    before = at;
    at = get(at, next);
  }
  if (at === 0) return;
  if (before === 0) put(head, bucket.first, get(e, next));
  else put(before, next, get(e, next));
}
