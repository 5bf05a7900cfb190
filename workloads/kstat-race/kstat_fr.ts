/*
 * The kstat framework: create, install, delete, and the hold that is no lock.
 *
 *     kstat_create_zone()    puts a kstat into the chain, INVALID: found, but not to be read
 *     kstat_zone_add()       lets one more zone see it
 *     kstat_install()        clears INVALID
 *     kstat_delete()         takes it out of the chain and frees it
 *
 * Who has a kstat.  e_owner is a mark, set and cleared under kstat_chain_lock by kstat_hold() and
 * kstat_rele(), with a condvar beside it.  The lock is not held in between.  So what a holder does to
 * its kstat is safe from the other holders, and from nobody who walks the chain under the lock alone.
 *
 * Bug 4997 is that sentence.  kstat_install() holds its kstat while it clears INVALID: no other thread
 * can be installing, deleting or reading that kstat.  But a read of kstat_headers holds KID 0 and
 * kstat_chain_lock, walks the chain twice, and trusts the lock to make both walks the same:
 *
 *       thread P, kstat_headers            thread Q, kstat_install()         K's flag   counted  copied
 *       -------------------------------    ------------------------------    --------   -------  ------
 *                                          kstat_hold(K), lock dropped       INVALID
 *       lock; walk 1: K is INVALID                                           INVALID       n
 *       allocates n * 184 + 1 bytes        flags &= ~INVALID                 clear         n
 *       walk 2: K is not INVALID           kstat_rele(K): wants the lock     clear         n      n + 1
 *
 * That is why the racing thread is always found in kstat_rele(), and why one thread can add one header
 * only: to clear another flag it needs the lock first.
 *
 * The fix takes the lock for the one instruction (variants.ts), drops it, and lets kstat_rele() take it
 * again.
 *
 * Not here: persistent kstats, which kstat_delete() puts to sleep and kstat_create_zone() revives, and
 * virtual memory of their own for kstats.  A kstat's data are its creator's (KSTAT_FLAG_VIRTUAL).
 */

import {
  curthread,
  cv_broadcast,
  cv_init,
  cv_wait,
  get,
  get64,
  get8,
  kmem_alloc,
  kmem_free,
  kmem_zalloc,
  mutex_enter,
  mutex_exit,
  mutex_owned,
  panic,
  put,
  put64,
  put8,
  bcopy,
  getText,
  sub,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { _interrupt, interrupt_due } from './interrupt.ts';
import {
  ALL_ZONES,
  CHARS,
  EACCES,
  ekstat,
  ekstat_of,
  gethrtime,
  KSTAT_DATA,
  KSTAT_FLAG,
  KSTAT_TYPE,
  kstat_chain_lock,
  kstat_flags,
  kstat_named_t,
  kstat_of,
  kstat_set_text,
  kstat_t,
  kstat_zone,
  type Ekstat,
  type Kstat,
} from './kstat.ts';
import {
  kstat_chain_bump,
  kstat_chain_insert,
  kstat_chain_remove,
  kstat_find_bykid,
  kstat_find_byname,
  kstat_namehash,
} from './kstat_chain.ts';
import { text_symbol } from './ktext.ts';
import { clear_locked } from './variants.ts';

/** Why ks_update or ks_snapshot is called. */
export const KSTAT_READ = 0;
export const KSTAT_WRITE = 1;
const NULL = 0 as Kstat;
const UNOWNED = 0 as Ref<'kthread'>;
const ZONES_END = 0 as Ref<'kstat_zone'>;

/** What a kstat is made from. */
export interface KstatTemplate {
  readonly module: string;
  readonly instance: number;
  readonly name: string;
  readonly class: string;
  readonly type: number;
  readonly ndata: number;
  /** of KSTAT_FLAG */
  readonly flags: number;
}

// --- who has a kstat ----------------------------------------------------------------------------

/** Takes the kstat with a KID, waiting for whoever has it.  NULL if the zone sees no such kstat. */
export function kstat_hold_bykid(kid: number, zoneid: number): Kstat {
  return kstat_hold(() => kstat_find_bykid(kid, zoneid));
}

/** The same, by name. */
export function kstat_hold_byname(
  module: string,
  instance: number,
  name: string,
  zoneid: number,
): Kstat {
  return kstat_hold(() => kstat_find_byname(module, instance, name, zoneid));
}

function kstat_hold(find: () => Ekstat): Kstat {
  mutex_enter(kstat_chain_lock);
  let e = find();
  // Looked up again after each wait: it may have been deleted by the one we waited for.
  while (e !== 0 && get(e, ekstat.e_owner) !== 0) {
    cv_wait(sub(e, ekstat.e_cv), kstat_chain_lock);
    e = find();
  }
  if (e !== 0) put(e, ekstat.e_owner, curthread);
  mutex_exit(kstat_chain_lock);
  return e === 0 ? NULL : kstat_of(e);
}

/** Gives a kstat up. */
export function kstat_rele(ksp: Kstat): void {
  const e = ekstat_of(ksp);
  mutex_enter(kstat_chain_lock);
  put(e, ekstat.e_owner, UNOWNED);
  cv_broadcast(sub(e, ekstat.e_cv));
  mutex_exit(kstat_chain_lock);
}

// --- a kstat's life -----------------------------------------------------------------------------

/** Creates a kstat that one zone sees, or ALL_ZONES.  NULL if it exists, or there is no memory. */
export function kstat_create_zone(template: KstatTemplate, zoneid: number): Kstat {
  const { module, instance, name } = template;
  const known = kstat_hold_byname(module, instance, name, zoneid);
  if (known !== 0) {
    kstat_rele(known);
    return NULL;
  }
  const e = kmem_zalloc(ekstat.$.size) as Ekstat;
  if (e === 0) return NULL;
  kstat_fill(e, template, zoneid);

  const hash = kstat_namehash(module, instance, name);
  mutex_enter(kstat_chain_lock);
  put(kstat_of(e), kstat_t.ks_kid, kstat_chain_bump());
  kstat_chain_insert(e, hash);
  mutex_exit(kstat_chain_lock);
  return kstat_of(e);
}

/** The same for all zones. */
export function kstat_create(template: KstatTemplate): Kstat {
  return kstat_create_zone(template, ALL_ZONES);
}

/** Writes all of a new kstat but its KID; it is in no chain yet, so nobody sees this. */
export function kstat_fill(e: Ekstat, template: KstatTemplate, zoneid: number): void {
  const ksp = kstat_of(e);
  const { module, instance, name, class: type_class, type, ndata, flags } = template;
  cv_init(sub(e, ekstat.e_cv), '');
  put(e, ekstat.e_size, ekstat.$.size);
  put(sub(e, ekstat.e_zone), kstat_zone.zoneid, zoneid);
  put64(ksp, kstat_t.ks_crtime, gethrtime());
  kstat_set_text(ksp, kstat_t.ks_module, module);
  put(ksp, kstat_t.ks_instance, instance);
  kstat_set_text(ksp, kstat_t.ks_name, name);
  put8(ksp, kstat_t.ks_type, type);
  kstat_set_text(ksp, kstat_t.ks_class, type_class);
  put8(ksp, kstat_t.ks_flags, flags | KSTAT_FLAG.invalid);
  put(ksp, kstat_t.ks_ndata, ndata);
  put64(ksp, kstat_t.ks_data_size, type === KSTAT_TYPE.named ? ndata * kstat_named_t.$.size : 0);
  put64(ksp, kstat_t.ks_update, default_kstat_update_text);
  put64(ksp, kstat_t.ks_snapshot, default_kstat_snapshot_text);
}

/** Lets a zone see a kstat. */
export function kstat_zone_add(ksp: Kstat, zoneid: number): void {
  const more = kmem_alloc(kstat_zone.$.size) as Ref<'kstat_zone'>;
  if (more === 0) return;
  put(more, kstat_zone.zoneid, zoneid);
  mutex_enter(kstat_chain_lock);
  const first = sub(ekstat_of(ksp), ekstat.e_zone);
  put(more, kstat_zone.next, get(first, kstat_zone.next));
  put(first, kstat_zone.next, more);
  kstat_chain_bump();
  mutex_exit(kstat_chain_lock);
}

/** Makes a created kstat a readable one. */
export function kstat_install(ksp: Kstat): void {
  if (kstat_flags(ksp) & KSTAT_FLAG.var_size && get64(ksp, kstat_t.ks_lock) === 0) {
    kstat_panic(ksp, 'cannot create variable-size kstat without data lock');
  }
  const zoneid = get(sub(ekstat_of(ksp), ekstat.e_zone), kstat_zone.zoneid);
  if (kstat_hold_bykid(get(ksp, kstat_t.ks_kid), zoneid) === 0) return;
  kstat_named_check(ksp);
  // Here the thread has the kstat, and not the lock.
  const due = interrupt_due(get(ksp, kstat_t.ks_kid));
  if (due !== 0) _interrupt(due);
  if (clear_locked()) {
    mutex_enter(kstat_chain_lock);
    put8(ksp, kstat_t.ks_flags, get8(ksp, kstat_t.ks_flags) & ~KSTAT_FLAG.invalid);
    mutex_exit(kstat_chain_lock);
  } else {
    put8(ksp, kstat_t.ks_flags, get8(ksp, kstat_t.ks_flags) & ~KSTAT_FLAG.invalid);
  }
  kstat_rele(ksp);
}

/** Takes a kstat out of the chain and frees it.  Its data remain its creator's. */
export function kstat_delete(ksp: Kstat): void {
  const e = ekstat_of(ksp);
  const lp = get64(ksp, kstat_t.ks_lock);
  if (lp !== 0 && mutex_owned(lp)) {
    panic(`kstat_delete(${ksp.toString(16)}): caller holds data lock ${lp.toString(16)}`);
  }
  const zoneid = get(sub(e, ekstat.e_zone), kstat_zone.zoneid);
  if (kstat_hold_bykid(get(ksp, kstat_t.ks_kid), zoneid) === 0) return;

  mutex_enter(kstat_chain_lock);
  kstat_chain_remove(e);
  kstat_chain_bump();
  mutex_exit(kstat_chain_lock);

  let kz = get(sub(e, ekstat.e_zone), kstat_zone.next);
  while (kz !== ZONES_END) {
    const next = get(kz, kstat_zone.next);
    kmem_free(kz, kstat_zone.$.size);
    kz = next;
  }
  kstat_rele(ksp);
  kmem_free(e, get(e, ekstat.e_size));
}

// --- what a kstat does unless its creator says otherwise ------------------------------------------

/** The data are always up to date. */
export function default_kstat_update(ksp: Kstat, rw: number): number {
  return rw === KSTAT_WRITE && !(kstat_flags(ksp) & KSTAT_FLAG.writable) ? EACCES : 0;
}

/** Copies the data, and behind them the strings that named data point to. */
export function default_kstat_snapshot(ksp: Kstat, rw: number, buf: number): number {
  if (rw === KSTAT_WRITE) return EACCES;
  put64(ksp, kstat_t.ks_snaptime, gethrtime());
  const data = get64(ksp, kstat_t.ks_data);
  const ndata = get(ksp, kstat_t.ks_ndata);
  if (get8(ksp, kstat_t.ks_type) !== KSTAT_TYPE.named || data === 0) return 0;
  bcopy(data, buf, ndata * kstat_named_t.$.size);
  let end = buf + ndata * kstat_named_t.$.size;
  for (let i = 0; i < ndata; i++) {
    const named = (buf + i * kstat_named_t.$.size) as Ref<'kstat_named_t'>;
    if (get8(named, kstat_named_t.data_type) !== KSTAT_DATA.string) continue;
    const length = get(named, kstat_named_t.length);
    bcopy(get64(named, kstat_named_t.value), end, length);
    put64(named, kstat_named_t.value, end - buf);
    end += length;
  }
  return 0;
}

const default_kstat_update_text = text_symbol(default_kstat_update);
const default_kstat_snapshot_text = text_symbol(default_kstat_snapshot);

/** The rule for named data with strings: they cannot be a kstat's own, as their number may change. */
function kstat_named_check(ksp: Kstat): void {
  const data = get64(ksp, kstat_t.ks_data);
  if (get8(ksp, kstat_t.ks_type) !== KSTAT_TYPE.named || data === 0) return;
  const ndata = get(ksp, kstat_t.ks_ndata);
  let strings = 0;
  for (let i = 0; i < ndata; i++) {
    const named = (data + i * kstat_named_t.$.size) as Ref<'kstat_named_t'>;
    if (get8(named, kstat_named_t.data_type) === KSTAT_DATA.string) strings++;
  }
  if (strings !== 0 && !(kstat_flags(ksp) & KSTAT_FLAG.virtual)) {
    kstat_panic(ksp, 'named kstat containing KSTAT_DATA_STRING is not virtual');
  }
}

function kstat_panic(ksp: Kstat, what: string): never {
  const module = getText(ksp, kstat_t.ks_module, CHARS);
  const name = getText(ksp, kstat_t.ks_name, CHARS);
  const instance = get(ksp, kstat_t.ks_instance);
  return panic(`kstat_install('${module}', ${instance}, '${name}'): ${what}`);
}
