/*
 * ::cpuinfo: the CPUs, and what ran on each when the machine was stopped.
 */

import { printable } from '../../base/text.ts';
import { hex, left, pointer0, right, WIDE } from '../columns.ts';
import { cpusOf, type Cpu } from '../target/cpus.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { addressOf, type Target } from '../target/target.ts';
import { commOf } from '../target/threads.ts';

/** cpu_flags, from the lowest bit on. */
const FLAGS = ['RUNNING', 'READY', 'QUIESCED', 'EXISTS', 'ENABLE'];
const RUNNING = 0x1;
const READY_EXISTS_ENABLE = 0x1a;
/** Columns at which the lines to a CPU's flags and to its run queue hang. */
const FLAG_COLUMN = 23;
const QUEUE_COLUMN = 28;
const FLAG_NAME = 19;
const NONE = '-';

export const cpuinfo: Dcmd = {
  name: 'cpuinfo',
  usage: '[-v]',
  address: 'optional',
  summary: 'print CPUs and runnable threads',
  help: [
    'Each CPU that the host offered, or the one with the number at the address, and the thread that ran on it',
    'when the machine was stopped; for a panic, the one that panicked.',
    '',
    'FLG   1 RUNNING (one of our threads was on it), 2 READY, 8 EXISTS, 10 ENABLE',
    'NRUN  threads that stood ready behind the one that ran',
    '',
    "The CPUs are the host's, which gives out no more: ADDR, BSPL, PRI, RNRN, KRNRN and SWITCH are -.  A",
    'thread that may run anywhere, and that the host was not seen to run, is on CPU -1.',
    '',
    '-v  with the flags by name, and the threads that stood ready',
  ].join('\n'),
  options: { v: 'flag' },
  *run({ target, address, hasAddress, isFirst, options }) {
    const all = cpusOf(target);
    const cpus = hasAddress
      ? all.filter(({ id }) => BigInt.asUintN(64, BigInt(id)) === address)
      : all;
    if (cpus.length === 0) {
      throw oops(
        `${hex(address)} is no CPU`,
        `they have the numbers ${all.map(({ id }) => id).join(' ')}`,
      );
    }
    const isVerbose = options['v'] === true;
    let isHead = isFirst;
    for (const cpu of cpus) {
      if (isHead || isVerbose) yield { text: HEAD };
      isHead = false;
      yield row(target, cpu, isVerbose);
    }
  },
};

const HEAD = line([
  'ID',
  'ADDR',
  'FLG',
  'NRUN',
  'BSPL',
  'PRI',
  'RNRN',
  'KRNRN',
  'SWITCH',
  'THREAD',
  'PROC',
]);

function row(target: Target, { id, running, ready }: Cpu, isVerbose: boolean): Row {
  const flags = (id < 0 ? 0 : READY_EXISTS_ENABLE) | (running === undefined ? 0 : RUNNING);
  const thread = running === undefined ? NONE : pointer0(addressOf(running));
  const proc = running === undefined ? NONE : commOf(target, running);
  const none = Array.from({ length: 5 }, () => NONE);
  const first = line([String(id), NONE, hex(flags), String(ready.length), ...none, thread, proc]);
  const tree = isVerbose ? [...branches(target, flags, ready), ''] : [];
  return {
    text: [first, ...tree].join('\n'),
    ...(id < 0 ? {} : { address: BigInt(id) }),
    data: {
      cpu: id,
      flags: FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0),
      thread: running?.address ?? null,
      name: running?.name ?? null,
      ready: ready.map(({ address, name }) => ({ thread: address, name })),
    },
  };
}

/** What hangs below a CPU: its flags to the left, its run queue to the right. */
function branches(target: Target, flags: number, ready: Cpu['ready']): string[] {
  const names = FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0);
  const flagLines = names.map((name, i) => `${right(name, FLAG_NAME)} ${i === 0 ? '<--+' : ''}`);
  if (names.length > 0) flagLines.unshift(`${' '.repeat(FLAG_COLUMN)}|`);
  const queueLines = ready.map(
    (thread) => `      ${right(NONE, 3)} ${pointer0(addressOf(thread))} ${commOf(target, thread)}`,
  );
  if (ready.length > 0)
    queueLines.unshift('|', `+-->  ${right('PRI', 3)} ${left('THREAD', WIDE)} PROC`);
  return Array.from({ length: Math.max(flagLines.length, queueLines.length) }, (_, i) =>
    printable(((flagLines[i] ?? '').padEnd(QUEUE_COLUMN) + (queueLines[i] ?? '')).trimEnd()),
  );
}

function line(cells: readonly string[]): string {
  const [id = '', address = '', flg = '', nrun = '', bspl = '', pri = '', rnrn = ''] = cells;
  const [krnrn = '', swtch = '', thread = '', proc = ''] = cells.slice(7);
  return [
    right(id, 3),
    left(address, WIDE),
    right(flg, 3),
    right(nrun, 4),
    right(bspl, 4),
    right(pri, 3),
    right(rnrn, 4),
    right(krnrn, 5),
    left(swtch, 6),
    left(thread, WIDE),
    printable(proc),
  ]
    .join(' ')
    .trimEnd();
}
