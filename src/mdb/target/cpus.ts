/*
 * CPUs: which of the host's the threads were on, as far as a dump can tell.
 *
 * There is no cpu_t: the CPUs are the host's.  A thread has one that it was pinned to, and one that the host
 * last saw it on, which is the better witness.  What ran there at the stop is, in this order: the thread that
 * panicked, which stands where it was; one that the kernel calls ONPROC and the host saw running; any other
 * ONPROC; one that the host saw running on its way out of a sleep.  The rest of those stood in line for it.
 *
 * Who may run anywhere and was not seen anywhere is on CPU -1.
 */

import type { DumpThread } from '../../dump/format.ts';
import { stateOf } from './threads.ts';
import type { Target } from './target.ts';

/** A host claims so many CPUs at most. */
const CPUS_MAX = 4096;

export interface Cpu {
  readonly id: number;
  /** what was on it */
  readonly running: DumpThread | undefined;
  /** what wanted it */
  readonly ready: readonly DumpThread[];
}

export function cpusOf(target: Target): Cpu[] {
  const byId = new Map<number, { thread: DumpThread; rank: number }[]>();
  const { cpus } = target.dump.head;
  for (let id = 0; id < Math.min(cpus, CPUS_MAX); id++) byId.set(id, []);
  for (const thread of target.threads) {
    const rank = rankOf(target, thread);
    const id = cpuOf(thread);
    if (rank === undefined && id < 0) continue;
    const those = byId.get(id) ?? [];
    if (rank !== undefined) those.push({ thread, rank });
    if (byId.size < CPUS_MAX || byId.has(id)) byId.set(id, those);
  }
  return [...byId]
    .sort(([a], [b]) => a - b)
    .map(([id, found]) => {
      const [running, ...ready] = found.sort((a, b) => a.rank - b.rank).map(({ thread }) => thread);
      return { id, running, ready };
    });
}

/** The CPU that a thread was on, else is pinned to, else -1. */
export function cpuOf({ os, cpu }: DumpThread): number {
  return os !== undefined && os.cpu >= 0 ? os.cpu : cpu;
}

function rankOf(target: Target, thread: DumpThread): number | undefined {
  const isAwake = thread.os?.state === 'R';
  switch (stateOf(target, thread)) {
    case 'PANIC':
      return 0;
    case 'ONPROC':
    case 'RUN':
      return isAwake ? 1 : 2;
    case 'SLEEP':
      return isAwake ? 3 : undefined;
    default:
      return undefined;
  }
}
