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
 * A thread is silent since its progress counter last moved; one whose role never asked for progress(), since
 * its last sign of life of any kind: a lock, the end of a wait, a call of running().  Silence is counted in
 * looks, and not all of the time between two looks counts.  Each is worth LOOK_MS_MAX at most, so time in
 * which the whole machine stood still (a suspended container, a stopped process) is nobody's fault.  On a host
 * with too few CPUs for the threads everything takes longer, a wakeup too, and a line of sixty moves on by
 * sixty wakeups; so a look counts by the share of the time wanted that its threads were given (PACE_MIN at
 * least: what hangs must be found there too).  And of one timed wait only the first quarter of the hang
 * timeout counts: it ends by itself.
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
  activityOf,
  holdsOf,
  isAlive,
  kindOf,
  msSince,
  objectName,
  ownersOf,
  threadName,
  threadsOf,
  useOf,
  waitOf,
  type Sobj,
  type Thread,
  type Wait,
} from '../dump/census.ts';
import { header, image_header, kthread, SOBJ } from '../layout/records.ts';
import { get, load } from '../layout/word.ts';
import {
  cyclic,
  ended,
  names,
  nudgesOf,
  orphaned,
  panic,
  plain,
  seconds,
  some,
  unanswered,
  type Finding,
} from './findings.ts';
import type { Host, HostTime } from './hosttime.ts';
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
/** The least that a look counts when the host holds the machine up, as a share of itself. */
const PACE_MIN = 1 / 4;
/** Milliseconds between two looks at the host, while somebody is silent. */
const PACE_MS = 100;
/** Milliseconds between two looks that count; those between look at the waits alone, for what needs no time. */
const COUNT_MS = 10;
/** A wait this short is one of many: the thread is in and out of it. */
const SHORT_MS = 10;
/** Looks at which a silent thread must have been seen busy before that is what it is. */
const BUSY_LOOKS = 8;
/** kthread.flags */
const DAEMON = 1;
const LOAD = 4;
const REPORTS = 8;
/** The address of no object. */
const NOTHING = 0 as Sobj;

/** What is remembered of a thread from look to look. */
interface Watch {
  /** what says that it gets on */
  life: number;
  /** how long that has not moved, as it counts and as it was */
  silentMs: number;
  spanMs: number;
  /** what says that it is busy with locks, and how long that has not moved */
  activity: number;
  inertMs: number;
  inertSpanMs: number;
  /** looks at which that had moved, since it fell silent */
  busyLooks: number;
  /** the wait it was in: its number, looks and time since, and the use that was made of its object before */
  seq: number;
  looks: number;
  waitMs: number;
  use: number;
  gone: boolean;
  wasGone: boolean;
  /** host times early in its silence */
  early: Early | undefined;
  /** what it was seen to want since it fell silent, and who had that; and how silent it was the last time */
  readonly wanted: Map<Sobj, number>;
  readonly rivals: Map<Thread, number>;
}

interface Early {
  readonly spanMs: number;
  readonly host: HostTime;
}

/** What stands at the end of a suspect's waits. */
type Standing = 'stalled' | 'busy' | 'asleep' | 'productive' | 'undecided';

export class Deadman {
  private readonly watches = new Map<Thread, Watch>();
  private readonly hangMs: number;
  private readonly host: Host;
  private readonly main = {
    beat: -1,
    silentMs: 0,
    spanMs: 0,
    early: undefined as Early | undefined,
  };
  /** what a millisecond counts now, and what that was worked out from */
  private readonly pace = {
    factor: 1,
    ageMs: 0,
    times: undefined as ReadonlyMap<Thread, HostTime> | undefined,
  };
  /** of looks that have not been counted yet */
  private owedMs = 0;
  private unwindingMs = 0;
  /** when each thread was first seen to unwind, and its host time then */
  private readonly endings = new Map<Thread, Early>();

  /** @param host hosttime.ts, or a stand-in */
  constructor(hangMs: number, host: Host) {
    this.hangMs = hangMs;
    this.host = host;
  }

  /** How long a thread has been silent, in milliseconds, whatever of it counts. */
  silence(t: Thread): number {
    return this.watches.get(t)?.spanMs ?? 0;
  }

  /** What of it counts. */
  private silent(t: Thread): number {
    return this.watches.get(t)?.silentMs ?? 0;
  }

  /** One look.  @param elapsedMs since the last one */
  look(elapsedMs: number): Finding | undefined {
    const threads = threadsOf();
    const panicked = load(header, image_header.panic_thread);
    if (panicked !== 0) return panic(panicked, threads);
    this.owedMs += Math.min(elapsedMs, LOOK_MS_MAX);
    const step = this.owedMs < COUNT_MS ? 0 : this.owedMs;
    this.owedMs -= step;
    const settled = new Map<Thread, Wait>();
    let fresh = false;
    for (const t of threads) {
      const wait = this.observe(t);
      if (wait === undefined) continue;
      settled.set(t, wait);
      if (this.watches.get(t)!.looks === 1) fresh = true;
    }
    // Only who falls asleep can close a cycle, or be the last one who was awake.
    if (!fresh && step === 0) return undefined;
    const halting = load(header, image_header.halt) !== 0;
    const edges = readEdges(settled, threads);
    const exact = halting ? this.casualty(threads, true) : this.exact(threads, settled, edges);
    if (exact !== undefined || step === 0) return exact;
    if (halting) return this.unwinding(step, threads) ?? this.mainStall(step);
    const open = load(header, image_header.gate_open) !== 0;
    for (const t of threads) this.count(t, settled.get(t), step, open);
    this.keepPace(step, threads);
    return this.judge(threads, settled, edges) ?? this.mainStall(step);
  }

  /** Works out what the next looks count, from what the host gave to all threads together. */
  private keepPace(step: number, threads: readonly Thread[]): void {
    const { pace } = this;
    if (!threads.some((t) => this.silent(t) >= this.hangMs / 8 && this.isAccountable(t))) {
      pace.factor = 1;
      pace.times = undefined;
      return;
    }
    pace.ageMs += step;
    if (pace.times !== undefined && pace.ageMs < PACE_MS) return;
    const times = new Map<Thread, HostTime>();
    let [ran, heldUp] = [0, 0];
    for (const t of threads) {
      const osTid = get(t, kthread.os_tid);
      const now = (get(t, kthread.flags) & LOAD) === 0 ? this.host.time(osTid) : undefined;
      const before = pace.times?.get(t);
      if (now === undefined) continue;
      times.set(t, now);
      if (before === undefined) continue;
      const used = now.ranMs - before.ranMs;
      const waited = Math.min(pace.ageMs, now.heldUpMs - before.heldUpMs);
      const rest = Math.max(0, pace.ageMs - used - waited);
      // A wait for a CPU that goes on now is not counted yet.
      const waits = rest > pace.ageMs / 2 && waitOf(t) === undefined && this.host.isReady(osTid);
      ran += used;
      heldUp += waits ? waited + rest : waited;
    }
    // A machine that is asleep wants no time, and time passes for it as for everybody.
    pace.factor =
      ran + heldUp < pace.ageMs / 20 ? 1 : Math.min(1, Math.max(PACE_MIN, ran / (ran + heldUp)));
    pace.times = times;
    pace.ageMs = 0;
  }

  /** Looks at what a thread waits for.  @returns its wait, if it is the same as a look ago */
  private observe(t: Thread): Wait | undefined {
    const watch = this.watches.get(t) ?? newWatch();
    this.watches.set(t, watch);
    watch.wasGone = watch.gone;
    watch.gone = !isAlive(t);
    const wait = watch.gone ? undefined : waitOf(t);
    if (wait !== undefined && wait.seq === watch.seq) {
      watch.looks++;
      return wait;
    }
    watch.seq = wait?.seq ?? 0;
    watch.looks = 0;
    watch.waitMs = 0;
    watch.use = wait === undefined ? 0 : useOf(wait.object);
    return undefined;
  }

  /** Counts time.  @param wait of observe() */
  private count(t: Thread, wait: Wait | undefined, step: number, open: boolean): void {
    const watch = this.watches.get(t)!;
    const counts = step * this.pace.factor;
    const activity = activityOf(t);
    const life = lifeOf(t, activity);
    if (wait !== undefined) watch.waitMs += counts;
    if (watch.gone || !open || life !== watch.life) {
      watch.life = life;
      watch.silentMs = 0;
      watch.spanMs = 0;
      watch.busyLooks = 0;
      watch.early = undefined;
      watch.wanted.clear();
      watch.rivals.clear();
    } else {
      watch.spanMs += step;
      if (!this.isPausing(watch, wait)) watch.silentMs += counts;
    }
    const moved = activity !== watch.activity;
    if (moved) watch.busyLooks++;
    watch.inertMs = moved ? 0 : watch.inertMs + counts;
    watch.inertSpanMs = moved ? 0 : watch.inertSpanMs + step;
    watch.activity = activity;
    if (watch.silentMs >= this.hangMs / 4) this.examine(t, watch, waitOf(t));
  }

  /** More of a thread that has been silent for a while: what may be needed to judge it. */
  private examine(t: Thread, watch: Watch, wait: Wait | undefined): void {
    if (watch.early === undefined) {
      const host = this.host.time(get(t, kthread.os_tid));
      if (host !== undefined) watch.early = { spanMs: watch.spanMs, host };
    }
    for (const object of [wait?.wanted ?? NOTHING, get(t, kthread.tried)]) {
      if (object === 0) continue;
      watch.wanted.set(object, watch.silentMs);
      for (const owner of ownersOf(object, t, wait?.writer === true, threadsOf())) {
        if (owner !== t) watch.rivals.set(owner, watch.silentMs);
      }
    }
  }

  /** Whether a thread is in a timed wait that has counted long enough. */
  private isPausing({ waitMs }: Watch, wait: Wait | undefined): boolean {
    return wait?.timed === true && waitMs > this.hangMs / 4;
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
      if ((get(t, kthread.flags) & LOAD) !== 0) continue;
      const watch = this.watches.get(t);
      // One that came to its end since the last look was awake then, and may have woken others.
      if (watch?.gone === true && watch.wasGone) continue;
      const wait = settled.get(t);
      if (wait === undefined || wait.timed) return [];
      if (this.isAccountable(t)) sleepers.push(t);
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
      const others = threads.some((other) => other !== t && this.isAccountable(other));
      const early = msSince(get(t, kthread.exit_time)) < this.hangMs;
      if (holdsOf(t).length > 0 && others && early && !quiet) continue;
      return ended(t);
    }
    return undefined;
  }

  // --- by silence -------------------------------------------------------------------------------

  /** Whether a thread's silence is anything to explain. */
  private isAccountable(t: Thread): boolean {
    if ((get(t, kthread.flags) & (DAEMON | LOAD)) !== 0 || !isAlive(t)) return false;
    return waitOf(t)?.idle !== true;
  }

  /** The table of the header. */
  private judge(
    threads: readonly Thread[],
    settled: ReadonlyMap<Thread, Wait>,
    edges: Edges,
  ): Finding | undefined {
    const suspects = threads.filter((t) => this.silent(t) >= this.hangMs && this.isAccountable(t));
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
      const patience = suspects.every((t) => this.silent(t) < this.hangMs * 1.5)
        ? this.hangMs / 8
        : this.hangMs / 2;
      const pending = threads.some(
        (t) =>
          this.isAccountable(t) &&
          !this.isAsleep(t, settled) &&
          (this.silent(t) >= patience || this.standing(t, settled) === 'undecided'),
      );
      if (pending) return undefined;
      // Who fell asleep a little later is in the same trouble, if no suspect yet.
      const asleep = threads.filter(
        (t) =>
          ends.get('asleep')?.includes(t) === true ||
          (this.isAccountable(t) && this.sleepsToo(t, settled, edges)),
      );
      const unused = asleep.filter(
        (t) => useOf(waitOf(t)?.object ?? NOTHING) === this.watches.get(t)!.use,
      );
      if (unused.length > 0) return unanswered(unused, edges);
    }
    const starved = suspects.find((t) => this.silent(t) >= this.hangMs * 1.5);
    return starved === undefined ? undefined : this.starvation(starved, threads, edges);
  }

  /** Whether a thread is asleep for long and without a limit. */
  private isAsleep(t: Thread, settled: ReadonlyMap<Thread, Wait>): boolean {
    const wait = settled.get(t);
    return wait !== undefined && !wait.timed && this.watches.get(t)!.waitMs > SHORT_MS;
  }

  /** Whether a thread sleeps on what nobody is known to have, and has for half of the hang timeout. */
  private sleepsToo(t: Thread, settled: ReadonlyMap<Thread, Wait>, edges: Edges): boolean {
    return (
      this.isAsleep(t, settled) && !edges.has(t) && this.watches.get(t)!.waitMs >= this.hangMs / 2
    );
  }

  private standing(t: Thread, settled: ReadonlyMap<Thread, Wait>): Standing {
    const { hangMs } = this;
    const watch = this.watches.get(t);
    const wait = settled.get(t);
    if (watch === undefined || watch.gone || this.isPausing(watch, wait)) return 'undecided';
    if (watch.silentMs < hangMs / 2) return 'productive';
    if (watch.silentMs < hangMs) return 'undecided';
    if (this.isAsleep(t, settled)) return watch.waitMs >= hangMs / 2 ? 'asleep' : 'undecided';
    if (watch.inertMs >= hangMs / 2 && wait === undefined) {
      const own = this.ownTime(get(t, kthread.os_tid), watch);
      return own.hadMs >= hangMs / 4 ? 'stalled' : 'undecided';
    }
    return this.isBusy(t, settled) ? 'busy' : 'undecided';
  }

  /** How much of a silence the host left to the silent, and how much of that it ran. */
  private ownTime(
    osTid: number,
    { spanMs, early }: Pick<Watch, 'spanMs' | 'early'>,
  ): { hadMs: number; ranMs: number } {
    const now = early === undefined ? undefined : this.host.time(osTid);
    if (early === undefined || now === undefined) return { hadMs: spanMs, ranMs: NaN };
    const ranMs = now.ranMs - early.host.ranMs;
    // One that is ready has at least run as long as it ran; how long it has waited since, nobody says.
    if (this.host.isReady(osTid)) return { hadMs: ranMs, ranMs };
    return { hadMs: spanMs - early.spanMs - (now.heldUpMs - early.host.heldUpMs), ranMs };
  }

  private stall(t: Thread, edges: Edges): Finding {
    const watch = this.watches.get(t)!;
    const { hadMs, ranMs } = this.ownTime(get(t, kthread.os_tid), watch);
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
    const rivals = this.recent(t, ({ rivals: seen }) => seen);
    const busy = threads.filter(
      (each) => each === t || (this.isAccountable(each) && this.isBusy(each, settled)),
    );
    const gettingOn = threads.filter(
      (each) => isAlive(each) && this.standing(each, settled) === 'productive',
    );
    const ahead = gettingOn.some((each) => rivals.includes(each));
    const alone =
      busy.length === 1 &&
      rivals.length === 0 &&
      gettingOn.some((each) => this.isAccountable(each));
    if (ahead || alone)
      return this.silent(t) < this.hangMs * 1.5 ? undefined : this.starvation(t, threads, edges);
    const objects = new Set(busy.flatMap((each) => this.recent(each, ({ wanted }) => wanted)));
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

  /** What a silent thread was seen with of late. */
  private recent<T>(t: Thread, seen: (watch: Watch) => ReadonlyMap<T, number>): T[] {
    const watch = this.watches.get(t)!;
    return [...seen(watch)]
      .filter(([, at]) => watch.silentMs - at <= this.hangMs / 4)
      .map(([each]) => each);
  }

  /** Whether a silent thread is in and out of the kernel, and was just now. */
  private isBusy(t: Thread, settled: ReadonlyMap<Thread, Wait>): boolean {
    const { silentMs, inertMs, busyLooks } = this.watches.get(t)!;
    if (silentMs < this.hangMs / 2 || this.isAsleep(t, settled)) return false;
    return busyLooks >= BUSY_LOOKS && inertMs < this.hangMs / 8;
  }

  private starvation(t: Thread, threads: readonly Thread[], edges: Edges): Finding {
    const rivals = this.recent(t, ({ rivals: seen }) => seen);
    const waits = waitOf(t)?.wanted ?? NOTHING;
    const wanted = waits === NOTHING ? get(t, kthread.tried) : waits;
    const ends = endsOf(t, edges).filter((end) => end !== t);
    const rest = threads.filter(
      (each) => each !== t && this.isAccountable(each) && this.silent(each) < this.hangMs / 2,
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

  // --- the main thread, and the end -------------------------------------------------------------

  private mainStall(step: number): Finding | undefined {
    const { main } = this;
    const beat = load(header, image_header.main_beat);
    if (beat !== main.beat) {
      main.beat = beat;
      main.silentMs = 0;
      main.spanMs = 0;
      main.early = undefined;
      return undefined;
    }
    main.spanMs += step;
    main.silentMs += step * this.pace.factor;
    if (main.silentMs < this.hangMs / 4) return undefined;
    if (main.early === undefined) {
      const host = this.host.time(process.pid);
      if (host !== undefined) main.early = { spanMs: main.spanMs, host };
    }
    if (main.silentMs < this.hangMs || this.ownTime(process.pid, main).hadMs < this.hangMs / 4)
      return undefined;
    return plain(
      'stall',
      `the main thread’s event loop has not turned for ${seconds(main.spanMs)}`,
      ['a machine’s main thread must never block: boot(), check() and module code run there'],
    );
  }

  /** All is over but for threads that were told to unwind: those that do not. */
  private unwinding(step: number, threads: readonly Thread[]): Finding | undefined {
    this.unwindingMs += step;
    const spanMs = this.unwindingMs;
    const left = threads.filter((t) => {
      if (!isAlive(t)) return false;
      const osTid = get(t, kthread.os_tid);
      const host = this.endings.has(t) ? undefined : this.host.time(osTid);
      if (host !== undefined) this.endings.set(t, { spanMs, host });
      // One that the host gave no CPU since cannot have ended.
      return (
        spanMs >= this.hangMs &&
        this.ownTime(osTid, { spanMs, early: this.endings.get(t) }).hadMs >= this.hangMs / 4
      );
    });
    if (left.length === 0) return undefined;
    const { length } = left;
    return {
      verdict: 'stall',
      message: `${names(left)} ${length === 1 ? 'does' : 'do'} not come to an end, ${seconds(this.unwindingMs)} after all others did`,
      because: ['a daemon ends when running() says so, or in its next kernel call'],
      exact: false,
      cycle: left,
      victims: [],
    };
  }
}

function newWatch(): Watch {
  return {
    life: -1,
    silentMs: 0,
    spanMs: 0,
    activity: -1,
    inertMs: 0,
    inertSpanMs: 0,
    busyLooks: 0,
    seq: 0,
    looks: 0,
    waitMs: 0,
    use: 0,
    gone: false,
    wasGone: false,
    early: undefined,
    wanted: new Map(),
    rivals: new Map(),
  };
}

/** The number that moves when a thread gets on. */
function lifeOf(t: Thread, activity: number): number {
  const progress = load(t, kthread.progress);
  return (get(t, kthread.flags) & REPORTS) !== 0
    ? progress
    : (progress + get(t, kthread.polls) + activity) | 0;
}
