/*
 * Event rings: what each thread did last, read from the image and merged into one order.
 *
 * A ring is written by its thread alone and holds the last so many of its events; a number that one counter of
 * the image gives out orders those of all threads.
 *
 * All of it may be garbage: a row without a number, or with a kind that there is not, is left out or shown as a
 * number, and no more is read than the rings hold.
 */

import { printable } from '../../base/text.ts';
import type { FieldInfo } from '../../dump/format.ts';
import type { DumpThread } from '../../dump/format.ts';
import { oops } from '../error.ts';
import { kthreadsOf, ringLength } from './kthreads.ts';
import type { Target } from './target.ts';

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

/** @throws MdbError when the dump has no rings, or not of a form that is understood */
export function readRings(target: Target): Rings {
  const thread = fieldsOf(target, 'kthread', ['ring', 'ring_next']);
  const event = fieldsOf(target, 'kevent', ['seq', 'time', 'kind', 'object', 'arg']);
  const head = fieldsOf(target, 'image_header', ['clock']);
  const size = target.types.need('kevent').size;
  const clock = target.word(head('clock')) ?? 0;
  const names = event.field('kind').names ?? {};
  const rings = target.threads.map((each) => ({
    each,
    ring: target.word(Number.parseInt(each.address, 16) + thread('ring')) ?? 0,
    next: target.word(Number.parseInt(each.address, 16) + thread('ring_next')) ?? 0,
  }));
  const capacity = ringLength(target, kthreadsOf(target));
  const events: Event[] = [];
  const wrapped: DumpThread[] = [];
  let wholeFrom = 0;
  for (const { each, ring, next } of rings) {
    let oldest = Infinity;
    for (let i = 0; i < Math.min(capacity, next); i++) {
      const at = ring + i * size;
      const seq = target.word(at + event('seq')) ?? 0;
      if (seq === 0) continue;
      oldest = Math.min(oldest, seq);
      const kind = target.word(at + event('kind')) ?? 0;
      events.push({
        thread: each,
        seq,
        ago: ((clock - (target.word(at + event('time')) ?? 0)) | 0) / 10,
        kind: names[kind] ?? `?${kind}`,
        object: target.word(at + event('object')) ?? 0,
        arg: target.word(at + event('arg')) ?? 0,
      });
    }
    if (next > capacity) {
      wrapped.push(each);
      if (oldest !== Infinity) wholeFrom = Math.max(wholeFrom, oldest);
    }
  }
  return { events: events.sort((a, b) => a.seq - b.seq), capacity, wrapped, wholeFrom };
}

type Offsets = ((name: string) => number) & { field: (name: string) => FieldInfo };

/** Where fields are.  @throws MdbError for one that the dump does not have */
function fieldsOf(target: Target, type: string, names: readonly string[]): Offsets {
  const struct = target.types.need(type);
  const fields = new Map(
    names.map((name) => {
      const field = struct.fields.find((known) => known.name === name);
      if (field === undefined) {
        throw oops(`failed to find member ${name} of ${printable(type)}`, 'this dump has none');
      }
      return [name, field];
    }),
  );
  return Object.assign((name: string): number => fields.get(name)!.offset, {
    field: (name: string): FieldInfo => fields.get(name)!,
  });
}
