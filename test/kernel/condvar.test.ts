/*
 * Goal: a signal sent under the mutex wakes one that waits, a broadcast all; a time-out is told from a
 * signal, and neither eats the other; nobody wakes for nothing but a nudge.
 *
 * Method: every schedule of two or three threads with few preemptions; the set of outcomes is compared,
 * and twins with one mistake must show theirs.  The races that published condition variables lose
 * (a wait on a word that never changes, a join after the mutex is dropped) are among the twins.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { cv_init } from '../../src/kernel/condvar.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { sema_init } from '../../src/kernel/semaphore.ts';
import { kcondvar, kthread } from '../../src/layout/records.ts';
import { get } from '../../src/layout/word.ts';
import { ends, expires, sleeps, until, untilHere } from '../threads.ts';
import { openCast, play, returned, unrest, type Call } from './scene.ts';

const cast = openCast(4);
afterAll(async () => cast.close());

const mp = cast.line<'kmutex'>(0);
const cvp = cast.line<'kcondvar'>(1);
const sp = cast.line<'ksema'>(2);
const [tokens, given] = [cast.line<string>(3), cast.line<string>(4)];
const threads = [0, 1, 2, 3].map((i) => cast.thread(i));
const boot = (): void => {
  mutex_init(mp, 'lock');
  cv_init(cvp, 'cv');
  sema_init(sp, 0, 'units');
};
const observe = (results: readonly unknown[]): string => {
  const wrong = [mp, cvp].map((object) => unrest(object, threads)).filter((each) => each !== '');
  return [returned(results), ...wrong.filter((each) => !each.startsWith('word'))].join(' ');
};

const consumer: Call[] = [
  ['enter', mp],
  ['until', tokens, [['wait', cvp, mp]]],
  ['take', tokens],
  ['exit', mp],
];
const producer: Call[] = [
  ['enter', mp],
  ['bump', tokens],
  ['signal', cvp],
  ['exit', mp],
];

describe('a signal', () => {
  test('wakes the one that waits for what was done before it', () => {
    const scene = play([consumer, producer], { boot, observe });
    expect(cast.surprises(scene, { '|': 'handed over' }, { preemptions: 3 })).toEqual([]);
  });

  test.for(['cv: joins late', 'cv: a constant word'])('control: %s', (twin) => {
    const { counts } = cast.explore(play([consumer, producer], { boot, observe }, twin));
    const outcomes = [...counts.keys()];
    expect(outcomes).toContain('|');
    expect(outcomes.filter((each) => each.startsWith('stuck: t0 sleeps'))).toHaveLength(1);
  });

  test('wakes one for each: two tokens, two that wait, all go home', () => {
    const scene = play([consumer, consumer, [...producer, ...producer]], { boot, observe });
    expect(cast.surprises(scene, { '||': 'one token each' }, { preemptions: 1 })).toEqual([]);
  });

  test('wakes no more than one: one token, two that wait, one stays', () => {
    const scene = play([consumer, consumer, producer], { boot, observe });
    const table = {
      'stuck: t0 ended, t1 sleeps on line 1, t2 ended': 'the first got it',
      'stuck: t0 sleeps on line 1, t1 ended, t2 ended': 'the second got it',
    };
    expect(cast.surprises(scene, table, { preemptions: 1 })).toEqual([]);
  });

  test('is gone when nobody waits, and leaves a count', () => {
    cast.script(play([producer], { boot, observe }), []);
    expect([get(cvp, kcondvar.signals), get(cvp, kcondvar.unheard)]).toEqual([1, 1]);
    cast.script(play([consumer, producer], { boot, observe }), [sleeps(0), ends(1), ends(0)]);
    expect([get(cvp, kcondvar.signals), get(cvp, kcondvar.unheard)]).toEqual([1, 0]);
    expect(get(cvp, kcondvar.last_signal)).toBe(cast.thread(1));
  });

  test('between joining and sleeping is heard', () => {
    // t0 is in line, still has the mutex, and is not asleep; the signaller needs no mutex to signal.
    const scene = play(
      [
        [
          ['enter', mp],
          ['wait', cvp, mp],
          ['exit', mp],
        ],
        [['signal', cvp]],
      ],
      { boot, observe },
    );
    const story = [until(0, 'cas', mp, 0, 2), ends(1), ends(0)];
    expect(cast.script(scene, story)).toBe('|');
    expect(get(cvp, kcondvar.unheard)).toBe(0);
  });

  test('goes to the first in line', () => {
    const waiter: Call[] = [
      ['enter', mp],
      ['wait', cvp, mp],
      ['exit', mp],
    ];
    const scene = play(
      [
        waiter,
        waiter,
        [
          ['signal', cvp],
          ['here', 1],
          ['signal', cvp],
        ],
      ],
      { boot, observe },
    );
    const story = [sleeps(1), sleeps(0), untilHere(2, 1), ends(1), ends(2), ends(0)];
    expect(cast.script(scene, story)).toBe('||');
  });
});

describe('a broadcast', () => {
  const crowd: Call[] = [
    ['enter', mp],
    ['until', tokens, [['wait', cvp, mp]]],
    ['exit', mp],
  ];
  const opener = (how: string): Call[] => [
    ['enter', mp],
    ['poke', tokens, 1],
    [how, cvp],
    ['exit', mp],
  ];

  test('wakes all', () => {
    const scene = play([crowd, crowd, opener('broadcast')], { boot, observe });
    expect(cast.surprises(scene, { '||': 'all through' }, { preemptions: 1 })).toEqual([]);
  });

  test('control: a signal in its place leaves one behind', () => {
    const scene = play([crowd, crowd, opener('signal')], { boot, observe });
    const { counts } = cast.explore(scene, { preemptions: 1 });
    expect([...counts.keys()].filter((each) => each.startsWith('stuck')).length).toBeGreaterThan(0);
  });
});

describe('those that a broadcast is for', () => {
  const waiter: Call[] = [
    ['enter', mp],
    ['wait', cvp, mp],
    ['exit', mp],
  ];
  const passer: Call[] = [
    ['enter', mp],
    ['exit', mp],
  ];
  const both = [0, 1].map((i): Call => ['waits', cast.thread(i)]);
  const opener: Call[] = [['enter', mp], ...both, ['broadcast', cvp], ...both, ['exit', mp]];
  const inLine = (at: number, count: number): string => `asleep ${at.toString(16)} ${count}`;

  test('stand in the line of their mutex for as long as somebody has that, and wake all at once', () => {
    const scene = play([waiter, waiter, [...opener, ['here', 1]]], { boot, observe });
    const [before, after] = [inLine(cvp, 2), inLine(mp, 2)];
    // Neither needs the other to go on.
    for (const [first, last] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const story = [sleeps(1), sleeps(0), untilHere(2, 1), ends(first), ends(last), ends(2)];
      expect(cast.script(scene, story)).toBe(`||${before} ${before} ${after} ${after}`);
    }
  });

  test('are woken if nobody has it', () => {
    const scene = play([waiter, waiter, [['broadcast', cvp]]], { boot, observe });
    expect(cast.script(scene, [sleeps(0), sleeps(1), ends(2), ends(1), ends(0)])).toBe('||');
  });

  test('control: cv: moves to a free mutex', () => {
    const twin = 'cv: moves to a free mutex';
    const scene = play([waiter, waiter, [['broadcast', cvp]]], { boot, observe }, twin);
    const outcome = 'stuck: t0 sleeps on line 0, t1 sleeps on line 0, t2 ended';
    expect(cast.script(scene, [sleeps(0), sleeps(1), ends(2)])).toBe(outcome);
  });

  // Until the door is open, so that who comes late does not wait for what is over.
  const crowd: Call[] = [
    ['enter', mp],
    ['until', tokens, [['wait', cvp, mp]]],
    ['exit', mp],
  ];
  const open: Call[] = [
    ['enter', mp],
    ['poke', tokens, 1],
    ['broadcast', cvp],
    ['exit', mp],
  ];

  test('get it, and so does who stood in line behind them', () => {
    const scene = play([crowd, crowd, open, passer], { boot, observe });
    expect(cast.surprises(scene, { '|||': 'all through' }, { preemptions: 1 })).toEqual([]);
  });

  test.for(['cv: moves without WAITERS', 'cv: forgets the line', 'cv: wakes one'])(
    'control: %s',
    (twin) => {
      const scene = play([crowd, crowd, open, passer], { boot, observe }, twin);
      const { counts } = cast.explore(scene, { preemptions: 1 });
      expect([...counts.keys()].filter((each) => each.startsWith('stuck'))).not.toEqual([]);
    },
  );

  test('nudged there go on by themselves, and are not woken twice', () => {
    const nudge: Call[] = [['nudge', cast.thread(0)]];
    const scene = play([crowd, crowd, open, nudge], { boot, observe });
    expect(cast.surprises(scene, { '|||': 'all through' }, { preemptions: 1 })).toEqual([]);
  });

  test('one with a time limit is woken, and waits as long as it takes', () => {
    const timed: Call[] = [
      ['enter', mp],
      ['timedwait', cvp, mp, 10],
      ['exit', mp],
    ];
    const scene = play([timed, waiter, [...opener, ['here', 1]]], { boot, observe });
    const story = [sleeps(0), sleeps(1), untilHere(2, 1), ends(1), ends(0), ends(2)];
    const before = inLine(cvp, 2);
    // Awake already, and not on the CPU yet.
    const told = `asleep ${cvp.toString(16)} 0`;
    expect(cast.script(scene, story)).toBe(`1||${before} ${before} ${told} ${inLine(mp, 1)}`);
  });

  test('with two mutexes are woken, each for its own', () => {
    const other = cast.line<'kmutex'>(5);
    const bootBoth = (): void => {
      boot();
      mutex_init(other, 'other');
    };
    const elsewhere: Call[] = [
      ['enter', other],
      ['wait', cvp, other],
      ['exit', other],
    ];
    const scene = play([waiter, elsewhere, opener], { boot: bootBoth, observe });
    const told = `asleep ${cvp.toString(16)} 0`;
    const story = [sleeps(0), sleeps(1), ends(2), ends(1), ends(0)];
    expect(cast.script(scene, story)).toBe(`||${inLine(cvp, 2)} ${inLine(cvp, 2)} ${told} ${told}`);
  });

  test('panic when the mutex is gone', () => {
    const destroyer: Call[] = [
      ['mutex_destroy', mp],
      ['broadcast', cvp],
    ];
    const scene = play([waiter, waiter, destroyer], { boot, observe });
    expect(cast.script(scene, [sleeps(0), sleeps(1), ends(2), sleeps(0)])).toMatch(
      /^panic: mutex_enter: bad mutex/,
    );
  });
});

describe('cv_timedwait', () => {
  const timed: Call[] = [
    ['enter', mp],
    ['timedwait', cvp, mp, 10],
    ['exit', mp],
  ];

  test('is -1 when the time was up, 1 when somebody signalled, and has the mutex again', () => {
    const scene = play(
      [
        timed,
        [
          ['enter', mp],
          ['signal', cvp],
          ['exit', mp],
        ],
      ],
      { boot, observe },
    );
    const table = { '1|': 'signalled', '-1|': 'too early, or too late' };
    expect(cast.surprises(scene, table, { preemptions: 3 })).toEqual([]);
  });

  // Two wait; the one signal chooses t0, whose time is up before it is told.
  const two = [timed, timed, [['signal', cvp]]] as const;
  const chosen = [
    sleeps(0),
    sleeps(1),
    until(2, 'store', cast.thread(0), kthread.park),
    expires(0),
  ];

  test('one that was chosen when its time is up was signalled: the signal is not lost', () => {
    const scene = play(two, { boot, observe });
    const story = [...chosen, sleeps(0), ends(2), ends(0), expires(1), ends(1)];
    expect(cast.script(scene, story)).toBe('1|-1|');
  });

  test('control: cv: a timeout eats a signal', () => {
    const scene = play(two, { boot, observe }, 'cv: a timeout eats a signal');
    const story = [...chosen, ends(0), ends(2), expires(1), ends(1)];
    expect(cast.script(scene, story)).toBe('-1|-1|');
  });
});

describe('one that is woken late', () => {
  // t0 is chosen, and gives up before it is told; then it sleeps on something else.
  const first: Call[] = [
    ['enter', mp],
    ['timedwait', cvp, mp, 10],
    ['exit', mp],
    ['p', sp],
    ['peek', given],
  ];
  const second: Call[] = [
    ['signal', cvp],
    ['poke', given, 1],
    ['v', sp],
  ];
  const table = {
    '1 1|': 'signalled, then given a unit',
    '-1 1|': 'too early for the signal, then given a unit',
  };

  test('is not woken again on its next sleep', () => {
    expect(
      cast.surprises(play([first, second], { boot, observe }), table, { preemptions: 3 }),
    ).toEqual([]);
  });

  test('control: turnstile: a late setrun, and it has a unit that nobody gave', () => {
    const scene = play([first, second], { boot, observe }, 'turnstile: a late setrun');
    const { counts } = cast.explore(scene, { preemptions: 3 });
    expect([...counts.keys()]).toContain('1 0|');
  });
});

describe('a nudge', () => {
  const nudge: Call[] = [['nudge', cast.thread(0)]];

  test('makes a waiter look again, and costs no signal', () => {
    const scene = play([consumer, producer, nudge], { boot, observe });
    expect(cast.surprises(scene, { '||': 'handed over' })).toEqual([]);
  });

  test('brings out a wakeup that was lost: the condition was true', () => {
    const silent: Call[] = [
      ['enter', mp],
      ['bump', tokens],
      ['exit', mp],
    ];
    const scene = play([consumer, silent, nudge], { boot, observe });
    expect(cast.script(scene, [sleeps(0), ends(1), ends(2), ends(0)])).toBe('||');
    const asleep = 'stuck: t0 sleeps on line 1, t1 ended';
    expect(cast.script(play([consumer, silent], { boot, observe }), [sleeps(0), ends(1)])).toBe(
      asleep,
    );
  });
});

describe('misuse panics', () => {
  const hex = (at: number): string => at.toString(16);
  const t0 = `${hex(cast.thread(0))} (t0)`;

  test.for<[string, Call[]]>([
    ['cv_wait', [['wait', cvp, mp]]],
    ['cv_timedwait', [['timedwait', cvp, mp, 5]]],
  ])('%s without the mutex', ([, calls]) => {
    const outcome = `panic: cv_wait: mutex not owned, lp=${hex(mp)} (lock) owner=0 thread=${t0}`;
    expect(cast.script(play([calls], { boot, observe }), [])).toBe(outcome);
  });

  test('destroyed while somebody waits', () => {
    const scene = play(
      [
        [
          ['enter', mp],
          ['wait', cvp, mp],
        ],
        [['cv_destroy', cvp]],
      ],
      { boot, observe },
    );
    const outcome = `panic: cv_destroy: has waiters, lp=${hex(cvp)} (cv) owner=0 thread=${hex(cast.thread(1))} (t1)`;
    expect(cast.script(scene, [sleeps(0), sleeps(1)])).toBe(outcome);
  });

  test('control: destroyed when all have gone', () => {
    expect(cast.script(play([[...producer, ['cv_destroy', cvp]]], { boot, observe }), [])).toBe('');
  });
});
