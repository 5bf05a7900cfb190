/*
 * Silence: how long each thread has not got on, and how much of that counts.
 *
 * What the deadman remembers from look to look.  A thread is silent since its progress counter last moved; one
 * whose role never asked for progress(), since its last sign of life of any kind: a lock, the end of a wait, a
 * call of running().  Beside that it is inert since it last did anything with locks, and busy if it does.
 *
 *     of the time between two looks        counts
 *     ----------------------------------   -------------------------------------------------------------------
 *     more than the caller's limit         nothing: the whole machine stood still (suspended, stopped)
 *     on a host with too few CPUs          by the share of the time wanted that the threads were given,
 *                                          PACE_MIN at least: what hangs must be found there too
 *     in a timed wait                      the first quarter of the hang timeout: it ends by itself
 *
 * On a busy host everything takes longer, a wakeup too, and a line of sixty moves on by sixty wakeups: hence the
 * second row, which is worked out from all threads together.
 */

import {
  activityOf,
  isAlive,
  ownersOf,
  threadsOf,
  useOf,
  waitOf,
  NOTHING,
  type Sobj,
  type Thread,
  type Wait,
} from '../dump/census.ts';
import { kthread, THREAD, TS } from '../layout/records.ts';
import { get, load } from '../layout/word.ts';
import type { Early, Host, HostTime } from './hosttime.ts';

/** The least that a look counts when the host holds the machine up, as a share of itself. */
const PACE_MIN = 1 / 4;
/** Milliseconds between two looks at the host, while somebody is silent. */
const PACE_MS = 100;

/** What is remembered of a thread from look to look. */
export interface Watch {
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
  /** host times early in its silence, and since it last did anything with locks */
  early: Early | undefined;
  still: Early | undefined;
  /** what it was seen to want since it fell silent, and who had that; and how silent it was the last time */
  readonly wanted: Map<Sobj, number>;
  readonly rivals: Map<Thread, number>;
}

export class Silence {
  private readonly watches = new Map<Thread, Watch>();
  private readonly hangMs: number;
  private readonly host: Host;
  /** what a millisecond counts now, and what that was worked out from */
  private readonly pace = {
    factor: 1,
    ageMs: 0,
    times: undefined as ReadonlyMap<Thread, HostTime> | undefined,
  };

  constructor(hangMs: number, host: Host) {
    this.hangMs = hangMs;
    this.host = host;
  }

  /** What a millisecond counts now. */
  get factor(): number {
    return this.pace.factor;
  }

  /** What is remembered of a thread; undefined before its first look. */
  watch(t: Thread): Watch | undefined {
    return this.watches.get(t);
  }

  /** How long a thread has been silent, as it counts, in milliseconds. */
  of(t: Thread): number {
    return this.watches.get(t)?.silentMs ?? 0;
  }

  /** The same as the clock has it. */
  spanOf(t: Thread): number {
    return this.watches.get(t)?.spanMs ?? 0;
  }

  /** Looks at what a thread waits for.  @returns its wait, if it is the same as a look ago */
  observe(t: Thread): Wait | undefined {
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
  count(t: Thread, wait: Wait | undefined, step: number, open: boolean): void {
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
    if (moved) watch.still = undefined;
    else if (wait === undefined && watch.still === undefined && watch.inertMs >= this.hangMs / 8) {
      const host = this.host.time(get(t, kthread.os_tid));
      if (host !== undefined) watch.still = { spanMs: watch.inertSpanMs, host };
    }
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
  isPausing({ waitMs }: Watch, wait: Wait | undefined): boolean {
    return wait?.timed === true && waitMs > this.hangMs / 4;
  }

  /** Works out what the next looks count, from what the host gave to all threads together. */
  keepPace(step: number, threads: readonly Thread[]): void {
    const { pace } = this;
    if (!threads.some((t) => this.of(t) >= this.hangMs / 8 && this.isAccountable(t))) {
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
      const now = (get(t, kthread.flags) & THREAD.load) === 0 ? this.host.time(osTid) : undefined;
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

  /** Whether a thread's silence is anything to explain. */
  isAccountable(t: Thread): boolean {
    if ((get(t, kthread.flags) & (THREAD.daemon | THREAD.load)) !== 0 || !isAlive(t)) return false;
    // In a controlled run: one that waits for its turn.
    if (load(t, kthread.state) === TS.run) return false;
    return waitOf(t)?.idle !== true;
  }

  /** What a silent thread was seen with of late. */
  recent<T>(t: Thread, seen: (watch: Watch) => ReadonlyMap<T, number>): T[] {
    const watch = this.watches.get(t)!;
    return [...seen(watch)]
      .filter(([, at]) => watch.silentMs - at <= this.hangMs / 4)
      .map(([each]) => each);
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
    still: undefined,
    wanted: new Map(),
    rivals: new Map(),
  };
}

/** The number that moves when a thread gets on. */
function lifeOf(t: Thread, activity: number): number {
  const progress = load(t, kthread.progress);
  return (get(t, kthread.flags) & THREAD.reports) !== 0
    ? progress
    : (progress + get(t, kthread.polls) + activity) | 0;
}
