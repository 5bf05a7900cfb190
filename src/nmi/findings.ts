/*
 * Findings: what the deadman and the watchdog say of a hang, in words.
 *
 * A message names the threads and the locks and fits on a line; what is behind it, one sentence each, is in
 * `because`.  `cycle` are the threads that the hang consists of, in the order of their waits if there is one;
 * `victims` those that wait for them.  Numbers of milliseconds are what was, not what counted (deadman.ts).
 */

import {
  holdsOf,
  isAlive,
  kindOf,
  msSince,
  objectName,
  threadName,
  threadsOf,
  waitersOn,
  waitOf,
  NOTHING,
  type Sobj,
  type Thread,
  type Wait,
} from '../dump/census.ts';
import type { VerdictName } from '../base/verdict.ts';
import {
  EXIT,
  header,
  image_header,
  kbarrier,
  kcondvar,
  kthread,
  SOBJ,
  THREAD,
} from '../layout/records.ts';
import { textOf } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { get, load } from '../layout/word.ts';
import { behind, pathTo, readEdges, type Edges, type Orphan } from './waitgraph.ts';

export interface Finding {
  readonly verdict: VerdictName;
  readonly message: string;
  readonly because: readonly string[];
  readonly exact: boolean;
  readonly cycle: readonly Thread[];
  readonly victims: readonly Thread[];
  /** test these, in this order, before believing the verdict; see afterNudge() */
  readonly nudges?: readonly Nudge[];
}

/** A sleeper to wake without a signal, and how it slept: `340 ms on ready`. */
export interface Nudge {
  readonly thread: Thread;
  readonly slept: string;
}

export function nudgesOf(threads: readonly Thread[]): Nudge[] {
  return [...new Set(threads)].map((thread) => ({ thread, slept: waitedOn(thread) }));
}

/**
 * The same finding, with those who queue behind by now: between the last look and the moment the threads
 * stood still more may have come.  For the image that this thread is bound to.
 */
export function withVictims(finding: Finding): Finding {
  const threads = threadsOf();
  const later = behind(finding.cycle, readEdges(waitsOf(threads), threads));
  return { ...finding, victims: [...new Set([...finding.victims, ...later])] };
}

/** What a finding becomes once its threads were nudged.  @param went the first that went on, if any did */
export function afterNudge(finding: Finding, went: Nudge | undefined): Finding {
  const { nudges = [], ...rest } = finding;
  if (nudges.length === 0) return rest;
  if (went === undefined) {
    const one = nudges.length === 1;
    const who = names(nudges.map(({ thread }) => thread));
    const said = `woken without a signal, ${who} went back to sleep: what ${one ? 'it waits' : 'they wait'} for is not there`;
    return { ...rest, because: [...finding.because, said] };
  }
  const { thread, slept } = went;
  return {
    ...rest,
    verdict: 'lost-wakeup',
    message: `${threadName(thread)} slept for ${slept} though what it waited for was there`,
    because: ['woken without a signal, it went on: its own wakeup was lost'],
    cycle: [thread],
    victims: [...new Set([...finding.cycle, ...finding.victims])].filter((t) => t !== thread),
  };
}

export function waitsOf(threads: readonly Thread[]): Map<Thread, Wait> {
  const waits = new Map<Thread, Wait>();
  for (const t of threads) {
    const wait = waitOf(t);
    if (wait !== undefined) waits.set(t, wait);
  }
  return waits;
}

/** `340 ms on ready` */
function waitedOn(t: Thread): string {
  const wait = waitOf(t);
  return wait === undefined
    ? 'a while'
    : `${seconds(msSince(wait.since))} on ${objectName(wait.wanted)}`;
}

/** The trial's own time is up and no look found anything. */
export function overtime(ms: number): Finding {
  const late = threadsOf().filter((t) => isAlive(t));
  const mute = late.filter(
    (t) => (get(t, kthread.flags) & (THREAD.reports | THREAD.daemon | THREAD.load)) === 0,
  );
  return plain(
    'timeout',
    `the trial took longer than ${seconds(ms)}; still running: ${names(late) || 'nobody'}`,
    mute.length === 0
      ? []
      : [
          `${names(mute)} never took progress() from the context, so only its silence could tell a hang`,
        ],
  );
}

export function plain(verdict: VerdictName, message: string, because: string[]): Finding {
  return { verdict, message, because, exact: false, cycle: [], victims: [] };
}

export function panic(t: Thread, threads: readonly Thread[]): Finding {
  const edges = readEdges(waitsOf(threads), threads);
  return {
    verdict: 'panic',
    message: textOf(load(header, image_header.panic_message)),
    because: [`${threadName(t)} panicked`],
    exact: true,
    // The boot thread may panic too, and is no role thread.
    cycle: threads.includes(t) ? [t] : [],
    victims: behind([t], edges),
  };
}

export function cyclic(cycle: readonly Thread[], edges: Edges): Finding {
  const [first] = cycle as [Thread];
  const links = cycle.map((t, i) => {
    const { wait } = edges.get(t)!;
    const next = cycle[(i + 1) % cycle.length]!;
    const how = kindOf(wait.wanted) === SOBJ.rwlock ? (wait.writer ? ' to write' : ' to read') : '';
    // A reader may wait for one that has nothing yet, and stands before it in line.
    const held = holdsOf(next).some((hold) => hold.object === wait.wanted);
    return { says: `${threadName(t)} wants ${objectName(wait.wanted)}${how}`, held };
  });
  const last = links[links.length - 1]!;
  const self = cycle.length === 1;
  const closes = last.held
    ? `which ${self ? 'it' : threadName(first)} holds${self ? ' itself' : ''}`
    : `behind ${threadName(first)}`;
  const says = links.map(({ says: each, held }, i) =>
    held || i === links.length - 1 ? each : `${each}, behind ${threadName(cycle[i + 1]!)}`,
  );
  return {
    verdict: self ? 'self-deadlock' : 'deadlock',
    message: `${shortened(says).join('; ')}, ${closes}`,
    because: [
      self
        ? 'two looks found it in the same wait'
        : 'each waits for what the next one holds; two looks found each in the same wait',
    ],
    exact: true,
    cycle,
    victims: behind(cycle, edges),
  };
}

/** A role that threw, exited, or returned with something in its hands; nobody is known to want that. */
export function ended(t: Thread): Finding {
  const held = holdsOf(t).map((hold) => objectName(hold.object));
  return {
    verdict: get(t, kthread.exit_reason) === EXIT.returned ? 'orphaned-lock' : 'crash',
    message: `${threadName(t)} ${ending(t)}${held.length === 0 ? '' : ` with ${held.join(', ')} held`}`,
    because: held.length === 0 ? [] : ['nobody waited for it'],
    exact: true,
    cycle: [t],
    victims: [],
  };
}

/** A lock whose owner is gone, and one that wants it. */
export function orphaned({ owner, object, wanted, asks }: Orphan, edges: Edges): Finding {
  const name = objectName(object);
  const victims = behind([owner], edges);
  return {
    verdict: 'orphaned-lock',
    message: `${threadName(owner)} ${ending(owner)} with ${name} held, and ${threadName(wanted)} ${asks} for it`,
    because: [`${name} names an owner that is gone; nobody else can give it up`],
    exact: true,
    cycle: [owner],
    victims: victims.includes(wanted) ? victims : [wanted, ...victims],
  };
}

/**
 * Threads asleep on what nobody is known to have, and nothing happened to.
 * @param unserved one or more
 */
export function unanswered(unserved: readonly Thread[], edges: Edges): Finding {
  const root = unserved.find((t) => behind([t], edges).length > 0);
  if (root !== undefined) return chained(root, edges);
  const objects = new Set(unserved.map((t) => waitOf(t)?.wanted));
  const [first] = unserved as [Thread];
  const wait = waitOf(first);
  const because = [
    'nobody is known to have what it waits for: found by what does not happen, not by a cycle',
  ];
  const rest = { because, exact: false, cycle: unserved, victims: [] };
  if (objects.size > 1) {
    const sleeps = unserved.map((t) => `${threadName(t)} has slept ${waitedOn(t)}`);
    return {
      verdict: 'deadlock',
      message: `${shortened(sleeps).join('; ')}: none of them can wake another`,
      ...rest,
    };
  }
  const name = objectName(wait?.wanted ?? NOTHING);
  const sleep = unserved.length === 1 ? 'has slept' : 'have slept';
  if (wait !== undefined && kindOf(wait.object) === SOBJ.barrier) {
    const parties = get(wait.object as Ref<string> as Ref<'kbarrier'>, kbarrier.parties);
    return {
      verdict: 'deadlock',
      message: `${names(unserved)} ${sleep} ${waitedOn(first)}, where ${waitersOn(wait.object)} of ${parties} are: the others do not come`,
      ...rest,
    };
  }
  return {
    ...rest,
    verdict: 'lost-wakeup',
    message: `${names(unserved)} ${sleep} ${waitedOn(first)}, and nobody wakes ${unserved.length === 1 ? 'it' : 'them'}`,
    because: [`nothing happened to ${name} meanwhile, and nobody is known to have it`],
  };
}

/** A queue behind one that sleeps on what nobody is known to have. */
function chained(root: Thread, edges: Edges): Finding {
  const queue = behind([root], edges);
  const object = waitOf(root)?.object ?? NOTHING;
  const suspect = kindOf(object) === SOBJ.cv ? lastSignaller(object) : undefined;
  const closes = suspect !== undefined && queue.includes(suspect);
  const path = closes ? pathTo(suspect, root, edges) : longestPath(root, queue, edges);
  return {
    verdict: 'deadlock',
    message:
      `${threadName(root)} has slept ${waitedOn(root)}, which has no known owner; ` +
      `${names(queue)} ${queue.length === 1 ? 'waits' : 'wait'} behind it`,
    because: [
      'the chain of waits ends at an edge that nobody declared: found by what does not happen, not by a cycle',
      ...(closes
        ? [
            `${objectName(object)} was last signalled by ${threadName(suspect)}, which waits in the chain itself`,
          ]
        : []),
    ],
    exact: false,
    cycle: path,
    victims: queue.filter((t) => !path.includes(t)),
  };
}

/** The thread that signalled a condvar last: the best guess at who has what it stands for. */
function lastSignaller(object: Sobj): Thread | undefined {
  const t = get(object as Ref<string> as Ref<'kcondvar'>, kcondvar.last_signal);
  return t === 0 ? undefined : t;
}

/** Of the threads that queue behind root, the longest chain of waits that ends at it. */
function longestPath(root: Thread, queue: readonly Thread[], edges: Edges): Thread[] {
  let best: Thread[] = [root];
  for (const t of queue) {
    const path = pathTo(t, root, edges);
    if (path.length > best.length) best = path;
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

/** The first few, how many more, and the last. */
function shortened(parts: readonly string[]): string[] {
  if (parts.length <= 6) return [...parts];
  return [...parts.slice(0, 3), `… ${parts.length - 4} more …`, parts[parts.length - 1]!];
}

export function names(threads: readonly Thread[]): string {
  return some(threads.map((t) => threadName(t)));
}

export function some(all: readonly string[]): string {
  return all.length <= 4
    ? all.join(', ')
    : `${all.slice(0, 3).join(', ')} and ${all.length - 3} more`;
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
