/*
 * The crash dump: one zip, self-describing.
 *
 *     entry           what
 *     -------------   ---------------------------------------------------------------------------------
 *     dump.json       what happened (DumpHead): verdict, message, who is in the cycle, versions, seed,
 *                     the command that reproduces it.  First entry, and the only one without which a
 *                     dump cannot be read
 *     threads.json    DumpThread[]: stacks, held and wanted locks with times, as of the stop
 *     locks.json      DumpLock[]: every named lock, its owner, who waits, how contended
 *     types.json      the struct table (StructInfo[]): names, offsets, kinds, as CTF does
 *     symbols.json    DumpSymbol[]: globals and named heap locks
 *     pages.json      which pages of the image are in image.bin: [first, count] pairs, in order
 *     image.bin       those pages; the others were zero
 *     sources/…       the text of each source file that a frame names, and of the workload's own
 *
 * Valid if and only if: dump.json parses, its `format` is known, and pages.json adds up to the size of
 * image.bin.  Paths are relative to the project, never of the machine that made the dump.
 *
 * JSON here uses the field names of the machine contract (CONVENTIONS: analyze --json), so that
 * `gridlock analyze --json` shows what the dump holds and nothing is named twice.
 *
 * What is not here: anything that only our own modules could interpret.  A reader needs a zip library,
 * a JSON parser and types.json.
 */

import type { VerdictName } from '../base/verdict.ts';

/** What types.json is made of. */
export type { FieldInfo, StructInfo } from '../layout/struct.ts';

/** The version of this format; readers accept it and all before it. */
export const DUMP_FORMAT = 1;

export interface DumpFrame {
  readonly function: string;
  /** relative to the project or the workload; 'node:…' for the runtime's own */
  readonly file: string;
  /** 1-based, in the source; 0 when unknown */
  readonly line: number;
  readonly column: number;
  readonly locals?: readonly { readonly name: string; readonly value: string }[];
}

export interface HeldLock {
  readonly name: string;
  readonly kind: string;
  /** hexadecimal, without 0x */
  readonly address: string;
  /** for a lock that can be held in two ways */
  readonly mode?: 'reader' | 'writer';
  readonly held_ms: number;
}

export interface WantedLock {
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly mode?: 'reader' | 'writer';
  readonly waited_ms: number;
  /** the condvar it sleeps on, where that stands for a declared resource */
  readonly via?: string;
  /** the threads that have it, by id, as far as is known */
  readonly owners: readonly number[];
}

/** What part a thread plays in a hang. */
export type Part = 'cycle' | 'victim' | 'running' | 'waiting' | 'gone';

export interface DumpThread {
  readonly id: number;
  readonly name: string;
  readonly role: string;
  readonly psargs: string;
  /** of its kthread */
  readonly address: string;
  readonly thread_id: number;
  readonly os_tid: number;
  /** the CPU it was pinned to, or -1 */
  readonly cpu: number;
  /** TS_… */
  readonly state: string;
  readonly part: Part;
  readonly holds: readonly HeldLock[];
  readonly wants: WantedLock | null;
  /** innermost first */
  readonly stack: readonly DumpFrame[];
  /** why there is no stack */
  readonly unstopped?: string;
  readonly progress: number;
  /** how far its progress counter moved after the verdict */
  readonly progress_after: number;
  /** how long it had made none, at the verdict */
  readonly silent_ms: number;
  /** how a thread ended that has */
  readonly exit?: string;
  /** the host's view: scheduler state, CPU, context switches */
  readonly os?: OsView;
}

export interface OsView {
  readonly state: string;
  readonly cpu: number;
  readonly voluntary: number;
  readonly involuntary: number;
  /** on-cpu, asleep, native … from two samples */
  readonly doing: string;
}

export interface DumpLock {
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly owners: readonly number[];
  readonly waiters: readonly number[];
  /** times the fast path did not do */
  readonly contended: number;
  /** times a thread went to sleep on it */
  readonly blocked: number;
}

export interface DumpSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly type: string;
}

export interface DumpHead {
  readonly format: number;
  readonly gridlock: string;
  readonly node: string;
  readonly v8: string;
  readonly os: string;
  readonly cpus: number;
  readonly workload: string;
  readonly variant: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly seed: number;
  readonly trial: number;
  readonly track: string;
  /** UTC, ISO 8601 */
  readonly taken: string;
  readonly verdict: VerdictName | 'requested';
  readonly message: string;
  /** why the verdict is what it is, for people: one sentence each */
  readonly because: readonly string[];
  /** proven by two looks, without a timeout */
  readonly exact: boolean;
  /** seconds from the start gate to the verdict */
  readonly seconds: number;
  /** thread ids, in the order of the waits: each wants what the next one has */
  readonly cycle: readonly number[];
  readonly victims: readonly number[];
  readonly running: readonly number[];
  /** the command that runs the same again */
  readonly replay: string;
  /** milliseconds: from the verdict to all threads stopped, to stacks read */
  readonly timing: { readonly stop_ms: number; readonly read_ms: number };
  readonly image: { readonly bytes: number; readonly page: number };
}

/** Everything in a dump but its bytes. */
export interface Dump {
  readonly head: DumpHead;
  readonly threads: readonly DumpThread[];
  readonly locks: readonly DumpLock[];
  readonly symbols: readonly DumpSymbol[];
}
