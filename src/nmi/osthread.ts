/*
 * What the operating system says of a thread.
 *
 * The NMI (stop.ts) asks a thread to stop and show its stack.  A thread that gives no answer is told
 * apart here, from /proc, which needs no answer from it:
 *
 *     judgement         between two looks at it
 *     ---------------   ----------------------------------------------------------------------
 *     on-cpu            it ran, and wants to run on: a loop, or native code that computes
 *     starved           it wanted to run, and was given no processor
 *     restless          asleep at the second look, but it had been awake in between
 *     asleep            it slept throughout, in a futex or in its event loop
 *     native            it slept throughout, in some other system call: read, wait4, flock …
 *     uninterruptible   state D: it waits for the kernel, mostly for a disk
 *     stopped           state T: stopped by a signal or a tracer
 *
 * Two looks are needed because one tells nothing.  A thread that polls is asleep nearly whenever one
 * looks, and a thread in a loop is not running whenever others are.  So the question is what changed.
 * Processor time comes from schedstat, in nanoseconds; the ticks of stat are 10 ms each, and two looks
 * may well be closer than that.  Where the kernel has no schedstat, the ticks have to do.
 *
 * "asleep" cannot tell a wait for a lock from an idle event loop, and execSync() sleeps in an event
 * loop of its own, so it is "asleep" too.  Those differ in what they answer to the NMI: the first stops,
 * the second answers without stopping, the third does not answer.
 *
 * A JavaScript thread learns its own number from the link /proc/thread-self, and nobody else can learn
 * it: Node does not tell, and threadId is a number of Node's own.  So each thread writes it down.
 *
 * Everything is read with synchronous calls, which neither need the main thread nor yield: one look
 * takes five reads, 0.05 ms.  Off Linux there is nothing to read; all answers are null, and the dump
 * then says less.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';

export interface OsThread {
  tid: number;
  /** R running or ready, S asleep, D uninterruptible, T stopped, Z ended. */
  state: string;
  /** The processor it ran on last. */
  cpu: number;
  utimeTicks: number;
  stimeTicks: number;
  /** Time on a processor, and time ready without one; null where the kernel does not count it. */
  runNanos: number | null;
  readyNanos: number | null;
  /** Context switches: it gave up the processor, or lost it. */
  voluntary: number;
  involuntary: number;
  /** The function of the kernel it sleeps in, as futex_do_wait; null if awake or not told. */
  wchan: string | null;
  /** The number of the system call it is in; null if in none, or not told. */
  syscall: number | null;
}

export type OsJudgement =
  | 'on-cpu'
  | 'starved'
  | 'restless'
  | 'asleep'
  | 'native'
  | 'uninterruptible'
  | 'stopped';

/** futex, epoll_wait, epoll_pwait, epoll_pwait2: where a JavaScript thread sleeps of its own accord. */
const AT_HOME: Partial<Record<NodeJS.Architecture, readonly number[]>> = {
  x64: [202, 232, 281, 441],
  arm64: [98, 22, 441],
};
const AT_HOME_WCHAN = /futex|ep_poll|epoll/;

/** The calling thread's number at the operating system. */
export function osThreadId(): number | null {
  try {
    return Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0] ?? NaN) || null;
  } catch {
    return null;
  }
}

/** A look at one thread of this process; null if there is no such thread, or off Linux. */
export function readOsThread(tid: number): OsThread | null {
  const folder = `/proc/self/task/${tid}/`;
  const stat = read(`${folder}stat`);
  const status = read(`${folder}status`);
  if (stat === null || status === null) return null;
  // The name, in parentheses, may contain anything.  What follows is field 3 and on, as proc(5) counts.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (n: number): number => Number(fields[n - 3]);
  const switches = (kind: string): number =>
    Number(new RegExp(`^${kind}_ctxt_switches:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const [run, ready] = read(`${folder}schedstat`)?.split(' ') ?? [];
  const wchan = read(`${folder}wchan`);
  const syscall = Number(read(`${folder}syscall`)?.split(' ')[0] ?? NaN);
  return {
    tid,
    state: fields[0] ?? '?',
    cpu: field(39),
    utimeTicks: field(14),
    stimeTicks: field(15),
    runNanos: run === undefined ? null : Number(run),
    readyNanos: ready === undefined ? null : Number(ready),
    voluntary: switches('voluntary'),
    involuntary: switches('nonvoluntary'),
    wchan: wchan === null || wchan === '0' || wchan === '' ? null : wchan,
    syscall: syscall >= 0 ? syscall : null,
  };
}

/** What the thread did between two looks.  Some milliseconds apart will do. */
export function judgeOsThread(a: OsThread, b: OsThread): OsJudgement {
  if (b.state === 'D') return 'uninterruptible';
  if (b.state === 'T' || b.state === 't') return 'stopped';
  const ran = nanos(b) > nanos(a);
  if (b.state === 'R') return ran ? 'on-cpu' : 'starved';
  if (ran || b.voluntary !== a.voluntary) return 'restless';
  return isAtHome(b) ? 'asleep' : 'native';
}

function nanos({ runNanos, utimeTicks, stimeTicks }: OsThread): number {
  return runNanos ?? (utimeTicks + stimeTicks) * 10_000_000;
}

function isAtHome({ syscall, wchan }: OsThread): boolean {
  if (wchan !== null) return AT_HOME_WCHAN.test(wchan);
  const calls = AT_HOME[process.arch];
  return syscall === null || calls === undefined || calls.includes(syscall);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
