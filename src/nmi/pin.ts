/*
 * Pinning: one CPU for each thread, so that threads which should race do.
 *
 * A virtual machine or a container may pack all threads of a process onto one CPU, where they take turns and
 * hardly ever meet.  Thread i is bound to the i-th of the CPUs that this process may use, round and round.
 *
 * There is no call for it in Node, so one shell runs taskset(1) for each thread: 3 ms a thread, once in a
 * machine's life.  Where there is no taskset, or the host refuses, threads stay where they are put, and the
 * run record says so: `says` is a sentence for people.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, platform } from 'node:os';

export interface Pinning {
  /** for each thread the CPU it is bound to, or -1 */
  readonly cpus: readonly number[];
  readonly says: string;
}

const PIN_MS_MAX = 10_000;

/** The CPUs that this process may run on. */
export function availableCpus(): number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (list !== undefined) return expandList(list);
  } catch {
    // Not Linux: number them from 0.
  }
  return Array.from({ length: availableParallelism() }, (_, i) => i);
}

/** `0-3,8` → 0, 1, 2, 3, 8 */
export function expandList(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/**
 * Binds threads to CPUs, spread evenly.  Never throws.
 * @param tids the operating system's thread ids, of this process; 0 where unknown
 */
export async function pinThreads(tids: readonly number[]): Promise<Pinning> {
  const nowhere = tids.map(() => -1);
  if (platform() !== 'linux') return { cpus: nowhere, says: `not pinned: ${platform()} offers no way to` };
  const cpus = availableCpus();
  if (cpus.length < 2) return { cpus: nowhere, says: 'not pinned: there is one CPU' };
  const plan = tids.map((tid, i) => ({ tid, cpu: cpus[i % cpus.length]! }));
  const script = plan
    .map(({ tid, cpu }, i) => (tid > 0 ? `taskset -pc ${cpu} ${tid} >/dev/null 2>&1 && echo ${i}` : ':'))
    .join('\n');
  const done = new Set(await runShell(`${script}\n:`));
  const pinned = plan.map(({ cpu }, i) => (done.has(String(i)) ? cpu : -1));
  const count = pinned.filter((cpu) => cpu >= 0).length;
  const over = `over CPUs ${[...new Set(pinned.filter((cpu) => cpu >= 0))].join(',')}`;
  if (count === tids.length) return { cpus: pinned, says: `pinned ${over}` };
  if (count === 0) return { cpus: pinned, says: 'not pinned: taskset is missing or refused' };
  return { cpus: pinned, says: `pinned ${count} of ${tids.length} ${over}` };
}

/** The lines that a script printed, whatever became of it. */
async function runShell(script: string): Promise<string[]> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', script], { timeout: PIN_MS_MAX }, (_error, stdout) => resolve(stdout.split('\n')));
  });
}
