/*
 * ::rwlock: a readers/writer lock, with its flags spelled out and its waiters in line.
 */

import type { DumpThread } from '../../dump/format.ts';
import { printable } from '../../base/text.ts';
import { hex, pointer, right, WIDE } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { oops } from '../error.ts';
import { record } from '../target/record.ts';
import { holdsOf, nameOf, waitersAt } from '../target/sobj.ts';
import { addressOf, type Target } from '../target/target.ts';
import { kthreadOf } from '../target/threads.ts';

const HAS_WAITERS = 1n;
const WRITE_WANTED = 2n;
const WRITE_LOCKED = 4n;
const FLAGS = 7n;
/** In the word of one that was destroyed; and nothing else. */
const DESTROYED = 0xcn;

const LABEL_END = 2 * WIDE + 1 - 4;
const WAITER_COLUMN = 2 * WIDE + 1 + 6;

export const rwlock: Dcmd = {
  name: 'rwlock',
  usage: '[-fv]',
  address: 'required',
  summary: 'dump out a readers/writer lock',
  help: [
    'ADDR         of the lock',
    'OWNER/COUNT  the thread that writes, or how many read',
    'FLAGS        held to write, wanted to write, waiters: what is set has a line',
    'WAITERS      the threads in line, first to last, (R) to read and (W) to write',
    '',
    '-v  with the threads that hold it, by their held stacks: the lock itself does',
    '    not know its readers',
    '-f  shows what is no readers/writer lock anyway',
  ].join('\n'),
  options: { f: 'flag', v: 'flag' },
  *run({ target, address, options, isFirst }) {
    const lock = record(target, 'krwlock', address);
    if (lock.name('kind') !== 'rwlock' && options['f'] !== true) {
      throw oops(
        `${target.symbolic(address)}: invalid readers/writer lock (-f to dump anyway)`,
        'it is no rwlock',
      );
    }
    const word = lock.big('wwwh');
    const waiters = waitersAt(target, lock);
    const holders = holdersOf(target, address);
    if (isFirst) {
      const head = [right('ADDR', WIDE), right('OWNER/COUNT', WIDE), right('FLAGS', 5)];
      yield { text: [...head, right('WAITERS', WIDE)].join(' ') };
    }
    const lines = drawing(
      address,
      word,
      waiters.map((thread) => waiterText(target, thread)),
    );
    if (options['v'] === true) {
      for (const { thread, mode } of holders) {
        const who = `${pointer(addressOf(thread))} (${mode === 'writer' ? 'W' : 'R'})`;
        lines.push(`${right('HELD BY', WIDE)} ${who} ${printable(thread.name)}`);
      }
      const missing = holdersIn(word) - holders.length;
      if (missing > 0) {
        lines.push(
          `${right('HELD BY', WIDE)} ${missing} that have been given it and not woken up yet`,
        );
      }
    }
    yield {
      text: lines.join('\n'),
      address,
      data: {
        address: hex(address),
        name: nameOf(target, address),
        owner: isWriteLocked(word) ? hex(word & ~FLAGS) : null,
        readers: isWriteLocked(word) ? 0 : holdersIn(word),
        write_wanted: (word & WRITE_WANTED) !== 0n,
        destroyed: word === DESTROYED,
        holders: holders.map(({ thread, mode }) => ({ thread: thread.address, mode })),
        waiters: waiters.map((thread) => ({
          thread: thread.address,
          mode: isWriter(target, thread) ? 'writer' : 'reader',
        })),
      },
    };
  },
};

/** The lock in one line, then a line for each flag that leads to its bit; a waiter at the end of each. */
function drawing(address: bigint, word: bigint, waiters: string[]): string[] {
  const isDestroyed = word === DESTROYED;
  const bit = (mask: bigint, unset: string, set: string): string =>
    (word & mask) === 0n ? unset : set;
  const [write, wanted, waiting] = [WRITE_LOCKED, WRITE_WANTED, HAS_WAITERS].map((mask) =>
    bit(mask, ' ', '|'),
  );
  const bits =
    bit(WRITE_LOCKED, '0', '1') + bit(WRITE_WANTED, '0', '1') + bit(HAS_WAITERS, '0', '1');
  const left = [
    `${pointer(address)} ${right(ownerText(word), WIDE)}  B${bits}`,
    `${' '.repeat(2 * WIDE)}${isDestroyed ? '|' : ' '}   ${write}${wanted}${waiting}`,
  ];
  const label = (name: string, line: string): string => `${right(name, LABEL_END)} ${line}`;
  if (isDestroyed) left.push(label('DESTROYED', '--+---+'));
  else {
    if (write === '|') left.push(label('WRITE_LOCKED', `------+${wanted}${waiting}`));
    if (wanted === '|') left.push(label('WRITE_WANTED', `-------+${waiting}`));
    if (waiting === '|') left.push(label('HAS_WAITERS', '--------+'));
  }
  while (left.length < waiters.length) left.push('');
  return left
    .map((line, i) => (waiters[i] === undefined ? line : line.padEnd(WAITER_COLUMN) + waiters[i]))
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}

function ownerText(word: bigint): string {
  if (word === DESTROYED) return '1';
  if (isWriteLocked(word)) return hex(word & ~FLAGS);
  const readers = word >> 3n;
  return readers === 0n ? '-' : `READERS=${readers}`;
}

function isWriteLocked(word: bigint): boolean {
  return (word & WRITE_LOCKED) !== 0n && word !== DESTROYED;
}

/** How many have it, by its word. */
function holdersIn(word: bigint): number {
  if (word === DESTROYED) return 0;
  return isWriteLocked(word) ? 1 : Number(word >> 3n);
}

function waiterText(target: Target, thread: DumpThread): string {
  return ` ${pointer(addressOf(thread))} (${isWriter(target, thread) ? 'W' : 'R'})`;
}

function isWriter(target: Target, thread: DumpThread): boolean {
  return kthreadOf(target, thread).name('wait_flags').split(',').includes('WRITER');
}

function holdersOf(target: Target, lock: bigint): { thread: DumpThread; mode: string }[] {
  return target.threads.flatMap((thread) =>
    holdsOf(target, thread)
      .filter((hold) => hold.lock === lock && hold.doubt === undefined)
      .map(({ mode }) => ({ thread, mode })),
  );
}
