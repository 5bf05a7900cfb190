/*
 * Goal: a resource that is declared shows who holds it and who waits for it, and locks nothing; what
 * cannot be true panics.  delay() sleeps, on nothing.
 *
 * Method: scripts; what the declarations say is read by the census, as the watchdog reads it.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { ownersOf, waitOf } from '../../src/dump/census.ts';
import { cv_init } from '../../src/kernel/condvar.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { resource_init } from '../../src/kernel/resource.ts';
import { kresource, kthread, SOBJ } from '../../src/layout/records.ts';
import { get } from '../../src/layout/word.ts';
import { ends, expires, sleeps, untilHere } from '../threads.ts';
import { openCast, play, returned, type Call } from './scene.ts';

const cast = openCast(2);
afterAll(async () => cast.close());

const rp = cast.line<'kresource'>(0);
const mp = cast.line<'kmutex'>(1);
const cvp = cast.line<'kcondvar'>(2);
const [t0, t1] = [cast.thread(0), cast.thread(1)];
const hex = (at: number): string => at.toString(16);
const boot = (): void => {
  resource_init(rp, 'P_PR_LOCK');
  mutex_init(mp, 'p_lock');
  cv_init(cvp, 'pr_pid_cv');
};
const observe = returned;

describe('a resource', () => {
  test('names its holder, until it is given up', () => {
    const calls: Call[] = [
      ['resource_enter', rp],
      ['here', 1],
      ['resource_exit', rp],
    ];
    const looks: Call[] = [
      ['slots', t0],
      ['peek', rp],
      ['here', 1],
      ['slots', t0],
      ['peek', rp],
    ];
    const story = [untilHere(0, 1), untilHere(1, 1), ends(0), ends(1)];
    expect(cast.script(play([calls, looks], { boot, observe }), story)).toBe(
      `|${rp} ${t0} nothing 0`,
    );
  });

  test('stands behind the condvar that its waiters sleep on', () => {
    const holder: Call[] = [
      ['resource_enter', rp],
      ['here', 1],
      ['delay', 10],
    ];
    const waiter: Call[] = [
      ['enter', mp],
      ['resource_wants', rp],
      ['wait', cvp, mp],
      ['resource_wants', 0],
    ];
    cast.script(play([holder, waiter], { boot, observe }), [untilHere(0, 1), sleeps(1), sleeps(0)]);
    const wait = waitOf(t1);
    expect(wait).toMatchObject({
      object: cvp,
      wanted: rp,
      kind: SOBJ.cv,
      timed: false,
      idle: false,
    });
    expect(ownersOf(wait!.wanted, t1, false, [t0, t1])).toEqual([t0]);
    expect(get(rp, kresource.owner)).toBe(t0);
  });

  test('is nobody’s want any more once that is said', () => {
    const calls: Call[] = [
      ['resource_wants', rp],
      ['resource_wants', 0],
      ['enter', mp],
      ['wait', cvp, mp],
    ];
    cast.script(play([calls], { boot, observe }), [sleeps(0)]);
    expect(waitOf(t0)).toMatchObject({ object: cvp, wanted: cvp });
  });

  test.for<[string, Call[], string]>([
    [
      'entered twice',
      [
        ['resource_enter', rp],
        ['resource_enter', rp],
      ],
      `resource_enter: already held, lp=${hex(rp)} (P_PR_LOCK) owner=${hex(t0)} (t0) thread=${hex(t0)} (t0)`,
    ],
    [
      'left while nobody holds it',
      [['resource_exit', rp]],
      `resource_exit: not owner, lp=${hex(rp)} (P_PR_LOCK) owner=0 thread=${hex(t0)} (t0)`,
    ],
  ])('%s panics', ([, calls, message]) => {
    expect(cast.script(play([calls], { boot, observe }), [])).toBe(`panic: ${message}`);
  });

  test.for<[Call, string]>([
    [['resource_enter', rp], 'resource_enter: already held'],
    [['resource_exit', rp], 'resource_exit: not owner'],
  ])('%j by a stranger panics', ([call, what]) => {
    const holder: Call[] = [
      ['resource_enter', rp],
      ['here', 1],
      ['resource_exit', rp],
    ];
    const message = `${what}, lp=${hex(rp)} (P_PR_LOCK) owner=${hex(t0)} (t0) thread=${hex(t1)} (t1)`;
    expect(
      cast.script(play([holder, [call]], { boot, observe }), [untilHere(0, 1), sleeps(1)]),
    ).toBe(`panic: ${message}`);
  });
});

describe('delay', () => {
  test('sleeps until its time is up, on nothing', () => {
    const scene = play(
      [
        [
          ['delay', 25],
          ['here', 1],
        ],
      ],
      { boot, observe },
    );
    expect(cast.script(scene, [sleeps(0), expires(0), ends(0)])).toBe('');
    expect(get(t0, kthread.wait_seq)).toBe(2);
  });

  test('is a timed wait to those who look, on no object', () => {
    const looks: Call[] = [kthread.wait_kind, kthread.wait_flags, kthread.wchan].map((field) => [
      'peek',
      t0 + field,
    ]);
    const scene = play([[['delay', 25]], looks], { boot, observe });
    expect(cast.script(scene, [sleeps(0), ends(1), expires(0), ends(0)])).toBe(
      `|${SOBJ.delay} 1 0`,
    );
  });

  test('ends early by a nudge', () => {
    const scene = play([[['delay', 25]], [['nudge', t0]]], { boot, observe });
    expect(cast.script(scene, [sleeps(0), ends(1), ends(0)])).toBe('|');
  });
});
