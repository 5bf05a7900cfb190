/*
 * Goal: the stage plays what it says it plays, so that what it finds of the kernel can be believed.
 *
 * Method: litmus tests.  Programs of a few instructions, whose schedules can be counted on paper, and
 * whose outcomes are known: of all of them, the set that the stage finds must be that one, no more and
 * no less.  Then what ends a play: nobody can go on, nobody ends, a script that cannot be played.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { kthread } from '../src/layout/records.ts';
import { peek } from '../src/layout/word.ts';
import { Cast, ends, expires, sleeps, until, untilHere, type Scene } from './threads.ts';

const cast = new Cast(3, [new URL('threads.roles.mjs', import.meta.url)]);
afterAll(async () => cast.close());

const [x, y] = [cast.line<string>(0), cast.line<string>(1)];
const ANY = { preemptions: Infinity };
const results = (each: readonly unknown[]): string => each.join(' ');
const value = (): string => String(peek(x));

function scene(roles: Scene['roles'], observe: Scene['observe'] = results): Scene {
  return { roles, observe };
}

const crossed = scene([
  ['store_then_load', { mine: x, other: y }],
  ['store_then_load', { mine: y, other: x }],
]);
const adders = (role: string, n: number): Scene =>
  scene(
    Array.from({ length: n }, () => [role, { at: x }] as const),
    value,
  );

describe('explore', () => {
  test('two and two instructions: six schedules, and never 0 0', () => {
    const { counts, schedules } = cast.explore(crossed, ANY);
    expect(schedules).toBe(6);
    expect(Object.fromEntries(counts)).toEqual({ '0 1': 1, '1 0': 1, '1 1': 4 });
  });

  test.for([
    [0, 2, ['0 1', '1 0']],
    [1, 4, ['0 1', '1 0', '1 1']],
    [2, 6, ['0 1', '1 0', '1 1']],
  ] as const)('with at most %i preemptions there are %i', ([preemptions, schedules, found]) => {
    const outcomes = cast.explore(crossed, { preemptions });
    expect(outcomes.schedules).toBe(schedules);
    expect([...outcomes.counts.keys()].toSorted()).toEqual(found);
  });

  test('three of one instruction each: 3! schedules', () => {
    expect(cast.explore(adders('add_atomic', 3), ANY).schedules).toBe(6);
  });

  test('a lost update is found, and an atomic one is not lost', () => {
    expect(cast.surprises(adders('add_plain', 2), { 2: 'one by one', 1: 'one lost' }, ANY)).toEqual(
      [],
    );
    expect(cast.surprises(adders('add_plain', 3), { 3: '', 2: '', 1: '' }, ANY)).toEqual([]);
    expect(cast.surprises(adders('add_atomic', 3), { 3: 'none lost' }, ANY)).toEqual([]);
  });

  test('what is not in the table, or only there, is a surprise, with a schedule', () => {
    const [strange, missing, ...more] = cast.surprises(adders('add_plain', 2), { 2: '', 7: 'odd' });
    expect(strange).toMatch(/^1: not in the table; by the schedule\nt0\nt1 \(t0 before here 0\)/);
    expect(missing).toBe('7: never seen (odd)');
    expect(more).toEqual([]);
  });

  test('to load one word often is one place, and sees what others do there', () => {
    const poller = (times: number): Scene =>
      scene([
        ['poll', { at: x, times }],
        ['add_atomic', { at: x }],
      ]);
    expect(cast.explore(poller(1), ANY).schedules).toBe(2);
    expect(cast.explore(poller(1000), ANY).schedules).toBe(2);
  });

  test('a swap happens once: each thread finds what the other left, or nothing', () => {
    const swaps = scene([
      ['swap_in', { at: x, mark: 1 }],
      ['swap_in', { at: x, mark: 2 }],
    ]);
    expect(cast.surprises(swaps, { '0 1': '', '2 0': '' }, ANY)).toEqual([]);
  });

  test('too many schedules are an error, not a long wait', () => {
    expect(() => cast.explore(adders('add_plain', 3), { preemptions: 9, most: 5 })).toThrow(
      'more than 5 schedules',
    );
  });
});

describe('a wait', () => {
  test('compares and sleeps in one step: a store with a notify is never missed', () => {
    const pair = scene([
      ['wait_for', { at: x }],
      ['set_and_notify', { at: x, n: 1 }],
    ]);
    const table = { 'ok 1': 'it slept', 'not-equal 0': 'it came too late to sleep' };
    expect(cast.surprises(pair, table, ANY)).toEqual([]);
  });

  test('a notify that comes too early leaves it stuck', () => {
    const pair = scene([
      ['wait_for', { at: x }],
      ['notify_alone', { at: x }],
    ]);
    const stuck = 'stuck: t0 sleeps on line 0+0, t1 ended';
    expect(
      cast.surprises(pair, { 'ok 1': 'asleep in time', [stuck]: 'the notify was early' }),
    ).toEqual([]);
  });

  test.for([
    [1, 'stuck: t0 sleeps on line 0+0, t1 ended, t2 ended'],
    [2, 'ok ok 2'],
  ] as const)('a notify of %i wakes the first in line', ([n, outcome]) => {
    const three = scene([
      ['wait_for', { at: x }],
      ['wait_for', { at: x }],
      ['set_and_notify', { at: x, n }],
    ]);
    expect(cast.script(three, [sleeps(1), sleeps(0), ends(2)])).toBe(outcome);
  });

  test('a timed one ends when the play says so, by the clock of its own thread', () => {
    const napper = scene([
      ['nap', { ms: 250 }],
      ['wake', { t: cast.thread(0) }],
    ]);
    const table = {
      'ok 0 1': 'woken',
      'ok 250 1': 'woken, and late when it got its turn',
      'timed-out 250 0': 'its time was up before the other came',
    };
    expect(cast.surprises(napper, table, ANY)).toEqual([]);
  });

  test('one that is not timed does not', () => {
    const napper = scene([['nap', { ms: Infinity }]]);
    expect(cast.explore(napper).counts).toEqual(new Map([['stuck: t0 sleeps on itself', 1]]));
  });
});

describe('a script', () => {
  const two = scene([
    ['store_then_load', { mine: x, other: y }],
    ['store_then_load', { mine: y, other: x }],
  ]);

  test('stops an actor just before the instruction that it names', () => {
    expect(cast.script(two, [until(0, 'load', y, 0), ends(1), ends(0)])).toBe('1 1');
    expect(cast.script(two, [until(0, 'store', x, 0), ends(1), ends(0)])).toBe('1 0');
    expect(cast.script(two, [ends(0), ends(1)])).toBe('0 1');
  });

  test('stops at marks, and after its last line who runs goes on', () => {
    const marks = scene([
      ['mark', { name: 7 }],
      ['add_atomic', { at: x }],
    ]);
    expect(cast.script(marks, [untilHere(0, 7)])).toBe('7 ');
    expect(() => cast.script(marks, [untilHere(0, 7), untilHere(0, 7)])).toThrow(
      'line 1 of the script',
    );
  });

  test('lets a time-out come first, or a wakeup', () => {
    const napper = scene([
      ['nap', { ms: 5 }],
      ['wake', { t: cast.thread(0) }],
    ]);
    expect(cast.script(napper, [sleeps(0), expires(0), ends(0), ends(1)])).toBe('timed-out 5 0');
    expect(cast.script(napper, [sleeps(0), ends(1), ends(0)])).toBe('ok 0 1');
    expect(cast.script(napper, [sleeps(0), ends(1), expires(0), ends(0)])).toBe('ok 5 1');
  });

  test.for([
    ['an instruction that never comes', [until(0, 'swap', x, 0)], 'actor 0 until swap'],
    ['a sleep that never comes', [ends(1), sleeps(0)], 'actor 0 until sleeps'],
    ['an actor that has ended', [ends(0), until(0, 'load', y, 0)], 'actor 0 until load'],
    ['a time-out of one awake', [expires(1)], 'actor 1 until expires'],
  ] as const)('that waits for %s is an error that says where everybody is', ([, lines, says]) => {
    expect(() => cast.script(two, lines)).toThrow(says);
  });
});

describe('a play ends', () => {
  test('endless, when nobody ends', () => {
    expect(cast.explore(scene([['forever', { at: x }]]), { preemptions: 0 }).counts).toEqual(
      new Map([['endless', 1]]),
    );
  });

  test('with what a role threw', () => {
    const thrower = scene([['throws', {}]]);
    expect(cast.explore(thrower).counts).toEqual(new Map([['threw: RangeError: on purpose', 1]]));
    expect(cast.perform(thrower)).toBe('threw: RangeError: on purpose');
  });

  test('and the next one is not affected', () => {
    expect(cast.perform(adders('add_atomic', 3))).toBe('3');
    expect(cast.explore(adders('add_atomic', 2), ANY).counts).toEqual(new Map([['2', 2]]));
    expect(peek(kthread.park + cast.thread(0))).toBe(0);
  });
});
