/*
 * addr::why: who waits for whom, from a thread or a lock on, until it cannot go further.
 *
 *     a chain ends at    and then
 *     ----------------   ----------------------------------------------------------------------
 *     a circle           a thread that was in the chain already has what the last one wants
 *     a running thread   it may yet give it up
 *     a thread           that is gone: nobody ever will
 *     nobody             a condvar, a semaphore: whoever is to act is known to the program alone
 *
 * Where several threads have a thing (readers of a rwlock), each is followed, and indented.  A thread that was
 * followed once is not followed again, so the output is never longer than there are waits.
 */

import { printable } from '../../base/text.ts';
import { milliseconds } from '../../dump/cycle.ts';
import type { DumpThread, HeldLock, WantedLock } from '../../dump/format.ts';
import { columns, hex, pointer0, right, WIDE } from '../columns.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { ownFrames } from '../story/words.ts';
import { addressOf, type Target } from '../target/target.ts';
import { factsOf } from './deadlock.ts';
import { lockName } from '../target/lockname.ts';

/** How deep branches are indented, at most. */
const INDENT_MAX = 16;

export const why: Dcmd = {
  name: 'why',
  usage: '',
  address: 'required',
  summary: 'who waits for whom, from a thread or a lock on',
  help: [
    'Begins with the thread or the lock at the address and follows each wait to who has what is waited for.  A',
    'line is a step, behind the address of its thread; where that thread stands is the innermost function of',
    'the workload.  The chain ends in a circle, at a thread that runs, at one that is gone, or at nobody.',
    '',
    'Readers of a rwlock have it all together: each is followed, indented.  Into a pipe it gives the threads:',
    'mod_lock::why | ::findstack.',
  ].join('\n'),
  *run({ target, address, isFirst }) {
    const thread = target.threadAt(address);
    if (isFirst) yield { text: columns(right('ADDR', WIDE), 'STEP') };
    if (thread !== undefined) yield* follow(target, [{ thread, depth: 0, path: [] }]);
    else yield* fromLock(target, address);
  },
};

interface Step {
  readonly thread: DumpThread;
  readonly depth: number;
  /** ids of the threads that lead here */
  readonly path: readonly number[];
  /** what the one before wants, and this one has */
  readonly wanted?: WantedLock;
}

function* fromLock(target: Target, address: bigint): Iterable<Row> {
  const at = hex(address);
  const lock = target.dump.locks.find((known) => known.address === at);
  const waiting = target.threads.filter(({ wants }) => wants?.address === at);
  const holders = target.threads.filter(({ holds }) => holds.some((held) => held.address === at));
  if (lock === undefined && waiting.length === 0 && holders.length === 0) {
    throw oops(
      `${target.symbolic(address)} is neither a thread nor a lock that anybody has or wants`,
      '::locks -a and ::walk thread list them',
    );
  }
  const name = lockName(target, Number(address));
  const asleep = lock?.waiters.flatMap((id) => target.threadById(id) ?? []) ?? waiting;
  const count = asleep.length === 0 ? 'nobody waits for it' : `waited for by ${namesOf(asleep)}`;
  const stands = asleep.find(({ wants }) => wants !== null && wants.address !== at)?.wants ?? null;
  const kind =
    lock?.kind ??
    waiting[0]?.wants?.kind ??
    holders[0]?.holds.find((held) => held.address === at)?.kind;
  const owners = stands === null ? holders : ownersOf(target, stands);
  const means = stands === null ? '' : `; it stands for ${printable(stands.name)}`;
  const free = owners.length > 0 ? '' : `; ${endText(target, kind ?? '?', at)}`;
  yield {
    text: columns(pointer0(address), `${name} (${kind ?? '?'}), ${count}${means}${free}`),
    address,
    data: { address: at, name, kind, waiters: asleep.map((thread) => thread.name) },
  };
  const wanted = stands ?? { name, kind: kind ?? '?', address: at, waited_ms: 0, owners: [] };
  const depth = owners.length > 1 ? 1 : 0;
  yield* follow(
    target,
    owners.map((thread) => ({ thread, depth, path: [], wanted })),
  );
}

function* follow(target: Target, begin: readonly Step[]): Iterable<Row> {
  const stack = begin.toReversed();
  const seen = new Set<number>();
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { thread, depth, path } = step;
    const isCircle = path.includes(thread.id);
    yield rowOf(target, step, isCircle ? 'circle' : seen.has(thread.id) ? 'above' : undefined);
    if (isCircle || seen.has(thread.id)) continue;
    seen.add(thread.id);
    const { wants } = thread;
    const owners = wants === null ? [] : ownersOf(target, wants);
    const deeper = owners.length > 1 ? depth + 1 : depth;
    for (const owner of owners.toReversed()) {
      stack.push({ thread: owner, depth: deeper, path: [...path, thread.id], wanted: wants! });
    }
  }
}

function rowOf(target: Target, step: Step, end: 'circle' | 'above' | undefined): Row {
  const { thread, depth, wanted } = step;
  const held = thread.holds.find(({ address }) => address === wanted?.address);
  const had = wanted === undefined ? '' : ` ${holding(wanted, held)}`;
  const indent = '  '.repeat(Math.min(depth, INDENT_MAX));
  const then =
    end === 'circle'
      ? ': a circle, and nobody in it can go on'
      : end === 'above'
        ? ': see above'
        : `${had === '' ? '' : '; it'} ${doing(target, thread)}`;
  const address = addressOf(thread);
  return {
    text: columns(pointer0(address), `${indent}${printable(thread.name)}${had}${then}`),
    address,
    data: {
      address: thread.address,
      name: thread.name,
      has: held ?? null,
      wants: thread.wants,
      ends: end ?? (thread.wants === null ? (thread.exit ?? 'running') : null),
    },
  };
}

/** How a thread has what another one wants. */
function holding(wanted: WantedLock, held: HeldLock | undefined): string {
  const name = printable(wanted.name);
  if (held === undefined)
    return wanted.kind === 'rwlock' ? `is ahead in line for ${name}` : `has ${name}`;
  const how = held.mode === 'reader' ? 'reads' : held.mode === 'writer' ? 'writes' : 'has';
  return `${how} ${name}, for ${milliseconds(held.held_ms)}`;
}

/** What a thread does at the end of a step. */
function doing(target: Target, thread: DumpThread): string {
  const [frame] = ownFrames(thread);
  const place = frame === undefined ? '' : `, in ${factsOf(target).place(frame)}`;
  if (thread.exit !== undefined) return `is gone (${printable(thread.exit)})`;
  if (thread.wants === null) {
    if (target.flagsOf(thread).includes('PANICKED')) return `panicked${place}`;
    const more = thread.progress_after.toLocaleString('en');
    return `waits for nothing${place}; its progress since: ${more}`;
  }
  const { wants } = thread;
  const mode = wants.mode === undefined ? '' : ` to ${wants.mode === 'writer' ? 'write' : 'read'}`;
  const via = wants.via === undefined ? '' : ` (asleep on ${printable(wants.via)})`;
  const end =
    ownersOf(target, wants).length > 0 ? '' : `; ${endText(target, wants.kind, wants.address)}`;
  return `waits for ${printable(wants.name)}${mode}${via}, for ${milliseconds(wants.waited_ms)}${place}${end}`;
}

/** Why a chain ends at a thing. */
function endText(target: Target, kind: string, address: string): string {
  if (kind === 'delay') return 'it wakes by itself';
  if (kind !== 'cv')
    return kind === 'mutex' || kind === 'rwlock' ? 'nobody has it' : 'it has no owner';
  const signaller = factsOf(target).signalledBy(address);
  const last = signaller === undefined ? '' : `; ${printable(signaller.name)} signalled it last`;
  return `a condvar has no owner${last}`;
}

function ownersOf(target: Target, wants: WantedLock): DumpThread[] {
  return wants.owners.flatMap((id) => target.threadById(id) ?? []);
}

function namesOf(threads: readonly DumpThread[]): string {
  const names = threads.slice(0, 6).map(({ name }) => printable(name));
  return (
    names.join(', ') +
    (threads.length > names.length ? ` and ${threads.length - names.length} more` : '')
  );
}
