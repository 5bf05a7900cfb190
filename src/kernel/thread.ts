/*
 * Threads: the record of the thread that runs this module instance.
 *
 * Each host thread evaluates the kernel's modules for itself, so `curthread` is a plain variable.  It
 * is the one piece of thread state on the heap, and it is a constant for as long as a trial lasts:
 * everything that changes is in the record, where the watchdog and the dump find it.
 *
 *     state          the thread is
 *     -----------    ---------------------------------------------------------------
 *     TS_FREE        not started: its row was given out, its role has not begun
 *     TS_ONPROC      running as far as the kernel knows; the host may have preempted it
 *     TS_SLEEP       in swtch(), or on the way in or out with its wait_seq odd
 *     TS_ZOMB        at its end; exit_reason says how
 *     TS_STOPPED     stopped by a panic
 *
 * wait_seq is odd from just before a thread can be seen asleep until just after it is awake.  A reader
 * that finds the same odd number twice knows that the thread was in one and the same wait all the
 * time in between: the whole of deadlock detection rests on that.
 */

import { EXIT, header, image_header, kthread, TS } from '../layout/records.ts';
import { intern } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { get, load, put, store } from '../layout/word.ts';
import { probe_thread } from './probe.ts';

export let curthread = 0 as Ref<'kthread'>;

/** Makes this host thread the thread of the given record. */
export function thread_bind(t: Ref<'kthread'>): void {
  curthread = t;
  probe_thread(t);
}

/** The clock word: ticks of 100 us since boot. */
export function lbolt(): number {
  return get(header, image_header.clock);
}

/** Marks curthread as running its role. */
export function thread_start(): void {
  put(curthread, kthread.start_time, lbolt());
  put(curthread, kthread.progress_time, lbolt());
  store(curthread, kthread.state, TS.onproc);
}

/** Marks curthread as done.  @param reason one of EXIT @param message what it died of, or '' */
export function thread_exit(reason: number, message: string): void {
  put(curthread, kthread.exit_time, lbolt());
  put(curthread, kthread.exit_reason, reason);
  if (reason !== EXIT.halted) put(curthread, kthread.exit_message, intern(message));
  store(curthread, kthread.state, TS.zomb);
}

/**
 * Says that the thread got something done.  Progress is what the workload says it is: a transaction
 * committed, a file read.  A thread without any for the hang timeout is looked at by the watchdog.
 */
export function thread_progress(n = 1): void {
  const t = curthread;
  put(t, kthread.progress, (get(t, kthread.progress) + n) | 0);
  put(t, kthread.progress_time, get(header, image_header.clock));
}

/** Counts a slow-path operation: a thread that does these is alive, if not productive. */
export function thread_operation(): void {
  put(curthread, kthread.operations, (get(curthread, kthread.operations) + 1) | 0);
}

/** Notes that the thread tried a lock and did not get it: busy with it, without waiting for it. */
export function thread_tried(object: number): void {
  put(curthread, kthread.tried, object as Ref<'sobj'>);
  thread_operation();
}

/** Whether the image was halted: a thread that finds this true must unwind. */
export function halted(): boolean {
  return load(header, image_header.halt) !== 0;
}
