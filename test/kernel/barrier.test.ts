/*
 * Goal: as many as the barrier has parties cross together, and exactly one of them is the last; who runs
 * ahead is not taken for a late one; one that gives up is taken back, and the others do not cross short
 * of one.
 *
 * Method: every schedule of two or three threads with few preemptions; the set of outcomes is compared.
 * Twins: a count beside the line that one who gives up does not take back; a word that opens, and that
 * the next crossing shuts.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { barrier_init } from '../../src/kernel/barrier.ts';
import { kbarrier, kthread, turnstile } from '../../src/layout/records.ts';
import { get } from '../../src/layout/word.ts';
import { ends, expires, sleeps, until } from '../threads.ts';
import { openCast, play, returned, unrest, type Call } from './scene.ts';

const cast = openCast(3);
afterAll(async () => cast.close());

const bp = cast.line<'kbarrier'>(0);
const threads = [0, 1, 2].map((i) => cast.thread(i));
const chain = kbarrier.ts + turnstile.chain;
const parties = (n: number) => (): void => barrier_init(bp, n, 'barrier');
const observe = (results: readonly unknown[]): string => {
  const line = unrest(bp, threads).replace(/^word \w+(?:, )?/, '');
  return `${returned(results)} ${get(bp, kbarrier.crossings)} ${line}`.trimEnd();
};
const cross: Call = ['barrier', bp];
const timed: Call = ['barrier_timed', bp, 10];

describe('a crossing', () => {
  test('needs all of them, and one is the last', () => {
    const scene = play([[cross], [cross], [cross]], { boot: parties(3), observe });
    const table = {
      'true|false|false 1': 't0 came last',
      'false|true|false 1': 't1 came last',
      'false|false|true 1': 't2 came last',
    };
    expect(cast.surprises(scene, table)).toEqual([]);
  });

  test('short of one, nobody crosses', () => {
    const scene = play([[cross], [cross]], { boot: parties(3), observe });
    const outcome = 'stuck: t0 sleeps on line 0, t1 sleeps on line 0';
    expect(cast.surprises(scene, { [outcome]: 'they wait for a third' })).toEqual([]);
  });

  test('of one party is no wait', () => {
    expect(cast.script(play([[cross, cross]], { boot: parties(1), observe }), [])).toBe(
      'true true 2',
    );
  });

  test('is over when the next begins: who runs ahead waits for the others there', () => {
    const scene = play(
      [
        [cross, cross],
        [cross, cross],
      ],
      { boot: parties(2), observe },
    );
    const table = {
      'true true|false false 2': '',
      'true false|false true 2': '',
      'false true|true false 2': '',
      'false false|true true 2': '',
    };
    expect(cast.surprises(scene, table)).toEqual([]);
  });

  test('control: barrier: opens by a word', () => {
    const scene = play(
      [
        [cross, cross],
        [cross, cross],
      ],
      { boot: parties(2), observe },
      'barrier: opens by a word',
    );
    const { counts } = cast.explore(scene);
    expect([...counts.keys()].filter((each) => each.startsWith('stuck')).length).toBeGreaterThan(0);
  });

  test('with probes attached too', () => {
    const scene = { ...play([[cross], [cross]], { boot: parties(2), observe }), probes: true };
    expect(cast.surprises(scene, { 'true|false 1': '', 'false|true 1': '' })).toEqual([]);
  });
});

describe('one that gives up', () => {
  test('has crossed or has not, and then the other has not either', () => {
    const scene = play([[timed], [timed]], { boot: parties(2), observe });
    const table = {
      'true|true 1': 'both crossed',
      'false|false 0': 'each gave up before the other came',
    };
    expect(cast.surprises(scene, table, { preemptions: 3 })).toEqual([]);
  });

  test('control: barrier: a second count', () => {
    const scene = play(
      [[timed], [timed]],
      { boot: parties(2), observe },
      'barrier: a second count',
    );
    const { counts } = cast.explore(scene);
    expect([...counts.keys()]).toContain('false|true 0');
  });

  test('is not counted any more by those who come later', () => {
    const scene = play([[timed], [cross], [cross]], { boot: parties(2), observe });
    expect(cast.script(scene, [sleeps(0), expires(0), ends(0), sleeps(1), ends(2), ends(1)])).toBe(
      'false|false|true 1',
    );
  });

  test('as the last one comes has crossed', () => {
    const scene = play([[timed], [timed]], { boot: parties(2), observe });
    const story = [
      sleeps(0),
      until(1, 'store', cast.thread(0), kthread.park),
      expires(0),
      sleeps(0),
      ends(1),
      ends(0),
    ];
    expect(cast.script(scene, story)).toBe('true|true 1');
  });
});

describe('a nudge', () => {
  const nudge: Call[] = [['nudge', cast.thread(0)]];

  test('opens nothing', () => {
    const scene = play([[cross], nudge], { boot: parties(2), observe });
    expect(cast.script(scene, [sleeps(0), ends(1), sleeps(0)])).toBe(
      'stuck: t0 sleeps on line 0, t1 ended',
    );
  });

  test('and shuts nothing: the one that was nudged is counted again as it comes back', () => {
    const scene = play([[cross], [cross], nudge], { boot: parties(2), observe });
    const table = { 'true|false| 1': '', 'false|true| 1': '' };
    expect(cast.surprises(scene, table)).toEqual([]);
  });

  test('the other comes while it is out of line', () => {
    const scene = play([[cross], [cross], nudge], { boot: parties(2), observe });
    const story = [sleeps(0), ends(2), until(0, 'cas', bp, chain, 2), sleeps(1), ends(0), ends(1)];
    expect(cast.script(scene, story)).toBe('true|false| 1');
  });

  test('adds nothing to the time that a timed one has', () => {
    const scene = play([[timed], nudge], { boot: parties(2), observe });
    expect(cast.script(scene, [sleeps(0), ends(1), expires(0), ends(0)])).toBe('false| 0');
  });
});

describe('misuse panics', () => {
  const hex = (at: number): string => at.toString(16);

  test.for([0, -1, 1.5, NaN])('%f parties', (n) => {
    const calls: Call[] = [['barrier_init', bp, n, 'barrier']];
    expect(cast.script(play([calls], { observe }), [])).toBe(
      `panic: barrier_init: ${n} parties (barrier)`,
    );
  });

  test('never made, or after its end', () => {
    const bad = (name: string): string =>
      `panic: barrier_wait: bad barrier, bp=${hex(bp)} (${name})`;
    expect(cast.script(play([[cross]], { observe }), [])).toBe(bad('?'));
    const calls: Call[] = [['barrier_destroy', bp], cross];
    expect(cast.script(play([calls], { boot: parties(1), observe }), [])).toBe(bad('barrier'));
  });

  test('destroyed while somebody waits', () => {
    const scene = play([[cross], [['barrier_destroy', bp]]], { boot: parties(2), observe });
    const outcome = `panic: barrier_destroy: has waiters, lp=${hex(bp)} (barrier) owner=0 thread=${hex(cast.thread(1))} (t1)`;
    expect(cast.script(scene, [sleeps(0), sleeps(1)])).toBe(outcome);
  });
});
