/*
 * Goal: two trials that did the same are said to have, two that did not are told apart, and where is said in words.
 *
 * Method: any list of events, and the same with one event changed, dropped, doubled or exchanged with its neighbour.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  firstDifference,
  hashEvent,
  hashEvents,
  NO_EVENTS,
  packEvents,
  unpackEvents,
  type Event,
  type EventLog,
} from '../../src/sched/events.ts';
import { OP } from '../../src/sched/strategy.ts';

const event = fc.record({
  thread: fc.nat({ max: 0xffff }),
  op: fc.nat({ max: 255 }),
  object: fc.nat({ max: 0xffff_ffff }),
});
const events = fc.array(event, { minLength: 1, maxLength: 50 });

/** The same trial, but for one thing. */
const changed = fc.tuple(events, fc.nat(), event).chain(([all, n, other]) => {
  const at = n % all.length;
  const [head, mine, tail] = [all.slice(0, at), all[at]!, all.slice(at + 1)];
  return fc.record({
    all: fc.constant(all),
    at: fc.constant(at),
    bent: fc.constantFrom<Event[]>(
      [...head, { ...mine, thread: mine.thread ^ 1 }, ...tail],
      [...head, { ...mine, op: mine.op ^ 1 }, ...tail],
      [...head, { ...mine, object: (mine.object ^ 4) >>> 0 }, ...tail],
      [...head, other, mine, ...tail],
      [...head, ...tail],
    ),
  });
});

function logOf(all: readonly Event[], objects: Record<string, string> = {}): EventLog {
  return { events: packEvents(all), objects };
}

test('a log comes back', () => {
  fc.assert(
    fc.property(events, (all) => {
      expect(unpackEvents(packEvents(all))).toEqual(all);
    }),
  );
});

test('the hash tells one changed event apart', () => {
  fc.assert(
    fc.property(changed, ({ all, bent }) => {
      fc.pre(packEvents(all) !== packEvents(bent));
      expect(hashEvents(bent)).not.toBe(hashEvents(all));
    }),
    { numRuns: 2_000 },
  );
});

test('the hash is of the order, too', () => {
  const a = { thread: 0, op: OP.acquire, object: 0x2e00 };
  const b = { thread: 1, op: OP.acquire, object: 0x2e00 };
  expect(hashEvents([a, b])).not.toBe(hashEvents([b, a]));
  expect(hashEvents([])).toBe(NO_EVENTS);
});

test('the hash is the same on every machine', () => {
  expect(hashEvent(NO_EVENTS, 1, OP.acquire, 0x2e00).toString(16)).toMatchInlineSnapshot(
    `"7a067036"`,
  );
});

describe('the first difference', () => {
  test('is none between a trial and itself, and where it is otherwise', () => {
    fc.assert(
      fc.property(changed, ({ all, at, bent }) => {
        expect(firstDifference(logOf(all), logOf(all), [])).toBeUndefined();
        if (packEvents(all) === packEvents(bent)) return;
        const said = firstDifference(logOf(all), logOf(bent), []);
        const choice = Number(/^choice ([\d,]+): first /.exec(said ?? '')![1]!.replace(',', ''));
        expect(choice).toBeGreaterThanOrEqual(at);
        expect(unpackEvents(packEvents(all)).slice(0, choice)).toEqual(bent.slice(0, choice));
        expect(all[choice]).not.toEqual(bent[choice]);
      }),
    );
  });

  test('is said with the names of threads, operations and objects', () => {
    const start = { thread: 0, op: OP.start, object: 0 };
    const north = { thread: 1, op: OP.acquire, object: 0x2e00 };
    const south = { thread: 1, op: OP.acquire, object: 0x2e40 };
    const names = { '2e00': 'north', '2e40': 'south' };
    const threads = ['saver/0', 'saver/1'];
    const said = (a: Event[], b: Event[]): string | undefined =>
      firstDifference(logOf(a, names), logOf(b, names), threads);
    expect(said([start, north], [start, south])).toBe(
      'choice 1: first saver/1 acquire north (2e00), then saver/1 acquire south (2e40)',
    );
    expect(said([start, north], [start])).toBe(
      'choice 1: first saver/1 acquire north (2e00), then there was none',
    );
    expect(firstDifference(logOf([start]), logOf([start, { ...north, thread: 7 }]), threads)).toBe(
      'choice 1: first there was none, then #7 acquire 2e00',
    );
  });
});
