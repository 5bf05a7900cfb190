/*
 * Adaptive mutexes.
 *
 * A mutex admits one thread, its owner, at a time.  It is one word of the image, two entry points that
 * take one atomic instruction when nobody is in the way, and two slow paths that meet in the turnstile.
 *
 *     kmutex.owner    means
 *     ------------    ---------------------------------------------------------------------------
 *     0               free; threads may stand in line, but then one that was woken is on its way
 *     t               held by thread t; the same
 *     t | WAITERS     held by thread t; it must look at the turnstile when it leaves
 *     WAITERS         never: debuggers report it as corruption
 *     DEAD            destroyed: no call takes it any more
 *
 * Why no wakeup is lost
 *
 *   (1) WAITERS is set under the turnstile's chain, by a swap against the owner just seen, and its setter
 *       joins the line before it drops the chain.
 *   (2) mutex_exit() frees the lock by a swap against the bare owner, so it fails, and takes the slow
 *       path, once WAITERS is set.
 *   (3) That slow path takes the first thread off the line under the chain, clears the word, and wakes
 *       that thread; and with one that a condvar sent here those behind it that came in the same way.
 *   (4) A woken thread that gets the lock sets WAITERS again if others still stand in line.  One that does
 *       not get it goes back in line by (1), which sets WAITERS too.  One that gives up instead, because
 *       its time is over, passes the wakeup on (mutex_pass).
 *
 * So whenever somebody stands in line, WAITERS is set or a woken thread is between (3) and (4).
 *
 * Why one is woken, and the word cleared.  Waking all of them (illumos) is a stampede where a wakeup
 * costs a system call.  Passing the lock to the first in line is fair, and turns moderate contention
 * into a convoy that runs at the speed of the host's wakeups.  With the word cleared, the threads on a
 * CPU go on at full speed for as long as the woken one needs to get there; that is where the throughput
 * comes from.  Its price is unfairness, and its bound is STARVED_MS: a thread that was woken and came too
 * late is first in line again, and once it has tried that long it is handed the lock (`handed` counts it).
 *
 * Spinning.  A thread spins only while the owner is on a CPU, as far as the kernel knows, and only for
 * SPIN_MS: if the host preempted the owner, spinning is waste.
 *
 * It spins with its eyes shut.  Each look at the word takes the line away from the owner, who then waits
 * for it at its next atomic instruction, and a look that finds the lock free moves the whole contest over
 * here.  Two threads that look all the time toss the lock to and fro at the speed of the line, a third of
 * what one of them does alone.  So the pauses between looks double, up to PAUSE_MAX; and a thread that has
 * to spin more than a few times in one tick of the clock begins with a longer one (first_pause), since it
 * is in a contest where turns of a microsecond get more done.  For the same reason nothing is counted in
 * the line of the lock before the lock is ours, or we are about to sleep.  bench lock-contended has figures.
 *
 * For callers.  mutex_enter() may sleep.  Mutexes do not nest on themselves.  Misuse panics by name.
 *
 * Not here: priority inheritance (no priorities), robustness (a dead owner is the watchdog's to report).
 */

import { EVENT, kmutex, kthread, SOBJ, TS, turnstile, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { cas, get, load, put, store, sub } from '../layout/word.ts';
import { setrun, WOKE } from './disp.ts';
import { held_pop, held_push } from './held.ts';
import { panic_check, panic_lock } from './panic.ts';
import { hrtime_ms, POINT, probe, probe_binding } from './probe.ts';
import { ring_event } from './ring.ts';
import { sobj_contended, sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import { curthread, lbolt, thread_tried } from './thread.ts';
import {
  STARVED,
  turnstile_adopt,
  turnstile_block,
  turnstile_came_late,
  turnstile_exit,
  turnstile_first,
  turnstile_lookup,
  turnstile_remove,
  turnstile_waiters,
} from './turnstile.ts';

type Mutex = Ref<'kmutex'>;
const WAITERS = 1;
const DEAD = 6;
/** Turns of an empty loop between looks at the lock: at first, at first in a contest, at most. */
const PAUSE_MIN = 64;
const PAUSE_CONTEST = 1024;
const PAUSE_MAX = 8192;
const SPIN_MS = 0.02;

// The fast paths use no imported name and no variable, only constants of this module and fields that are
// written once (word.ts says what each of the others would cost).
const OWNER = kmutex.owner;
const compare_swap = cas;
const push = held_push;
const pop = held_pop;
/** What they compare with: see probe.ts. */
const fast = {} as { me: number; unowned: number; self: number };
probe_binding((t, unowned, self) => {
  if (t === 0 || (fast.me === t && fast.unowned === unowned && fast.self === self)) return;
  fast.me = t;
  fast.unowned = unowned;
  fast.self = self;
});

/** mutex_init(9F).  @param name what dumps call it; '' for a nameless one */
export function mutex_init(lp: Mutex, name: string): void {
  sobj_init(lp, SOBJ.mutex, kmutex.$.name, name);
  put(lp, kmutex.spun, 0);
  put(lp, kmutex.handed, 0);
}

/** mutex_destroy(9F).  Panics when somebody else holds it, or waits for it. */
export function mutex_destroy(lp: Mutex): void {
  if (get(lp, kmutex.kind) !== SOBJ.mutex) mutex_panic('mutex_destroy: bad mutex', lp);
  const owner = mutex_owner(lp);
  if (owner !== 0 && owner !== curthread) mutex_panic('mutex_destroy: not owner', lp);
  sobj_destroy(lp, 'mutex_destroy', owner);
  if (owner !== 0) held_pop(lp);
  store(lp, kmutex.owner, DEAD as Ref<'kthread'>);
}

/** Takes the mutex, sleeping if it must.  Panics "recursive mutex_enter" when curthread has it. */
export function mutex_enter(lp: Mutex): void {
  if (compare_swap(lp, OWNER, fast.unowned, fast.me) !== fast.unowned)
    mutex_vector_enter(lp, Infinity);
  push(lp);
}

/** Takes the mutex, for a thread that mutex_line_up() put in line, and that was woken there. */
export function mutex_enter_woken(lp: Mutex): void {
  mutex_vector_enter(lp, Infinity, true);
  push(lp);
}

/** Takes the mutex if that needs no waiting. */
export function mutex_tryenter(lp: Mutex): boolean {
  if (compare_swap(lp, OWNER, fast.unowned, fast.me) !== fast.unowned) {
    probe(POINT.acquire, lp);
    panic_check();
    if (get(lp, kmutex.kind) !== SOBJ.mutex) mutex_panic('mutex_tryenter: bad mutex', lp);
    if (mutex_owner(lp) === curthread) mutex_panic('mutex_tryenter: recursive', lp);
    if (cas(lp, kmutex.owner, 0, curthread) !== 0) {
      thread_tried(lp);
      return false;
    }
    probe(POINT.acquired, lp);
  }
  push(lp);
  return true;
}

/** Takes the mutex, or gives up.  @param ms milliseconds to wait at most @returns whether it has it */
export function mutex_enter_timed(lp: Mutex, ms: number): boolean {
  if (
    compare_swap(lp, OWNER, fast.unowned, fast.me) !== fast.unowned &&
    !mutex_vector_enter(lp, ms)
  )
    return false;
  push(lp);
  return true;
}

/** Gives the mutex up.  Panics "mutex_exit: not owner". */
export function mutex_exit(lp: Mutex): void {
  pop(lp);
  if (compare_swap(lp, OWNER, fast.self, 0) !== fast.self) mutex_vector_exit(lp);
}

/** mutex_owned(9F): whether curthread has it. */
export function mutex_owned(lp: Mutex): boolean {
  return mutex_owner(lp) === curthread;
}

/** Who has it, or NULL. */
export function mutex_owner(lp: Mutex): Ref<'kthread'> {
  const word = load(lp, kmutex.owner);
  return (word === DEAD ? 0 : word & ~WAITERS) as Ref<'kthread'>;
}

/**
 * The slow path in.  False only when the time was up.
 * @param in_line it stood in line, and was woken there: rule (4) is for it
 */
export function mutex_vector_enter(lp: Mutex, ms: number, in_line = false): boolean {
  const t = curthread;
  probe(POINT.acquire, lp);
  if (!in_line && cas(lp, kmutex.owner, 0, t) === 0) {
    probe(POINT.acquired, lp);
    return true;
  }
  panic_check();
  mutex_check(lp);
  let now = hrtime_ms();
  const deadline = now + ms;
  let spin_until = now + SPIN_MS;
  let pause = first_pause();
  let since = in_line ? now : 0;
  let woken = in_line;
  for (;;) {
    const word = load(lp, kmutex.owner);
    if (word === 0) {
      // Rule (4): whoever was woken speaks for those still in line.
      const bit = woken && load(sub(lp, kmutex.ts), turnstile.waiters) !== 0 ? WAITERS : 0;
      if (cas(lp, kmutex.owner, 0, t | bit) === 0) break;
      continue;
    }
    const holder = (word & ~WAITERS) as Ref<'kthread'>;
    if (holder === t) {
      if (woken) break; // it was handed over
      mutex_panic('recursive mutex_enter', lp);
    }
    if (now < spin_until && get(holder, kthread.state) === TS.onproc) {
      mutex_delay_default(pause);
      pause = Math.min(pause * 2, PAUSE_MAX);
      now = hrtime_ms();
      continue;
    }
    if (now >= deadline) {
      put(t, kthread.failed, 0);
      if (woken) mutex_pass(lp);
      return false;
    }
    const ts = turnstile_lookup(lp);
    const then = load(lp, kmutex.owner);
    if (
      then === 0 ||
      ((then & WAITERS) === 0 && cas(lp, kmutex.owner, then, then | WAITERS) !== then)
    ) {
      turnstile_exit(ts);
      continue;
    }
    if (since === 0) {
      since = now;
      sobj_contended(lp);
      ring_event(EVENT.contend, lp, holder);
    } else if (woken) {
      turnstile_came_late(since, now);
    }
    woken = turnstile_block(ts, lp, SOBJ.mutex, 0, deadline - now) === WOKE.granted;
    mutex_check(lp);
    now = hrtime_ms();
    spin_until = now + SPIN_MS;
    pause = PAUSE_MIN;
  }
  put(t, kthread.failed, 0);
  if (since === 0) {
    sobj_contended(lp);
    put(lp, kmutex.spun, (get(lp, kmutex.spun) + 1) | 0);
  }
  probe(POINT.acquired, lp);
  return true;
}

/** It may have been destroyed while curthread, woken and so in no line, was on its way to it. */
function mutex_check(lp: Mutex): void {
  if (get(lp, kmutex.kind) !== SOBJ.mutex) mutex_panic('mutex_enter: bad mutex', lp);
}

/** The slow path out: somebody waits, or the caller is not the owner, or somebody watches. */
export function mutex_vector_exit(lp: Mutex): void {
  const t = curthread;
  panic_check();
  if (mutex_owner(lp) !== t) mutex_panic('mutex_exit: not owner', lp);
  probe(POINT.release, lp);
  if (cas(lp, kmutex.owner, t, 0) !== t) mutex_wakeup(lp);
  probe(POINT.released, lp);
}

/** Frees a mutex that has WAITERS, and wakes the first in line. */
function mutex_wakeup(lp: Mutex): void {
  const ts = turnstile_lookup(lp);
  const next = turnstile_first(ts);
  const hand = next !== 0 && get(next, kthread.failed) >= STARVED;
  const count = hand ? 1 : herd(ts);
  for (let i = 0; i < count; i++) turnstile_remove(ts, turnstile_first(ts));
  if (hand) put(lp, kmutex.handed, (get(lp, kmutex.handed) + 1) | 0);
  const bit = hand && turnstile_waiters(ts) !== 0 ? WAITERS : 0;
  store(lp, kmutex.owner, (hand ? next | bit : 0) as Ref<'kthread'>);
  turnstile_exit(ts);
  wake_all(lp, next, count, hand ? EVENT.handoff : EVENT.signal);
}

/** How many from the first in line are woken together: a broadcast is for all, so those that one sent here are. */
function herd(ts: Ref<'turnstile'>): number {
  let count = 0;
  for (let t = turnstile_first(ts); t !== 0; t = get(t, kthread.park_next)) {
    const moved = (get(t, kthread.wait_flags) & WAIT.moved) !== 0;
    if (count > 0 && !moved) break;
    count++;
    if (!moved) break;
  }
  return count;
}

/** Wakes so many that were taken off the line from its head: the links between them are theirs still. */
function wake_all(lp: Mutex, first: Ref<'kthread'>, count: number, event: number): void {
  let t = first;
  for (let i = 0; i < count; i++) {
    // Once it runs it may be in another line.
    const next = get(t, kthread.park_next);
    ring_event(event, lp, t);
    setrun(t);
    t = next;
  }
}

/**
 * Puts threads that sleep elsewhere, and are in no line, in line here, in their order, as if each had come and found
 * the mutex taken; each goes on with mutex_enter_woken().  Rule (1) if somebody has it; if nobody has it there is
 * no mutex_exit() to come, and this is one, by rule (3).
 */
export function mutex_line_up(lp: Mutex, threads: readonly Ref<'kthread'>[]): void {
  const ts = turnstile_lookup(lp);
  for (const t of threads) turnstile_adopt(ts, t, lp, SOBJ.mutex);
  let word: number = load(lp, kmutex.owner);
  while (word !== 0 && (word & WAITERS) === 0) {
    const seen = cas(lp, kmutex.owner, word, word | WAITERS);
    if (seen === word) break;
    word = seen;
  }
  const next = turnstile_first(ts);
  const count = word === 0 ? herd(ts) : 0;
  for (let i = 0; i < count; i++) turnstile_remove(ts, turnstile_first(ts));
  turnstile_exit(ts);
  wake_all(lp, next, count, EVENT.signal);
}

/** Rule (4), last part: a woken thread that gives up makes sure that somebody else is told. */
function mutex_pass(lp: Mutex): void {
  const ts = turnstile_lookup(lp);
  const next = turnstile_first(ts);
  const owner = load(lp, kmutex.owner);
  const busy =
    owner !== 0 &&
    ((owner & WAITERS) !== 0 || cas(lp, kmutex.owner, owner, owner | WAITERS) === owner);
  if (next !== 0 && !busy) turnstile_remove(ts, next);
  turnstile_exit(ts);
  if (next !== 0 && !busy) setrun(next);
}

/** How hot it has been of late: the clock when this thread last began to spin, and with what pause. */
const contest = { tick: 0, pause: PAUSE_MIN };

/** The pause before the first look: longer for each spin in the same tick. */
function first_pause(): number {
  const tick = lbolt();
  contest.pause = tick === contest.tick ? Math.min(contest.pause * 2, PAUSE_CONTEST) : PAUSE_MIN;
  contest.tick = tick;
  return contest.pause;
}

/** A pause, away from the lock: a turn takes a little less than a nanosecond. */
function mutex_delay_default(turns: number): number {
  let x = turns;
  for (let i = 0; i < turns; i++) x = (x * 5 + 1) | 0;
  return x;
}

function mutex_panic(what: string, lp: Mutex): never {
  return panic_lock(what, lp, sobj_name(lp), mutex_owner(lp));
}
