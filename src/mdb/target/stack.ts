/*
 * The stack segment: what each thread's stack would be, if threads of Node had one that could be read.
 *
 * A dump has a list of frames for a thread.  Debuggers think in stacks: a frame has an address, it holds the
 * caller's, where the caller will go on, and what was saved.  So the frames are laid out as a machine of 64
 * bits does, from the top of a region of STACK_BYTES a thread, and can be read like any memory.
 *
 *     top            the outermost frame: 0, 0
 *       …
 *     fp + 8         where the caller goes on: a text address
 *     fp             the caller's fp
 *     fp − 8, …      the numbers among the frame's locals, first to last; only the top frames have any
 *
 * The addresses are ours, as they are synthetic; the frames, places and values are the dump's.
 */

import type { DumpFrame, DumpThread } from '../../dump/format.ts';
import type { TextSegment } from './text.ts';

export const STACK_BASE = 0x2_0000_0000;
export const STACK_BYTES = 0x1_0000;
const WORD = 8;

export interface StackFrame {
  /** of the frame, as in a register %rbp */
  readonly fp: number;
  /** where it is: an address in the text segment */
  readonly pc: number;
  readonly frame: DumpFrame;
  /** what was saved below fp */
  readonly saved: readonly { readonly name: string; readonly value: bigint }[];
}

export interface Stack {
  readonly thread: DumpThread;
  readonly base: number;
  readonly top: number;
  /** innermost first */
  readonly frames: readonly StackFrame[];
}

/** Lays a thread's frames out.  @param row its place in the thread table */
export function layoutStack(thread: DumpThread, row: number, text: TextSegment): Stack {
  const base = STACK_BASE + row * STACK_BYTES;
  const top = base + STACK_BYTES - 2 * WORD;
  const frames: StackFrame[] = [];
  let at = top;
  for (const frame of thread.stack.toReversed()) {
    const saved = savedBy(frame);
    frames.push({ fp: at - 2 * WORD, pc: text.addressOf(frame), frame, saved });
    at -= 2 * WORD + Math.ceil(saved.length / 2) * 2 * WORD;
    if (at - base < 64 * WORD) break; //  more frames than a dump of ours ever has
  }
  return { thread, base, top, frames: frames.toReversed() };
}

/** What lies where, of each stack that was read. */
const wordsOf = new WeakMap<Stack, Map<number, bigint>>();

/** Eight bytes of a stack; undefined where nothing was laid out. */
export function stackWord(stack: Stack, address: number): bigint | undefined {
  if (address % WORD !== 0) return undefined;
  let words = wordsOf.get(stack);
  if (words === undefined) {
    words = new Map();
    for (const [i, { fp, saved }] of stack.frames.entries()) {
      const caller = stack.frames[i + 1];
      words.set(fp, BigInt(caller?.fp ?? 0));
      words.set(fp + WORD, BigInt(caller?.pc ?? 0));
      for (const [n, { value }] of saved.entries()) words.set(fp - (n + 1) * WORD, value);
    }
    wordsOf.set(stack, words);
  }
  return words.get(address);
}

/** The numbers among a frame's locals: what a compiler would have put on the stack. */
function savedBy({ locals = [] }: DumpFrame): { name: string; value: bigint }[] {
  return locals.flatMap(({ name, value }) =>
    /^-?\d{1,19}$/.test(value) ? [{ name, value: BigInt.asUintN(64, BigInt(value)) }] : [],
  );
}
