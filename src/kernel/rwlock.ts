/*
 * Readers/writer locks: krwlock.
 *
 *     krwlock.wwwh               means
 *     -----------------------    -----------------------------------------------------------
 *     0                          free
 *     n * 8                      n readers
 *     t | WRITE_LOCKED           thread t writes
 *     … | HAS_WAITERS            somebody is in line: whoever leaves last must hand the lock on
 *     … | WRITE_WANTED           a writer is among them: new readers queue behind it
 *     WRITE_LOCKED | 8           destroyed: no call takes it any more
 *
 * A lock with waiters is never free: the one that leaves passes it on directly, under the turnstile's
 * chain.  A reader that leaves passes it to the first writer; a writer passes it to all readers that
 * wait, and to the next writer when there are none.  So neither side starves the other, and a woken
 * thread owns the lock already.
 *
 * Why no wakeup is lost: HAS_WAITERS is set by a swap under the chain, by a thread that joins the line
 * before it drops the chain; and while it is set, every way out goes through the chain.
 *
 * The word cannot say who the readers are.  The held stack of each reader does, which is how a dump
 * names them and how a cycle through a read hold is found.
 *
 * For callers.  A reader that asks to write, or to read again while a writer waits, waits for itself.
 * The kernel does not notice (it never does); the watchdog does.  Use rw_tryupgrade().
 */

import { EVENT, krwlock, kthread, SOBJ, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { cas, get, load, put, store } from '../layout/word.ts';
import { setrun, WOKE } from './disp.ts';
import { HOLD, held_convert, held_mode, held_pop, held_push_as } from './held.ts';
import { panic, panic_check } from './panic.ts';
import { hrtime_ms, POINT, probe } from './probe.ts';
import { ring_event } from './ring.ts';
import { sobj_contended, sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import { curthread, thread_tried } from './thread.ts';
import {
  turnstile_block,
  turnstile_exit,
  turnstile_first,
  turnstile_lookup,
  turnstile_remove,
  turnstile_waiters,
} from './turnstile.ts';

type Rwlock = Ref<'krwlock'>;
/** rw_enter's second argument: sys/rwlock.h. */
export const RW_WRITER = 0;
export const RW_READER = 1;
export type RwType = typeof RW_WRITER | typeof RW_READER;

const HAS_WAITERS = 1;
const WRITE_WANTED = 2;
const WRITE_LOCKED = 4;
const FLAGS = HAS_WAITERS | WRITE_WANTED;
const READER = 8;
const DESTROYED = WRITE_LOCKED | READER;

export function rw_init(rw: Rwlock, name: string): void {
  sobj_init(rw, SOBJ.rwlock, krwlock.$.name, name);
  put(rw, krwlock.writers, 0);
}

export function rw_destroy(rw: Rwlock): void {
  if (get(rw, krwlock.kind) !== SOBJ.rwlock) rw_panic('rw_destroy: bad rwlock', rw);
  if (load(rw, krwlock.wwwh) !== 0) rw_panic('rw_destroy: lock still active', rw);
  sobj_destroy(rw, 'rw_destroy');
  store(rw, krwlock.wwwh, DESTROYED);
}

/** Takes the lock, sleeping if it must.  @param type RW_READER to share, RW_WRITER to be alone */
export function rw_enter(rw: Rwlock, type: RwType): void {
  if (!rw_try(rw, type)) rw_enter_sleep(rw, type, Infinity);
  held_push_as(rw, type === RW_READER ? HOLD.reader : HOLD.writer);
}

/** Takes the lock if that needs no waiting. */
export function rw_tryenter(rw: Rwlock, type: RwType): boolean {
  if (!rw_try(rw, type)) {
    thread_tried(rw);
    return false;
  }
  held_push_as(rw, type === RW_READER ? HOLD.reader : HOLD.writer);
  return true;
}

/** Takes the lock, or gives up.  @param ms milliseconds to wait at most */
export function rw_enter_timed(rw: Rwlock, type: RwType, ms: number): boolean {
  if (!rw_try(rw, type) && !rw_enter_sleep(rw, type, ms)) return false;
  held_push_as(rw, type === RW_READER ? HOLD.reader : HOLD.writer);
  return true;
}

/** Gives the lock up.  Panics "rw_exit: lock not held", "rw_exit: not owner". */
export function rw_exit(rw: Rwlock): void {
  probe(POINT.release, rw);
  const word = load(rw, krwlock.wwwh);
  if ((word & ~FLAGS) === 0) rw_panic('rw_exit: lock not held', rw);
  const writing = (word & WRITE_LOCKED) !== 0;
  // The word does not name its readers; the held stack does, and knows a stranger.
  const mine = writing ? (word & ~7) === curthread : held_mode(rw) === HOLD.reader;
  if (!mine) rw_panic('rw_exit: not owner', rw);
  held_pop(rw);
  for (;;) {
    const now = load(rw, krwlock.wwwh);
    const last = writing || (now & ~7) === READER;
    if (last && (now & HAS_WAITERS) !== 0) {
      rw_handoff(rw, writing);
      break;
    }
    if (cas(rw, krwlock.wwwh, now, writing ? 0 : now - READER) === now) break;
  }
  probe(POINT.released, rw);
}

/** From writer to reader, without a gap; readers that wait come in too. */
export function rw_downgrade(rw: Rwlock): void {
  const word = load(rw, krwlock.wwwh);
  if ((word & WRITE_LOCKED) === 0 || (word & ~7) !== curthread)
    rw_panic('rw_downgrade: not owner', rw);
  held_convert(rw, HOLD.reader);
  if (cas(rw, krwlock.wwwh, curthread | WRITE_LOCKED, READER) === (curthread | WRITE_LOCKED))
    return;
  const ts = turnstile_lookup(rw);
  const woken = rw_take_readers(ts);
  store(rw, krwlock.wwwh, (woken.length + 1) * READER + rw_flags(rw, ts));
  turnstile_exit(ts);
  for (const t of woken) rw_wake(rw, t);
}

/** From reader to writer if nobody else reads and no writer waits. */
export function rw_tryupgrade(rw: Rwlock): boolean {
  const word = load(rw, krwlock.wwwh);
  if ((word & WRITE_WANTED) !== 0 || (word & ~7) !== READER || held_mode(rw) !== HOLD.reader)
    return false;
  const flags = word & HAS_WAITERS;
  if (cas(rw, krwlock.wwwh, READER | flags, curthread | WRITE_LOCKED | flags) !== (READER | flags))
    return false;
  held_convert(rw, HOLD.writer);
  return true;
}

export function rw_write_held(rw: Rwlock): boolean {
  return (load(rw, krwlock.wwwh) & ~3) === (curthread | WRITE_LOCKED);
}

export function rw_read_held(rw: Rwlock): boolean {
  return held_mode(rw) === HOLD.reader;
}

function rw_try(rw: Rwlock, type: RwType): boolean {
  probe(POINT.acquire, rw);
  const t = curthread;
  for (;;) {
    const word = load(rw, krwlock.wwwh);
    if ((word & ~7) === t && (word & WRITE_LOCKED) !== 0) rw_panic('recursive rw_enter', rw);
    const busy = type === RW_READER ? (word & (WRITE_LOCKED | WRITE_WANTED)) !== 0 : word !== 0;
    if (busy) return false;
    const next = type === RW_READER ? word + READER : t | WRITE_LOCKED;
    if (cas(rw, krwlock.wwwh, word, next) === word) break;
  }
  probe(POINT.acquired, rw);
  return true;
}

/** The slow path in.  A thread that comes back with true was handed the lock, or found it free. */
function rw_enter_sleep(rw: Rwlock, type: RwType, ms: number): boolean {
  panic_check();
  if (get(rw, krwlock.kind) !== SOBJ.rwlock) rw_panic('rw_enter: bad rwlock', rw);
  sobj_contended(rw);
  ring_event(EVENT.contend, rw, load(rw, krwlock.wwwh) & ~7);
  const deadline = ms === Infinity ? Infinity : hrtime_ms() + ms;
  const wanted = type === RW_READER ? HAS_WAITERS : FLAGS;
  for (;;) {
    const left = deadline === Infinity ? Infinity : deadline - hrtime_ms();
    if (left <= 0) return false;
    const ts = turnstile_lookup(rw);
    const word = load(rw, krwlock.wwwh);
    const busy = type === RW_READER ? (word & (WRITE_LOCKED | WRITE_WANTED)) !== 0 : word !== 0;
    if (!busy || cas(rw, krwlock.wwwh, word, word | wanted) !== word) {
      turnstile_exit(ts);
      if (rw_try(rw, type)) return true;
      continue;
    }
    if (type === RW_WRITER) put(rw, krwlock.writers, get(rw, krwlock.writers) + 1);
    const flags = type === RW_READER ? 0 : WAIT.writer;
    if (turnstile_block(ts, rw, SOBJ.rwlock, flags, left) === WOKE.granted) break;
    rw_left_line(rw, type);
  }
  probe(POINT.acquired, rw);
  return true;
}

/** A thread gave up and is off the line: the flags must not speak for it any more. */
function rw_left_line(rw: Rwlock, type: RwType): void {
  const ts = turnstile_lookup(rw);
  if (type === RW_WRITER) put(rw, krwlock.writers, get(rw, krwlock.writers) - 1);
  // With no writer in line any more, the readers that queued behind it may come in.
  const word = load(rw, krwlock.wwwh);
  const readable = (word & WRITE_LOCKED) === 0 && get(rw, krwlock.writers) === 0;
  const woken = readable ? rw_take_readers(ts) : [];
  for (;;) {
    const now = load(rw, krwlock.wwwh);
    const next = ((now & ~FLAGS) | rw_flags(rw, ts)) + woken.length * READER;
    if (cas(rw, krwlock.wwwh, now, next) === now) break;
  }
  turnstile_exit(ts);
  for (const t of woken) rw_wake(rw, t);
}

/**
 * The last one out passes the lock on.
 *
 * A reader may find under the chain that it is not the last any more.  If it is, the word is its own to
 * change: readers hold the lock and somebody waits, so a writer is wanted, and that keeps new readers
 * away; everybody else who would change the word needs the chain.
 */
function rw_handoff(rw: Rwlock, writing: boolean): void {
  const ts = turnstile_lookup(rw);
  for (let now = load(rw, krwlock.wwwh); !writing; now = load(rw, krwlock.wwwh)) {
    if ((now & ~7) === READER && (now & HAS_WAITERS) !== 0) break;
    if (cas(rw, krwlock.wwwh, now, now - READER) === now) return turnstile_exit(ts);
  }
  const readers = writing ? rw_take_readers(ts) : [];
  const writer = readers.length === 0 ? rw_take_writer(rw, ts) : (0 as Ref<'kthread'>);
  if (writer === 0 && readers.length === 0) readers.push(...rw_take_readers(ts));
  const held = writer === 0 ? readers.length * READER : writer | WRITE_LOCKED;
  store(rw, krwlock.wwwh, held | rw_flags(rw, ts));
  turnstile_exit(ts);
  if (writer !== 0) rw_wake(rw, writer);
  for (const t of readers) rw_wake(rw, t);
}

function rw_flags(rw: Rwlock, ts: Ref<'turnstile'>): number {
  if (turnstile_waiters(ts) === 0) return 0;
  return get(rw, krwlock.writers) === 0 ? HAS_WAITERS : FLAGS;
}

function rw_take_writer(rw: Rwlock, ts: Ref<'turnstile'>): Ref<'kthread'> {
  let t = turnstile_first(ts);
  while (t !== 0 && (get(t, kthread.wait_flags) & WAIT.writer) === 0) t = get(t, kthread.park_next);
  if (t === 0) return t;
  turnstile_remove(ts, t);
  put(rw, krwlock.writers, get(rw, krwlock.writers) - 1);
  return t;
}

function rw_take_readers(ts: Ref<'turnstile'>): Ref<'kthread'>[] {
  const taken: Ref<'kthread'>[] = [];
  for (let t = turnstile_first(ts); t !== 0;) {
    const next = get(t, kthread.park_next);
    if ((get(t, kthread.wait_flags) & WAIT.writer) === 0 && turnstile_remove(ts, t)) taken.push(t);
    t = next;
  }
  return taken;
}

function rw_wake(rw: Rwlock, t: Ref<'kthread'>): void {
  ring_event(EVENT.handoff, rw, t);
  setrun(t);
}

function rw_panic(what: string, rw: Rwlock): never {
  return panic(
    `${what}, lp=${rw.toString(16)} (${sobj_name(rw) || '?'}) ` +
      `wwwh=${load(rw, krwlock.wwwh).toString(16)} thread=${curthread.toString(16)}`,
  );
}
