/*
 * ::panicinfo: who panicked, of what, and where it was.
 */

import { printable } from '../../base/text.ts';
import { hex, right, WIDE } from '../columns.ts';
import { cpuOf } from '../target/cpus.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { stoppedAt } from '../target/frames.ts';
import { record } from '../target/record.ts';
import { addressOf } from '../target/target.ts';

export const panicinfo: Dcmd = {
  name: 'panicinfo',
  usage: '',
  address: 'none',
  summary: 'print panic information',
  help: [
    'The CPU, the thread and the message of the first panic, and the registers that can be told: rip, the',
    'place that panicked or trapped; rbp and rsp, its frame; cr2, the address that was not mapped, of a trap.',
    'A dump without a panic has none: ::status says what it is of.',
  ].join('\n'),
  *run({ target }) {
    const header = record(target, 'image_header', 0n);
    const pointer = header.big('panic_thread');
    const message = header.text('panic_message');
    if (pointer === 0n && message === '') {
      throw oops('this dump is not of a panic', `it is of a ${target.dump.head.verdict}: ::status`);
    }
    const thread = target.threadAt(pointer);
    const at = thread && stoppedAt(target, thread);
    const fault = header.big('panic_address');
    yield row('cpu', thread === undefined ? '-' : String(cpuOf(thread)));
    yield row('thread', hex(thread === undefined ? pointer : addressOf(thread)), pointer);
    yield row('message', message);
    if (at !== undefined) {
      yield row('rip', hex(at.pc), BigInt(at.pc));
      yield row('rbp', hex(at.fp), BigInt(at.fp));
      yield row('rsp', hex(at.fp), BigInt(at.fp));
    }
    if (fault !== 0n) yield row('cr2', hex(fault), fault);
  },
};

function row(name: string, value: string, address?: bigint): Row {
  const shown = name === 'message' ? printable(value) : right(value, WIDE);
  return {
    text: `${right(name, WIDE)} ${shown}`,
    ...(address === undefined ? {} : { address }),
    data: { [name]: value },
  };
}
