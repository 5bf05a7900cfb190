/*
 * The event rings of a dump, and the log of choices of a controlled run, read from its image by its own types.
 *
 * A ring is written by its thread alone and holds the last so many of its events; a number that one counter of
 * the image gives out orders those of all threads.  How long a ring is the dump does not say; but rings lie one behind
 * the other, so the least gap between two is their length.
 *
 * All of it may be garbage: a row without a number is left out, a kind that there is not is shown as a number, and no
 * more is read than the rings hold.
 *
 * Who reads brings its own eyes (ImageEyes): the debugger its target, a report the image alone.
 */

import type { DumpThread, FieldInfo, StructInfo } from './format.ts';

/** The image of a dump, as the one who reads it sees it. */
export interface ImageEyes {
  readonly threads: readonly DumpThread[];
  /** a word of the image, at any address; undefined outside of it */
  word(address: number): number | undefined;
  /** @throws where the dump has no such type, an error of the reader's own kind */
  struct(type: string): StructInfo;
  /** @throws the same, where the type has no such field */
  field(type: string, name: string): FieldInfo;
}

export interface Event {
  readonly thread: DumpThread;
  readonly seq: number;
  /** milliseconds before the machine was stopped */
  readonly ago: number;
  readonly kind: string;
  readonly object: number;
  readonly arg: number;
}

export interface Rings {
  /** in order */
  readonly events: readonly Event[];
  readonly capacity: number;
  /** threads that did more than their ring holds */
  readonly wrapped: readonly DumpThread[];
  /** events before this number may be missing, of those; 0: none are */
  readonly wholeFrom: number;
}

/** A choice of a strategy: who went on, and what that one did then. */
export interface LoggedChoice {
  readonly choice: number;
  /** its place in the roster */
  readonly thread: number;
  readonly op: string;
  readonly object: number;
}

const TICKS_PER_MS = 10;
const EVENTS_MAX = 65_536;
/** Records in a ring, where it is the only one. */
const EVENTS = 256;
const THREADS_MAX = 16_384;

/** @throws what the eyes throw, for a dump that has no rings */
export function ringsIn(eyes: ImageEyes): Rings {
  const ringAt = eyes.field('kthread', 'ring').offset;
  const nextAt = eyes.field('kthread', 'ring_next').offset;
  const [seqAt, timeAt, kindAt, objectAt, argAt] = ['seq', 'time', 'kind', 'object', 'arg'].map(
    (name) => eyes.field('kevent', name).offset,
  ) as [number, number, number, number, number];
  const names = eyes.field('kevent', 'kind').names ?? {};
  const { size } = eyes.struct('kevent');
  const clock = eyes.word(eyes.field('image_header', 'clock').offset) ?? 0;
  const capacity = ringLength(ringAddresses(eyes), size);
  const events: Event[] = [];
  const wrapped: DumpThread[] = [];
  let wholeFrom = 0;
  for (const thread of eyes.threads) {
    const record = Number.parseInt(thread.address, 16);
    const ring = eyes.word(record + ringAt) ?? 0;
    const next = eyes.word(record + nextAt) ?? 0;
    let oldest = Infinity;
    for (let i = 0; i < Math.min(capacity, next); i++) {
      const at = ring + i * size;
      const seq = eyes.word(at + seqAt) ?? 0;
      if (seq === 0) continue;
      oldest = Math.min(oldest, seq);
      const kind = eyes.word(at + kindAt) ?? 0;
      events.push({
        thread,
        seq,
        ago: ((clock - (eyes.word(at + timeAt) ?? 0)) | 0) / TICKS_PER_MS,
        kind: names[kind] ?? `?${kind}`,
        object: eyes.word(at + objectAt) ?? 0,
        arg: eyes.word(at + argAt) ?? 0,
      });
    }
    if (next > capacity) {
      wrapped.push(thread);
      if (oldest !== Infinity) wholeFrom = Math.max(wholeFrom, oldest);
    }
  }
  return { events: events.sort((a, b) => a.seq - b.seq), capacity, wrapped, wholeFrom };
}

/** Where the rings of all kthreads are, that of the boot thread too. */
function ringAddresses(eyes: ImageEyes): number[] {
  const head = (name: string): number => eyes.word(eyes.field('image_header', name).offset) ?? 0;
  const count = Math.min(head('thread_count'), head('thread_rows'), THREADS_MAX);
  const { size } = eyes.struct('kthread');
  const ring = head('threads') + eyes.field('kthread', 'ring').offset;
  return Array.from({ length: count }, (_, row) => eyes.word(ring + row * size) ?? 0);
}

/** Records in a ring.  @param rings addresses, in any order @param size bytes of a record */
export function ringLength(rings: readonly number[], size: number): number {
  const sorted = rings.filter((at) => at !== 0).toSorted((a, b) => a - b);
  const gaps = sorted.slice(1).map((at, i) => (at - sorted[i]!) / size);
  const length = gaps.reduce((least, gap) => (gap >= 1 ? Math.min(least, gap) : least), Infinity);
  return Number.isInteger(length) ? Math.min(length, EVENTS_MAX) : EVENTS;
}

/** How many choices a controlled run made; undefined for a free run. */
export function choiceCount(eyes: ImageEyes): number | undefined {
  const baton = batonAt(eyes);
  return baton === 0 ? undefined : (eyes.word(baton + eyes.field('kbaton', 'step').offset) ?? 0);
}

/** The choices of a controlled run, from one on up to another; undefined for a free run. */
export function choicesIn(eyes: ImageEyes, from: number, to: number): LoggedChoice[] | undefined {
  const baton = batonAt(eyes);
  if (baton === 0) return undefined;
  const log = eyes.word(baton + eyes.field('kbaton', 'log').offset) ?? 0;
  const fields = ['thread', 'op', 'object'].map((name) => eyes.field('kchoice', name));
  const names = fields[1]?.names ?? {};
  const { size } = eyes.struct('kchoice');
  const choices: LoggedChoice[] = [];
  for (let choice = from; choice < to; choice++) {
    const words = fields.map((field) => part(eyes, log + choice * size, field));
    const [thread, op, object] = words;
    if (thread === undefined || op === undefined || object === undefined) break;
    choices.push({ choice, thread, op: names[op] ?? String(op), object });
  }
  return choices;
}

function batonAt(eyes: ImageEyes): number {
  return eyes.word(eyes.field('image_header', 'baton').offset) ?? 0;
}

/** A field of one, two or four bytes. */
function part(eyes: ImageEyes, record: number, { offset, size }: FieldInfo): number | undefined {
  const word = eyes.word(record + offset);
  return word === undefined || size >= 4 ? word : word & ((1 << (8 * size)) - 1);
}
