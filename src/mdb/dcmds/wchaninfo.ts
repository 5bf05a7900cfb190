/*
 * ::wchaninfo: the condvars and semaphores that threads sleep on.
 */

import type { DumpThread } from '../../dump/format.ts';
import { printable } from '../../base/text.ts';
import { columns, hex, left, pointer0, right, WIDE } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { nameOf, sobjAt } from '../target/sobj.ts';
import { addressOf, type Target } from '../target/target.ts';
import { commOf, kthreadOf } from '../target/threads.ts';

/** Kinds that a sleep queue is for, as mdb calls them; what has an owner has a turnstile instead. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['cv', 'cond'],
  ['sema', 'sema'],
  ['barrier', 'barr'],
]);
const CONTINUED = 2 * WIDE + 1;

export const wchaninfo: Dcmd = {
  name: 'wchaninfo',
  usage: '[-v]',
  address: 'optional',
  summary: 'dump condition variables that have waiters',
  help: [
    'ADDR      what threads sleep on, or the one at the address',
    'TYPE      cond, sema, or barr for a barrier, which the kernel has none of',
    'NWAITERS  threads asleep on it',
    '',
    '-v  with each thread, and what it runs',
    '',
    'Mutexes and readers/writer locks are not here: ::walk blocked, ::turnstile and ::rwlock show who waits',
    'for those.',
  ].join('\n'),
  options: { v: 'flag' },
  *run(call) {
    const { target, address, hasAddress, isFirst, options } = call;
    const sleepers = sleepersOf(target);
    const isVerbose = options['v'] === true;
    if (hasAddress) refuse(target, address);
    if (isFirst) {
      const head = [left('ADDR', WIDE), left('TYPE', 4), right('NWAITERS', 8)];
      yield {
        text: columns(...head, ...(isVerbose ? [`  ${left('THREAD', WIDE)}`, 'PROC'] : [])),
      };
    }
    for (const at of hasAddress ? [address] : sleepers.keys()) {
      yield row(call, at, sleepers.get(at) ?? [], isVerbose);
    }
  },
};

function row(
  { target }: Call,
  at: bigint,
  waiters: readonly DumpThread[],
  isVerbose: boolean,
): Row {
  const type = TYPES.get(sobjAt(target, at)?.name('kind') ?? '') ?? '??';
  const first = columns(pointer0(at), right(type, 4), right(waiters.length, 8));
  const who = waiters.map(
    (thread) => `${pointer0(addressOf(thread))} ${printable(commOf(target, thread))}`,
  );
  const lines = who.map((each, i) =>
    i === 0 ? `${first}:  ${each}` : ' '.repeat(CONTINUED) + each,
  );
  return {
    text: isVerbose && lines.length > 0 ? lines.join('\n') : first,
    address: at,
    data: {
      address: hex(at),
      name: nameOf(target, at),
      type,
      waiters: waiters.map(({ address, name }) => ({ thread: address, name })),
    },
  };
}

/** What threads sleep on, but for locks: by address, each with its threads. */
function sleepersOf(target: Target): Map<bigint, DumpThread[]> {
  const found: [bigint, DumpThread][] = [];
  for (const thread of target.threads) {
    const kthread = kthreadOf(target, thread);
    const wchan = kthread.big('wchan');
    const kind = kthread.name('wait_kind');
    if (thread.state === 'TS_SLEEP' && wchan !== 0n && TYPES.get(kind) !== undefined) {
      found.push([wchan, thread]);
    }
  }
  found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const channels = new Map<bigint, DumpThread[]>();
  for (const [wchan, thread] of found) {
    channels.set(wchan, [...(channels.get(wchan) ?? []), thread]);
  }
  return channels;
}

/** @throws MdbError for what has a turnstile */
function refuse(target: Target, address: bigint): void {
  const kind = sobjAt(target, address)?.name('kind');
  if (kind === 'mutex' || kind === 'rwlock') {
    throw oops(
      `${target.symbolic(address)} is a ${kind}, which nobody sleeps on as on a condvar`,
      `${hex(address)}::${kind}, or ${hex(address)}::walk blocked`,
    );
  }
}
