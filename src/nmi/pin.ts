/*
 * Threads, pinned to processors.
 *
 * Which processor a thread may use decides what a run can find.  Free runs spread their threads, since
 * a container may pack them all onto one processor, and then nothing races.  Controlled runs put them
 * all on one, since they hand a baton around, and that takes 200,000 to 390,000 turns a second on one
 * processor and 22,000 to 60,000 across several (DESIGN.md, section 3).
 *
 * Node cannot pin a thread, and a native addon is too much to ask for it.  `taskset -pc CPUS TID` can,
 * for any thread of the same user.  One shell pins them all: 16 threads in 20 ms, where each
 * spawn of its own costs 3.
 *
 * A run without pins is still a run.  So nothing here throws: where there is no Linux, no shell, no
 * taskset, or no permission, the answer says how many threads were pinned, of how many, and why not
 * all, and the run record keeps that line.
 *
 * Only numbers reach the shell.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Pin {
  tid: number;
  cpus: readonly number[];
}

export interface PinReport {
  pinned: number;
  of: number;
  /** Why not all of them: one line. */
  why?: string;
}

const BUDGET_MS = 2_000;
const PINNED = 'pinned';

/** The processors that the main thread may use, and so may all; none if the system does not tell. */
export function availableCpus(): number[] {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return [];
  }
  return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
}

/** Reads the kernel's notation, as in 0-3,8,10-11. */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range.trim());
    if (match === null) return [];
    const first = Number(match[1]);
    return Array.from({ length: Number(match[2] ?? first) - first + 1 }, (_, n) => first + n);
  });
}

/** One processor for each thread, in turn. */
export function spread(tids: readonly number[], cpus: readonly number[]): Pin[] {
  return tids.map((tid, n) => ({ tid, cpus: cpus.slice(n % cpus.length, (n % cpus.length) + 1) }));
}

/** Pins these threads, of this process or another.  Never throws. */
export async function pinThreads(
  pins: readonly Pin[],
  budgetMs: number = BUDGET_MS,
): Promise<PinReport> {
  const of = pins.length;
  if (of === 0) return { pinned: 0, of };
  if (process.platform !== 'linux') {
    return { pinned: 0, of, why: `threads cannot be pinned on ${process.platform}` };
  }
  if (!pins.every(({ tid, cpus }) => cpus.length > 0 && [tid, ...cpus].every(isWhole))) {
    return { pinned: 0, of, why: 'no processor, or no thread, to pin to' };
  }
  const script = pins.map(
    ({ tid, cpus }) => `taskset -pc ${cpus.join(',')} ${tid} >/dev/null && echo ${PINNED}`,
  );
  const { stdout, stderr, error } = await shell(script.join('\n'), budgetMs);
  const pinned = stdout.split('\n').filter((line) => line === PINNED).length;
  if (pinned === of) return { pinned, of };
  const why = [...stderr.split('\n'), error, 'taskset did not say why'].find((line) => line !== '');
  return { pinned, of, why: why! };
}

interface ShellResult {
  stdout: string;
  stderr: string;
  error: string;
}

function shell(script: string, timeout: number): Promise<ShellResult> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', script], { timeout, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const why = error?.killed === true ? `gave up after ${timeout} ms` : (error?.message ?? '');
      resolve({ stdout, stderr, error: why.split('\n', 1)[0] ?? '' });
    });
  });
}

function isWhole(n: number): boolean {
  return Number.isInteger(n) && n >= 0;
}
