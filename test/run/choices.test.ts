/*
 * Goal: the log of a trial's choices is that of what is in the image.
 *
 * Method: an image of a controlled run with choices written into it by hand, read back as events.
 */

import { beforeEach, expect, test } from 'vitest';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { kernel_boot } from '../../src/kernel/startup.ts';
import { attachImage, createImage } from '../../src/layout/image.ts';
import { global } from '../../src/layout/linker.ts';
import { header, image_header, kmutex } from '../../src/layout/records.ts';
import { kbaton, kchoice } from '../../src/layout/control-records.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, put, put16, put8 } from '../../src/layout/word.ts';
import { eventLog, stepsOfLog } from '../../src/run/choices.ts';
import { unpackEvents, type Event } from '../../src/sched/events.ts';
import { OP } from '../../src/sched/strategy.ts';

const north = global('north_of_choices', kmutex);

beforeEach(() => {
  const controlled = { choices: 16, strategyWords: 8, trials: 1 };
  attachImage(createImage({ threads: 2, heapBytes: 4096, controlled }));
  kernel_boot({ seed: 7, track: 'held', panicOnCycle: false });
  mutex_init(north, 'north');
});

function log(events: readonly Event[]): void {
  const baton = get(header, image_header.baton);
  for (const [i, { thread, op, object }] of events.entries()) {
    const choice = (get(baton, kbaton.log) + i * kchoice.$.size) as Ref<'kchoice'>;
    put16(choice, kchoice.thread, thread);
    put8(choice, kchoice.op, op);
    put(choice, kchoice.object, object as Ref<'sobj'>);
  }
  put(baton, kbaton.step, events.length);
}

const EVENTS: readonly Event[] = [
  { thread: 0, op: OP.start, object: 0 },
  { thread: 1, op: OP.acquire, object: north },
  { thread: 0, op: OP.write, object: 0x1008 },
];

test('are what was written, with the names of locks', () => {
  log(EVENTS);
  const { events, objects } = eventLog()!;
  expect(unpackEvents(events)).toEqual(EVENTS);
  expect(objects).toEqual({ [north.toString(16)]: 'north' });
  expect(stepsOfLog({ events, objects }, ['t/0']).map(({ name, text }) => [name, text])).toEqual([
    ['t/0', 'start'],
    ['#1', 'acquire north'],
    ['t/0', 'write 1008'],
  ]);
});

test('of a trial that made none, and of a free run', () => {
  expect(eventLog()).toEqual({ events: '', objects: {} });
  attachImage(createImage({ threads: 2, heapBytes: 4096 }));
  expect(eventLog()).toEqual({ events: '', objects: {} });
});

test('what an earlier trial left behind is not counted', () => {
  log(EVENTS);
  log(EVENTS.slice(0, 1));
  expect(unpackEvents(eventLog()!.events)).toEqual(EVENTS.slice(0, 1));
});
