/*
 * ::msgbuf: what the machine had to say, in order, as its console would have shown it.
 *
 * The image has no message buffer.  What would be in one is all over it: the remarks that workloads leave in
 * the event rings (ring_note), how threads ended that did not end well, the panic, and at last the verdict.
 */

import { printable } from '../../base/text.ts';
import { columns, hex, left, pointer0, right, WIDE } from '../columns.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { argumentsOf, framesOf, stoppedAt } from '../target/frames.ts';
import { record, type Record } from '../target/record.ts';
import { eventsOf, kthreadsOf, ringLength } from '../target/kthreads.ts';
import type { StackFrame } from '../target/stack.ts';
import type { Target } from '../target/target.ts';
import { cpuOf } from '../target/cpus.ts';
import { commOf, lwpIdOf } from '../target/threads.ts';

const ARGS = 6;
const TICKS_PER_MS = 10;

interface Message {
  /** a clock word; undefined for what has no time: it comes last */
  readonly time: number | undefined;
  /** of the image-wide order, where there is one */
  readonly seq: number;
  /** of the record in the image */
  readonly address?: bigint;
  readonly text: string;
}

export const msgbuf: Dcmd = {
  name: 'msgbuf',
  usage: '[-v]',
  address: 'none',
  summary: 'print the most recent console messages',
  help: [
    'The remarks of the workload, threads that ended by an exception, the panic with its traceback as a kernel',
    'prints it, and the verdict; oldest first.  Of each thread the event ring keeps the last remarks only.',
    '',
    '-v  with the time since boot, in milliseconds, and the event that it is from',
  ].join('\n'),
  options: { v: 'flag' },
  *run({ target, options }) {
    const isVerbose = options['v'] === true;
    const head = isVerbose ? [right('TIMESTAMP', WIDE), right('LOGCTL', WIDE)] : [];
    yield { text: columns(...head, 'MESSAGE') };
    for (const message of messagesOf(target)) yield row(message, isVerbose);
  },
};

function row({ time, address, text }: Message, isVerbose: boolean): Row {
  const ms = time === undefined ? undefined : time / TICKS_PER_MS;
  const stamp = right(ms === undefined ? '-' : ms.toFixed(1), WIDE);
  const log = address === undefined ? right('-', WIDE) : pointer0(address);
  return {
    text: `${isVerbose ? `${stamp} ${log} ` : ''}${printable(text)}`.trimEnd(),
    ...(address === undefined ? {} : { address }),
    data: { time_ms: ms ?? null, message: text },
  };
}

function messagesOf(target: Target): Message[] {
  const kthreads = kthreadsOf(target);
  const length = ringLength(target, kthreads);
  const messages = kthreads.flatMap((kthread) => [
    ...notesOf(target, kthread, length),
    ...endOf(kthread),
  ]);
  const panic = panicOf(target);
  const timed = [...messages, ...panic].sort(
    (a, b) => (a.time ?? Infinity) - (b.time ?? Infinity) || a.seq - b.seq,
  );
  return [...timed, ...verdictOf(target)];
}

function* notesOf(target: Target, kthread: Record, length: number): Iterable<Message> {
  const name = kthread.text('name') || 'boot';
  for (const event of eventsOf(target, kthread, length)) {
    if (event.name('kind') !== 'note') continue;
    yield {
      time: event.number('time'),
      seq: event.number('seq'),
      address: event.address,
      text: `${name}: ${target.readString(event.big('arg'))}`,
    };
  }
}

/** A thread that ended by an exception. */
function endOf(kthread: Record): Message[] {
  const reason = kthread.name('exit_reason');
  if (reason !== 'threw' && reason !== 'terminated') return [];
  const why = kthread.text('exit_message');
  return [
    {
      time: kthread.number('exit_time'),
      seq: 0,
      address: kthread.address,
      text: `${kthread.text('name')}: ${reason}${why === '' ? '' : `: ${why}`}`,
    },
  ];
}

/** The lines of a panic, in the order and the words of the kernel. */
function panicOf(target: Target): Message[] {
  const header = record(target, 'image_header', 0n);
  const message = header.text('panic_message');
  const address = header.big('panic_thread');
  const thread = target.threadAt(address);
  if (message === '' && address === 0n) return [];
  const kthread = thread && record(target, 'kthread', address);
  const event =
    kthread &&
    [...eventsOf(target, kthread, ringLength(target, kthreadsOf(target)))].findLast(
      (each) => each.name('kind') === 'panic',
    );
  const time = event?.number('time') ?? header.number('clock');
  const cpu = thread === undefined ? '?' : cpuOf(thread);
  const lines = [`panic[cpu${cpu}]/thread=${hex(address)}: ${message}`, ''];
  const fault = header.big('panic_address');
  const where = thread && stoppedAt(target, thread);
  if (thread !== undefined && fault !== 0n) {
    lines.push(
      `${commOf(target, thread)}: #pf Page fault`,
      `Bad kernel fault at addr=0x${hex(fault)}`,
      `pid=${lwpIdOf(thread)}, pc=0x${hex(where?.pc ?? 0)}, sp=0x${hex(where?.fp ?? 0)}`,
      `cr2: ${hex(fault)}`,
      '',
    );
  }
  if (thread !== undefined) {
    lines.push(...framesOf(target, thread).frames.map((frame) => traceLine(target, frame)));
  }
  return lines.map((text, i) => ({
    time,
    seq: (event?.number('seq') ?? 0) + i / 1000,
    ...(event === undefined || i > 0 ? {} : { address: event.address }),
    text,
  }));
}

/** `000000020000ff40 kstat:header_kstat_snapshot+283 ()`. */
function traceLine(target: Target, frame: StackFrame): string {
  const object = target.text.objectAt(frame.pc);
  const symbol = object?.functionAt(frame.pc);
  const place =
    object === undefined || symbol === undefined
      ? frame.frame.function
      : `${object.name}:${symbol.name}+${hex(frame.pc - symbol.address)}`;
  return `${pointer0(frame.fp)} ${left(place, 0)} (${argumentsOf(target, frame, ARGS).join(', ')})`;
}

function* verdictOf({ dump }: Target): Iterable<Message> {
  const { verdict, seconds, message, because } = dump.head;
  const lines = [`gridlock: ${verdict} after ${seconds.toFixed(3)} s: ${message}`, ...because];
  for (const text of lines) yield { time: undefined, seq: 0, text };
}
