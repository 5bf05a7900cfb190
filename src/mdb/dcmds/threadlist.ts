/*
 * ::threadlist: every thread, and with -v where it is.
 */

import { columns, pointer, pointer0, right, WIDE } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { framePlace, frameText, framesOf } from '../target/frames.ts';
import { procPointer } from '../target/procs.ts';
import { record } from '../target/record.ts';
import { addressOf } from '../target/target.ts';
import {
  commandOf,
  commOf,
  isKernels,
  kthreadOf,
  lwpIdOf,
  psargsOf,
  startOf,
  stateOf,
} from '../target/threads.ts';
import type { DumpThread } from '../../dump/format.ts';
import { printable } from '../../base/text.ts';
import { stackData, stackLines, threadOf } from './findstack.ts';

const ARGS_MAX = 64n;
/** The outermost function of a task queue's thread. */
const TASKQ = 'taskq_thread';

export const threadlist: Dcmd = {
  name: 'threadlist',
  usage: '[-tv] [count]',
  address: 'optional',
  summary: 'display threads and associated C stack traces',
  help: [
    'One line for each thread that has started, or for the one at the address.',
    '',
    'ADDR       of its kthread',
    'PROC       its process, 0 in a workload without processes',
    'LWP        0: there are no lwps here',
    'CMD/LWPID  what it runs, and its number in the host, as top and perf show it;',
    '           a thread of the kernel is called by the function it began in',
    '',
    '-v  with the stack of each, and with WCHAN, what it sleeps on.  CLS and PRI',
    '    are -, as the host does the scheduling.  A count behind it shows so many',
    '    arguments of each frame, as far as the dump has them',
    '-t  without the threads of task queues',
  ].join('\n'),
  options: { v: 'flag', t: 'flag' },
  *run(call) {
    const { target, hasAddress, isFirst, options, args, session } = call;
    const isVerbose = options['v'] === true;
    const count = args[0] === undefined ? 0n : session.evaluate(args[0]);
    const most = Number(count > ARGS_MAX ? ARGS_MAX : count);
    const threads = hasAddress ? [threadOf(call)] : target.threads;
    if (isFirst) yield { text: head(isVerbose) };
    for (const thread of threads) {
      if (thread.state === 'TS_FREE') continue;
      if (options['t'] === true && thread.stack.some((frame) => frame.function === TASKQ)) continue;
      yield isVerbose ? verboseRow(call, thread, most) : row(call, thread);
    }
  },
};

function head(isVerbose: boolean): string {
  const cells = ['ADDR', 'PROC', 'LWP'].map((name) => right(name, WIDE));
  if (!isVerbose) return columns(...cells, 'CMD/LWPID');
  return columns(...cells, right('CLS', 3), right('PRI', 3), right('WCHAN', WIDE));
}

function row({ target }: Call, thread: DumpThread): Row {
  const address = addressOf(thread);
  const proc = procPointer(target, thread);
  return {
    text: columns(
      pointer0(address),
      pointer(proc),
      pointer(0),
      printable(commandOf(target, thread)),
    ),
    address,
    data: {
      thread: thread.address,
      name: thread.name,
      role: thread.role,
      psargs: thread.psargs,
      state: stateOf(target, thread),
      proc: proc.toString(16),
      command: commOf(target, thread),
      start: startOf(target, thread),
      lwpid: lwpIdOf(thread),
    },
  };
}

function verboseRow(call: Call, thread: DumpThread, most: number): Row {
  const { target } = call;
  const { address, text, data } = row(call, thread);
  const { switchedOut, frames } = framesOf(target, thread);
  const innermost = switchedOut ?? frames[0];
  const pc = innermost === undefined ? '-' : framePlace(target, innermost);
  const what = isKernels(target, thread)
    ? `THREAD: ${startOf(target, thread)}()`
    : `CMD: ${psargsOf(target, thread)}`;
  const [stack = '', bracket] = stackLines(call, thread, 0);
  const wchan = kthreadOf(target, thread).big('wchan');
  const lines = [
    columns((text ?? '').slice(0, 3 * WIDE + 2), right('-', 3), right('-', 3), pointer(wchan)),
    `  PC: ${pc}    ${printable(what)}`,
    `  ${stack}`,
    ...(switchedOut === undefined ? [] : [`  ${bracket}`]),
    ...frames.map((frame) => `    ${frameText(target, frame, most)}`),
    '',
  ];
  return {
    text: lines.join('\n'),
    ...(address === undefined ? {} : { address }),
    data: {
      ...(data as object),
      wchan: wchan.toString(16),
      wants: wantsOf(call, wchan),
      ...(stackData(call, thread) as object),
    },
  };
}

/** The name of what it sleeps on. */
function wantsOf({ target }: Call, wchan: bigint): string | null {
  if (wchan === 0n || target.types.find('sobj') === undefined) return null;
  return target.isMapped(wchan, 64) ? record(target, 'sobj', wchan).text('name') : null;
}
