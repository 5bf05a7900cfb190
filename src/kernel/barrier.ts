/*
 * Barriers: a number of threads that wait for each other and go on together.
 *
 * Who has arrived is who stands in line: there is no second count that could disagree, so one that gives
 * up is gone from both at once.  The last to arrive opens the barrier for all, under the turnstile's
 * chain, and the line is empty again: a thread that runs ahead to the next crossing cannot be taken for
 * a late one of this.
 */

import { EVENT, kbarrier, SOBJ, WAIT } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { get, put } from '../layout/word.ts';
import { setrun, WOKE } from './disp.ts';
import { panic, panic_check } from './panic.ts';
import { hrtime_ms, POINT, probe } from './probe.ts';
import { ring_event } from './ring.ts';
import { sobj_destroy, sobj_init, sobj_name } from './sobj.ts';
import {
  turnstile_exit,
  turnstile_first,
  turnstile_join,
  turnstile_lookup,
  turnstile_remove,
  turnstile_sleep,
  turnstile_waiters,
} from './turnstile.ts';

type Barrier = Ref<'kbarrier'>;

/** @param parties how many threads cross together, 1 or more */
export function barrier_init(bp: Barrier, parties: number, name: string): void {
  sobj_init(bp, SOBJ.barrier, kbarrier.$.name, name);
  if (!Number.isInteger(parties) || parties < 1)
    panic(`barrier_init: ${parties} parties (${name || '?'})`);
  put(bp, kbarrier.parties, parties);
  put(bp, kbarrier.crossings, 0);
}

export function barrier_destroy(bp: Barrier): void {
  sobj_destroy(bp, 'barrier_destroy');
}

/** Waits until all parties are here.  True for exactly one of them: the last to come. */
export function barrier_wait(bp: Barrier): boolean {
  return barrier_arrive(bp, Infinity) === 'last';
}

/** The same, or gives up and takes itself back.  @param ms milliseconds @returns whether it crossed */
export function barrier_wait_timed(bp: Barrier, ms: number): boolean {
  return barrier_arrive(bp, ms) !== 'gave up';
}

function barrier_arrive(bp: Barrier, ms: number): 'last' | 'crossed' | 'gave up' {
  panic_check();
  probe(POINT.acquire, bp);
  if (get(bp, kbarrier.kind) !== SOBJ.barrier) {
    panic(`barrier_wait: bad barrier, bp=${bp.toString(16)} (${sobj_name(bp) || '?'})`);
  }
  const deadline = ms === Infinity ? Infinity : hrtime_ms() + ms;
  for (;;) {
    const ts = turnstile_lookup(bp);
    if (turnstile_waiters(ts) + 1 >= get(bp, kbarrier.parties)) {
      barrier_open(bp, ts);
      return 'last';
    }
    turnstile_join(ts, bp, SOBJ.barrier, ms === Infinity ? 0 : WAIT.timed);
    turnstile_exit(ts);
    const left = deadline === Infinity ? Infinity : deadline - hrtime_ms();
    const woke = turnstile_sleep(bp, left);
    if (woke === WOKE.granted) return 'crossed';
    if (woke === WOKE.timeout) return 'gave up';
    // Nudged, and off the line: it comes again, and may now be the last.
  }
}

/** The last one is here: all in line cross.  The chain is held, and dropped. */
function barrier_open(bp: Barrier, ts: Ref<'turnstile'>): void {
  put(bp, kbarrier.crossings, (get(bp, kbarrier.crossings) + 1) | 0);
  const woken: Ref<'kthread'>[] = [];
  for (let t = turnstile_first(ts); t !== 0; t = turnstile_first(ts)) {
    turnstile_remove(ts, t);
    woken.push(t);
  }
  turnstile_exit(ts);
  for (const t of woken) {
    ring_event(EVENT.signal, bp, t);
    setrun(t);
  }
}
