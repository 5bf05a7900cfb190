/*
 * Readers/writer locks: krwlock.
 *
 *     krwlock.wwwh               means
 *     -----------------------    -----------------------------------------------------------
 *     0                          free; threads may stand in line, but then one that was woken is on its way
 *     n * 8                      n readers
 *     t | WRITE_LOCKED           thread t writes
 *     … | HAS_WAITERS            somebody is in line: whoever leaves last must look at the turnstile
 *     … | WRITE_WANTED           a writer is among them: new readers queue behind it
 *     WRITE_LOCKED | 8           destroyed: no call takes it any more
 *
 * Whose turn it is.  A reader that leaves last chooses the first writer; a writer chooses all readers that wait, and the
 * next writer when there are none.  So neither side starves the other.  Who is chosen is taken off the line and
 * woken, and the lock is free meanwhile: whoever is on a CPU may take it until the woken one gets there, as with a mutex
 * and for its reason (mutex.ts).  Passing the lock itself to a thread that is asleep is what the real kernel does; it was
 * done here, too, and as soon as one had to wait everybody did, at the speed of the host's wakeups: 10 to 130 times what a
 * reader count needs (bench rwlock).  What bounds the bad luck is STARVED_MS: one of those chosen who has tried for so
 * long gets the lock passed to it, and with it all who were chosen.
 *
 * Why no wakeup is lost
 *
 *   (1) HAS_WAITERS is set by a swap under the chain against the word just seen, which was held, by a thread that joins
 *       the line before it drops the chain; and while it is set, the last one out takes the chain.
 *   (2) Whoever is last clears the flags with the hold, and wakes who is chosen.
 *   (3) A woken thread that gets the lock sets the flags again if others still stand in line.  One that does not get it
 *       goes back in line by (1), as the first.  One that gives up instead speaks for them before it goes.
 *
 * So whenever somebody stands in line, HAS_WAITERS is set or a woken thread is between (2) and (3).  A woken reader does not
 * queue behind a writer: it was that writer's turn after its own.
 *
 * Why no reader queues behind a writer that is not there.  Whoever leaves the line without the lock, and a reader that set
 * the flags by (3), where it had looked at the line without the chain, looks again under the chain (rw_settle): the flags
 * then say who is in line, and readers that share with those inside come in.
 *
 * The word cannot say who the readers are.  The held stack of each reader does, which is how a dump
 * names them and how a cycle through a read hold is found.
 *
 * For callers.  A reader that asks to write, or to read again while a writer waits, waits for itself.
 * The kernel does not notice (it never does); the watchdog does.  Use rw_tryupgrade().
 */

import { EVENT, krwlock, kthread, SOBJ, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { cas, get, load, put, store, sub } from '../layout/word.ts';
import { setrun, WOKE } from './disp.ts';
import { HOLD, held_convert, held_mode, held_pop, held_push_as } from './held.ts';
import { panic, panic_check } from './panic.ts';
import { hrtime_ms, POINT, probe } from './probe.ts';
import { ring_event } from './ring.ts';
import { sobj_contended, sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import { curthread, thread_tried } from './thread.ts';
import {
  STARVED,
  turnstile_block,
  turnstile_came_late,
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
  // The first look serves twice: each takes the line away from whoever else is at it.
  for (let now = word; ; now = load(rw, krwlock.wwwh)) {
    const last = writing || (now & ~7) === READER;
    if (last && (now & HAS_WAITERS) !== 0) {
      rw_wakeup(rw, writing);
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
  const turn = rw_readers(ts);
  rw_remove(rw, ts, turn);
  store(rw, krwlock.wwwh, (turn.length + 1) * READER + rw_flags(rw, ts));
  turnstile_exit(ts);
  rw_wake(rw, turn, true);
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
  return rw_take(rw, type, false);
}

/** Takes the lock if it can be had.  @param woken by rule (2): then rule (3) holds */
function rw_take(rw: Rwlock, type: RwType, woken: boolean): boolean {
  const t = curthread;
  for (;;) {
    const word = load(rw, krwlock.wwwh);
    if ((word & ~7) === t && (word & WRITE_LOCKED) !== 0) rw_panic('recursive rw_enter', rw);
    if (rw_busy(word, type, woken)) return false;
    const flags = woken ? rw_flags(rw, sub(rw, krwlock.ts)) : 0;
    const next = type === RW_READER ? (word + READER) | flags : t | WRITE_LOCKED | flags;
    if (cas(rw, krwlock.wwwh, word, next) === word) break;
  }
  probe(POINT.acquired, rw);
  return true;
}

function rw_busy(word: number, type: RwType, woken: boolean): boolean {
  if (type === RW_WRITER) return word !== 0;
  return (word & (woken ? WRITE_LOCKED : WRITE_LOCKED | WRITE_WANTED)) !== 0;
}

/** The slow path in.  False only when the time was up. */
function rw_enter_sleep(rw: Rwlock, type: RwType, ms: number): boolean {
  panic_check();
  rw_check(rw);
  sobj_contended(rw);
  ring_event(EVENT.contend, rw, load(rw, krwlock.wwwh) & ~7);
  const t = curthread;
  const since = hrtime_ms();
  const deadline = since + ms;
  const wanted = type === RW_READER ? HAS_WAITERS : FLAGS;
  let now = since;
  let woken = false;
  let free = false;
  for (;;) {
    if ((woken || free) && rw_take(rw, type, woken)) {
      if (woken && type === RW_READER && (load(rw, krwlock.wwwh) & FLAGS) !== 0)
        rw_settle(rw, turnstile_lookup(rw), false);
      break;
    }
    if (now >= deadline) {
      put(t, kthread.failed, 0);
      if (woken) rw_settle(rw, turnstile_lookup(rw), true);
      return false;
    }
    const ts = turnstile_lookup(rw);
    const word = load(rw, krwlock.wwwh);
    free = !rw_busy(word, type, woken);
    const said = (word & wanted) === wanted;
    if (free || (!said && cas(rw, krwlock.wwwh, word, word | wanted) !== word)) {
      turnstile_exit(ts);
      continue;
    }
    if (woken) turnstile_came_late(since, now);
    if (type === RW_WRITER) put(rw, krwlock.writers, get(rw, krwlock.writers) + 1);
    const flags = type === RW_READER ? 0 : WAIT.writer;
    woken = turnstile_block(ts, rw, SOBJ.rwlock, flags, deadline - now) === WOKE.granted;
    if (woken && (get(t, kthread.wait_flags) & WAIT.handed) !== 0) {
      probe(POINT.acquired, rw);
      break;
    }
    if (!woken) rw_left_line(rw, type);
    rw_check(rw);
    now = hrtime_ms();
  }
  put(t, kthread.failed, 0);
  return true;
}

/** It may have been destroyed while curthread, woken and so in no line, was on its way to it. */
function rw_check(rw: Rwlock): void {
  if (get(rw, krwlock.kind) !== SOBJ.rwlock) rw_panic('rw_enter: bad rwlock', rw);
}

/** A thread gave up and is off the line: the flags must not speak for it any more. */
function rw_left_line(rw: Rwlock, type: RwType): void {
  const ts = turnstile_lookup(rw);
  if (type === RW_WRITER) put(rw, krwlock.writers, get(rw, krwlock.writers) - 1);
  rw_settle(rw, ts, false);
}

/**
 * Makes the flags say who is in line, and lets those in who need not be: with no writer in line readers share.
 * The chain is held, and dropped here.
 * @param woken whether curthread was woken and gives up: if the lock is free, it was the one that spoke for the others
 */
function rw_settle(rw: Rwlock, ts: Ref<'turnstile'>, woken: boolean): void {
  let turn: Ref<'kthread'>[];
  for (;;) {
    const now = load(rw, krwlock.wwwh);
    const hold = now & ~FLAGS;
    if (hold === 0) {
      turn = woken ? rw_turn(ts, true) : [];
      break;
    }
    const shares = (now & WRITE_LOCKED) === 0 && get(rw, krwlock.writers) === 0;
    turn = shares ? rw_readers(ts) : [];
    const next = hold | rw_flags_of(rw, turnstile_waiters(ts) - turn.length);
    if (next === now || cas(rw, krwlock.wwwh, now, next) === now) break;
  }
  rw_remove(rw, ts, turn);
  turnstile_exit(ts);
  rw_wake(rw, turn, false);
}

/**
 * The last one out, by rule (2).  A reader may find under the chain that it is not the last any more, or that nobody waits:
 * a woken reader may have come in, and a waiter given up.
 */
function rw_wakeup(rw: Rwlock, writing: boolean): void {
  const ts = turnstile_lookup(rw);
  const turn = rw_turn(ts, writing);
  const [first = 0 as Ref<'kthread'>] = turn;
  const hand = turn.some((t) => get(t, kthread.failed) >= STARVED);
  for (;;) {
    const now = load(rw, krwlock.wwwh);
    const isLast = writing || (now & ~7) === READER;
    if (!isLast) {
      if (cas(rw, krwlock.wwwh, now, now - READER) !== now) continue;
      return turnstile_exit(ts);
    }
    const isWriter = first !== 0 && (get(first, kthread.wait_flags) & WAIT.writer) !== 0;
    const held = isWriter ? first | WRITE_LOCKED : turn.length * READER;
    const left = turnstile_waiters(ts) - turn.length;
    const wanted = left > 0 && get(rw, krwlock.writers) - (isWriter ? 1 : 0) > 0;
    const flags = left > 0 ? (wanted ? FLAGS : HAS_WAITERS) : 0;
    if (cas(rw, krwlock.wwwh, now, hand ? held | flags : 0) === now) break;
  }
  rw_remove(rw, ts, turn);
  turnstile_exit(ts);
  rw_wake(rw, turn, hand);
}

/** Who is to have it next, in line still: after a writer the readers, after readers a writer, or who there is. */
function rw_turn(ts: Ref<'turnstile'>, writing: boolean): Ref<'kthread'>[] {
  const readers = rw_readers(ts);
  const writer = rw_writer(ts);
  if (writer === 0) return readers;
  return writing && readers.length > 0 ? readers : [writer];
}

function rw_flags(rw: Rwlock, ts: Ref<'turnstile'>): number {
  return rw_flags_of(rw, turnstile_waiters(ts));
}

/** The flags of a lock with so many in line. */
function rw_flags_of(rw: Rwlock, waiters: number): number {
  if (waiters === 0) return 0;
  return get(rw, krwlock.writers) === 0 ? HAS_WAITERS : FLAGS;
}

/** The first writer in line, or NULL. */
function rw_writer(ts: Ref<'turnstile'>): Ref<'kthread'> {
  let t = turnstile_first(ts);
  while (t !== 0 && (get(t, kthread.wait_flags) & WAIT.writer) === 0) t = get(t, kthread.park_next);
  return t;
}

/** All readers in line. */
function rw_readers(ts: Ref<'turnstile'>): Ref<'kthread'>[] {
  const readers: Ref<'kthread'>[] = [];
  for (let t = turnstile_first(ts); t !== 0; t = get(t, kthread.park_next))
    if ((get(t, kthread.wait_flags) & WAIT.writer) === 0) readers.push(t);
  return readers;
}

/** Takes them off the line; the chain is held. */
function rw_remove(rw: Rwlock, ts: Ref<'turnstile'>, turn: readonly Ref<'kthread'>[]): void {
  for (const t of turn) {
    turnstile_remove(ts, t);
    if ((get(t, kthread.wait_flags) & WAIT.writer) !== 0)
      put(rw, krwlock.writers, get(rw, krwlock.writers) - 1);
  }
}

/** @param hand whether the lock is theirs already */
function rw_wake(rw: Rwlock, turn: readonly Ref<'kthread'>[], hand: boolean): void {
  for (const t of turn) {
    if (hand) put(t, kthread.wait_flags, get(t, kthread.wait_flags) | WAIT.handed);
    ring_event(hand ? EVENT.handoff : EVENT.signal, rw, t);
    setrun(t);
  }
}

function rw_panic(what: string, rw: Rwlock): never {
  return panic(
    `${what}, lp=${rw.toString(16)} (${sobj_name(rw) || '?'}) ` +
      `wwwh=${load(rw, krwlock.wwwh).toString(16)} thread=${curthread.toString(16)}`,
  );
}
