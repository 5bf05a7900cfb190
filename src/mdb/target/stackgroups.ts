/*
 * Stacks that are alike: for each (state, kind of object waited for, places on the stack), its threads.
 *
 * One pass over the threads, with a map by a key: a stack is named by the numbers of its places, and a place is
 * turned into text once for the group, not once for the thread.  So the time goes with the threads, and with
 * the distinct stacks for the rest.
 *
 * Order: who panicked last, so that it is at the bottom of a screen; then the larger group; then by state, kind
 * and the functions' names.
 */

import type { DumpThread } from '../../dump/format.ts';
import { framePlace, framesOf } from './frames.ts';
import type { Target } from './target.ts';
import { sobjOf, stateOf } from './threads.ts';

export interface Group {
  /** in the order in which they came */
  readonly threads: readonly DumpThread[];
  readonly state: string;
  readonly sobj: string;
  /** innermost first */
  readonly places: readonly string[];
}

/** Where a thread is: the addresses of its frames in the text, innermost first. */
export function placesOf(target: Target, thread: DumpThread): number[] {
  return framesOf(target, thread).frames.map(({ pc }) => pc);
}

export function groupsOf(target: Target, threads: Iterable<DumpThread>): Group[] {
  const byKey = new Map<string, { state: string; sobj: string; threads: DumpThread[] }>();
  for (const thread of threads) {
    const [state, sobj] = [stateOf(target, thread), sobjOf(target, thread)];
    // What has no address is told apart by its function.
    const places = framesOf(target, thread).frames.map(({ pc, frame }) => pc || frame.function);
    const key = `${state}\n${sobj}\n${places.join('\n')}`;
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, { state, sobj, threads: [thread] });
    else group.threads.push(thread);
  }
  return [...byKey.values()]
    .map((group) => ({
      ...group,
      places: framesOf(target, group.threads[0]!).frames.map((each) => framePlace(target, each)),
    }))
    .sort(inOrder);
}

function inOrder(a: Group, b: Group): number {
  return (
    Number(a.state === 'PANIC') - Number(b.state === 'PANIC') ||
    b.threads.length - a.threads.length ||
    compare(a.state, b.state) ||
    compare(a.sobj, b.sobj) ||
    compare(a.places.join('\n'), b.places.join('\n'))
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
