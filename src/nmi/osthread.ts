/*
 * The host's view of a thread: what the operating system says that it does.
 *
 * The image knows what a thread of the simulated kernel is doing; of one that is outside the kernel only the
 * host knows whether it burns a CPU, sleeps in native code, or is not given a CPU at all.  On Linux that is in
 * /proc/self/task/TID: `stat` has the state, the CPU and the CPU time used, `status` the context switches,
 * `wchan` the kernel function it sleeps in.  A thread learns its own TID from /proc/thread-self.
 *
 * One sample is a state, two are a rate; only two tell a busy thread from one that was caught running.
 *
 * Everything is read synchronously, since the caller is the watchdog, which waits for nobody.  Where there is
 * no /proc every function answers null, and dumps say nothing about the host's threads.
 */

import { readFileSync, readlinkSync } from 'node:fs';

export interface OsThread {
  readonly tid: number;
  /** R running or runnable, S asleep, D in the disk, T stopped, Z gone: proc(5) */
  readonly state: string;
  /** the CPU it last ran on */
  readonly cpu: number;
  /** CPU time, in clock ticks of 10 ms */
  readonly utimeTicks: number;
  readonly stimeTicks: number;
  /** context switches: it gave the CPU up, or was made to */
  readonly voluntary: number;
  readonly involuntary: number;
  /** the kernel function it sleeps in, where the kernel tells */
  readonly wchan: string | null;
}

/** What two samples make of a thread. */
export type OsDoing = 'on-cpu' | 'runnable' | 'asleep' | 'in-and-out' | 'stopped';

/** The calling thread's id for the operating system; null where that cannot be known. */
export function osThreadId(): number | null {
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').pop());
    return Number.isInteger(tid) && tid > 0 ? tid : null;
  } catch {
    return null;
  }
}

/** A thread of this process as it is now; null when it is gone, or cannot be asked about. */
export function readOsThread(tid: number): OsThread | null {
  if (tid <= 0) return null;
  try {
    const task = `/proc/self/task/${tid}`;
    const stat = readFileSync(`${task}/stat`, 'utf8');
    // The name is in parentheses and may hold anything, so fields are counted from behind it: proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`${task}/status`, 'utf8');
    return {
      tid,
      state: fields[0] ?? '?',
      cpu: Number(fields[36]),
      utimeTicks: Number(fields[11]),
      stimeTicks: Number(fields[12]),
      voluntary: fieldOf(status, 'voluntary_ctxt_switches'),
      involuntary: fieldOf(status, 'nonvoluntary_ctxt_switches'),
      wchan: wchanOf(task),
    };
  } catch {
    return null;
  }
}

/** What a thread did between two samples. */
export function judgeOsThread(before: OsThread, after: OsThread): OsDoing {
  if (after.state === 'T' || after.state === 't') return 'stopped';
  const used = after.utimeTicks + after.stimeTicks - before.utimeTicks - before.stimeTicks;
  const slept = after.voluntary - before.voluntary;
  if (after.state === 'R') return used > 0 || slept === 0 ? 'on-cpu' : 'in-and-out';
  if (used > 0 || slept > 1) return 'in-and-out';
  return before.state === 'R' ? 'runnable' : 'asleep';
}

function fieldOf(status: string, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status);
  return found === null ? 0 : Number(found[1]);
}

function wchanOf(task: string): string | null {
  try {
    const wchan = readFileSync(`${task}/wchan`, 'utf8').trim();
    return wchan === '' || wchan === '0' ? null : wchan;
  } catch {
    return null;
  }
}
