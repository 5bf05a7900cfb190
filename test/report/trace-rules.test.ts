/*
 * Goal: what breaks a rule of a trace is found, each rule by itself.
 *
 * Method: a trace that breaks none, and its twins, each wrong in one way.
 */

import { describe, expect, test } from 'vitest';
import { EVENT } from '../../src/layout/records.ts';
import { historyOf } from '../../src/report/trace-history.ts';
import { faultsOfTrace } from '../../src/report/trace-rules.ts';
import { traceFrom } from '../../src/report/trace.ts';
import { made, threadAt } from './trace-made.ts';

type Loose = Record<string, unknown>;

const LOCK = 0x800;
const sound = JSON.stringify(
  traceFrom([
    historyOf(
      made({
        threads: [{}, {}],
        told: [
          { place: 0, seq: 1, time: 1, kind: EVENT.acquire, object: LOCK },
          { place: 1, seq: 2, time: 2, kind: EVENT.contend, object: LOCK },
          { place: 1, seq: 3, time: 2, kind: EVENT.block, object: LOCK },
          { place: 0, seq: 4, time: 3, kind: EVENT.release, object: LOCK },
          { place: 0, seq: 5, time: 3, kind: EVENT.signal, object: LOCK, arg: threadAt(1) },
          { place: 1, seq: 6, time: 4, kind: EVENT.wake, object: LOCK },
          { place: 1, seq: 7, time: 4, kind: EVENT.acquire, object: LOCK },
          { place: 1, seq: 8, time: 5, kind: EVENT.release, object: LOCK },
          { place: 1, seq: 9, time: 5, kind: EVENT.note },
        ],
        clock: 6,
        locks: { lock: LOCK },
      }),
    ),
  ]),
);

/** The events of a copy, to be spoiled. */
function faultsAfter(spoil: (events: Loose[]) => void): string[] {
  const trace = JSON.parse(sound) as { traceEvents: Loose[] };
  spoil(trace.traceEvents);
  return faultsOfTrace(trace);
}

function first(events: readonly Loose[], match: Loose): Loose {
  const found = events.find((event) => Object.entries(match).every(([k, v]) => event[k] === v));
  if (found === undefined) throw new RangeError(`no ${JSON.stringify(match)}`);
  return found;
}

test('the trace itself breaks none', () => {
  expect(faultsAfter(() => undefined)).toEqual([]);
});

describe('a twin', () => {
  const twins: Readonly<Record<string, readonly [(events: Loose[]) => void, RegExp]>> = {
    'that draws holds as X': [
      (events) => {
        const [begin, end] = [first(events, { ph: 'b' }), first(events, { ph: 'e' })];
        Object.assign(begin, { ph: 'X', dur: Number(end['ts']) - Number(begin['ts']) });
        events.splice(events.indexOf(end), 1);
      },
      /drawn as a hold/,
    ],
    'whose slices overlap': [
      (events) => {
        const wait = first(events, { cat: 'wait' });
        wait['dur'] = Number(wait['dur']) + 300;
      },
      /overlap/,
    ],
    'that repeats an id': [
      (events) => {
        for (const event of events) if (event['id'] !== undefined) event['id'] = '0x1';
      },
      /repeats the id 0x1|is not open/,
    ],
    'whose ts go back': [
      (events) => {
        first(events, { ph: 'i' })['ts'] = 0;
      },
      /is not later/,
    ],
    'with two of one ts': [
      (events) => {
        const at = events.findIndex(({ ph }) => ph === 'e');
        events[at]!['ts'] = events[at - 1]!['ts'];
      },
      /is not later/,
    ],
    'with a ts below the nanosecond': [
      (events) => {
        first(events, { ph: 'i' })['ts'] = 555.5555;
      },
      /has no time/,
    ],
    'with a slice of no duration': [
      (events) => {
        delete first(events, { ph: 'X' })['dur'];
      },
      /has no duration/,
    ],
    'with a hold that never ends': [
      (events) => {
        events.splice(events.indexOf(first(events, { ph: 'e' })), 1);
      },
      /never ends/,
    ],
    'with a hold that ends as another': [
      (events) => {
        first(events, { ph: 'e' })['name'] = 'other';
      },
      /with another name/,
    ],
    'with an arrow to nowhere': [
      (events) => {
        delete first(events, { flow_in: true })['bind_id'];
      },
      /neither leaves nor enters|one end/,
    ],
    'with an arrow that goes back': [
      (events) => {
        const [out, into] = [first(events, { flow_out: true }), first(events, { flow_in: true })];
        delete out['flow_out'];
        delete into['flow_in'];
        Object.assign(out, { flow_in: true });
        Object.assign(into, { flow_out: true });
      },
      /goes back in time/,
    ],
    'with two arrows of one id': [
      (events) => {
        const { bind_id: id } = first(events, { flow_out: true });
        Object.assign(first(events, { cat: 'wait' }), { bind_id: id, flow_in: true });
      },
      /repeats an end/,
    ],
    'with a thread that has no name': [
      (events) => {
        events.splice(events.indexOf(first(events, { name: 'thread_name', tid: 2 })), 1);
      },
      /1 2 has no thread_name/,
    ],
    'with a process that is not sorted': [
      (events) => {
        events.splice(events.indexOf(first(events, { name: 'process_sort_index' })), 1);
      },
      /1 has no process_sort_index/,
    ],
    'with an event of no name': [
      (events) => {
        first(events, { ph: 'X' })['name'] = '';
      },
      /has no name/,
    ],
    'with a name that moves the cursor': [
      (events) => {
        first(events, { ph: 'X' })['name'] = '\u001B[2J';
      },
      /no name that can be printed/,
    ],
    'with a thread that is named nothing': [
      (events) => {
        first(events, { name: 'thread_name' })['args'] = { name: '' };
      },
      /names nothing/,
    ],
    'with a phase that is not used': [
      (events) => {
        first(events, { ph: 'X' })['ph'] = 'B';
      },
      /no known phase/,
    ],
  };

  test.for(Object.entries(twins))('%s is found', ([, [spoil, says]]) => {
    expect(faultsAfter(spoil).join('\n')).toMatch(says);
  });

  test.for([null, 7, {}, { traceEvents: 7 }, { traceEvents: [null, 7] }])(
    '%j is no trace',
    (not) => {
      expect(faultsOfTrace(not)).not.toEqual([]);
    },
  );
});
