/*
 * ::locals: the variables of a thread's frames, as far as they were read.
 *
 * They are read of the innermost frames only, while all threads stand still, so a dump has those of a few.
 * Values are shown as the dump has them; a number that is the address of something is named, too.
 */

import { printable } from '../../base/text.ts';
import { columns, hex, pointer0 } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { oops } from '../error.ts';
import { framePlace } from '../target/frames.ts';
import type { StackFrame } from '../target/stack.ts';
import { hexOf, type Target } from '../target/target.ts';
import { threadOf, whyNot } from './findstack.ts';

const VALUE_MAX = 200;
const LOCALS_MAX = 1000;

export const locals: Dcmd = {
  name: 'locals',
  usage: '[function …]',
  address: 'optional',
  summary: "print the local variables of a thread's frames",
  help: [
    'Of the thread at the address, or of the one that the dump is about: each frame whose locals the dump has,',
    'innermost first, and under it their names and values.  Numbers are decimal, as the program saw them,',
    'then in hexadecimal, with the name of what lies there if they are the address of something.  With names',
    'of functions, only their frames.',
    '',
    'Locals are read of the innermost frames only: further out a frame is listed without any.',
  ].join('\n'),
  *run(call) {
    const { target, args } = call;
    const thread = call.hasAddress ? threadOf(call) : target.representative;
    if (thread === undefined) throw oops('this dump has no thread');
    const { frames } = target.stackOf(thread);
    if (frames.length === 0) throw oops(`no stack of ${thread.name}`, whyNot(thread));
    const wanted = frames.filter(({ frame }) => args.length === 0 || args.includes(frame.function));
    if (wanted.length === 0) {
      throw oops(
        `no frame of ${args.join(', ')} in ${thread.name}`,
        `${thread.address}::findstack`,
      );
    }
    const known = wanted.filter(({ frame }) => frame.locals !== undefined);
    for (const frame of known) {
      yield {
        text: [
          columns(pointer0(frame.fp), framePlace(target, frame)),
          ...linesOf(target, frame),
        ].join('\n'),
        address: BigInt(frame.fp),
        data: { frame: hex(frame.fp), function: frame.frame.function, locals: frame.frame.locals },
      };
    }
    const rest = wanted.length - known.length;
    if (rest > 0) yield { text: `${rest} further out, of which the dump has no locals` };
  },
};

function linesOf(target: Target, { frame: { locals: all = [] } }: StackFrame): string[] {
  if (all.length === 0) return ['    none'];
  const names = all.slice(0, LOCALS_MAX);
  const lines = names.map(
    ({ name, value }) => `    ${printable(name)} = ${valueText(target, value)}`,
  );
  return all.length > names.length ? [...lines, `    ${all.length - names.length} more`] : lines;
}

function valueText(target: Target, value: string): string {
  const shown = printable(value.length > VALUE_MAX ? `${value.slice(0, VALUE_MAX)}…` : value);
  if (!/^\d{1,15}$/.test(value) || Number(value) < 10) return shown;
  const number = BigInt(value);
  const named = nameOf(target, number);
  return `${shown} (${hexOf(number)}${named === undefined ? '' : `, ${named}`})`;
}

/** A thread, a global, or an element of one: a number in the middle of something is hardly its address. */
function nameOf(target: Target, number: bigint): string | undefined {
  const thread = target.threadAt(number);
  if (thread !== undefined) return `thread ${printable(thread.name)}`;
  const named = target.nameAt(number);
  if (named?.data === undefined) return undefined;
  const size = target.types.find(named.data.type)?.size ?? Infinity;
  return named.offset % size === 0 ? printable(target.symbolic(number)) : undefined;
}
