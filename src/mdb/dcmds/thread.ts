/*
 * ::thread: the columns of a kthread that say how it is scheduled and what it waits for.
 * ::whatthread: the threads whose stack holds a value.
 */

import type { DumpThread } from '../../dump/format.ts';
import { printable } from '../../base/text.ts';
import { hex, left, pointer, pointer0, right, WIDE } from '../columns.ts';
import { WORKING, type Dcmd, type Row } from '../dcmd.ts';
import { framePlace } from '../target/frames.ts';
import { procPointer } from '../target/procs.ts';
import type { Record } from '../target/record.ts';
import { turnstileOffset } from '../target/sobj.ts';
import { stackWord, type Stack } from '../target/stack.ts';
import { addressOf, type Target } from '../target/target.ts';
import { kthreadOf } from '../target/threads.ts';
import { threadOf } from './findstack.ts';

/** mdb shows so much of the symbol of a kind's operations. */
const OPS = 11;
const NONE = '-';

/** A set of columns: its letter, its head, and what stands below for a thread. */
interface Columns {
  readonly letter: string;
  readonly head: string;
  readonly cells: (target: Target, thread: DumpThread, kthread: Record) => string;
}

const PROC: Columns = {
  letter: 'p',
  head: ['PROC', 'LWP', 'CRED'].map((name) => right(name, WIDE)).join(' '),
  cells: (target, thread) =>
    [pointer(procPointer(target, thread)), pointer(0), pointer(0)].join(' '),
};

const BASIC: Columns = {
  letter: 'i',
  head: [
    right('STATE', 8),
    ...['FLG', 'PFLG', 'SFLG'].map((name) => right(name, 4)),
    ...['PRI', 'EPRI'].map((name) => right(name, 5)),
    right('PIL', 3),
    right('INTR', WIDE),
  ].join(' '),
  cells: (_, thread, kthread) =>
    [
      left(thread.state.replace(/^TS_/, '').toLowerCase(), 8),
      right(hex(kthread.number('flags')), 4),
      ...[NONE, NONE].map((cell) => right(cell, 4)),
      ...[NONE, NONE].map((cell) => right(cell, 5)),
      right(NONE, 3),
      right('n/a', WIDE),
    ].join(' '),
};

const BLOCKED: Columns = {
  letter: 'b',
  head: [...['WCHAN', 'TS', 'PITS'].map((name) => right(name, WIDE)), right('SOBJ OPS', OPS)].join(
    ' ',
  ),
  cells: (target, _, kthread) => {
    const wchan = kthread.big('wchan');
    const isWaiting = (kthread.number('wait_seq') & 1) !== 0;
    const kind = isWaiting ? kthread.name('wait_kind') : 'none';
    const ops = kind === 'none' ? '0' : `${kind === 'rwlock' ? 'rw' : kind}_sobj_ops`.slice(0, OPS);
    const ts = wchan === 0n ? 0n : wchan + turnstileOffset(target);
    return [pointer(wchan), pointer(ts), pointer(0), right(ops, OPS)].join(' ');
  },
};

const DISPATCHER: Columns = {
  letter: 'd',
  head: [right('DISPTIME', WIDE), right('BOUND', 5), right('PR', 2)].join(' '),
  cells: (_, thread, kthread) =>
    [pointer(kthread.big('wait_since')), right(thread.cpu, 5), right(NONE, 2)].join(' '),
};

export const thread: Dcmd = {
  name: 'thread',
  usage: '[-bdfimp]',
  address: 'optional',
  summary: 'display a summarized kthread_t',
  help: [
    'The thread at the address, or all.  Letters choose what is shown; each set has a line of its own.',
    '',
    '-i  state and flags, which is what is shown without any',
    '-b  what it waits for, its turnstile, and the operations of its kind',
    '-p  its process',
    '-d  the tick at which it last gave up its CPU, and the CPU it is pinned to',
    '-m  all of them on one line',
    '-f  without threads that have not started',
    '',
    'Threads here have no priorities, lwps, credentials, signals or interrupts: those columns are 0 or -, and',
    'there is no -s.  PITS is 0, as no priority is inherited.',
  ].join('\n'),
  options: { b: 'flag', d: 'flag', f: 'flag', i: 'flag', m: 'flag', p: 'flag' },
  *run(call) {
    const { target, hasAddress, isFirst, options } = call;
    const chosen = [PROC, BASIC, BLOCKED, DISPATCHER].filter(
      ({ letter }) => options[letter] === true,
    );
    const sets = chosen.length === 0 ? [BASIC] : chosen;
    const separator = options['m'] === true ? '' : `\n${' '.repeat(WIDE)}`;
    const threads = hasAddress ? [threadOf(call)] : target.threads;
    if (isFirst) {
      const heads = sets.map(({ head }) => ` ${head}`.trimEnd());
      yield { text: right('ADDR', WIDE) + heads.join(separator) };
    }
    for (const each of threads) {
      if (options['f'] === true && each.state === 'TS_FREE') continue;
      yield row(target, each, sets, separator);
    }
  },
};

function row(target: Target, each: DumpThread, sets: readonly Columns[], separator: string): Row {
  const kthread = kthreadOf(target, each);
  const cells = sets.map(({ cells: of }) => ` ${printable(of(target, each, kthread))}`.trimEnd());
  return {
    text: pointer0(addressOf(each)) + cells.join(separator),
    address: addressOf(each),
    data: {
      thread: each.address,
      name: each.name,
      state: each.state,
      flags: kthread.name('flags'),
      proc: hex(procPointer(target, each)),
      wchan: hex(kthread.big('wchan')),
      wait_kind: (kthread.number('wait_seq') & 1) === 0 ? null : kthread.name('wait_kind'),
      bound: each.cpu,
    },
  };
}

export const whatthread: Dcmd = {
  name: 'whatthread',
  usage: '[-v]',
  address: 'required',
  summary: 'print threads whose stack contains the given address',
  help: [
    'The threads that have the value somewhere on their stacks: as a saved local, a return address or a',
    'frame pointer.  Locals are in the dump of the innermost frames only.',
    '',
    '-v  with the place on the stack, and what lies there',
  ].join('\n'),
  options: { v: 'flag' },
  *run(call) {
    const { target, address, options } = call;
    for (const each of target.threads) {
      yield WORKING;
      const found = placesOf(target, target.stackOf(each), address);
      if (found.length === 0) continue;
      const head = hex(addressOf(each));
      const lines =
        options['v'] === true
          ? found.map(({ at, what }) => `thread ${head} has it at ${hex(at)}: ${what}`)
          : [head];
      yield {
        text: lines.map(printable).join('\n'),
        address: addressOf(each),
        data: {
          thread: each.address,
          name: each.name,
          at: found.map(({ at, what }) => ({ address: hex(at), what })),
        },
      };
    }
  },
};

/** Where a value is on a stack, innermost first. */
function placesOf(target: Target, stack: Stack, value: bigint): { at: number; what: string }[] {
  return stack.frames.flatMap((frame) => {
    const place = framePlace(target, frame);
    const locals = frame.saved.map(({ name }, i) => ({
      at: frame.fp - 8 * (i + 1),
      what: `${name} of ${place}`,
    }));
    const links = [
      { at: frame.fp, what: `the frame pointer saved by ${place}` },
      { at: frame.fp + 8, what: `the return address of ${place}` },
    ];
    return [...locals, ...links].filter(({ at }) => stackWord(stack, at) === value);
  });
}
