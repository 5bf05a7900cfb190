/*
 * Processes: those of a workload that has any.
 *
 * The debugger knows no workload, but a process has been a proc_t for fifty years: a struct of that name, with
 * p_pid and p_user in it.  Where the dump has the type, its processes are found by type: what a thread's
 * kthread.proc points to, what any global table of pointers to proc_t points to, and what those point to as
 * their own kind (hash chains, parents).
 *
 * A workload without processes has none; lists of processes then show each thread as one (asProcs).
 */

import type { DumpThread, StructInfo } from '../../dump/format.ts';
import { record, type Record } from './record.ts';
import { addressOf, type Target } from './target.ts';

const PROC = 'proc_t';
/** Processes that are followed at most, and elements of one table: a damaged dump may claim any number. */
const PROCS_MAX = 10_000;
const TABLE_MAX = 100_000;
const PAGE = 4096n;

export interface Proc {
  readonly address: bigint;
  readonly pid: number;
  readonly ppid: number | undefined;
  /** R, S, Z, I, O, T, W; ? for what is none of them */
  readonly letter: string;
  readonly flag: number;
  readonly comm: string;
  readonly psargs: string;
}

/** p_stat, and the states of threads, as ps abbreviates them. */
const LETTERS: Readonly<{ [state: string]: string }> = {
  SSLEEP: 'S',
  SRUN: 'R',
  SZOMB: 'Z',
  SSTOP: 'T',
  SIDL: 'I',
  SONPROC: 'O',
  SWAIT: 'W',
  TS_SLEEP: 'S',
  TS_RUN: 'R',
  TS_ONPROC: 'O',
  TS_ZOMB: 'Z',
  TS_STOPPED: 'T',
  TS_FREE: 'I',
};

const known = new WeakMap<Target, { procs?: readonly Proc[]; of: Map<DumpThread, Proc | null> }>();

/** The process of a thread; undefined where it has none that can be read. */
export function procOf(target: Target, thread: DumpThread): Proc | undefined {
  const { of } = cacheOf(target);
  const found = of.get(thread);
  if (found !== undefined) return found ?? undefined;
  const proc = procAt(target, procPointer(target, thread));
  of.set(thread, proc ?? null);
  return proc;
}

/** kthread.proc, or 0. */
export function procPointer(target: Target, thread: DumpThread): bigint {
  return BigInt(kthreadWord(target, thread, 'proc') ?? 0);
}

/** A word of a thread's kthread; undefined where the dump has none. */
export function kthreadWord(target: Target, thread: DumpThread, name: string): number | undefined {
  const field = target.types.find('kthread')?.fields.find((each) => each.name === name);
  return field && target.word(Number(addressOf(thread)) + field.offset);
}

/** Whether the workload of this dump has processes at all. */
export function hasProcs(target: Target): boolean {
  return procsOf(target).length > 0;
}

/** Every process, by pid. */
export function procsOf(target: Target): readonly Proc[] {
  const cache = cacheOf(target);
  cache.procs ??= [...findProcs(target)].sort((a, b) => a.pid - b.pid);
  return cache.procs;
}

/** What is at an address, as a process; undefined when it cannot be one. */
export function procAt(target: Target, address: bigint): Proc | undefined {
  const struct = target.types.find(PROC);
  // Nothing that is allocated lies in the first page.
  if (struct === undefined || address < PAGE || address % 4n !== 0n) return undefined;
  if (!target.isMapped(address, struct.size)) return undefined;
  const proc = record(target, PROC, address);
  const user = proc.has('p_user') ? proc.part('p_user') : undefined;
  return {
    address,
    pid: numberIn(proc, 'p_pid') ?? 0,
    ppid: numberIn(proc, 'p_ppid'),
    letter: (proc.has('p_stat') ? LETTERS[proc.name('p_stat')] : undefined) ?? '?',
    flag: numberIn(proc, 'p_flag') ?? 0,
    comm: textIn(user, 'u_comm'),
    psargs: textIn(user, 'u_psargs'),
  };
}

/** The threads of a workload without processes, each as one: its ADDR is that of the kthread. */
export function asProcs(target: Target): Proc[] {
  return target.threads.map((thread) => ({
    address: addressOf(thread),
    pid: thread.os_tid === 0 ? thread.thread_id : thread.os_tid,
    ppid: undefined,
    letter: LETTERS[thread.state] ?? '?',
    flag: 0,
    comm: thread.name,
    psargs: thread.psargs,
  }));
}

/** The threads of a process, or the one that stands for one. */
export function threadsIn(target: Target, { address }: Proc): DumpThread[] {
  return target.threads.filter(
    (thread) => procPointer(target, thread) === address || addressOf(thread) === address,
  );
}

function* findProcs(target: Target): Iterable<Proc> {
  const struct = target.types.find(PROC);
  if (struct === undefined) return;
  const seen = new Set<bigint>();
  const left = [
    ...target.threads.map((thread) => procPointer(target, thread)),
    ...pointersInTables(target),
  ];
  for (let next = left.pop(); next !== undefined && seen.size < PROCS_MAX; next = left.pop()) {
    if (next === 0n || seen.has(next)) continue;
    seen.add(next);
    const proc = procAt(target, next);
    if (proc === undefined) continue;
    yield proc;
    left.push(...pointersIn(target, struct, next));
  }
}

/** What the global tables whose elements point to processes point to. */
function* pointersInTables(target: Target): Iterable<bigint> {
  for (const { address, size, type } of target.symbols) {
    const struct = target.types.find(type);
    if (struct === undefined || struct.name === PROC || !(struct.size > 0)) continue;
    if (!struct.fields.some(pointsToProc)) continue;
    const count = Math.min(TABLE_MAX, Math.floor(size / struct.size));
    for (let i = 0; i < count; i++) {
      yield* pointersIn(target, struct, BigInt(address + i * struct.size));
    }
  }
}

function* pointersIn(target: Target, struct: StructInfo, address: bigint): Iterable<bigint> {
  for (const field of struct.fields) {
    const word = pointsToProc(field) ? target.word(Number(address) + field.offset) : undefined;
    if (word !== undefined && word !== 0) yield BigInt(word);
  }
}

function pointsToProc({ kind, target }: StructInfo['fields'][number]): boolean {
  return kind === 'ref' && target === PROC;
}

function cacheOf(target: Target): { procs?: readonly Proc[]; of: Map<DumpThread, Proc | null> } {
  const cache = known.get(target) ?? { of: new Map<DumpThread, Proc | null>() };
  known.set(target, cache);
  return cache;
}

function numberIn(proc: Record, name: string): number | undefined {
  return proc.has(name) ? proc.number(name) : undefined;
}

function textIn(user: Record | undefined, name: string): string {
  return user?.has(name) === true ? user.text(name) : '';
}
