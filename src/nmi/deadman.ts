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
 * silence.ts counts how long each thread has not got on, and how much of that counts.
 *
 * A thread that is silent for the hang timeout is a suspect.  From it we follow the known waits to those at
 * their end, and the end is what is judged:
 *
 *     the end is                      and                                           then it is
 *     -----------------------------   -------------------------------------------   ------------------------
 *     awake                           not in the kernel for half of that time       stall
 *       (or in and out of waits)      competes with one that gets on                starvation
 *                                     competes with others that do not              livelock
 *     asleep, nobody known to         others queue behind it, or others sleep so    deadlock
 *       have what it waits for          on other things, or it is a barrier
 *                                     others are served meanwhile                   starvation
 *                                     nothing happens there                         lost-wakeup
 *     not silent itself                                                             starvation (of the suspect)
 *
 * Why the answer does not depend on luck.  Threads that hang together fall silent one after the other, so
 * a first suspect may have company that is not one yet.  Therefore:
 *
 *   (1) Whoever has been silent for half the timeout is not taken for productive, and not for hung either.
 *       While a suspect's end is such a one, or one on a CPU that the host did not let run (hosttime.ts),
 *       nothing is said.
 *   (2) What has its cause awake goes before what is asleep, since sleepers may wait for it.  And sleepers
 *       are judged when all who are awake have got on just now: one that has not may be stuck as well, and
 *       the cause.  (Where all are slow there is no such moment, and from one and a half timeouts on (1) will
 *       do.)
 *   (3) Starvation, where the evidence is that others get on, takes one and a half timeouts: so they must have
 *       done so while the victim was a suspect already.
 *   (4) Who is in it is counted by half the timeout, not by all of it.
 *
 * The nudge
 *
 * A nudge is a spurious wakeup, which every kernel wait allows and every waiter must survive: the thread
 * tests its condition again.  If it goes on, the condition was true and its wakeup was lost: that is proof,
 * whatever else the verdict would have been, so with each finding of the second kind come those whom to
 * nudge.  The caller does it, after it has its evidence, since a nudge changes what it examines.
 *
 * What is not a hang: a thread that waits for work by declaration (daemon, cv_wait_idle), one that only
 * makes load, one that is in a timed wait, one that is kept off the CPU.
 */

import {
  holdsOf,
  isAlive,
  kindOf,
  msSince,
  objectName,
  threadName,
  threadsOf,
  useOf,
  waitOf,
  type Sobj,
  type Thread,
  type Wait,
} from '../dump/census.ts';
import { header, image_header, kthread, SOBJ, THREAD } from '../layout/records.ts';
import { get, load } from '../layout/word.ts';
import {
  cyclic,
  ended,
  names,
  nudgesOf,
  orphaned,
  panic,
  seconds,
  some,
  unanswered,
  type Finding,
} from './findings.ts';
import { MainThread, Unwinding } from './ending.ts';
import { ownTime, type Host } from './hosttime.ts';
import { Silence, type Watch } from './silence.ts';
import {
  behind,
  confirmCycle,
  endsOf,
  findCycle,
  findOrphan,
  isCasualty,
  isGone,
  readEdges,
  type Edges,
} from './waitgraph.ts';

/** The most that one look counts as silence, in milliseconds. */
const LOOK_MS_MAX = 50;
/** Milliseconds between two looks that count; those between look at the waits alone, for what needs no time. */
const COUNT_MS = 10;
/** A wait this short is one of many: the thread is in and out of it. */
const SHORT_MS = 10;
/** Looks at which a silent thread must have been seen busy before that is what it is. */
const BUSY_LOOKS = 8;
/** The address of no object. */
const NOTHING = 0 as Sobj;

/** What stands at the end of a suspect's waits. */
type Standing = 'stalled' | 'busy' | 'asleep' | 'productive' | 'undecided';

export class Deadman {
  private readonly hangMs: number;
  private readonly host: Host;
  private readonly silent: Silence;
  private readonly main: MainThread;
  private readonly ending: Unwinding;
  /** of looks that have not been counted yet */
  private owedMs = 0;
  private looked = false;

  /** @param host hosttime.ts, or a stand-in */
  constructor(hangMs: number, host: Host) {
    this.hangMs = hangMs;
    this.host = host;
    this.silent = new Silence(hangMs, host);
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
    const edges = readEdges(settled, threads);
    const exact = halting ? this.casualty(threads, true) : this.exact(threads, settled, edges);
    if (exact !== undefined || step === 0) return exact;
    if (halting) return this.ending.look(step, threads) ?? this.main.look(step, silent.factor);
    const open = load(header, image_header.gate_open) !== 0;
    for (const t of threads) silent.count(t, settled.get(t), step, open);
    silent.keepPace(step, threads);
    return this.judge(threads, settled, edges) ?? this.main.look(step, silent.factor);
  }

  // --- exact ------------------------------------------------------------------------------------

  private exact(
    threads: readonly Thread[],
    settled: ReadonlyMap<Thread, Wait>,
    edges: Edges,
  ): Finding | undefined {
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

  // --- by silence -------------------------------------------------------------------------------

  /** The table of the header. */
  private judge(
    threads: readonly Thread[],
    settled: ReadonlyMap<Thread, Wait>,
    edges: Edges,
  ): Finding | undefined {
    const suspects = threads.filter(
      (t) => this.silent.of(t) >= this.hangMs && this.silent.isAccountable(t),
    );
    if (suspects.length === 0) return undefined;
    const ends = new Map<Standing, Thread[]>();
    for (const end of [...new Set(suspects.flatMap((t) => endsOf(t, edges)))].toSorted(
      (a, b) => a - b,
    )) {
      const standing = this.standing(end, settled);
      ends.set(standing, [...(ends.get(standing) ?? []), end]);
    }
    const finding = this.decide(suspects, ends, threads, settled, edges);
    if (finding === undefined) return undefined;
    const nudges = [...suspects, ...(ends.get('asleep') ?? [])].filter((t) =>
      this.sleepsToo(t, settled, edges),
    );
    return { ...finding, nudges: nudgesOf(nudges) };
  }

  private decide(
    suspects: readonly Thread[],
    ends: ReadonlyMap<Standing, readonly Thread[]>,
    threads: readonly Thread[],
    settled: ReadonlyMap<Thread, Wait>,
    edges: Edges,
  ): Finding | undefined {
    const [stalled] = ends.get('stalled') ?? [];
    if (stalled !== undefined) return this.stall(stalled, edges);
    if (ends.has('undecided')) return undefined;
    const [busy] = ends.get('busy') ?? [];
    if (busy !== undefined) return this.busy(busy, threads, settled, edges);
    if (ends.has('asleep')) {
      // Whoever is awake and has not got on just now may be the one they wait for, and stuck itself.
      const patience = suspects.every((t) => this.silent.of(t) < this.hangMs * 1.5)
        ? this.hangMs / 8
        : this.hangMs / 2;
      const pending = threads.some(
        (t) =>
          this.silent.isAccountable(t) &&
          !this.isAsleep(t, settled) &&
          (this.silent.of(t) >= patience || this.standing(t, settled) === 'undecided'),
      );
      if (pending) return undefined;
      // Who fell asleep a little later is in the same trouble, if no suspect yet.
      const asleep = threads.filter(
        (t) =>
          ends.get('asleep')?.includes(t) === true ||
          (this.silent.isAccountable(t) && this.sleepsToo(t, settled, edges)),
      );
      const unused = asleep.filter(
        (t) => useOf(waitOf(t)?.object ?? NOTHING) === this.silent.watch(t)!.use,
      );
      if (unused.length > 0) return unanswered(unused, edges);
    }
    const starved = suspects.find((t) => this.silent.of(t) >= this.hangMs * 1.5);
    return starved === undefined ? undefined : this.starvation(starved, threads, edges);
  }

  /** Whether a thread is asleep for long and without a limit. */
  private isAsleep(t: Thread, settled: ReadonlyMap<Thread, Wait>): boolean {
    const wait = settled.get(t);
    return wait !== undefined && !wait.timed && this.silent.watch(t)!.waitMs > SHORT_MS;
  }

  /** Whether a thread sleeps on what nobody is known to have, and has for half of the hang timeout. */
  private sleepsToo(t: Thread, settled: ReadonlyMap<Thread, Wait>, edges: Edges): boolean {
    return (
      this.isAsleep(t, settled) && !edges.has(t) && this.silent.watch(t)!.waitMs >= this.hangMs / 2
    );
  }

  private standing(t: Thread, settled: ReadonlyMap<Thread, Wait>): Standing {
    const { hangMs } = this;
    const watch = this.silent.watch(t);
    const wait = settled.get(t);
    if (watch === undefined || watch.gone || this.silent.isPausing(watch, wait)) return 'undecided';
    if (watch.silentMs < hangMs / 2) return 'productive';
    if (watch.silentMs < hangMs) return 'undecided';
    if (this.isAsleep(t, settled)) return watch.waitMs >= hangMs / 2 ? 'asleep' : 'undecided';
    if (watch.inertMs >= hangMs / 2 && wait === undefined) {
      return this.stillness(t, watch).hadMs >= hangMs / 4 ? 'stalled' : 'undecided';
    }
    return this.isBusy(t, settled) ? 'busy' : 'undecided';
  }

  /** The host's time since a thread last did anything with locks: what it had before is no part of it. */
  private stillness(t: Thread, { inertSpanMs, still }: Watch): { hadMs: number; ranMs: number } {
    return ownTime(this.host, get(t, kthread.os_tid), { spanMs: inertSpanMs, early: still });
  }

  private stall(t: Thread, edges: Edges): Finding {
    const watch = this.silent.watch(t)!;
    const { hadMs, ranMs } = this.stillness(t, watch);
    const loops =
      ranMs >= hadMs / 2 ? 'it ran all the time: a loop, or work that takes too long' : undefined;
    const sleeps =
      ranMs < hadMs / 2 ? 'it hardly ran: native code, or a wait of the host’s' : undefined;
    return {
      verdict: 'stall',
      message: `${threadName(t)} has been outside the kernel for ${seconds(watch.inertSpanMs)} without progress`,
      because: [loops ?? sleeps ?? 'a loop, native code, or a wait of the host’s'],
      exact: false,
      cycle: [t],
      victims: behind([t], edges),
    };
  }

  /** One that is busy with locks and gets nothing done: alone in that, or not. */
  private busy(
    t: Thread,
    threads: readonly Thread[],
    settled: ReadonlyMap<Thread, Wait>,
    edges: Edges,
  ): Finding | undefined {
    const rivals = this.silent.recent(t, ({ rivals: seen }) => seen);
    const busy = threads.filter(
      (each) => each === t || (this.silent.isAccountable(each) && this.isBusy(each, settled)),
    );
    const gettingOn = threads.filter(
      (each) => isAlive(each) && this.standing(each, settled) === 'productive',
    );
    const ahead = gettingOn.some((each) => rivals.includes(each));
    const alone =
      busy.length === 1 &&
      rivals.length === 0 &&
      gettingOn.some((each) => this.silent.isAccountable(each));
    if (ahead || alone)
      return this.silent.of(t) < this.hangMs * 1.5 ? undefined : this.starvation(t, threads, edges);
    const objects = new Set(
      busy.flatMap((each) => this.silent.recent(each, ({ wanted }) => wanted)),
    );
    // A meeting of them all is no lock, and whether one was seen in it is a matter of timing.
    const locks = [...objects]
      .filter((object) => kindOf(object) !== SOBJ.barrier)
      .toSorted((a, b) => a - b)
      .map((object) => objectName(object));
    return {
      verdict: 'livelock',
      message:
        `${names(busy)} ${busy.length === 1 ? 'has' : 'have'} been busy with locks for ${seconds(this.silence(t))} ` +
        `and got nothing done${locks.length === 0 ? '' : `: ${some(locks)}`}`,
      because: ['awake, in and out of the kernel, and not productive'],
      exact: false,
      cycle: busy,
      victims: behind(busy, edges),
    };
  }

  /** Whether a silent thread is in and out of the kernel, and was just now. */
  private isBusy(t: Thread, settled: ReadonlyMap<Thread, Wait>): boolean {
    const { silentMs, inertMs, busyLooks } = this.silent.watch(t)!;
    if (silentMs < this.hangMs / 2 || this.isAsleep(t, settled)) return false;
    return busyLooks >= BUSY_LOOKS && inertMs < this.hangMs / 8;
  }

  private starvation(t: Thread, threads: readonly Thread[], edges: Edges): Finding {
    const rivals = this.silent.recent(t, ({ rivals: seen }) => seen);
    const waits = waitOf(t)?.wanted ?? NOTHING;
    const wanted = waits === NOTHING ? get(t, kthread.tried) : waits;
    const ends = endsOf(t, edges).filter((end) => end !== t);
    const rest = threads.filter(
      (each) =>
        each !== t && this.silent.isAccountable(each) && this.silent.of(each) < this.hangMs / 2,
    );
    const ahead =
      [ends, rivals, rest]
        .map((those) => those.filter((each) => isAlive(each)))
        .find((those) => those.length > 0) ?? [];
    const waited = wanted === 0 ? 'has got nothing done' : `has waited for ${objectName(wanted)}`;
    return {
      verdict: 'starvation',
      message: `${threadName(t)} ${waited} for ${seconds(this.silence(t))}, while ${names(ahead) || 'others'} ${ahead.length === 1 ? 'gets' : 'get'} on`,
      because: ['they got on while it was silent for longer than the hang timeout already'],
      exact: false,
      cycle: [t],
      victims: behind([t], edges),
    };
  }
}
