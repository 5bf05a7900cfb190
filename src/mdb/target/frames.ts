/*
 * Frames as text: `ffffd001ea9579f0 mutex_vector_enter+0x3a3()`, for all commands that show stacks.
 *
 * A thread of ours that sleeps does so in Atomics.wait, below _resume_from_idle, where a thread of the kernel
 * gives up its CPU.  What is below that is the host's, and left out as the kernel's own switch is: frames() has
 * the rest, and says whether the thread was switched out.
 *
 * Arguments are what the dump has of them.  Locals are read of the top frames only, so most frames show none,
 * as with a kernel built without saved arguments.
 */

import { printable } from '../../base/text.ts';
import type { DumpThread } from '../../dump/format.ts';
import type { StackFrame } from './stack.ts';
import type { Target } from './target.ts';
import { columns, pointer0 } from '../columns.ts';

/** Where a thread that gave up its CPU is. */
const SWITCHED_OUT = '_resume_from_idle';
const SWITCH_DEPTH = 3;

export interface Frames {
  /** the frame of _resume_from_idle, where there is one */
  readonly switchedOut: StackFrame | undefined;
  /** what called it, or all frames; innermost first */
  readonly frames: readonly StackFrame[];
}

/** @param whole with what lies below _resume_from_idle */
export function framesOf(target: Target, thread: DumpThread, whole = false): Frames {
  const { frames } = target.stackOf(thread);
  const at = frames
    .slice(0, SWITCH_DEPTH)
    .findIndex(({ frame }) => frame.function === SWITCHED_OUT);
  if (whole || at < 0) return { switchedOut: undefined, frames };
  return { switchedOut: frames[at], frames: frames.slice(at + 1) };
}

/** What a thread that panicked does since then, innermost first. */
const PANIC = /^(?:wait|panic_idle|panic_check|panic_lock|panic|trap|\w+_panic)$/;

/** Where a thread was: of one that panicked, the frame that did, as the registers of a panic have it. */
export function stoppedAt(target: Target, thread: DumpThread): StackFrame | undefined {
  const { frames } = target.stackOf(thread);
  const isPanicked = frames.some(({ frame }) => frame.function === 'panic');
  const at = isPanicked ? frames.find(({ frame }) => !PANIC.test(frame.function)) : undefined;
  return at ?? frames[0];
}

/** `prgetmap+0x109`. */
export function framePlace(target: Target, { pc, frame }: StackFrame): string {
  return pc === 0 ? printable(frame.function) : printable(target.symbolic(BigInt(pc)));
}

/** @param most arguments at most; 0 for none */
export function frameText(target: Target, frame: StackFrame, most = 0): string {
  return `${framePlace(target, frame)}(${most === 0 ? '' : argumentsOf(target, frame, most).join(', ')})`;
}

/** The same behind the frame's own address. */
export function frameLine(target: Target, frame: StackFrame, most = 0): string {
  return columns(pointer0(frame.fp), frameText(target, frame, most));
}

/** The values of a frame's parameters: numbers in hexadecimal, others as the dump has them. */
export function argumentsOf(target: Target, { pc, frame }: StackFrame, most: number): string[] {
  const { locals } = frame;
  const parameters = target.text.objectAt(pc)?.functionAt(pc)?.parameters ?? [];
  if (locals === undefined || locals.length === 0) return [];
  return parameters.slice(0, most).flatMap((name) => {
    const local = locals.find((known) => known.name === name);
    if (local === undefined) return [];
    return /^\d{1,19}$/.test(local.value)
      ? BigInt(local.value).toString(16)
      : printable(local.value);
  });
}
