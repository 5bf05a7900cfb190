/*
 * Goal: units are neither lost nor invented; whoever waits for one gets the next that comes, in order of
 * arrival, whatever else happens at the same moment.
 *
 * Method: every schedule of two or three threads with few preemptions; the set of outcomes is compared,
 * units counted.  The mistakes of published semaphores (to tell of the step from 0 to 1 alone, to look
 * for a unit before joining the line) are the twins, and must show.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { sema_init } from '../../src/kernel/semaphore.ts';
import { ksema, turnstile } from '../../src/layout/records.ts';
import { load, peek } from '../../src/layout/word.ts';
import { ends, expires, sleeps, until, untilHere } from '../threads.ts';
import { openCast, play, returned, unrest, type Call } from './scene.ts';

const cast = openCast(4);
afterAll(async () => cast.close());

const sp = cast.line<'ksema'>(0);
const [inside, most] = [cast.line<string>(1), cast.line<string>(2)];
const threads = [0, 1, 2, 3].map((i) => cast.thread(i));
const chain = ksema.ts + turnstile.chain;
const units = (n: number) => (): void => sema_init(sp, n, 'units');
/** The results, the units that are left, and who still stands in line. */
const observe = (results: readonly unknown[]): string => {
  const line = unrest(sp, threads).replace(/^word \w+(?:, )?/, '');
  return `${returned(results)} ${load(sp, ksema.count)} ${line}`.trimEnd();
};

const p: Call = ['p', sp];
const v: Call = ['v', sp];
const timed: Call = ['sema_p_timed', sp, 10];

describe('a unit', () => {
  test('goes to the one that waits, however close the two come', () => {
    const scene = play([[p], [v]], { boot: units(0), observe });
    expect(cast.surprises(scene, { '| 0': 'handed over' }, { preemptions: 4 })).toEqual([]);
  });

  test.for(['sema: looks, then joins'])('control: %s', (twin) => {
    const scene = play([[p], [v]], { boot: units(0), observe }, twin);
    const table = {
      '| 0': 'handed over',
      'stuck: t0 sleeps on line 0, t1 ended': 'each missed the other',
    };
    expect(cast.surprises(scene, table)).toEqual([]);
  });

  test('one each for two that wait, given at once', () => {
    const scene = play([[p], [p], [v, v]], { boot: units(0), observe });
    expect(cast.surprises(scene, { '|| 0': 'one each' })).toEqual([]);
  });

  test('control: sema: tells of 0 to 1 alone', () => {
    const scene = play(
      [[p], [p], [v, v]],
      { boot: units(0), observe },
      'sema: tells of 0 to 1 alone',
    );
    expect(cast.script(scene, [sleeps(0), sleeps(1), ends(2), ends(0)])).toMatch(
      /^stuck: t0 ended, t1 sleeps/,
    );
  });

  test('from each of two for each of two', () => {
    const scene = play([[p], [p], [v], [v]], { boot: units(0), observe });
    expect(cast.surprises(scene, { '||| 0': 'one each' }, { preemptions: 1 })).toEqual([]);
  });

  test('that nobody wants stays', () => {
    expect(cast.script(play([[v, v, p]], { boot: units(0), observe }), [])).toBe(' 1');
  });

  test('comes between the look of sema_p and its joining: it looks again in line', () => {
    const scene = play([[p], [v]], { boot: units(0), observe });
    expect(cast.script(scene, [until(0, 'cas', sp, chain), ends(1), ends(0)])).toBe('| 0');
  });

  test('is for the first in line, not for who joined last', () => {
    const scene = play([[p], [p], [v, ['here', 1], v]], { boot: units(0), observe });
    const story = [sleeps(1), sleeps(0), untilHere(2, 1), ends(1), ends(2), ends(0)];
    expect(cast.script(scene, story)).toBe('|| 0');
  });

  test('that comes as another joins is still for the first: the one that joins finds it', () => {
    // t1 found none and is about to join; t2 adds one; t1 joins, finds it, and gives it to t0.
    const scene = play([[p], [p], [v]], { boot: units(0), observe });
    const added = until(2, 'load', sp, ksema.ts + turnstile.waiters);
    const story = [sleeps(0), until(1, 'cas', sp, chain), added, sleeps(1), ends(0), ends(2)];
    expect(cast.script(scene, story)).toBe('stuck: t0 ended, t1 sleeps on line 0, t2 ended');
  });
});

describe('as many as there are units', () => {
  const enters: Call[] = [p, ['inside', inside, most], v];
  const observeMost = (): string => `${peek(most)} ${load(sp, ksema.count)}`;

  test('are inside', () => {
    const one = play([enters, enters], { boot: units(1), observe: observeMost });
    expect(cast.surprises(one, { '1 1': 'one after the other' }, { preemptions: 3 })).toEqual([]);
    const two = play([enters, enters, enters], { boot: units(2), observe: observeMost });
    const table = { '1 2': 'one after the other', '2 2': 'two at once' };
    expect(cast.surprises(two, table)).toEqual([]);
  });

  test('control: without a semaphore there are three', () => {
    const { counts } = cast.explore(
      play([enters, enters, enters], { boot: units(2), observe: observeMost }, 'none'),
    );
    expect([...counts.keys()]).toContain('3 2');
  });

  test('with a probe attached too', () => {
    const one = {
      ...play([enters, enters], { boot: units(1), observe: observeMost }),
      probes: true,
    };
    expect(cast.surprises(one, { '1 1': 'one after the other' })).toEqual([]);
  });
});

describe('sema_p_timed', () => {
  test('has its unit or has left it: never both, never neither', () => {
    const scene = play([[timed], [v]], { boot: units(0), observe });
    const table = { 'true| 0': 'it came in time', 'false| 1': 'it came too late, and is there' };
    expect(cast.surprises(scene, table, { preemptions: 3 })).toEqual([]);
  });

  test('one that gives up does not take the unit of one that waits', () => {
    const scene = play([[timed], [p], [v]], { boot: units(0), observe });
    const table = {
      'false|| 0': 'it gave up, and the other has the unit',
      'stuck: t0 ended, t1 sleeps on line 0, t2 ended': 'it was first, and has it',
    };
    expect(cast.surprises(scene, table)).toEqual([]);
  });

  test('one that was chosen when its time is up has a unit', () => {
    const scene = play([[timed], [v]], { boot: units(0), observe });
    expect(
      cast.script(scene, [
        sleeps(0),
        until(1, 'swap', sp, chain),
        expires(0),
        sleeps(0),
        ends(1),
        ends(0),
      ]),
    ).toBe('true| 0');
  });

  test('with no time left takes what is free, and no more', () => {
    const none: Call = ['sema_p_timed', sp, 0];
    expect(cast.script(play([[none, none]], { boot: units(1), observe }), [])).toBe('true false 0');
  });
});

describe('sema_tryp', () => {
  test('takes a unit if one is free, and never waits', () => {
    const tries: Call = ['sema_tryp', sp];
    expect(cast.script(play([[tries, tries, v, tries]], { boot: units(1), observe }), [])).toBe(
      'true false true 0',
    );
    const scene = play([[tries], [tries]], { boot: units(1), observe });
    expect(cast.surprises(scene, { 'true|false 0': '', 'false|true 0': '' })).toEqual([]);
  });

  test('may pass one that waits, who gets the next one', () => {
    // The unit is there for whoever comes, between being added and being given.
    const scene = play([[p], [v, v], [['sema_tryp', sp]]], { boot: units(0), observe });
    const story = [
      sleeps(0),
      until(1, 'load', sp, ksema.ts + turnstile.waiters),
      ends(2),
      ends(1),
      ends(0),
    ];
    expect(cast.script(scene, story)).toBe('||true 0');
  });
});

describe('a nudge', () => {
  test('costs no unit and gives none', () => {
    const scene = play([[p], [v], [['nudge', cast.thread(0)]]], { boot: units(0), observe });
    expect(cast.surprises(scene, { '|| 0': 'handed over' })).toEqual([]);
    const alone = play([[p], [['nudge', cast.thread(0)]]], { boot: units(0), observe });
    expect(cast.script(alone, [sleeps(0), ends(1), sleeps(0)])).toBe(
      'stuck: t0 sleeps on line 0, t1 ended',
    );
  });
});

describe('misuse panics', () => {
  const hex = (at: number): string => at.toString(16);

  test('never made', () => {
    const other = cast.line<'ksema'>(3);
    const outcome = `panic: sema_p: bad semaphore, sp=${hex(other)} (?)`;
    expect(cast.script(play([[['sema_p', other]]], { observe }), [])).toBe(outcome);
  });

  test('taken from after its end', () => {
    const calls: Call[] = [v, ['sema_destroy', sp], p];
    const outcome = `panic: sema_p: bad semaphore, sp=${hex(sp)} (units)`;
    expect(cast.script(play([calls], { boot: units(0), observe }), [])).toBe(outcome);
  });

  test('destroyed while somebody waits', () => {
    const scene = play([[p], [['sema_destroy', sp]]], { boot: units(0), observe });
    const outcome = `panic: sema_destroy: has waiters, lp=${hex(sp)} (units) owner=0 thread=${hex(cast.thread(1))} (t1)`;
    expect(cast.script(scene, [sleeps(0), sleeps(1)])).toBe(outcome);
  });
});
