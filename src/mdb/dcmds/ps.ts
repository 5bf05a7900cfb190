/*
 * ::ps, ::pgrep, ::pid2proc and ::pflags: the processes of the workload.
 *
 * A workload that has no processes shows its threads in their stead, each as one (procs.ts).
 */

import { printable } from '../../base/text.ts';
import { columns, hex, pointer0, right, WIDE } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { asProcs, hasProcs, procAt, procsOf, threadsIn, type Proc } from '../target/procs.ts';
import { record } from '../target/record.ts';
import { addressOf, type Target } from '../target/target.ts';

const NONE = '-';
const FLAGS = [
  ['p_flag', 'p_flag:     '],
  ['p_pidflag', 'p_pidflag:  '],
  ['p_proc_flag', 'p_proc_flag:'],
] as const;

export const ps: Dcmd = {
  name: 'ps',
  usage: '[-ft]',
  address: 'optional',
  summary: 'list processes (and associated thr,lwp)',
  help: [
    'Every process of the workload, or the one at the address: those that a thread belongs to, and those that',
    'its tables of processes point to.',
    '',
    'S      state: S asleep, R runnable, O on a CPU, T stopped, W waiting,',
    '       I being made, Z zombie',
    'PGID   and SID and UID are -, as there are none',
    '',
    '-f  with arguments instead of the name',
    '-t  with the threads of each',
    '',
    'A workload without processes shows its threads as if each were one: PID is the number of the thread in',
    'the host, ADDR its kthread, NAME the name of the thread.',
  ].join('\n'),
  options: { f: 'flag', t: 'flag' },
  *run(call) {
    const procs = chosen(call);
    if (call.isFirst) yield { text: HEAD };
    for (const proc of procs) yield row(call, proc);
  },
};

const HEAD = columns(
  'S',
  ...['PID', 'PPID', 'PGID', 'SID', 'UID'].map((name) => right(name, 6)),
  right('FLAGS', 10),
  right('ADDR', WIDE),
  'NAME',
);

function row({ target, options }: Call, proc: Proc): Row {
  const { address, pid, ppid, letter, flag, comm, psargs } = proc;
  const threads = threadsIn(target, proc);
  const line = columns(
    letter,
    right(pid, 6),
    right(ppid ?? NONE, 6),
    ...[NONE, NONE, NONE].map((cell) => right(cell, 6)),
    `0x${flag.toString(16).padStart(8, '0')}`,
    pointer0(address),
    printable(options['f'] === true ? psargs : comm),
  );
  const below = options['t'] === true ? threads : [];
  return {
    text: [
      line,
      ...below.map(
        (thread) =>
          `${' '.repeat(8)}T  ${pointer0(addressOf(thread))} <${printable(thread.state)}>`,
      ),
    ].join('\n'),
    address,
    data: {
      address: hex(address),
      pid,
      ppid: ppid ?? null,
      state: letter,
      comm,
      psargs,
      threads: threads.map((thread) => thread.address),
    },
  };
}

export const pgrep: Dcmd = {
  name: 'pgrep',
  usage: '[-fx] [-n|-o] pattern',
  address: 'none',
  summary: 'pattern match against all processes',
  help: [
    'The processes with a name that the regular expression matches, as ::ps shows them; their addresses into a',
    'pipe: ::pgrep dtrace | ::print proc_t p_user.u_psargs',
    '',
    '-f  matches the arguments instead of the name',
    '-x  matches the whole name',
    '-n  only the newest, -o only the oldest: by pid, as no time is kept',
  ].join('\n'),
  options: { f: 'flag', x: 'flag', n: 'flag', o: 'flag' },
  *run(call) {
    const { target, options, args } = call;
    const [pattern] = args;
    if (pattern === undefined) throw oops('::pgrep needs a pattern', '::pgrep dtrace');
    const regexp = regexpOf(options['x'] === true ? `^(?:${pattern})$` : pattern);
    const found = everyone(target).filter(({ comm, psargs }) =>
      regexp.test(options['f'] === true ? psargs : comm),
    );
    const one =
      options['n'] === true ? found.slice(-1) : options['o'] === true ? found.slice(0, 1) : found;
    yield { text: HEAD };
    for (const proc of one) yield row(call, proc);
  },
};

export const pid2proc: Dcmd = {
  name: 'pid2proc',
  usage: '',
  address: 'required',
  summary: 'convert PID to proc_t address',
  help: 'The address of the process with the number: 0t123::pid2proc for a decimal one.',
  *run({ target, address }) {
    const proc = procsOf(target).find(({ pid }) => BigInt(pid) === address);
    if (proc === undefined) {
      const why = hasProcs(target)
        ? '::ps lists those there are'
        : 'this workload has no processes';
      throw oops(`PID 0t${address} not found`, why);
    }
    yield {
      text: hex(proc.address),
      address: proc.address,
      data: { pid: proc.pid, address: hex(proc.address) },
    };
  },
};

export const pflags: Dcmd = {
  name: 'pflags',
  usage: '',
  address: 'required',
  summary: 'display various proc_t flags',
  help: 'The flags of a process, by name: whether P_PR_LOCK is set, for one.',
  *run({ target, address }) {
    const proc = procOrOops(target, address);
    const fields = record(target, 'proc_t', address);
    const shown = FLAGS.filter(([name]) => fields.has(name));
    yield {
      text: [
        `${hex(address)} [pid ${proc.pid}]:`,
        ...shown.map(([name, label]) => {
          const value = hex(fields.big(name)).padStart(8, '0');
          return `${' '.repeat(8)}${label} ${value} <${printable(fields.name(name))}>`;
        }),
      ].join('\n'),
      address,
      data: {
        address: hex(address),
        pid: proc.pid,
        ...Object.fromEntries(shown.map(([name]) => [name, fields.name(name)])),
      },
    };
  },
};

function chosen({ target, address, hasAddress }: Call): readonly Proc[] {
  if (!hasAddress) return everyone(target);
  const proc = hasProcs(target)
    ? procAt(target, address)
    : asProcs(target).find((each) => each.address === address);
  if (proc === undefined) throw oops(`${hex(address)} is not a process`, '::ps lists them');
  return [proc];
}

function everyone(target: Target): readonly Proc[] {
  return hasProcs(target) ? procsOf(target) : asProcs(target);
}

/** @throws MdbError for an address that is no process's */
function procOrOops(target: Target, address: bigint): Proc {
  const proc = procsOf(target).find((each) => each.address === address) ?? procAt(target, address);
  if (proc !== undefined && hasProcs(target)) return proc;
  throw oops(
    `${hex(address)} is not a process`,
    hasProcs(target) ? '::ps lists them' : 'this workload has no processes',
  );
}

function regexpOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    throw oops(`'${pattern}' is no regular expression`, 'a plain word matches wherever it stands');
  }
}
