/*
 * ::findlocks: what a thread holds.
 *
 * The kernel's debugger searches all of memory for locks that point to a thread.  Here a thread has a record of
 * what it holds, and since when; but the lock's own word rules where the two differ (sobj.ts), so what the
 * words of the named locks say is looked at too.
 */

import type { DumpThread } from '../../dump/format.ts';
import { hex, pointer0 } from '../columns.ts';
import { WORKING, type Dcmd, type Row } from '../dcmd.ts';
import { printable } from '../../base/text.ts';
import { holdsOf, msSince, nameOf, sobjAt, sobjsOf, wordOwner, type Hold } from '../target/sobj.ts';
import { addressOf, type Target } from '../target/target.ts';
import { threadOf } from './findstack.ts';

export const findlocks: Dcmd = {
  name: 'findlocks',
  usage: '[-v]',
  address: 'optional',
  summary: 'find locks held by a thread',
  help: [
    'What the thread at the address holds, in the order in which it took them; without one, what every thread',
    'holds.  Declared resources count, such as P_PR_LOCK.  Readers of a readers/writer lock are found too.',
    '',
    '-v  with what a thread says that it holds and the lock denies: it was',
    '    stopped while it took it or gave it up',
  ].join('\n'),
  options: { v: 'flag' },
  *run(call) {
    const { target, hasAddress, options } = call;
    const owned = ownedByWord(target);
    for (const thread of hasAddress ? [threadOf(call)] : target.threads) {
      yield WORKING;
      const holds = holdsOf(target, thread);
      const recorded = new Set(holds.map(({ lock }) => lock));
      const rows = [
        ...holds
          .filter(({ doubt }) => doubt === undefined || options['v'] === true)
          .map((hold) => holdRow(target, thread, hold)),
        ...(owned.get(addressOf(thread)) ?? [])
          .filter((lock) => !recorded.has(lock))
          .map((lock) => wordRow(target, thread, lock)),
      ];
      if (hasAddress && rows.length === 0) {
        yield { text: `findlocks: nothing appears to be owned by ${hex(addressOf(thread))}` };
      }
      yield* rows;
    }
  },
};

function holdRow(target: Target, thread: DumpThread, hold: Hold): Row {
  const { lock, mode, since, doubt } = hold;
  const ms = msSince(target, since);
  const how = mode === 'owner' ? 'owned' : mode === 'reader' ? 'read' : 'written';
  const said = doubt === undefined ? `for ${ms.toFixed(1)} ms` : `as it says, but ${doubt}`;
  return {
    text: line(target, lock, `is ${how} by ${hex(addressOf(thread))} ${said}`),
    address: lock,
    data: {
      ...dataOf(target, thread, lock),
      mode,
      held_ms: ms,
      ...(doubt === undefined ? {} : { doubt }),
    },
  };
}

function wordRow(target: Target, thread: DumpThread, lock: bigint): Row {
  return {
    text: line(target, lock, `is owned by ${hex(addressOf(thread))}, which was just taking it`),
    address: lock,
    data: { ...dataOf(target, thread, lock), mode: 'owner' },
  };
}

function line(target: Target, lock: bigint, what: string): string {
  const kind = sobjAt(target, lock)?.name('kind') ?? '??';
  return printable(`${pointer0(lock)} (${kind} ${nameOf(target, lock)}) ${what}`);
}

function dataOf(target: Target, thread: DumpThread, lock: bigint): object {
  return {
    lock: hex(lock),
    name: nameOf(target, lock),
    kind: sobjAt(target, lock)?.name('kind') ?? null,
    thread: thread.address,
  };
}

/** For each thread, what it owns by the words of the locks that have a name. */
function ownedByWord(target: Target): Map<bigint, bigint[]> {
  const owned = new Map<bigint, bigint[]>();
  for (const address of sobjsOf(target)) {
    const sobj = sobjAt(target, address);
    const owner = sobj && wordOwner(sobj);
    if (owner === undefined || owner === 0n) continue;
    owned.set(owner, [...(owned.get(owner) ?? []), address]);
  }
  return owned;
}
