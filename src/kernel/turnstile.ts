/*
 * Turnstiles: where the threads asleep on one object stand in line.
 *
 * A turnstile is part of the object it serves: a chain lock, the first and the last thread, a count.
 * illumos hashes its turnstiles to keep a mutex at 8 bytes; here an object has a cache line to itself
 * anyway, so the line is the shortest way from a lock to its waiters, for a thread and for a dump.
 * Condvars and semaphores use the same line; the name of the frame stays turnstile_block for mutexes
 * and rwlocks, which have owners, and is absent from cv_wait, as in the kernel.
 *
 * The chain lock guards the links.  It is held for a few stores, never across a sleep, and a thread
 * that finds it taken spins a little and then sleeps on it with a bound: on a machine with fewer CPUs
 * than threads, its holder may have been preempted.
 *
 * Protocol, for the objects that use it:
 *
 *   (1) A blocker takes the chain, looks at the object again, and joins the line only if it must still
 *       wait; then it drops the chain and sleeps.
 *   (2) A waker takes the chain, takes threads off the line, changes the object, drops the chain, and
 *       wakes them.
 *   (3) A thread that gives up (timeout, nudge) takes the chain and leaves the line.  If it is not there
 *       any more, a waker has chosen it, and it must act as one that was woken.  It waits for the
 *       waker's setrun() too, which would else come late and end its next sleep, whatever that is for.
 *
 * Nobody sleeps unseen: between (1)'s look and its joining nobody can pass (2), and after it (2) finds
 * it.  Nobody is woken twice: only the holder of the chain takes a thread off the line.
 *
 * Who is first: arrival order; and one that was first already, was woken, and lost the race for the lock
 * (kthread.failed) is first again.  There are no priorities, so there is no priority inheritance; neither
 * bug needs it, and the host's scheduler would not honour it.
 *
 * Cycles.  A block that closes a cycle of owned locks can panic on the spot, as the real kernel does
 * ("Deadlock: cycle in blocking chain"), if the image was booted so.  The walk goes from owner to the
 * lock the owner sleeps on and ends at the first thing without an owner: a condvar has none, which is
 * why bug 9056 hung where a third mutex would have panicked.  It walks twice and compares wait_seq,
 * so that what it reports existed all at one moment.
 */

import {
  EVENT,
  header,
  image_header,
  kmutex,
  krwlock,
  kthread,
  PARK,
  SOBJ,
  sobj,
  turnstile,
  WAIT,
} from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { cas, get, load, notify, put, store, sub, swap, wait } from '../layout/word.ts';
import {
  await_setrun,
  sleep_commit,
  sleep_end,
  sleep_move,
  sleep_prepare,
  swtch,
  WOKE,
} from './disp.ts';
import { panic, panic_check } from './panic.ts';
import { ring_event } from './ring.ts';
import { curthread, thread_tried } from './thread.ts';

const NONE = 0 as Ref<'kthread'>;
const SPINS = 200;
const CYCLE_MAX = 1024;
/** bench lock-contended says why this long. */
const STARVED_MS = 0.25;
/** In kthread.failed: more than a thread can count up to in STARVED_MS.  It is to be handed what it waits for. */
export const STARVED = 1 << 20;

type Sobj = Ref<'sobj'>;
type Turnstile = Ref<'turnstile'>;

/** The turnstile of an object; its chain is now held. */
export function turnstile_lookup(object: number): Turnstile {
  const ts = sub(object as Sobj, sobj.ts);
  if (cas(ts, turnstile.chain, 0, 1) === 0) return ts;
  for (let i = 0; i < SPINS; i++) {
    if (load(ts, turnstile.chain) === 0 && cas(ts, turnstile.chain, 0, 1) === 0) return ts;
  }
  while (swap(ts, turnstile.chain, 2) !== 0) {
    panic_check();
    // Its holder may have no CPU for a while: what waits here is in the kernel, and counts as busy there.
    thread_tried(object);
    wait(ts, turnstile.chain, 2, 5);
  }
  return ts;
}

/** Drops the chain. */
export function turnstile_exit(ts: Turnstile): void {
  if (swap(ts, turnstile.chain, 0) === 2) notify(ts, turnstile.chain, 1);
}

/** Whether threads stand in line.  Exact under the chain, a hint without. */
export function turnstile_waiters(ts: Turnstile): number {
  return load(ts, turnstile.waiters);
}

/** First in line, or NULL; the chain is held. */
export function turnstile_first(ts: Turnstile): Ref<'kthread'> {
  return get(ts, turnstile.first);
}

/**
 * Joins the line; the chain is held.  From here on curthread can be woken, and counts as asleep: it gives up
 * nothing more, and wakes nobody.
 */
export function turnstile_join(ts: Turnstile, object: number, kind: number, flags: number): void {
  turnstile_enlist(ts, object, kind, flags);
  sleep_commit();
}

/** The same for one that has yet to give something up: sleep_commit() is due when it has. */
export function turnstile_enlist(ts: Turnstile, object: number, kind: number, flags: number): void {
  const t = curthread;
  sleep_prepare(object, kind, flags);
  const first = get(ts, turnstile.first);
  const again = get(t, kthread.failed) > 0;
  if (first === 0 || again) put(ts, turnstile.first, t);
  else put(get(ts, turnstile.last), kthread.park_next, t);
  if (first === 0 || !again) put(ts, turnstile.last, t);
  put(t, kthread.park_next, again ? first : NONE);
  store(ts, turnstile.waiters, get(ts, turnstile.waiters) + 1);
  put(object as Sobj, sobj.blocked, (get(object as Sobj, sobj.blocked) + 1) | 0);
}

/**
 * Puts another thread last in line, as if it had come by itself; the chain is held, and it is on no line.
 * Who wakes it from here on wakes it as one that sleeps on this object (turnstile_sleep).
 */
export function turnstile_adopt(
  ts: Turnstile,
  t: Ref<'kthread'>,
  object: number,
  kind: number,
): void {
  sleep_move(t, object, kind);
  const last = get(ts, turnstile.last);
  if (last === 0) put(ts, turnstile.first, t);
  else put(last, kthread.park_next, t);
  put(ts, turnstile.last, t);
  put(t, kthread.park_next, NONE);
  store(ts, turnstile.waiters, get(ts, turnstile.waiters) + 1);
}

/** Takes a thread off the line; the chain is held.  False when it was not there. */
export function turnstile_remove(ts: Turnstile, t: Ref<'kthread'>): boolean {
  let before = NONE;
  let at = get(ts, turnstile.first);
  while (at !== 0 && at !== t) {
    before = at;
    at = get(at, kthread.park_next);
  }
  if (at === 0) return false;
  const next = get(t, kthread.park_next);
  if (before === 0) put(ts, turnstile.first, next);
  else put(before, kthread.park_next, next);
  if (next === 0) put(ts, turnstile.last, before);
  store(ts, turnstile.waiters, get(ts, turnstile.waiters) - 1);
  return true;
}

/** curthread was woken, and others were faster.  @param since when it began to try, in milliseconds as hrtime_ms() */
export function turnstile_came_late(since: number, now: number): void {
  const failed = get(curthread, kthread.failed);
  put(curthread, kthread.failed, now - since < STARVED_MS ? failed + 1 : STARVED);
}

/**
 * Sleeps, having joined the line and dropped the chain.
 * @param ms milliseconds; Infinity for no limit
 * @returns one of WOKE; anything but `granted` means that curthread is off the line by itself
 */
export function turnstile_sleep(object: number, ms: number): number {
  ring_event(EVENT.block, object, owner_of(object as Sobj));
  let woke = swtch(ms);
  if (woke !== WOKE.granted) {
    // Where it stands now, if it was moved.  If it is moved meanwhile it has been chosen.
    const line = turnstile_lookup(get(curthread, kthread.wchan));
    const chosen = !turnstile_remove(line, curthread);
    turnstile_exit(line);
    if (chosen) woke = await_setrun();
  }
  sleep_end();
  ring_event(woke === WOKE.timeout ? EVENT.timeout : EVENT.wake, object, 0);
  return woke;
}

/**
 * Blocks on a lock that has an owner: joins the line, drops the chain, sleeps.
 * @param flags WAIT.writer for one who wants a rwlock alone
 */
export function turnstile_block(
  ts: Turnstile,
  object: number,
  kind: number,
  flags: number,
  ms: number,
): number {
  turnstile_enlist(ts, object, kind, flags | (ms === Infinity ? 0 : WAIT.timed));
  turnstile_exit(ts);
  // In line, so that another walk finds curthread, and not yet asleep, so that the panic is the first to
  // say so: to those who watch, the cycle is not closed before sleep_commit().
  if (get(header, image_header.features) & 1) blocking_chain();
  sleep_commit();
  return turnstile_sleep(object, ms);
}

/** The one thread that owns an object, or NULL where there is none or many. */
export function owner_of(object: Sobj): Ref<'kthread'> {
  if (object === 0) return NONE;
  const kind = get(object, sobj.kind);
  if (kind === SOBJ.mutex)
    return (load(object as Ref<string> as Ref<'kmutex'>, kmutex.owner) & ~1) as Ref<'kthread'>;
  if (kind === SOBJ.rwlock) {
    const wwwh = load(object as Ref<string> as Ref<'krwlock'>, krwlock.wwwh);
    return ((wwwh & 4) === 0 ? 0 : wwwh & ~7) as Ref<'kthread'>;
  }
  return NONE;
}

/** Panics when curthread, which is about to sleep, waits for itself through owned locks. */
function blocking_chain(): void {
  const first = chain_walk();
  if (first === undefined || chain_walk() !== first) return;
  panic('Deadlock: cycle in blocking chain');
}

/** The threads and wait numbers from curthread back to itself, or undefined where the chain ends. */
function chain_walk(): string | undefined {
  const path: number[] = [];
  let t = curthread;
  for (let i = 0; i < CYCLE_MAX; i++) {
    if (load(t, kthread.park) !== PARK.asleep || (get(t, kthread.wait_flags) & WAIT.timed) !== 0)
      return undefined;
    path.push(t, load(t, kthread.wait_seq) | 1); // the same before and after sleep_commit()
    const owner = owner_of(get(t, kthread.wchan));
    // Owned by the one who waits for it: it was handed over, and t is not awake yet.
    if (owner === 0 || owner === t) return undefined;
    if (owner === curthread) return path.join();
    t = owner;
  }
  return undefined;
}
