/*
 * What the stories of all verdicts are told with: a thread in a chain of waits, and the phrases for it.
 *
 * Names of threads and locks are the dump's, and may hold anything: whoever prints a story makes it printable.
 */

import { milliseconds } from '../../dump/cycle.ts';
import type { Dump, DumpFrame, DumpThread, HeldLock, WantedLock } from '../../dump/format.ts';

/** What a debugger knows beyond the JSON of a dump. */
export interface Facts {
  /** `prgetmap+0x2ea` */
  readonly place: (frame: DumpFrame) => string;
  /** the lock that a thread tried last without getting it, by address */
  readonly tried: (thread: DumpThread) => string | undefined;
  /** who signalled a condvar last */
  readonly signalledBy: (address: string) => DumpThread | undefined;
}

/** What is known from the JSON alone. */
export const NO_FACTS: Facts = {
  place: (frame) => frame.function,
  tried: () => undefined,
  signalledBy: () => undefined,
};

/** One thread of a chain of waits. */
export interface Link {
  readonly thread: DumpThread;
  /** of what it holds, that which the one before it waits for */
  readonly has: HeldLock | undefined;
  readonly wants: WantedLock | null;
  /** the innermost frame of the workload's own, and what called it */
  readonly at: DumpFrame | undefined;
  readonly from: readonly DumpFrame[];
}

/** What a verdict's sentences are made from. */
export interface Case {
  readonly dump: Dump;
  readonly facts: Facts;
  readonly links: readonly Link[];
  readonly thread: (id: number) => DumpThread | undefined;
}

/** What a verdict's story adds to what is the same for all. */
export interface Told {
  readonly title: string;
  readonly story: readonly string[];
  readonly next: readonly Command[];
}

/** A command that leads on. */
export interface Command {
  readonly command: string;
  readonly shows: string;
}

/** Names that one sentence lists. */
const LISTED = 6;

/** The frames of the workload itself, innermost first: without the kernel that it runs on, and the host. */
export function ownFrames({ stack }: DumpThread): readonly DumpFrame[] {
  const from = stack.findIndex(({ file }) => isOwn(file));
  return from < 0 ? [] : stack.slice(from).filter(({ file }) => isOwn(file));
}

function isOwn(file: string): boolean {
  return !/^node:|(?:^|\/)src\/(?:kernel|layout|run)\//.test(file);
}

/** `a`, `a and b`, `a, b and 4 more`. */
export function listed(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  const shown = names.length > LISTED ? names.slice(0, LISTED - 1) : names.slice(0, -1);
  const last = names.length > LISTED ? `${names.length - shown.length} more` : names.at(-1);
  return `${shown.join(', ')} and ${last}`;
}

/** `for 12 ms`. */
export function lasting(ms: number): string {
  return `for ${milliseconds(ms)}`;
}

/** `dtrace_lock`, or `directory to write`. */
export function wish({ name, mode }: WantedLock): string {
  return mode === undefined ? name : `${name} to ${mode === 'writer' ? 'write' : 'read'}`;
}

/** `mod_hold_stub+0x58 (modctl.ts:172), called by stubs_common_code, prgetmap, …`. */
export function standing({ at, from }: Pick<Link, 'at' | 'from'>, facts: Facts): string {
  if (at === undefined) return 'nowhere in the workload';
  const callers = from.slice(0, 2).map((frame) => frame.function);
  const by = callers.length === 0 ? '' : `, called by ${callers.join(', ')}`;
  return `${facts.place(at)} (${at.file.slice(at.file.lastIndexOf('/') + 1)}:${at.line})${by}`;
}

/** Where a thread stands, in the same words. */
export function standingOf(thread: DumpThread, facts: Facts): string {
  const own = ownFrames(thread);
  return standing({ at: own[0], from: own.slice(1) }, facts);
}

const NUMERALS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** `three`. */
export function numeral(count: number): string {
  return NUMERALS[count] ?? String(count);
}

/** With a full stop. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Where there is no more to tell than the dump does. */
export function tellPlain({ dump }: Case): Told {
  const { verdict, message } = dump.head;
  return {
    title: verdict,
    story: [asSentence(message)],
    next: [{ command: '::locks -n 0t10', shows: 'which locks are fought for' }],
  };
}
