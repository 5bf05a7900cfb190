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
 * after the second one's begin, and a thread that waits gives up nothing it holds.  So between the looks
 * all edges existed at one moment.
 *
 * Not edges: a timed wait (it ends by itself), a thread that was chosen to wake and has not yet, a
 * condvar without a declared resource, a semaphore.  What hides there needs a lack of progress
 * (deadman.ts).
 */

import { get, load } from '../layout/word.ts';
import { EXIT, kthread, TS } from '../layout/records.ts';
import { ownersOf, waitOf, type Thread, type Wait } from '../dump/census.ts';

export interface Edge {
  readonly from: Thread;
  readonly wait: Wait;
  readonly to: readonly Thread[];
}

/** The edges out of every thread that waits without a limit for something that somebody has. */
export function readEdges(threads: readonly Thread[]): Map<Thread, Edge> {
  const edges = new Map<Thread, Edge>();
  for (const from of threads) {
    const wait = waitOf(from);
    if (wait === undefined || wait.timed) continue;
    const to = ownersOf(wait.wanted, from, wait.writer, threads);
    if (to.length > 0) edges.set(from, { from, wait, to });
  }
  return edges;
}

/** A cycle, each thread waiting for the next and the last for the first; undefined when there is none. */
export function findCycle(edges: ReadonlyMap<Thread, Edge>): Thread[] | undefined {
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
      if (seen !== undefined) return path.slice(seen);
      const edge = edges.get(next);
      if (done.has(next) || edge === undefined) continue;
      onPath.set(next, path.length);
      path.push(next);
      todo.push([...edge.to]);
    }
  }
  return undefined;
}

/** The second look: whether each thread of the cycle is in the very wait that the first look saw. */
export function confirmCycle(
  cycle: readonly Thread[],
  edges: ReadonlyMap<Thread, Edge>,
  threads: readonly Thread[],
): boolean {
  return cycle.every((from, i) => {
    const next = cycle[(i + 1) % cycle.length]!;
    const wait = waitOf(from);
    return (
      wait !== undefined &&
      wait.seq === edges.get(from)?.wait.seq &&
      ownersOf(wait.wanted, from, wait.writer, threads).includes(next)
    );
  });
}

/** A thread that waits for one that is gone, and that one; the pair is as stable as a cycle. */
export function findOrphan(
  edges: ReadonlyMap<Thread, Edge>,
): { readonly waiter: Thread; readonly owner: Thread; readonly wait: Wait } | undefined {
  for (const { from, to, wait } of edges.values()) {
    const owner = to.find(
      (t) => load(t, kthread.state) === TS.zomb && get(t, kthread.exit_reason) !== EXIT.halted,
    );
    if (owner !== undefined && waitOf(from)?.seq === wait.seq) return { waiter: from, owner, wait };
  }
  return undefined;
}

/** Everyone whose waits lead, over any number of edges, to one of the roots; the roots not included. */
export function behind(roots: readonly Thread[], edges: ReadonlyMap<Thread, Edge>): Thread[] {
  const found = new Set<Thread>(roots);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { from, to } of edges.values()) {
      if (found.has(from) || !to.some((t) => found.has(t))) continue;
      found.add(from);
      grew = true;
    }
  }
  return [...found].filter((t) => !roots.includes(t));
}

/** Follows the waits from a thread to the first one that waits for nobody known. */
export function rootOf(t: Thread, edges: ReadonlyMap<Thread, Edge>): Thread[] {
  const path = [t];
  for (let edge = edges.get(t); edge !== undefined; ) {
    const next = edge.to.find((owner) => !path.includes(owner));
    if (next === undefined) break;
    path.push(next);
    edge = edges.get(next);
  }
  return path;
}
