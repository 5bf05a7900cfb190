/*
 * Dumps made by hand, for the trace: rings with whatever is put into them, in an image of the real types.
 */

import type { Dump, DumpThread, StructInfo } from '../../src/dump/format.ts';
import { EVENT, RING_EVENTS } from '../../src/layout/records.ts';
import type { Unpacked } from '../../src/report/trace-history.ts';
import { partsOf } from '../mdb/made.ts';

/** A golden dump that has the types of a controlled run, too. */
const { dump: GOLDEN, types: TYPES } = await partsOf('once.opposite');

const ROWS = 0x1000;
const RINGS = 0x4000;
const BATON = 0x20000;
const LOG = 0x20100;
const BYTES = 0x40000;

/** An event as a ring has it. */
export interface Told {
  readonly place: number;
  readonly seq: number;
  readonly time: number;
  readonly kind: number;
  readonly object?: number;
  readonly arg?: number;
}

export interface MadeChoice {
  readonly thread: number;
  readonly op: number;
  readonly object: number;
}

export interface Making {
  readonly threads: readonly Partial<DumpThread>[];
  /** in the order in which they were written */
  readonly told: readonly Told[];
  readonly clock: number;
  readonly gate?: number;
  readonly locks?: Readonly<Record<string, number>>;
  readonly choices?: readonly MadeChoice[];
}

/** The address of a thread's record. */
export function threadAt(place: number): number {
  return ROWS + (place + 1) * structOf('kthread').size;
}

export function made({ threads, told, clock, gate = 0, locks = {}, choices }: Making): Unpacked {
  const image = new Uint8Array(BYTES);
  const view = new DataView(image.buffer);
  const put = (type: string, at: number, name: string, value: number): void => {
    const field = structOf(type).fields.find((each) => each.name === name);
    if (field === undefined) throw new RangeError(`${type} has no ${name}`);
    if (field.size === 1) view.setUint8(at + field.offset, value);
    else if (field.size === 2) view.setUint16(at + field.offset, value, true);
    else view.setUint32(at + field.offset, value, true);
  };
  const ringBytes = RING_EVENTS * structOf('kevent').size;
  put('image_header', 0, 'clock', clock);
  put('image_header', 0, 'gate_time', gate);
  put('image_header', 0, 'threads', ROWS);
  put('image_header', 0, 'thread_count', threads.length + 1);
  put('image_header', 0, 'thread_rows', threads.length + 1);
  for (let row = 0; row <= threads.length; row++)
    put('kthread', threadAt(row - 1), 'ring', RINGS + row * ringBytes);
  const written = threads.map(() => 0);
  for (const { place, seq, time, kind, object = 0, arg = 0 } of told) {
    const n = written[place]!++;
    const at = RINGS + (place + 1) * ringBytes + (n % RING_EVENTS) * structOf('kevent').size;
    put('kevent', at, 'seq', seq);
    put('kevent', at, 'time', time);
    put('kevent', at, 'kind', kind);
    put('kevent', at, 'object', object);
    put('kevent', at, 'arg', arg);
    put('kthread', threadAt(place), 'ring_next', n + 1);
  }
  if (choices !== undefined) {
    put('image_header', 0, 'baton', BATON);
    put('kbaton', BATON, 'step', choices.length);
    put('kbaton', BATON, 'log', LOG);
    for (const [i, { thread, op, object }] of choices.entries()) {
      const at = LOG + i * structOf('kchoice').size;
      put('kchoice', at, 'thread', thread);
      put('kchoice', at, 'op', op);
      put('kchoice', at, 'object', object);
    }
  }
  const dump: Dump = {
    head: { ...GOLDEN.head, cycle: [], victims: [], running: [] },
    threads: threads.map((more, place) => threadOf(place, more)),
    locks: Object.entries(locks).map(([name, address]) => ({
      name,
      kind: 'mutex',
      address: address.toString(16),
      owners: [],
      waiters: [],
      contended: 0,
      blocked: 0,
    })),
    symbols: [],
  };
  return { file: 'made.dump', dump, types: TYPES, image };
}

function threadOf(place: number, more: Partial<DumpThread>): DumpThread {
  return {
    id: place + 1,
    name: `thread/${place}`,
    role: 'thread',
    psargs: '',
    address: threadAt(place).toString(16),
    thread_id: place + 10,
    os_tid: place + 1000,
    cpu: -1,
    state: 'TS_ONPROC',
    part: 'running',
    holds: [],
    wants: null,
    stack: [],
    progress: 0,
    progress_after: 0,
    silent_ms: 0,
    ...more,
  };
}

function structOf(name: string): StructInfo {
  const struct = TYPES.find((type) => type.name === name);
  if (struct === undefined) throw new RangeError(`there is no ${name}`);
  return struct;
}

/**
 * What threads do that take and give up mutexes as the kernel has them do it.
 * @param moves for each move who makes it and which lock it is about; a thread that sleeps makes none
 */
export function history(
  threads: number,
  locks: readonly number[],
  moves: readonly (readonly [place: number, lock: number, ticks: number])[],
): { told: Told[]; holder: Map<number, number>; asleep: Map<number, number>; clock: number } {
  const told: Told[] = [];
  const holder = new Map<number, number>();
  const asleep = new Map<number, number>();
  let clock = 100;
  const tell = (place: number, kind: number, object: number, arg = 0): void => {
    told.push({ place, seq: told.length + 1, time: clock, kind, object, arg });
  };
  for (const [who, which, ticks] of moves) {
    const place = who % threads;
    const lock = locks[which % locks.length]!;
    clock += ticks;
    if (asleep.has(place)) continue;
    const owner = holder.get(lock);
    if (owner === undefined) {
      tell(place, EVENT.acquire, lock);
      holder.set(lock, place);
    } else if (owner === place) {
      tell(place, EVENT.release, lock);
      holder.delete(lock);
      const next = [...asleep].find(([, wanted]) => wanted === lock)?.[0];
      if (next === undefined) continue;
      tell(place, EVENT.signal, lock, threadAt(next));
      asleep.delete(next);
      tell(next, EVENT.wake, lock);
      tell(next, EVENT.acquire, lock);
      holder.set(lock, next);
    } else {
      tell(place, EVENT.contend, lock, threadAt(owner));
      tell(place, EVENT.block, lock, threadAt(owner));
      asleep.set(place, lock);
    }
  }
  return { told, holder, asleep, clock: clock + 1 };
}
