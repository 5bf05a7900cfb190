/*
 * The dispatcher: how a thread gives up the CPU and gets it back.
 *
 * Every sleep of the kernel ends in swtch(), and swtch() is the only one that calls the host's wait.
 * A thread sleeps on a word of its own record, never on a word of the lock: so it can be woken alone,
 * by whoever chose it, and a thread that is told to unwind can be reached without knowing where it is.
 *
 *     kthread.park    means                        set by
 *     ------------    -------------------------    ------------------------------------------
 *     AWAKE           not waiting                  the thread, on its way out
 *     ASLEEP          wait here                    the thread, before it can be found
 *     GRANTED         your turn                    the one that took it off the turnstile
 *     NUDGED          look for yourself            the watchdog, to tell a lost wakeup from a
 *                                                  condition that is truly false
 *
 * Why no wakeup is lost: the word is ASLEEP before the thread can be found on a turnstile, and whoever
 * finds it changes the word before it notifies; the host's wait compares the word under its own lock.
 */

import { EVENT, header, image_header, kthread, PARK, SOBJ, TS, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { add, cas, get, load, notify, put, store, wait } from '../layout/word.ts';
import { MachineHalt, panic_idle } from './panic.ts';
import { clock_slept, hrtime_ms, POINT, probe } from './probe.ts';
import { ring_event } from './ring.ts';
import { curthread, halted, lbolt, thread_operation } from './thread.ts';

/** How a sleep ended. */
export const WOKE = { granted: 2, nudged: 3, timeout: 4 } as const;

/**
 * Makes curthread ready to be woken, before anybody can find it.  It is not asleep yet to those who
 * watch: it may still hold what it gives up on the way, such as the mutex of a condvar.
 * @param flags of WAIT
 */
export function sleep_prepare(object: number, kind: number, flags: number): void {
  const t = curthread;
  put(t, kthread.wchan, object as Ref<'sobj'>);
  put(t, kthread.wait_kind, kind);
  put(t, kthread.wait_flags, flags);
  // One that woke, lost the race for the lock and sleeps again is still in the same wait.
  if (get(t, kthread.failed) === 0) put(t, kthread.wait_since, lbolt());
  thread_operation();
  store(t, kthread.park, PARK.asleep);
}

/** From here on curthread gives up nothing until it is awake again, and its wait_seq is odd. */
export function sleep_commit(): void {
  add(curthread, kthread.wait_seq, 1);
  store(curthread, kthread.state, TS.sleep);
}

/** Both: for a thread that gives up nothing on the way. */
export function sleep_begin(object: number, kind: number, flags: number): void {
  sleep_prepare(object, kind, flags);
  sleep_commit();
}

/**
 * A thread that sleeps, or is about to, sleeps on something else from now on.  The caller has taken it off one line, and holds
 * the chain of the other.
 */
export function sleep_move(t: Ref<'kthread'>, object: number, kind: number): void {
  put(t, kthread.wait_kind, kind);
  put(t, kthread.wait_flags, WAIT.moved);
  put(t, kthread.wait_since, lbolt());
  put(t, kthread.wants_resource, 0 as Ref<'kresource'>);
  put(t, kthread.wchan, object as Ref<'sobj'>);
  // Another wait, to those who look twice; and odd or even as it was.
  add(t, kthread.wait_seq, 2);
}

/** curthread is awake again, whatever woke it. */
export function sleep_end(): void {
  const t = curthread;
  store(t, kthread.park, PARK.awake);
  store(t, kthread.state, TS.onproc);
  put(t, kthread.wchan, 0 as Ref<'sobj'>);
  add(t, kthread.wait_seq, 1);
}

/**
 * Sleeps until somebody calls setrun() on curthread, or the time is up.
 * @param ms milliseconds; Infinity for no limit
 * @returns one of WOKE
 */
export function swtch(ms: number): number {
  probe(POINT.block, get(curthread, kthread.wchan));
  const over = clock_slept(get(curthread, kthread.wchan), ms);
  const woke = over ? WOKE.timeout : _resume_from_idle(ms);
  probe(POINT.woken, get(curthread, kthread.wchan));
  return woke;
}

/** Named after the place where the saved pc of every switched-out thread of the real kernel points. */
function _resume_from_idle(ms: number): number {
  const deadline = ms === Infinity ? Infinity : hrtime_ms() + ms;
  for (;;) {
    // Before the wait, not after it: whoever halts the image changes the park word after the halt
    // word, so a thread that arms its park word too late for the one still sees the other.
    if (halted()) throw new MachineHalt();
    if (load(header, image_header.panic_thread) !== 0) panic_idle();
    const park = load(curthread, kthread.park);
    if (park !== PARK.asleep) return park;
    const left = deadline === Infinity ? Infinity : deadline - hrtime_ms();
    if (left <= 0) return WOKE.timeout;
    wait(curthread, kthread.park, PARK.asleep, left);
  }
}

/** Waits for the setrun() of a waker that has taken curthread off its turnstile already. */
export function await_setrun(): number {
  while (load(curthread, kthread.park) !== PARK.granted) {
    cas(curthread, kthread.park, PARK.nudged, PARK.asleep);
    _resume_from_idle(Infinity);
  }
  return WOKE.granted;
}

/** Makes a sleeping thread run.  The caller has taken it off its turnstile. */
export function setrun(t: Ref<'kthread'>): void {
  store(t, kthread.park, PARK.granted);
  notify(t, kthread.park, 1);
}

/** delay(9F): sleeps for a while, for the sake of it.  @param ms milliseconds */
export function delay(ms: number): void {
  sleep_begin(0, SOBJ.delay, WAIT.timed);
  ring_event(EVENT.block, 0, 0);
  swtch(ms);
  sleep_end();
}
