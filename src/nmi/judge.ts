/*
 * The judge: of threads that have been silent for too long, which kind of hang it is.
 *
 * Only time shows these, so none is exact.  silence.ts counts how long each thread has not got on, and how much of
 * that counts.  A thread that is silent for the hang timeout is a suspect.  From it we follow the known waits to
 * those at their end, and the end is what is judged:
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
 * With each finding come those whom to nudge (deadman.ts).
 */

import {
  isAlive,
  kindOf,
  objectName,
  threadName,
  useOf,
  waitOf,
  NOTHING,
  type Thread,
  type Wait,
} from '../dump/census.ts';
import { kthread, SOBJ } from '../layout/records.ts';
import { get } from '../layout/word.ts';
import { names, nudgesOf, seconds, some, unanswered, type Finding } from './findings.ts';
import { ownTime, type Host } from './hosttime.ts';
import type { Silence, Watch } from './silence.ts';
import { behind, endsOf, type Edges } from './waitgraph.ts';

/** A wait this short is one of many: the thread is in and out of it. */
const SHORT_MS = 10;
/** Looks at which a silent thread must have been seen busy before that is what it is. */
const BUSY_LOOKS = 8;

/** What stands at the end of a suspect's waits. */
type Standing = 'stalled' | 'busy' | 'asleep' | 'productive' | 'undecided';

/** What one look of the deadman saw. */
export interface Seen {
  readonly threads: readonly Thread[];
  /** waits that are the same as a look ago */
  readonly settled: ReadonlyMap<Thread, Wait>;
  readonly edges: Edges;
}

export class Judge {
  private readonly hangMs: number;
  private readonly host: Host;
  private readonly silent: Silence;

  constructor(hangMs: number, host: Host, silent: Silence) {
    this.hangMs = hangMs;
    this.host = host;
    this.silent = silent;
  }

  /** The table of the header. */
  finding(seen: Seen): Finding | undefined {
    const { threads, edges } = seen;
    const suspects = threads.filter(
      (t) => this.silent.of(t) >= this.hangMs && this.silent.isAccountable(t),
    );
    if (suspects.length === 0) return undefined;
    const ends = new Map<Standing, Thread[]>();
    for (const end of [...new Set(suspects.flatMap((t) => endsOf(t, edges)))].toSorted(
      (a, b) => a - b,
    )) {
      const standing = this.standing(end, seen);
      ends.set(standing, [...(ends.get(standing) ?? []), end]);
    }
    const finding = this.decide(suspects, ends, seen);
    if (finding === undefined) return undefined;
    const nudges = [...suspects, ...(ends.get('asleep') ?? [])].filter((t) =>
      this.sleepsToo(t, seen),
    );
    return { ...finding, nudges: nudgesOf(nudges) };
  }

  private decide(
    suspects: readonly Thread[],
    ends: ReadonlyMap<Standing, readonly Thread[]>,
    seen: Seen,
  ): Finding | undefined {
    const { edges } = seen;
    const [stalled] = ends.get('stalled') ?? [];
    if (stalled !== undefined) return this.stall(stalled, edges);
    if (ends.has('undecided')) return undefined;
    const [busy] = ends.get('busy') ?? [];
    if (busy !== undefined) return this.busy(busy, seen);
    const asleep = ends.get('asleep');
    if (asleep !== undefined) {
      if (this.isPending(suspects, seen)) return undefined;
      const unused = this.unserved(asleep, seen);
      if (unused.length > 0) return unanswered(unused, edges);
    }
    const starved = suspects.find((t) => this.silent.of(t) >= this.hangMs * 1.5);
    return starved === undefined ? undefined : this.starvation(starved, seen);
  }

  /** Whoever is awake and has not got on just now may be the one that sleepers wait for, and stuck itself. */
  private isPending(suspects: readonly Thread[], seen: Seen): boolean {
    const patience = suspects.every((t) => this.silent.of(t) < this.hangMs * 1.5)
      ? this.hangMs / 8
      : this.hangMs / 2;
    return seen.threads.some(
      (t) =>
        this.silent.isAccountable(t) &&
        !this.isAsleep(t, seen) &&
        (this.silent.of(t) >= patience || this.standing(t, seen) === 'undecided'),
    );
  }

  /** Those asleep where nobody was served meanwhile.  Who fell asleep a little later is in the same trouble, if no suspect yet. */
  private unserved(ends: readonly Thread[], seen: Seen): Thread[] {
    return seen.threads
      .filter((t) => ends.includes(t) || (this.silent.isAccountable(t) && this.sleepsToo(t, seen)))
      .filter((t) => useOf(waitOf(t)?.object ?? NOTHING) === this.silent.watch(t)!.use);
  }

  /** Whether a thread is asleep for long and without a limit. */
  private isAsleep(t: Thread, { settled }: Seen): boolean {
    const wait = settled.get(t);
    return wait !== undefined && !wait.timed && this.silent.watch(t)!.waitMs > SHORT_MS;
  }

  /** Whether a thread sleeps on what nobody is known to have, and has for half of the hang timeout. */
  private sleepsToo(t: Thread, seen: Seen): boolean {
    return (
      this.isAsleep(t, seen) &&
      !seen.edges.has(t) &&
      this.silent.watch(t)!.waitMs >= this.hangMs / 2
    );
  }

  private standing(t: Thread, seen: Seen): Standing {
    const { hangMs } = this;
    const watch = this.silent.watch(t);
    const wait = seen.settled.get(t);
    if (watch === undefined || watch.gone || this.silent.isPausing(watch, wait)) return 'undecided';
    if (watch.silentMs < hangMs / 2) return 'productive';
    if (watch.silentMs < hangMs) return 'undecided';
    if (this.isAsleep(t, seen)) return watch.waitMs >= hangMs / 2 ? 'asleep' : 'undecided';
    if (watch.inertMs >= hangMs / 2 && wait === undefined) {
      return this.stillness(t, watch).hadMs >= hangMs / 4 ? 'stalled' : 'undecided';
    }
    return this.isBusy(t, seen) ? 'busy' : 'undecided';
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
  private busy(t: Thread, seen: Seen): Finding | undefined {
    const { threads } = seen;
    const rivals = this.silent.recent(t, ({ rivals: met }) => met);
    const busy = threads.filter(
      (each) => each === t || (this.silent.isAccountable(each) && this.isBusy(each, seen)),
    );
    const gettingOn = threads.filter(
      (each) => isAlive(each) && this.standing(each, seen) === 'productive',
    );
    const ahead = gettingOn.some((each) => rivals.includes(each));
    const alone =
      busy.length === 1 &&
      rivals.length === 0 &&
      gettingOn.some((each) => this.silent.isAccountable(each));
    if (ahead || alone)
      return this.silent.of(t) < this.hangMs * 1.5 ? undefined : this.starvation(t, seen);
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
        `${names(busy)} ${busy.length === 1 ? 'has' : 'have'} been busy with locks for ${seconds(this.silent.spanOf(t))} ` +
        `and got nothing done${locks.length === 0 ? '' : `: ${some(locks)}`}`,
      because: ['awake, in and out of the kernel, and not productive'],
      exact: false,
      cycle: busy,
      victims: behind(busy, seen.edges),
    };
  }

  /** Whether a silent thread is in and out of the kernel, and was just now. */
  private isBusy(t: Thread, seen: Seen): boolean {
    const { silentMs, inertMs, busyLooks } = this.silent.watch(t)!;
    if (silentMs < this.hangMs / 2 || this.isAsleep(t, seen)) return false;
    return busyLooks >= BUSY_LOOKS && inertMs < this.hangMs / 8;
  }

  private starvation(t: Thread, { threads, edges }: Seen): Finding {
    const rivals = this.silent.recent(t, ({ rivals: met }) => met);
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
      message: `${threadName(t)} ${waited} for ${seconds(this.silent.spanOf(t))}, while ${names(ahead) || 'others'} ${ahead.length === 1 ? 'gets' : 'get'} on`,
      because: ['they got on while it was silent for longer than the hang timeout already'],
      exact: false,
      cycle: [t],
      victims: behind([t], edges),
    };
  }
}
