/*
 * What threads did in a controlled trial, choice by choice: to tell whether a replay was one.
 *
 * A schedule says who ran.  That the same threads ran in the same order is not yet that they did the same: a program
 * that looks at the host's clock, at chance of its own, or at what another trial left behind takes another lock at
 * the same choice.  So each choice counts with what its thread did and to what:
 *
 *     events are equal     if at each choice the thread, its operation and its object are
 *
 * A trial keeps a hash of 32 bits of them, which costs a few instructions a choice and is enough to see that two
 * trials differ: with n trials that differ, one passes for another with a probability of n / 2^32.  It is no
 * proof of equality against somebody who wants one.  Where they do differ, the logs themselves say at which
 * choice first; that is what to look at, as all that comes later may follow from it.
 *
 * Objects are addresses in the image.  They are the same in two trials of one program; after a change of the program
 * they may not be, though nothing else changed.  So hashes are compared within a replay, and not kept.
 */

import { OP } from './strategy.ts';

/** A choice: who went on, and what that one did then. */
export interface Event {
  readonly thread: number;
  /** of OP */
  readonly op: number;
  /** its address; 0 for none */
  readonly object: number;
}

/** The choices of a trial, to be sent. */
export interface EventLog {
  /** eight bytes an event, in base64 */
  readonly events: string;
  /** names of objects, by address in hexadecimal */
  readonly objects: Readonly<Record<string, string>>;
}

/** The hash of no event. */
export const NO_EVENTS = 0x811c9dc5;
const BYTES = 8;
const OPS: ReadonlyMap<number, string> = new Map(
  Object.entries(OP).map(([name, value]) => [value, name]),
);

/** The hash with one more event.  Of a given event it is a bijection: going on alike never hides a difference. */
export function hashEvent(hash: number, thread: number, op: number, object: number): number {
  let next = Math.imul(hash ^ ((thread << 8) | op), 0x01000193);
  next ^= next >>> 15;
  next = Math.imul(next ^ object, 0x2c1b3c6d);
  return (next ^ (next >>> 13)) >>> 0;
}

export function hashEvents(events: Iterable<Event>): number {
  let hash = NO_EVENTS;
  for (const { thread, op, object } of events) hash = hashEvent(hash, thread, op, object);
  return hash;
}

export function packEvents(events: readonly Event[]): string {
  const bytes = Buffer.alloc(events.length * BYTES);
  for (const [i, { thread, op, object }] of events.entries()) {
    bytes.writeUInt16LE(thread, i * BYTES);
    bytes.writeUInt8(op, i * BYTES + 2);
    bytes.writeUInt32LE(object, i * BYTES + 4);
  }
  return bytes.toString('base64');
}

export function unpackEvents(text: string): Event[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / BYTES) }, (_, i) => ({
    thread: bytes.readUInt16LE(i * BYTES),
    op: bytes.readUInt8(i * BYTES + 2),
    object: bytes.readUInt32LE(i * BYTES + 4),
  }));
}

/**
 * Where two trials first differ, in words; undefined where they do not.
 * @param threads names, by place in the roster
 */
export function firstDifference(
  before: EventLog,
  after: EventLog,
  threads: readonly string[],
): string | undefined {
  const [a, b] = [unpackEvents(before.events), unpackEvents(after.events)];
  const at = a.findIndex((event, i) => !isSame(event, b[i]));
  const choice = at < 0 ? a.length : at;
  if (at < 0 && a.length === b.length) return undefined;
  const [was, is] = [a[choice], b[choice]];
  const first = was === undefined ? 'there was none' : inWords(was, before, threads);
  const second = is === undefined ? 'there was none' : inWords(is, after, threads);
  return `choice ${choice.toLocaleString('en')}: first ${first}, then ${second}`;
}

/** What OP calls it. */
export function opName(op: number): string {
  return OPS.get(op) ?? String(op);
}

function isSame(a: Event, b: Event | undefined): boolean {
  return a.thread === b?.thread && a.op === b.op && a.object === b.object;
}

/** `saver/0 acquire north (2e00)`: two objects may have one name. */
function inWords({ thread, op, object }: Event, log: EventLog, threads: readonly string[]): string {
  const hex = object.toString(16);
  const name = log.objects[hex];
  const what = object === 0 ? '' : name === undefined ? ` ${hex}` : ` ${name} (${hex})`;
  return `${threads[thread] ?? `#${thread}`} ${opName(op)}${what}`;
}
