/*
 * The deadman: notices that threads do not get on, and says in which way.
 *
 * It looks at the image every millisecond or so.  It takes no lock and is never waited for.
 *
 * First what is exact, at every look: a panic; a cycle of waits; a wait for a thread that is gone; a role
 * that threw or exited (waitgraph.ts says why two looks are proof).
 *
 * Then what only time shows.  Each thread has a progress counter, and its silence is the time since that
 * moved.  Silence is counted in looks, each worth LOOK_MS_MAX at most: time in which the whole machine
 * stood still (a suspended container, a stopped process) is nobody's fault.  A thread that is silent for
 * the hang timeout is a suspect, and is asked where it is:
 *
 *     it is                                  and                                      then it is
 *     ------------------------------------   --------------------------------------   ---------------
 *     asleep, waiting for one that ...       ... gets things done                     starvation
 *     asleep, at the end of a chain of waits the one at the end is silent too:        judge that one
 *     asleep on a condvar, nobody known      it goes on when nudged                   lost-wakeup
 *       to have it                           it does not; others queue behind it      deadlock
 *                                            it does not; others get things done      starvation
 *                                            it does not; nobody else is left         lost-wakeup
 *     on a CPU, or in short waits            busy with locks, others get on           starvation
 *                                            busy with locks, others do not           livelock
 *                                            not in the kernel at all                 stall
 *
 * A nudge is a spurious wakeup, which every condvar allows and every waiter must survive: the thread tests
 * its condition again.  If it goes on, the condition was true and its wakeup was lost: that is proof, not
 * a guess.  The caller sends it, after it has its evidence, since a nudge changes what it examines.
 *
 * What is not a hang: a thread that waits for work by declaration (daemon, cv_wait_idle), one that only
 * makes load, one that is runnable but gets no CPU (starved(), told by the caller from /proc).
 */

import {
  objectName,
  holdsOf,
  isAlive,
  kindOf,
  threadName,
  threadsOf,
  waitOf,
  type Sobj,
  type Thread,
} from '../dump/census.ts';
import type { VerdictName } from '../base/verdict.ts';
import { EXIT, header, image_header, kcondvar, kthread, PHASE, SOBJ, TS } from '../layout/records.ts';
import { textOf } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { get, load } from '../layout/word.ts';
import { behind, confirmCycle, findCycle, findOrphan, readEdges, rootOf, type Edge } from './waitgraph.ts';

/** The most that one look counts as silence, in milliseconds. */
const LOOK_MS_MAX = 50;
const DAEMON = 1;
const LOAD = 4;

export interface Finding {
  readonly verdict: VerdictName;
  readonly message: string;
  readonly because: readonly string[];
  readonly exact: boolean;
  readonly cycle: readonly Thread[];
  readonly victims: readonly Thread[];
  /** test this one by a nudge before believing the verdict; see afterNudge() */
  readonly nudge?: Thread;
}

interface Watch {
  progress: number;
  silentMs: number;
  operations: number;
  /** slow-path operations since it fell silent */
  busy: number;
}

export class Deadman {
  private readonly watches = new Map<Thread, Watch>();
  private readonly hangMs: number;
  /** whether a thread that looks stuck on a CPU has in fact been denied one; true gives it more time */
  private readonly starved: (t: Thread, silentMs: number) => boolean;
  private mainBeat = -1;
  private mainSilentMs = 0;

  constructor(hangMs: number, starved: (t: Thread, silentMs: number) => boolean) {
    this.hangMs = hangMs;
    this.starved = starved;
  }

  /** How long a thread has made no progress, in milliseconds. */
  silence(t: Thread): number {
    return this.watches.get(t)?.silentMs ?? 0;
  }

  /** Whether the thread got something done lately: within half the hang timeout. */
  private productive(t: Thread): boolean {
    return isAlive(t) && this.silence(t) < this.hangMs / 2;
  }

  /** One look.  @param elapsedMs since the last one */
  look(elapsedMs: number): Finding | undefined {
    const threads = threadsOf();
    const panicked = load(header, image_header.panic_thread);
    if (panicked !== 0) return this.panicked(panicked, threads);
    const exact = this.exact(threads);
    if (exact !== undefined) return exact;

    const step = Math.min(elapsedMs, LOOK_MS_MAX);
    let suspect: Thread | undefined;
    for (const t of threads) {
      if (this.observe(t, step) >= this.hangMs && this.accountable(t)) suspect ??= t;
    }
    const beat = load(header, image_header.main_beat);
    this.mainSilentMs = beat === this.mainBeat ? this.mainSilentMs + step : 0;
    this.mainBeat = beat;
    if (suspect !== undefined) return this.judge(suspect, threads);
    if (this.mainSilentMs >= this.hangMs) {
      return plain('stall', `the main thread's event loop has not turned for ${seconds(this.mainSilentMs)}`, [
        'a machine’s main thread must never block: boot(), check() and module code run there',
      ]);
    }
    return undefined;
  }

  /** Counts a thread's silence and returns it. */
  private observe(t: Thread, step: number): number {
    const progress = load(t, kthread.progress);
    const operations = get(t, kthread.operations);
    const watch = this.watches.get(t);
    const running = get(t, kthread.state) !== TS.free && load(header, image_header.gate_open) !== 0;
    if (watch === undefined || watch.progress !== progress || !running) {
      this.watches.set(t, { progress, silentMs: 0, operations, busy: 0 });
      return 0;
    }
    watch.silentMs += step;
    watch.busy = (operations - watch.operations) | 0;
    return watch.silentMs;
  }

  /** Whether a thread's silence is anything to explain. */
  private accountable(t: Thread): boolean {
    if ((get(t, kthread.flags) & (DAEMON | LOAD)) !== 0 || !isAlive(t)) return false;
    return waitOf(t)?.idle !== true;
  }

  private panicked(t: Thread, threads: readonly Thread[]): Finding {
    const message = textOf(load(header, image_header.panic_message));
    const edges = readEdges(threads);
    return {
      verdict: 'panic',
      message,
      because: [`${threadName(t)} panicked`],
      exact: true,
      cycle: [t],
      victims: behind([t], edges),
    };
  }

  private exact(threads: readonly Thread[]): Finding | undefined {
    const edges = readEdges(threads);
    if (edges.size > 0) {
      const cycle = findCycle(edges);
      if (cycle !== undefined && confirmCycle(cycle, edges, threads)) return cyclic(cycle, edges);
      const orphan = findOrphan(edges);
      if (orphan !== undefined) {
        const { waiter, owner, wait } = orphan;
        const name = objectName(wait.wanted);
        return {
          verdict: 'orphaned-lock',
          message: `${threadName(owner)} ${ending(owner)} with ${name} held, and ${threadName(waiter)} waits for it`,
          because: [`${name} names an owner that is gone; nobody else can give it up`],
          exact: true,
          cycle: [owner],
          victims: behind([owner], edges),
        };
      }
    }
    return this.casualty(threads);
  }

  /** A role that threw or exited.  One that died with locks held is left for a waiter to show up. */
  private casualty(threads: readonly Thread[]): Finding | undefined {
    for (const t of threads) {
      if (load(t, kthread.state) !== TS.zomb) continue;
      const reason = get(t, kthread.exit_reason);
      const holds = holdsOf(t);
      if (reason === EXIT.halted || (reason === EXIT.returned && holds.length === 0)) continue;
      const others = threads.filter((other) => other !== t && isAlive(other) && this.accountable(other));
      if (holds.length > 0 && others.some((other) => this.silence(other) < this.hangMs)) continue;
      const held = holds.map((hold) => objectName(hold.object)).join(', ');
      const message = `${threadName(t)} ${ending(t)}${held === '' ? '' : ` with ${held} held`}`;
      return {
        verdict: reason === EXIT.returned ? 'orphaned-lock' : 'crash',
        message,
        because: held === '' ? [] : ['nobody waited for it'],
        exact: true,
        cycle: [t],
        victims: [],
      };
    }
    return undefined;
  }

  /** Says what a silent thread is a case of: the table above. */
  private judge(suspect: Thread, threads: readonly Thread[]): Finding | undefined {
    const edges = readEdges(threads);
    const path = rootOf(suspect, edges);
    const root = path[path.length - 1]!;
    const wait = waitOf(root);
    if (root !== suspect && this.productive(root)) return this.outrun(suspect, root, edges);
    if (wait !== undefined && !wait.timed) return this.unanswered(root, wait.object, edges, threads);
    return this.busy(root, suspect, threads, edges);
  }

  private outrun(suspect: Thread, by: Thread, edges: ReadonlyMap<Thread, Edge>): Finding {
    const wait = waitOf(suspect);
    const name = wait === undefined ? '?' : objectName(wait.wanted);
    return {
      verdict: 'starvation',
      message: `${threadName(suspect)} has waited ${seconds(this.silence(suspect))} for ${name}, while ${threadName(by)} gets on`,
      because: [`${threadName(by)} has it, or got it, and makes progress`],
      exact: false,
      cycle: [suspect],
      victims: behind([suspect], edges),
    };
  }

  /** A thread asleep on something that nobody is known to have.  To be tested by a nudge if it can be. */
  private unanswered(
    root: Thread,
    object: Sobj,
    edges: ReadonlyMap<Thread, Edge>,
    threads: readonly Thread[],
  ): Finding {
    const finding = this.withoutNudge(root, object, edges, threads);
    return kindOf(object) === SOBJ.cv ? { ...finding, nudge: root } : finding;
  }

  private withoutNudge(
    root: Thread,
    object: Sobj,
    edges: ReadonlyMap<Thread, Edge>,
    threads: readonly Thread[],
  ): Finding {
    const name = objectName(object);
    const who = threadName(root);
    const waiting = `${who} has slept ${seconds(this.silence(root))} on ${name}, which has no known owner`;
    const queue = behind([root], edges);
    if (queue.length > 0) {
      const suspect = kindOf(object) === SOBJ.cv ? lastSignaller(object) : undefined;
      const closes = suspect !== undefined && queue.includes(suspect) ? rootOf(suspect, edges) : undefined;
      const path = closes?.[closes.length - 1] === root ? closes : longestPath(root, queue, edges);
      return {
        verdict: 'deadlock',
        message: `${waiting}; ${names(queue)} ${queue.length === 1 ? 'waits' : 'wait'} behind it`,
        because: [
          'the chain of waits ends at an undeclared edge: found by lack of progress, not by a cycle',
          ...(closes === undefined
            ? []
            : [`${name} was last signalled by ${threadName(suspect!)}, which waits in the chain itself`]),
        ],
        exact: false,
        cycle: path,
        victims: queue.filter((t) => !path.includes(t)),
      };
    }
    const others = threads.filter((t) => t !== root && this.accountable(t) && this.productive(t));
    return {
      verdict: others.length > 0 ? 'starvation' : 'lost-wakeup',
      message: waiting,
      because: [
        others.length > 0
          ? `${names(others)} ${others.length === 1 ? 'gets' : 'get'} on without waking it`
          : 'nobody is left who could wake it',
      ],
      exact: false,
      cycle: [root],
      victims: [],
    };
  }

  private busy(
    root: Thread,
    suspect: Thread,
    threads: readonly Thread[],
    edges: ReadonlyMap<Thread, Edge>,
  ): Finding | undefined {
    const silentMs = Math.max(this.silence(root), root === suspect ? 0 : this.hangMs);
    const operations = this.watches.get(root)?.busy ?? 0;
    const who = threadName(root);
    const victims = behind([root], edges);
    if (operations === 0) {
      if (this.starved(root, silentMs)) return undefined;
      return {
        verdict: 'stall',
        message: `${who} has been outside the kernel for ${seconds(silentMs)} without progress`,
        because: ['it took no lock and met no wait: a loop, native code, or a wait of the host’s'],
        exact: false,
        cycle: [root],
        victims,
      };
    }
    const others = threads.filter((t) => t !== root && this.accountable(t));
    const tried = get(root, kthread.tried) as Sobj;
    const wants = waitOf(root)?.wanted ?? tried;
    const on = wants === 0 ? '' : `, last on ${objectName(wants)}`;
    const starved = others.length > 0 && others.every((t) => this.productive(t));
    const busy = threads.filter((t) => t === root || (this.accountable(t) && !this.productive(t)));
    return {
      verdict: starved ? 'starvation' : 'livelock',
      message:
        `${starved ? who : names(busy)} did ${operations.toLocaleString('en')} lock operations in ` +
        `${seconds(silentMs)} and got nothing done${on}`,
      because: [starved ? 'everybody else gets on' : 'busy, and not productive'],
      exact: false,
      cycle: starved ? [root] : busy,
      victims: victims.filter((t) => starved || !busy.includes(t)),
    };
  }

  /** What a finding with a nudge becomes once its thread was nudged.  @param went whether it went on */
  afterNudge(finding: Finding, went: boolean | undefined): Finding {
    const root = finding.nudge;
    if (root === undefined) return finding;
    const { nudge: _, ...rest } = finding;
    if (went !== true) {
      const said = went === false ? 'woken without a signal, it went back to sleep: what it waits for is not there' : 'a nudge decided nothing';
      return { ...rest, because: [...finding.because, said] };
    }
    return {
      ...rest,
      verdict: 'lost-wakeup',
      because: ['woken without a signal, it went on: what it waited for was there, and its wakeup was lost'],
      cycle: [root],
      victims: [...finding.cycle.filter((t) => t !== root), ...finding.victims],
    };
  }
}

/** The trial's own time is up and no look found anything. */
export function overtime(ms: number): Finding {
  const late = threadsOf().filter((t) => isAlive(t));
  return plain('timeout', `the trial took longer than ${seconds(ms)}; still running: ${names(late) || 'nobody'}`, []);
}

function plain(verdict: VerdictName, message: string, because: string[]): Finding {
  return { verdict, message, because, exact: false, cycle: [], victims: [] };
}

function cyclic(cycle: readonly Thread[], edges: ReadonlyMap<Thread, Edge>): Finding {
  const link = (t: Thread): string => `${threadName(t)} wants ${objectName(edges.get(t)!.wait.wanted)}`;
  return {
    verdict: cycle.length === 1 ? 'self-deadlock' : 'deadlock',
    message:
      cycle.length === 1
        ? `${link(cycle[0]!)}, which it holds itself`
        : `${cycle.map(link).join('; ')}, which ${threadName(cycle[0]!)} holds`,
    because: ['each waits for what the next one holds; two looks found each in the same wait'],
    exact: true,
    cycle,
    victims: behind(cycle, edges),
  };
}

/** The thread that signalled a condvar last: the best guess at who has what it stands for. */
function lastSignaller(object: Sobj): Thread | undefined {
  const t = get(object as Ref<string> as Ref<'kcondvar'>, kcondvar.last_signal);
  return t === 0 ? undefined : t;
}

/** Of the threads that queue behind root, the longest chain of waits that ends at it. */
function longestPath(root: Thread, queue: readonly Thread[], edges: ReadonlyMap<Thread, Edge>): Thread[] {
  let best: Thread[] = [root];
  for (const t of queue) {
    const path = rootOf(t, edges);
    if (path[path.length - 1] === root && path.length > best.length) best = path;
  }
  return best;
}

function ending(t: Thread): string {
  const message = textOf(get(t, kthread.exit_message));
  switch (get(t, kthread.exit_reason)) {
    case EXIT.returned:
      return 'returned';
    case EXIT.threw:
      return `threw ${message}`;
    case EXIT.exited:
      return `exited${message === '' ? '' : ` (${message})`}`;
    default:
      return `was terminated${message === '' ? '' : ` (${message})`}`;
  }
}

function names(threads: readonly Thread[]): string {
  const all = threads.map((t) => threadName(t));
  return all.length <= 4 ? all.join(', ') : `${all.slice(0, 3).join(', ')} and ${all.length - 3} more`;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Whether the trial is in a phase in which threads are expected to get on. */
export function watched(): boolean {
  const phase = load(header, image_header.phase);
  return phase === PHASE.gate || phase === PHASE.run || phase === PHASE.stop;
}
