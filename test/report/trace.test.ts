/*
 * Goal: a trace shows what the threads did, no more and no less, and breaks no rule of its format, whatever the
 * rings hold.
 *
 * Method: histories made by hand, of which it is known what must be drawn; histories of threads that lock as the kernel
 * does, in which no two holds of a mutex may overlap and each wakeup has its arrow; rings full of anything; the golden
 * dumps.  Rules are checked by trace-rules.ts, which has a test of its own.
 */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/base/exit.ts';
import { DumpFile } from '../../src/dump/read.ts';
import type { DumpThread } from '../../src/dump/format.ts';
import { EVENT, RING_EVENTS } from '../../src/layout/records.ts';
import { OP } from '../../src/sched/strategy.ts';
import { historyOf } from '../../src/report/trace-history.ts';
import { faultsOfTrace } from '../../src/report/trace-rules.ts';
import {
  traceFrom,
  traceOf,
  traceText,
  type Trace,
  type TraceEvent,
} from '../../src/report/trace.ts';
import { dumpPath, GOLDEN } from '../mdb/session.ts';
import { history, made, threadAt, type Making, type Told } from './trace-made.ts';

const NORTH = 0x800;
const SOUTH = 0x840;
const LOCKS = { north: NORTH, south: SOUTH };
const TICK_US = 100;

/** As a reader of the file gets it. */
function traced(...makings: readonly Making[]): Trace {
  const trace = traceFrom(makings.map((making) => historyOf(made(making))));
  return JSON.parse(JSON.stringify(trace)) as Trace;
}

function timed({ traceEvents }: Trace): TraceEvent[] {
  return traceEvents.filter(({ ph }) => ph !== 'M');
}

/** `X 2 wait for north 2-3`: what, of which thread, from which tick to which. */
function drawn(trace: Trace, unit = TICK_US): string[] {
  return timed(trace).map(({ ph, tid, name, ts = 0, dur }) => {
    const to = dur === undefined ? '' : `-${Math.floor((ts + dur) / unit)}`;
    return `${ph} ${tid} ${name} ${Math.floor(ts / unit)}${to}`;
  });
}

/** No two holds of a mutex at a time. */
function expectExclusion(events: readonly TraceEvent[]): void {
  const open = new Map<string, string | undefined>();
  for (const { ph, name, id, args } of events) {
    const [lock = ''] = name.split(' held by ');
    if (ph === 'b' && args?.['kind'] === 'mutex') {
      expect(open.get(lock), name).toBeUndefined();
      open.set(lock, id);
    } else if (ph === 'e' && open.get(lock) === id) open.delete(lock);
  }
}

function held(object: number, name: string, held_ms: number): DumpThread['holds'][number] {
  return { name, kind: 'mutex', address: object.toString(16), held_ms };
}

function wanted(object: number, name: string, waited_ms: number, owners: number[] = []) {
  return { name, kind: 'mutex', address: object.toString(16), waited_ms, owners };
}

describe('by hand', () => {
  const [A, B] = [0, 1];
  const met: Told[] = [
    { place: A, seq: 1, time: 10, kind: EVENT.start },
    { place: B, seq: 2, time: 10, kind: EVENT.start },
    { place: A, seq: 3, time: 11, kind: EVENT.acquire, object: NORTH },
    { place: B, seq: 4, time: 12, kind: EVENT.contend, object: NORTH, arg: threadAt(A) },
    { place: B, seq: 5, time: 12, kind: EVENT.block, object: NORTH, arg: threadAt(A) },
    { place: A, seq: 6, time: 13, kind: EVENT.release, object: NORTH },
    { place: A, seq: 7, time: 13, kind: EVENT.signal, object: NORTH, arg: threadAt(B) },
    { place: B, seq: 8, time: 14, kind: EVENT.wake, object: NORTH },
    { place: B, seq: 9, time: 14, kind: EVENT.acquire, object: NORTH },
  ];
  const meeting: Making = {
    threads: [{ name: 'a' }, { name: 'b', holds: [held(NORTH, 'north', 0.2)] }],
    told: met,
    clock: 16,
    gate: 10,
    locks: LOCKS,
  };

  test('two threads meet at a lock', () => {
    const trace = traced(meeting);
    expect(faultsOfTrace(trace)).toEqual([]);
    expect(drawn(trace)).toEqual([
      'i 1 start 0',
      'i 2 start 0',
      'b 1 north held by a 1',
      'X 2 mutex_enter north 2-4',
      'X 2 wait for north 2-4',
      'e 1 north held by a 3',
      'X 1 mutex_exit north 3-3',
      'X 2 woken by a 3-4',
      'b 2 north held by b 4',
      'e 2 north held by b 6',
    ]);
    const [out, into] = timed(trace).filter(({ bind_id: id }) => id !== undefined);
    expect(out).toMatchObject({ name: 'mutex_exit north', flow_out: true, args: { wakes: 'b' } });
    expect(into).toMatchObject({ name: 'woken by a', flow_in: true, bind_id: out?.bind_id });
    const wait = timed(trace).find(({ cat }) => cat === 'wait');
    expect(wait?.args).toEqual({ kind: 'mutex', holder: 'a', ended: 'woken' });
  });

  test('two threads hang: what never ended says so, and holds are known from the held stacks', () => {
    const trace = traced({
      threads: [
        { holds: [held(NORTH, 'north', 0.4)], wants: wanted(SOUTH, 'south', 0.2, [2]) },
        { holds: [held(SOUTH, 'south', 0.5)], wants: wanted(NORTH, 'north', 0.3, [1]) },
      ],
      told: [
        { place: B, seq: 1, time: 7, kind: EVENT.contend, object: NORTH, arg: threadAt(A) },
        { place: B, seq: 2, time: 7, kind: EVENT.block, object: NORTH, arg: threadAt(A) },
        { place: A, seq: 3, time: 8, kind: EVENT.contend, object: SOUTH, arg: threadAt(B) },
        { place: A, seq: 4, time: 8, kind: EVENT.block, object: SOUTH, arg: threadAt(B) },
      ],
      clock: 10,
      gate: 2,
      locks: LOCKS,
    });
    expect(faultsOfTrace(trace)).toEqual([]);
    expect(drawn(trace)).toEqual([
      'b 2 south held by thread/1 3',
      'b 1 north held by thread/0 4',
      'X 2 mutex_enter north 5-8',
      'X 2 wait for north 5-8',
      'X 1 mutex_enter south 6-8',
      'X 1 wait for south 6-8',
      'e 1 north held by thread/0 8',
      'e 2 south held by thread/1 8',
    ]);
    const waits = timed(trace).filter(({ cat }) => cat === 'wait');
    expect(waits.map(({ args }) => args)).toEqual([
      { kind: 'mutex', holder: 'thread/0', ended: 'never' },
      { kind: 'mutex', holder: 'thread/1', ended: 'never' },
    ]);
  });

  test('a ring that ran over: what it lost is not made up, and what began before is cut', () => {
    // Thread 0 took north and slept before its ring begins; only the ends of that are left.
    const told: Told[] = [
      { place: A, seq: 1, time: 1, kind: EVENT.acquire, object: NORTH },
      { place: A, seq: 2, time: 1, kind: EVENT.block, object: SOUTH },
      { place: A, seq: 3, time: 5, kind: EVENT.wake, object: SOUTH },
      ...Array.from({ length: RING_EVENTS - 2 }, (_, i) => {
        return { place: A, seq: 4 + i, time: 6, kind: EVENT.note };
      }),
      { place: A, seq: 1000, time: 9, kind: EVENT.release, object: NORTH },
    ];
    const trace = traced({ threads: [{}], told, clock: 10, locks: LOCKS });
    expect(faultsOfTrace(trace)).toEqual([]);
    expect(drawn(trace).filter((line) => !line.startsWith('i'))).toEqual([
      'b 1 north held by thread/0 5',
      'X 1 wait for south 5-5',
      'e 1 north held by thread/0 9',
    ]);
    const begun = timed(trace).filter(({ args }) => args !== undefined);
    expect(begun.map(({ args }) => args?.['cut'])).toEqual([true, true]);
    expect(trace.otherData['trials']).toMatchObject([{ rings_cut: ['thread/0'] }]);
  });

  test('a signal that comes before its thread has said that it sleeps has its arrow', () => {
    const trace = traced({
      threads: [{}, {}],
      told: [
        { place: A, seq: 1, time: 1, kind: EVENT.signal, object: NORTH, arg: threadAt(B) },
        { place: B, seq: 2, time: 1, kind: EVENT.block, object: NORTH },
        { place: B, seq: 3, time: 2, kind: EVENT.wake, object: NORTH },
      ],
      clock: 3,
      locks: LOCKS,
    });
    expect(faultsOfTrace(trace)).toEqual([]);
    expect(drawn(trace)).toEqual([
      'X 1 mutex_exit north 1-1',
      'X 2 wait for north 1-2',
      'X 2 woken by thread/0 1-2',
    ]);
    expect(timed(trace).map(({ bind_id: id }) => id)).toEqual(['0x1', undefined, '0x1']);
  });

  test('a clock that wrapped, and a thread that looked at it late', () => {
    const before = 2 ** 32 - 2;
    const trace = traced({
      threads: [{}, {}],
      told: [
        { place: A, seq: 1, time: before, kind: EVENT.block, object: NORTH },
        // It took its number, lost the CPU, and saw a later time than what came after it.
        { place: B, seq: 2, time: 3, kind: EVENT.start },
        { place: A, seq: 3, time: 1, kind: EVENT.wake, object: NORTH },
      ],
      clock: 5,
      gate: before,
      locks: LOCKS,
    });
    expect(faultsOfTrace(trace)).toEqual([]);
    expect(drawn(trace)).toEqual(['X 1 wait for north 0-3', 'i 2 start 3']);
  });

  test('a controlled run: each event lies in the choice that it came of', () => {
    const trace = traced({
      threads: [
        { holds: [held(SOUTH, 'south', 0)] },
        { holds: [held(NORTH, 'north', 0)], wants: wanted(SOUTH, 'south', 0, [1]) },
      ],
      told: [
        { place: A, seq: 1, time: 0, kind: EVENT.start },
        { place: B, seq: 2, time: 0, kind: EVENT.start },
        { place: B, seq: 3, time: 0, kind: EVENT.contend, object: NORTH, arg: threadAt(A) },
        { place: B, seq: 4, time: 0, kind: EVENT.block, object: NORTH, arg: threadAt(A) },
        { place: A, seq: 5, time: 0, kind: EVENT.signal, object: NORTH, arg: threadAt(B) },
        { place: B, seq: 6, time: 0, kind: EVENT.wake, object: NORTH },
        { place: B, seq: 7, time: 0, kind: EVENT.contend, object: SOUTH, arg: threadAt(A) },
        { place: B, seq: 8, time: 0, kind: EVENT.block, object: SOUTH, arg: threadAt(A) },
      ],
      choices: [
        { thread: A, op: OP.start, object: 0 },
        { thread: A, op: OP.acquire, object: NORTH },
        { thread: B, op: OP.start, object: 0 },
        { thread: B, op: OP.acquire, object: NORTH },
        { thread: A, op: OP.release, object: NORTH },
        { thread: A, op: OP.acquire, object: SOUTH },
        { thread: B, op: OP.wait, object: NORTH },
        { thread: B, op: OP.acquire, object: SOUTH },
      ],
      clock: 0,
      locks: LOCKS,
    });
    expect(faultsOfTrace(trace)).toEqual([]);
    const lines = drawn(trace, 1);
    expect(lines.filter((line) => line.startsWith('X 0 thread'))).toEqual([
      'X 0 thread/0 0-1',
      'X 0 thread/1 2-3',
      'X 0 thread/0 4-5',
      'X 0 thread/1 6-7',
    ]);
    expect(lines.filter((line) => !line.startsWith('X 0'))).toEqual([
      'i 1 start 0',
      'i 2 start 2',
      'X 2 mutex_enter north 3-6',
      'X 2 wait for north 3-6',
      'X 1 mutex_exit north 4-4',
      'X 2 woken by thread/0 4-6',
      'b 1 south held by thread/0 5',
      'b 2 north held by thread/1 6',
      'X 2 mutex_enter south 7-8',
      'X 2 wait for south 7-8',
      'e 1 south held by thread/0 8',
      'e 2 north held by thread/1 8',
    ]);
  });

  test('several trials in one file', () => {
    const trace = traced(meeting, meeting);
    expect(faultsOfTrace(trace)).toEqual([]);
    const of = (pid: number) =>
      drawn({ ...trace, traceEvents: trace.traceEvents.filter((event) => event.pid === pid) });
    expect(of(1)).toEqual(drawn(traced(meeting)));
    expect(of(2)).toEqual(of(1));
  });

  test('names that are meant to hurt stay names', () => {
    const names = [
      '',
      '"},{"ph":"X',
      '\u001B[2J\n',
      '\uD800',
      '\u202Egnal',
      '__proto__',
      'x'.repeat(1e5),
    ];
    const locks = Object.fromEntries(names.slice(1).map((name, i) => [`${name} `, NORTH + 64 * i]));
    const told = names.flatMap((_, place): Told[] => [
      { place, seq: 2 * place + 1, time: 1, kind: EVENT.contend, object: NORTH + 64 * place },
      { place, seq: 2 * place + 2, time: 1, kind: EVENT.block, object: NORTH + 64 * place },
    ]);
    const trace = traced({ threads: names.map((name) => ({ name })), told, clock: 2, locks });
    expect(faultsOfTrace(trace)).toEqual([]);
    const all = trace.traceEvents.flatMap(({ name, args }) => [name, String(args?.['name'] ?? '')]);
    expect(all.filter((name) => /[\p{Cc}\p{Cf}\p{Cs}]/u.test(name))).toEqual([]);
    expect(Math.max(...all.map((name) => name.length))).toBeLessThan(600);
    const threads = trace.traceEvents.filter(({ name }) => name === 'thread_name');
    expect(threads.map(({ args }) => args?.['name'])).toEqual(
      expect.arrayContaining(['#1', '"},{"ph":"X', '\\x1b[2J\\n', '\\u{d800}', '__proto__']),
    );
  });
});

test('a trace that breaks a rule is not handed out', () => {
  const trace = traced({ threads: [{}], told: [], clock: 1 });
  expect(JSON.parse(traceText(trace))).toEqual(trace);
  const name = trace.traceEvents.find((event) => event.name === 'thread_name');
  const twice = { ...trace, traceEvents: [...trace.traceEvents, name!] };
  expect(() => traceText(twice)).toThrow(
    expect.objectContaining({ code: 'INTERNAL', exit: EXIT.internal }) as Error,
  );
});

describe('threads that lock as the kernel does', () => {
  const moves = fc.array(fc.tuple(fc.nat(3), fc.nat(2), fc.nat(2)), { maxLength: 150 });
  const locks = [NORTH, SOUTH, 0x880];

  test('holds exclude each other, each wakeup has its arrow, nothing is lost', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const { told, holder, asleep, clock } = history(4, locks, all);
        const threads = [0, 1, 2, 3].map((place) => {
          const wants = asleep.get(place);
          return {
            holds: [...holder]
              .filter(([, who]) => who === place)
              .map(([lock]) => held(lock, '', 0)),
            wants: wants === undefined ? null : wanted(wants, '', 0),
          };
        });
        const trace = traced({ threads, told, clock, locks: { ...LOCKS, west: 0x880 } });
        expect(faultsOfTrace(trace)).toEqual([]);
        const count = (kind: number): number => told.filter((each) => each.kind === kind).length;
        const events = timed(trace);
        expect(events.filter(({ ph }) => ph === 'b')).toHaveLength(count(EVENT.acquire));
        expect(events.filter(({ cat }) => cat === 'wait')).toHaveLength(count(EVENT.block));
        expect(events.filter((event) => event.flow_out)).toHaveLength(count(EVENT.signal));
        expect(events.filter((event) => event.args?.['cut'] === true)).toEqual([]);
        expectExclusion(events);
      }),
      { numRuns: 60 },
    );
  });
});

describe('rings full of anything', () => {
  const object = fc.constantFrom(0, NORTH, SOUTH, 0x7fff_fff0, 0xffff_ffff);
  const told = fc.record({
    place: fc.nat(3),
    seq: fc.oneof(fc.nat(400), fc.nat(0xffff_ffff)),
    time: fc.oneof(fc.nat(50), fc.nat(0xffff_ffff)),
    kind: fc.nat(15),
    object,
    arg: fc.oneof(fc.constantFrom(0, 1, 2, 3).map(threadAt), fc.nat(0xffff_ffff)),
  });
  const ms = fc.oneof(fc.nat(50), fc.double());
  const thread = fc.record({
    name: fc.string({ unit: 'binary', maxLength: 8 }),
    id: fc.nat(5),
    holds: fc.array(
      fc.tuple(object, ms).map(([at, since]) => held(at, 'held', since)),
      { maxLength: 3 },
    ),
    wants: fc.option(fc.tuple(object, ms).map(([at, since]) => wanted(at, 'wanted', since, [1]))),
  });
  const choice = fc.record({ thread: fc.nat(6), op: fc.nat(12), object });
  const making = fc.record({
    threads: fc.array(thread, { minLength: 4, maxLength: 4 }),
    // Written over and over, so that rings run over.
    told: fc
      .tuple(fc.array(told, { maxLength: 60 }), fc.constantFrom(1, 1, 20))
      .map(([some, times]) => Array.from({ length: times }, () => some).flat()),
    clock: fc.oneof(fc.nat(60), fc.nat(0xffff_ffff)),
    gate: fc.nat(0xffff_ffff),
    locks: fc.constant(LOCKS),
    choices: fc.option(fc.array(choice, { maxLength: 80 }), { nil: undefined }),
  });

  test('make a trace that breaks no rule', () => {
    fc.assert(
      fc.property(fc.array(making, { minLength: 1, maxLength: 2 }), (makings) => {
        const trace = traced(...(makings as Making[]));
        expect(faultsOfTrace(trace)).toEqual([]);
        const names = trace.traceEvents.filter(({ name }) => name === 'thread_name');
        const schedules = makings.filter(({ choices }) => choices !== undefined).length;
        expect(names).toHaveLength(4 * makings.length + schedules);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the golden dumps', () => {
  test.for(GOLDEN)('%s', async (name) => {
    const file = await DumpFile.open(dumpPath(name));
    try {
      const { head, threads } = await file.dump();
      const trace = JSON.parse(await traceOf(file)) as Trace;
      expect(faultsOfTrace(trace)).toEqual([]);
      expectExclusion(timed(trace));
      const named = trace.traceEvents.filter((event) => event.name === 'thread_name');
      expect(named.map(({ args }) => args?.['name'])).toEqual(
        expect.arrayContaining(threads.map((thread) => thread.name)),
      );
      // Who waits for whom, in the cycle, is drawn up to the end.
      const waits = timed(trace).filter(
        ({ cat, args }) => cat === 'wait' && args?.['ended'] === 'never',
      );
      for (const id of head.cycle) {
        const place = threads.findIndex((thread) => thread.id === id);
        const { wants } = threads[place]!;
        const own = waits.filter(({ tid }) => tid === place + 1);
        // One that panicked over the cycle did not sleep.
        expect(own).toHaveLength(wants === null ? 0 : 1);
        if (wants === null) continue;
        expect(own[0]?.args?.['wants'] ?? own[0]?.name.replace('wait for ', '')).toBe(wants.name);
      }
      const holds = timed(trace).filter(
        ({ ph, args }) => ph === 'b' && args?.['ended'] === 'never',
      );
      expect(holds).toHaveLength(threads.flatMap((thread) => thread.holds).length);
    } finally {
      file.close();
    }
  });
});
