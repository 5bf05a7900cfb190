/*
 * Threads, as the commands that list them want to know them: what the dump says of one joined with what its
 * kthread says.
 *
 *     mdb's column    here
 *     -------------   ------------------------------------------------------------------------------
 *     STATE           the kthread's state; PANIC for the one that panicked
 *     SOBJ            what it waits for: MUTEX RWLOCK CV SEMA, and ours: RESOURCE BARRIER DELAY
 *     PROC            kthread.proc, the process a workload put it in; 0 without one
 *     LWP             0: there are no lwps
 *     LWPID           the host's thread id, which top, perf and /proc use too; else the worker's own id
 *     CMD             the process's u_comm, else the first word of the thread's psargs, without its path
 *
 * A thread of the kernel's own process, pid 0, is called by the function it began in, as mdb does it.
 */

import type { DumpThread } from '../../dump/format.ts';
import { framesOf } from './frames.ts';
import { kthreadWord, procOf } from './procs.ts';
import { record, type Record } from './record.ts';
import { addressOf, type Target } from './target.ts';

/** What a thread with no wait has for a synchronization object. */
export const NO_SOBJ = '<NONE>';
/** States as mdb spells them, for -t; PANIC is none of the kernel's. */
export const STATES = ['FREE', 'SLEEP', 'RUN', 'ONPROC', 'ZOMB', 'STOPPED', 'WAIT', 'PANIC'];
export const SOBJS = [
  'MUTEX',
  'RWLOCK',
  'CV',
  'SEMA',
  'USER',
  'USER_PI',
  'SHUTTLE',
  'RESOURCE',
  'BARRIER',
  'DELAY',
];

/** Its kthread.  @throws MdbError when the dump has no such type, or nothing is mapped there */
export function kthreadOf(target: Target, thread: DumpThread): Record {
  return record(target, 'kthread', addressOf(thread));
}

/** SLEEP, ONPROC, PANIC … */
export function stateOf(target: Target, thread: DumpThread): string {
  if (target.flagsOf(thread).includes('PANICKED')) return 'PANIC';
  return thread.state.replace(/^TS_/, '').toUpperCase();
}

/** What it waits for; also of one that was woken, and has not left its sleep yet. */
export function sobjOf(target: Target, thread: DumpThread): string {
  if (thread.wants !== null) return thread.wants.kind.toUpperCase();
  const isAsleep = ((kthreadWord(target, thread, 'wait_seq') ?? 0) & 1) !== 0;
  const kind = isAsleep ? kthreadWord(target, thread, 'wait_kind') : undefined;
  const field = target.types.find('kthread')?.fields.find(({ name }) => name === 'wait_kind');
  const name = kind === undefined ? undefined : field?.names?.[kind];
  return name === undefined || name === 'none' ? NO_SOBJ : name.toUpperCase();
}

export function lwpIdOf({ os_tid, thread_id }: DumpThread): number {
  return os_tid === 0 ? thread_id : os_tid;
}

/** The name of what the thread runs. */
export function commOf(target: Target, thread: DumpThread): string {
  const proc = procOf(target, thread);
  if (proc !== undefined && proc.comm !== '') return proc.comm;
  const [first = ''] = thread.psargs.trim().split(/\s+/, 1);
  return first.slice(first.lastIndexOf('/') + 1) || thread.role;
}

/** Its arguments, as ps -f shows them. */
export function psargsOf(target: Target, thread: DumpThread): string {
  const all = [procOf(target, thread)?.psargs ?? '', thread.psargs, thread.name];
  return all.find((each) => each !== '') ?? '';
}

/** Whether it belongs to the kernel's own process. */
export function isKernels(target: Target, thread: DumpThread): boolean {
  return procOf(target, thread)?.pid === 0;
}

/** The function it began in, as `callout_taskq`; its role where it has no stack. */
export function startOf(target: Target, thread: DumpThread): string {
  const outermost = framesOf(target, thread).frames.at(-1);
  const symbol = outermost && target.text.objectAt(outermost.pc)?.functionAt(outermost.pc)?.address;
  if (symbol !== undefined) return target.symbolic(BigInt(symbol));
  return outermost?.frame.function ?? thread.role;
}

/** `mdb/1234`, or ` startpc()` for one of the kernel's own: the last column of a list. */
export function commandOf(target: Target, thread: DumpThread): string {
  return isKernels(target, thread)
    ? `${startOf(target, thread)}()`
    : `${commOf(target, thread)}/${lwpIdOf(thread)}`;
}
