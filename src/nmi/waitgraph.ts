/*
 * The wait-for graph: who waits for whom, and whether that can end.
 *
 * A node is a thread, an edge goes from one that sleeps to each thread that must act before it can go on
 * (dump/census.ts, ownersOf).  All of them must (a writer waits for every reader), so one that never will
 * is enough: any cycle is a deadlock.
 *
 * Why there are no false alarms, and no timeout.  A thread in an untimed wait leaves it only if one of
 * those it waits for acts; if they all wait for each other nobody ever does: a cycle is a stable
 * property.  The graph is read while threads run, so a first look may combine edges that never existed
 * together.  The second look reads each wait_seq and each edge of the cycle again.  A thread whose
 * wait_seq is the same odd number was in one and the same wait from before the first look's end until
 * after the second one's begin, and a thread that waits gives up nothing it holds (the kernel makes the
 * number odd only when it has nothing left to give up).  So between the looks all edges existed at one
 * moment.
 *
 * A lock whose owner is gone is as stable: the dead give nothing up.  There the order matters.  Whoever
 * dies may have given its locks up just before, so the lock is read again after its owner was seen dead.
 *
 * Not edges: a timed wait (it ends by itself), a thread that was chosen to wake and has not yet, a
 * condvar without a declared resource, a semaphore.  What hides there needs that nobody is awake, or a
 * lack of progress (deadman.ts).
 */

import { get, load } from '../layout/word.ts';
import { EXIT, kthread, TS } from '../layout/records.ts';
import {
  holdsOf,
  isAlive,
  ownersOf,
  Rwlocks,
  waitOf,
  type Sobj,
  type Thread,
  type Wait,
} from '../dump/census.ts';

const NOTHING = 0 as Sobj;

export interface Edge {
  readonly from: Thread;
  readonly wait: Wait;
  readonly to: readonly Thread[];
}
export type Edges = ReadonlyMap<Thread, Edge>;

/** The edges out of every thread that waits without a limit for something that somebody has. */
export function readEdges(waits: ReadonlyMap<Thread, Wait>, threads: readonly Thread[]): Edges {
  const edges = new Map<Thread, Edge>();
  const rwlocks = new Rwlocks(threads);
  for (const [from, wait] of waits) {
    if (wait.timed) continue;
    const to = ownersOf(wait.wanted, from, wait.writer, threads, rwlocks);
    if (to.length > 0) edges.set(from, { from, wait, to });
  }
  return edges;
}

/** A cycle, each thread waiting for the next and the last for the first; undefined when there is none. */
export function findCycle(edges: Edges): Thread[] | undefined {
  const done = new Set<Thread>();
  for (const start of edges.keys()) {
    const path: Thread[] = [];
    const onPath = new Map<Thread, number>();
    // Depth first with an explicit stack of the successors still to visit: a chain may be long.
    const todo: Thread[][] = [[start]];
    while (todo.length > 0) {
      const next = todo[todo.length - 1]!.pop();
      if (next === undefined) {
        todo.pop();
        const left = path.pop();
        if (left !== undefined) {
          onPath.delete(left);
          done.add(left);
        }
        continue;
      }
      const seen = onPath.get(next);
      if (seen !== undefined) return fromFirst(path.slice(seen));
      const edge = edges.get(next);
      if (done.has(next) || edge === undefined) continue;
      onPath.set(next, path.length);
      path.push(next);
      todo.push([...edge.to]);
    }
  }
  return undefined;
}

/** The same cycle from its first thread on, by the thread table: so it reads the same each time. */
function fromFirst(cycle: readonly Thread[]): Thread[] {
  const first = cycle.indexOf(cycle.reduce((least, t) => (t < least ? t : least)));
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}

/** The second look: whether each thread of the cycle is in the very wait that the first look saw. */
export function confirmCycle(
  cycle: readonly Thread[],
  edges: Edges,
  threads: readonly Thread[],
): boolean {
  const rwlocks = new Rwlocks(threads);
  return cycle.every((from, i) => {
    const next = cycle[(i + 1) % cycle.length]!;
    const wait = waitOf(from);
    return (
      wait !== undefined &&
      wait.seq === edges.get(from)?.wait.seq &&
      ownersOf(wait.wanted, from, wait.writer, threads, rwlocks).includes(next)
    );
  });
}

export interface Orphan {
  readonly owner: Thread;
  readonly object: Sobj;
  /** who wants it, and how it asks */
  readonly wanted: Thread;
  readonly asks: 'waits' | 'asks';
}

/** A lock whose owner is gone, and one that wants it: waits for it, with or without a limit, or tried last. */
export function findOrphan(threads: readonly Thread[]): Orphan | undefined {
  for (const wanted of threads) {
    if (!isAlive(wanted)) continue;
    const wait = waitOf(wanted);
    for (const object of [wait?.wanted ?? NOTHING, get(wanted, kthread.tried)]) {
      if (object === 0) continue;
      const owners = (): readonly Thread[] =>
        ownersOf(object, wanted, wait?.writer === true, threads);
      const owner = owners().find(isGone);
      if (owner === undefined || !owners().includes(owner)) continue;
      return { owner, object, wanted, asks: object === wait?.wanted ? 'waits' : 'asks' };
    }
  }
  return undefined;
}

/** Whether a thread came to its end, other than by being told to unwind. */
export function isGone(t: Thread): boolean {
  return load(t, kthread.state) === TS.zomb && get(t, kthread.exit_reason) !== EXIT.halted;
}

/** Whether a thread came to an end that must be explained: it threw, exited, or left a lock behind. */
export function isCasualty(t: Thread): boolean {
  return isGone(t) && (get(t, kthread.exit_reason) !== EXIT.returned || holdsOf(t).length > 0);
}

/** Everyone whose waits lead, over any number of edges, to one of the roots; the roots not included. */
export function behind(roots: readonly Thread[], edges: Edges): Thread[] {
  const found = new Set<Thread>(roots);
  for (let grew = true; grew;) {
    grew = false;
    for (const { from, to } of edges.values()) {
      if (found.has(from) || !to.some((t) => found.has(t))) continue;
      found.add(from);
      grew = true;
    }
  }
  return [...found].filter((t) => !roots.includes(t)).toSorted((a, b) => a - b);
}

/** Follows the waits from a thread to all that wait for nobody known: itself, if it is such a one. */
export function endsOf(t: Thread, edges: Edges): Thread[] {
  const seen = new Set([t]);
  const ends: Thread[] = [];
  // A set that grows while it is walked is walked to its new end.
  for (const each of seen) {
    const edge = edges.get(each);
    if (edge === undefined) ends.push(each);
    else for (const next of edge.to) seen.add(next);
  }
  return ends;
}

/** The shortest way from a thread to one that its waits lead to, both included. */
export function pathTo(t: Thread, end: Thread, edges: Edges): Thread[] {
  const from = new Map<Thread, Thread>();
  const todo = [t];
  for (const each of todo) {
    if (each === end) break;
    for (const next of edges.get(each)?.to ?? []) {
      if (next === t || from.has(next)) continue;
      from.set(next, each);
      todo.push(next);
    }
  }
  const path: Thread[] = [];
  for (let at: Thread | undefined = end; at !== undefined; at = at === t ? undefined : from.get(at))
    path.unshift(at);
  return path;
}
