/*
 * ::findstack: the stack of a thread.  $c, $C and ::stack: of the thread that the dump is about.
 */

import type { DumpThread } from '../../dump/format.ts';
import { columns, hex, pointer0, wrap } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { frameLine, framesOf, frameText, stoppedAt } from '../target/frames.ts';
import { addressOf } from '../target/target.ts';

/** Arguments that are shown unless a count says otherwise. */
const ARGS = 6;
const ALL_ARGS = 64;

export const findstack: Dcmd = {
  name: 'findstack',
  usage: '[-av]',
  address: 'required',
  summary: 'find the stack of a thread',
  help: [
    'Prints the frames of the thread at the address, innermost first, each behind its own address.  For a',
    'thread that sleeps, the frame in which it gave up its CPU stands in brackets.',
    '',
    '-v  with arguments, as far as the dump has them',
    '-a  with the frames of the host below the one in brackets',
    '',
    'Addresses of frames are synthetic (threads of Node have no stack that a dump could keep); they can be',
    'read like memory all the same.',
  ].join('\n'),
  options: { v: 'flag', a: 'flag' },
  *run(call) {
    const thread = threadOf(call);
    const most = call.options['v'] === true ? ARGS : 0;
    yield {
      text: stackLines(call, thread, most, call.options['a'] === true).join('\n'),
      address: call.address,
      data: stackData(call, thread),
    };
  },
};

export const stack: Dcmd = {
  name: '$C',
  aliases: ['$c', 'stack'],
  usage: '[count]',
  address: 'optional',
  summary: 'print a stack backtrace',
  help: [
    'Without an address, of the thread that the dump is about: the one that panicked, or the first of the',
    'cycle; of one that panicked, from the frame that did.  With one, of the thread at the address.  A count limits the arguments that are shown: $C0, ,0$C.',
  ].join('\n'),
  takesCount: true,
  *run(call) {
    const thread = call.hasAddress ? threadOf(call) : call.target.representative;
    if (thread === undefined) throw oops('this dump has no thread');
    const [given] = call.args;
    const count = call.count ?? (given === undefined ? undefined : call.session.evaluate(given));
    const most = count === undefined ? ALL_ARGS : Number(count);
    const { switchedOut, frames } = framesOf(call.target, thread);
    if (frames.length === 0) throw oops(`no stack of ${thread.name}`, whyNot(thread));
    const all = switchedOut === undefined ? frames : [switchedOut, ...frames];
    // The registers of a panic are those of the frame that did: what came after it was the panic's own.
    const at = stoppedAt(call.target, thread);
    const from = call.hasAddress || at === undefined ? 0 : Math.max(0, all.indexOf(at));
    for (const frame of all.slice(from)) {
      const text = wrap(frameLine(call.target, frame, most), call.width).join('\n');
      yield { text, address: BigInt(frame.fp), data: frame.frame };
    }
  },
};

/** The thread that a call is about.  @throws MdbError when there is none at the address */
export function threadOf({ target, address }: Pick<Call, 'target' | 'address'>): DumpThread {
  const thread = target.threadAt(address);
  if (thread === undefined) {
    throw oops(
      `${hex(address)} is not a thread`,
      '::walk thread lists them, ::ps and ::threadlist with names',
    );
  }
  return thread;
}

/** The lines of ::findstack. */
export function stackLines(call: Call, thread: DumpThread, most: number, whole = false): string[] {
  const { target } = call;
  const { switchedOut, frames } = framesOf(target, thread, whole);
  const address = hex(addressOf(thread));
  const state = thread.state === 'TS_FREE' ? ' (TS_FREE)' : '';
  const sp = switchedOut ?? frames[0];
  if (sp === undefined) return [`no stack of thread ${address}${state}: ${whyNot(thread)}`];
  const lines = [`stack pointer for thread ${address}${state}: ${hex(sp.fp)}`];
  if (switchedOut !== undefined) {
    lines.push(columns('[', pointer0(switchedOut.fp), frameText(target, switchedOut), ']'));
  }
  for (const frame of frames) {
    lines.push(...wrap(frameLine(target, frame, most), call.width - 2).map((line) => `  ${line}`));
  }
  return lines;
}

export function stackData({ target }: Call, thread: DumpThread): Row['data'] {
  const { frames } = target.stackOf(thread);
  return {
    thread: thread.address,
    name: thread.name,
    state: thread.state,
    stack: frames.map(({ fp, pc, frame }) => ({
      fp: hex(fp),
      pc: target.symbolic(BigInt(pc)),
      ...frame,
    })),
  };
}

/** Why a thread has no frames, in words. */
export function whyNot({ unstopped, exit }: DumpThread): string {
  if (exit !== undefined) return `it is gone (${exit})`;
  return unstopped ?? 'it was idle in its event loop';
}
