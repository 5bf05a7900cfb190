/*
 * Synchronization objects: what all of them have in common, read with doubt.
 *
 * They are all a `sobj` at the same offsets: a word, a kind, a name, a turnstile in which the waiting threads
 * stand in line.  Who owns one is in its word, where the word can tell: a mutex, a resource, and a rwlock that
 * is held to write.  Who reads a rwlock only the readers' held stacks say.
 *
 * A held stack is written next to the lock, not with it, so a thread may have been stopped in between.  The
 * lock's word rules: a hold that it contradicts is doubtful, and said to be.
 */

import type { DumpThread } from '../../dump/format.ts';
import { record, type Record } from './record.ts';
import { addressOf, type Target } from './target.ts';

/** What may be at an address: a delay has none. */
const KINDS = new Set(['mutex', 'rwlock', 'cv', 'sema', 'resource', 'barrier']);
const WRITE_LOCKED = 4n;
const FLAGS = 7n;

export interface Hold {
  readonly lock: bigint;
  /** how: owner, reader, writer */
  readonly mode: string;
  /** a clock word */
  readonly since: bigint;
  /** what the lock's own word says against it */
  readonly doubt?: string;
}

/** The object at an address; undefined where there is none. */
export function sobjAt(target: Target, address: bigint): Record | undefined {
  const struct = target.types.find('sobj');
  if (struct === undefined || address === 0n || address % 4n !== 0n) return undefined;
  if (!target.isMapped(address, struct.size)) return undefined;
  const sobj = record(target, 'sobj', address);
  return KINDS.has(sobj.name('kind')) ? sobj : undefined;
}

/** What an object is called: its own name, else the symbol it lies in, else its address. */
export function nameOf(target: Target, address: bigint): string {
  const name = sobjAt(target, address)?.text('name') ?? '';
  return name === '' ? target.symbolic(address) : name;
}

/** Who owns an object by its own word: a thread's address, 0 for nobody, undefined where it cannot tell. */
export function wordOwner(sobj: Record): bigint | undefined {
  const word = BigInt.asUintN(32, sobj.big('word'));
  switch (sobj.name('kind')) {
    case 'mutex':
      return word & ~FLAGS;
    case 'resource':
      return word;
    case 'rwlock':
      return (word & WRITE_LOCKED) === 0n ? undefined : word & ~FLAGS;
    default:
      return undefined;
  }
}

/** What a thread holds, oldest first, by its held stack. */
export function holdsOf(target: Target, thread: DumpThread): Hold[] {
  const kthread = record(target, 'kthread', addressOf(thread));
  const slots = kthread.struct.fields.find(({ name }) => name === 'held')?.count ?? 0;
  const holds: Hold[] = [];
  for (let i = 0; i < slots; i++) {
    const slot = kthread.part('held', i);
    const lock = slot.big('lock');
    if (lock === 0n) break;
    const doubt = doubtOf(target, lock, thread);
    holds.push({
      lock,
      // Only what can be held in two ways says how; a slot keeps what it said before.
      mode: sobjAt(target, lock)?.name('kind') === 'rwlock' ? slot.name('mode') : 'owner',
      since: slot.big('since'),
      ...(doubt === undefined ? {} : { doubt }),
    });
  }
  return holds;
}

function doubtOf(target: Target, lock: bigint, thread: DumpThread): string | undefined {
  const sobj = sobjAt(target, lock);
  if (sobj === undefined) return 'there is no lock at that address';
  const owner = wordOwner(sobj);
  if (owner === undefined || owner === addressOf(thread)) return undefined;
  if (owner === 0n) return 'its own word says that it is free';
  return `its own word says ${owner.toString(16)}`;
}

/** The threads in line at an object, first to last. */
export function waitersAt(target: Target, sobj: Record): DumpThread[] {
  const waiters: DumpThread[] = [];
  let next = sobj.part('ts').big('first');
  while (next !== 0n && waiters.length < target.threads.length) {
    const thread = target.threadAt(next);
    if (thread === undefined) break;
    waiters.push(thread);
    next = record(target, 'kthread', addressOf(thread)).big('park_next');
  }
  return waiters;
}

/** Where an object has its turnstile. */
export function turnstileOffset(target: Target): bigint {
  const sobj = target.types.need('sobj');
  return BigInt(target.types.member(sobj, 'ts').offset);
}

/** Every synchronization object that is known: the named ones, and what threads sleep on; by address. */
export function sobjsOf(target: Target): bigint[] {
  const found = new Set(target.dump.locks.map(addressOf));
  for (const thread of target.threads) {
    const kthread = record(target, 'kthread', addressOf(thread));
    found.add(kthread.big('wchan'));
  }
  return [...found]
    .filter((address) => sobjAt(target, address) !== undefined)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Milliseconds from a clock word to the stop. */
export function msSince(target: Target, since: bigint): number {
  const clock = record(target, 'image_header', 0n).big('clock');
  return Math.max(0, Number(clock - since) / 10);
}
