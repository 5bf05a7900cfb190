/*
 * The deadman: notices that threads do not get on, and says in which way.
 *
 * It looks at the image every millisecond or so.  It takes no lock and is never waited for.
 *
 * What is exact
 *
 * At every look: a panic; a cycle of waits; a lock whose holder is gone; a role that threw or exited.
 * waitgraph.ts says why two looks are proof.  One more needs no time: nobody is awake.  If every thread is
 * asleep without a limit, in the same wait as at the look before, then at the moment between the looks there
 * was nobody to wake anybody, and there never will be: only role threads wake role threads (workload.ts).
 *
 * What only time shows
 *
 * silence.ts counts how long each thread has not got on, and judge.ts says what it is once that is too long: stall,
 * livelock, starvation, lost wakeup, or a deadlock of which nobody is known to have what the others wait for.
 *
 * The nudge
 *
 * A nudge is a spurious wakeup, which every kernel wait allows and every waiter must survive: the thread
 * tests its condition again.  If it goes on, the condition was true and its wakeup was lost: that is proof,
 * whatever else the verdict would have been.  So with each finding of the judge, and where nobody is awake, come those
 * whom to nudge.  The caller does it, after it has its evidence, since a nudge changes what it examines.
 *
 * What is not a hang: a thread that waits for work by declaration (daemon, cv_wait_idle), one that only
 * makes load, one that is in a timed wait, one that is kept off the CPU.
 */

import { holdsOf, msSince, threadsOf, type Thread, type Wait } from '../dump/census.ts';
import { header, image_header, kthread, THREAD } from '../layout/records.ts';
import { get, load } from '../layout/word.ts';
import { MainThread, Unwinding } from './ending.ts';
import { cyclic, ended, nudgesOf, orphaned, panic, unanswered, type Finding } from './findings.ts';
import type { Host } from './hosttime.ts';
import { Judge, type Seen } from './judge.ts';
import { Silence } from './silence.ts';
import {
  confirmCycle,
  endsOf,
  findCycle,
  findOrphan,
  isCasualty,
  isGone,
  readEdges,
} from './waitgraph.ts';

/** The most that one look counts as silence, in milliseconds. */
const LOOK_MS_MAX = 50;
/** Milliseconds between two looks that count; those between look at the waits alone, for what needs no time. */
const COUNT_MS = 10;

export class Deadman {
  private readonly hangMs: number;
  private readonly silent: Silence;
  private readonly judge: Judge;
  private readonly main: MainThread;
  private readonly ending: Unwinding;
  /** of looks that have not been counted yet */
  private owedMs = 0;
  private looked = false;

  /** @param host hosttime.ts, or a stand-in */
  constructor(hangMs: number, host: Host) {
    this.hangMs = hangMs;
    this.silent = new Silence(hangMs, host);
    this.judge = new Judge(hangMs, host, this.silent);
    this.main = new MainThread(hangMs, host);
    this.ending = new Unwinding(hangMs, host);
  }

  /** How long a thread has been silent, in milliseconds, whatever of it counts. */
  silence(t: Thread): number {
    return this.silent.spanOf(t);
  }

  /** Whether it has seen anything yet. */
  get hasLooked(): boolean {
    return this.looked;
  }

  /** One look.  @param elapsedMs since the last one */
  look(elapsedMs: number): Finding | undefined {
    this.looked = true;
    const threads = threadsOf();
    const panicked = load(header, image_header.panic_thread);
    if (panicked !== 0) return panic(panicked, threads);
    this.owedMs += Math.min(elapsedMs, LOOK_MS_MAX);
    const step = this.owedMs < COUNT_MS ? 0 : this.owedMs;
    this.owedMs -= step;
    const { silent } = this;
    const settled = new Map<Thread, Wait>();
    let fresh = false;
    for (const t of threads) {
      const wait = silent.observe(t);
      if (wait === undefined) continue;
      settled.set(t, wait);
      if (silent.watch(t)!.looks === 1) fresh = true;
    }
    // Only who falls asleep can close a cycle, or be the last one who was awake.
    if (!fresh && step === 0) return undefined;
    const halting = load(header, image_header.halt) !== 0;
    const seen = { threads, settled, edges: readEdges(settled, threads) };
    const exact = halting ? this.casualty(threads, true) : this.exact(seen);
    if (exact !== undefined || step === 0) return exact;
    if (halting) return this.ending.look(step, threads) ?? this.main.look(step, silent.factor);
    const open = load(header, image_header.gate_open) !== 0;
    for (const t of threads) silent.count(t, settled.get(t), step, open);
    silent.keepPace(step, threads);
    return this.judge.finding(seen) ?? this.main.look(step, silent.factor);
  }

  /** What needs no time. */
  private exact({ threads, settled, edges }: Seen): Finding | undefined {
    const cycle = findCycle(edges);
    if (cycle !== undefined && confirmCycle(cycle, edges, threads)) return cyclic(cycle, edges);
    const orphan = threads.some(isGone) ? findOrphan(threads) : undefined;
    if (orphan !== undefined) return orphaned(orphan, edges);
    const sleepers = this.quiet(threads, settled);
    const casualty = this.casualty(threads, sleepers.length > 0);
    if (casualty !== undefined || sleepers.length === 0) return casualty;
    const ends = [...new Set(sleepers.flatMap((t) => endsOf(t, edges)))].toSorted((a, b) => a - b);
    const nudges = nudgesOf([...ends, ...settled.keys()].filter((t) => !edges.has(t)));
    const finding = unanswered(ends, edges);
    const because = [
      ...finding.because,
      'nobody is awake: two looks found every thread in the same wait',
    ];
    return { ...finding, because, exact: true, nudges };
  }

  /** Those who should get on, in a machine where nobody is awake; none where somebody is. */
  private quiet(threads: readonly Thread[], settled: ReadonlyMap<Thread, Wait>): Thread[] {
    const sleepers: Thread[] = [];
    for (const t of threads) {
      if ((get(t, kthread.flags) & THREAD.load) !== 0) continue;
      const watch = this.silent.watch(t);
      // One that came to its end since the last look was awake then, and may have woken others.
      if (watch?.gone === true && watch.wasGone) continue;
      const wait = settled.get(t);
      if (wait === undefined || wait.timed) return [];
      if (this.silent.isAccountable(t)) sleepers.push(t);
    }
    return sleepers;
  }

  /**
   * A role that threw, exited, or left a lock behind.  One that died with locks is left for a waiter to
   * show up, for the hang timeout or as long as there is anybody who might.
   */
  private casualty(threads: readonly Thread[], quiet: boolean): Finding | undefined {
    for (const t of threads) {
      if (!isCasualty(t)) continue;
      const others = threads.some((other) => other !== t && this.silent.isAccountable(other));
      const early = msSince(get(t, kthread.exit_time)) < this.hangMs;
      if (holdsOf(t).length > 0 && others && early && !quiet) continue;
      return ended(t);
    }
    return undefined;
  }
}
