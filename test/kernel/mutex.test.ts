/*
 * Goal: a mutex admits one thread; whoever waits for it gets it or gives up, and none sleeps for ever;
 * misuse panics by name.
 *
 * Method: every schedule of two or three threads with few preemptions, over the kernel's own code, fast
 * paths included; the set of outcomes is compared.  The same threads with a twin that has one mistake
 * must show it.  Races that have a name are scripted, so that it is sure that they were met.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { mutex_init } from '../../src/kernel/mutex.ts';
import { kmutex, kthread, turnstile } from '../../src/layout/records.ts';
import { get, peek } from '../../src/layout/word.ts';
import { ends, expires, sleeps, until, untilHere } from '../threads.ts';
import {
  haveBadLuck,
  openCast,
  play,
  returned,
  unrest,
  WOKEN_TOO_LATE,
  type Call,
} from './scene.ts';

const cast = openCast(3);
afterAll(async () => cast.close());

const lp = cast.line<'kmutex'>(0);
const count = cast.line<string>(1);
const threads = [0, 1, 2].map((i) => cast.thread(i));
const [a, b, c] = threads as [(typeof threads)[0], (typeof threads)[0], (typeof threads)[0]];
const owner = [lp, kmutex.owner] as const;
const boot = (): void => mutex_init(lp, 'lock');
/** The results, and what is wrong with the mutex when all is over. */
const observe = (results: readonly unknown[]): string => {
  const wrong = unrest(lp, threads);
  return wrong === '' ? returned(results) : `${returned(results)} ${wrong}`;
};

const add: Call[] = [
  ['enter', lp],
  ['bump', count],
  ['exit', lp],
];
const pair: Call[] = [
  ['enter', lp],
  ['exit', lp],
];
const hold: Call[] = [
  ['enter', lp],
  ['here', 1],
  ['exit', lp],
];
const timed: Call[] = [['if', ['enter_timed', lp, 10], [['exit', lp]]]];
const counted = { boot, observe: () => `${peek(count)} ${unrest(lp, threads)}`.trim() };

describe('exclusion', () => {
  test.for([
    [2, 3, { 2: 'one after the other' }],
    [3, 1, { 3: 'one after the other' }],
  ] as const)('%i threads add under the mutex: nothing is lost', ([n, preemptions, table]) => {
    const scene = play(
      Array.from({ length: n }, () => add),
      counted,
    );
    expect(cast.surprises(scene, table, { preemptions })).toEqual([]);
  });

  test('control: without a lock an update is lost', () => {
    const scene = play([add, add], counted, 'none');
    expect(cast.surprises(scene, { 2: 'one by one', 1: 'one lost' })).toEqual([]);
  });

  test('with a probe attached every call takes the slow path, and nothing is lost either', () => {
    const scene = { ...play([add, add], counted), probes: true };
    expect(cast.surprises(scene, { 2: 'one after the other' })).toEqual([]);
  });
});

describe('nobody sleeps for ever', () => {
  test('three threads enter and exit', () => {
    const scene = play([pair, pair, pair], { boot, observe });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
  });

  test.for([
    ['mutex: no second look', 'stuck: t0 ended, t1 sleeps on line 0'],
    ['mutex: joins without the chain', 'stuck: t0 ended, t1 sleeps on line 0'],
  ] as const)('control: %s', ([twin, outcome]) => {
    const { counts } = cast.explore(play([pair, pair], { boot, observe }, twin));
    expect([...counts.keys()]).toContain(outcome);
  });

  test('control: mutex: forgets the line', () => {
    const { counts } = cast.explore(
      play([pair, pair, pair], { boot, observe }, 'mutex: forgets the line'),
    );
    expect([...counts.keys()]).toContain('stuck: t0 ended, t1 ended, t2 sleeps on line 0');
  });

  test('the owner exits while a blocker has set WAITERS and is not asleep yet', () => {
    const scene = play([hold, pair], { boot, observe });
    const story = [untilHere(0, 1), until(1, 'wait', b, kthread.park), ends(0), ends(1)];
    expect(cast.script(scene, story)).toBe('|');
    expect(get(lp, kmutex.blocked)).toBe(1);
  });

  test('the owner exits between a blocker’s look and its swap: the blocker looks again', () => {
    const scene = play([hold, pair], { boot, observe });
    // Its first two are the fast path and the first try of the slow one; the third would set WAITERS.
    const story = [untilHere(0, 1), until(1, 'cas', ...owner, 3), ends(0), ends(1)];
    expect(cast.script(scene, story)).toBe('|');
    expect(get(lp, kmutex.blocked)).toBe(0);
  });

  test('the owner exits after that swap: it waits for the chain until the blocker is in line', () => {
    const scene = play([hold, pair], { boot, observe });
    const chain = kmutex.ts + turnstile.chain;
    const story = [
      untilHere(0, 1),
      until(1, 'swap', lp, chain),
      sleeps(0),
      sleeps(1),
      ends(0),
      ends(1),
    ];
    expect(cast.script(scene, story)).toBe('|');
    expect(get(lp, kmutex.blocked)).toBe(1);
  });

  test('one barges in while the woken one is on its way: that goes back in line, and is woken again', () => {
    const scene = play([hold, pair, hold], { boot, observe });
    const story = [
      untilHere(0, 1),
      sleeps(1),
      ends(0),
      untilHere(2, 1),
      sleeps(1),
      ends(2),
      ends(1),
    ];
    expect(cast.script(scene, story)).toBe('||');
    expect(get(lp, kmutex.blocked)).toBe(2);
  });
});

describe('a bound to bad luck', () => {
  const unlucky = (t: typeof a) => (): void => {
    boot();
    haveBadLuck(t);
  };

  test('who lost too often is handed the mutex: nobody can take it on the way', () => {
    const scene = play([hold, pair, hold], { boot: unlucky(b), observe });
    const story = [untilHere(0, 1), sleeps(1), ends(0), sleeps(2), ends(1), ends(2)];
    expect(cast.script(scene, story)).toBe('||');
    expect([get(lp, kmutex.handed), get(b, kthread.failed)]).toEqual([1, 0]);
  });

  test('by every schedule', () => {
    const scene = play([pair, pair, pair], { boot: unlucky(b), observe });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
  });

  test('a hand-off that meets a time-out: it has the mutex, and says so', () => {
    const scene = play([hold, timed], { boot: unlucky(b), observe });
    const handed = [untilHere(0, 1), sleeps(1), until(0, 'store', b, kthread.park), expires(1)];
    expect(cast.script(scene, [...handed, sleeps(1), ends(0), ends(1)])).toBe('|true');
    expect(get(lp, kmutex.handed)).toBe(1);
    expect(cast.surprises(scene, { '|true': 'in time', '|false': 'gave up' })).toEqual([]);
  });
});

describe('mutex_enter_timed', () => {
  const table = {
    '|true|': 'it got the mutex',
    '|false|': 'its time was up first',
  };

  test('gets it or gives up, and who waits beside it gets it in any case', () => {
    const scene = play([pair, timed, pair], { boot, observe });
    expect(cast.surprises(scene, table)).toEqual([]);
  });

  const again = [[...hold, ...hold], timed, pair];

  test('one that was woken and gives up passes the wakeup on', () => {
    const scene = play(again, { boot, observe });
    expect(cast.script(scene, WOKEN_TOO_LATE)).toBe('|false|');
    expect(
      cast.surprises(play([[...pair, ...pair], timed, pair], { boot, observe }), table),
    ).toEqual([]);
  });

  test('control: mutex: keeps the wakeup', () => {
    const scene = play(again, { boot, observe }, 'mutex: keeps the wakeup');
    expect(cast.script(scene, WOKEN_TOO_LATE)).toBe(
      'stuck: t0 ended, t1 ended, t2 sleeps on line 0',
    );
  });

  test('of a free mutex takes no time, of a held one with no time left gives up', () => {
    expect(cast.script(play([[['enter_timed', lp, 0]]], { boot, observe: returned }), [])).toBe(
      'true',
    );
    const scene = play([hold, [['enter_timed', lp, 0]]], { boot, observe });
    expect(cast.script(scene, [untilHere(0, 1), ends(1), ends(0)])).toBe('|false');
  });
});

describe('mutex_tryenter', () => {
  test('takes it when it is free, says so when it is not, and never waits', () => {
    const tries: Call[] = [
      [
        'if',
        ['mutex_tryenter', lp],
        [
          ['bump', count],
          ['exit', lp],
        ],
      ],
    ];
    const scene = play([tries, tries], {
      boot,
      observe: (results) => `${returned(results)} ${peek(count)} ${unrest(lp, threads)}`.trim(),
    });
    const table = {
      'true|true 2': 'one after the other',
      'true|false 1': 'the second met the first',
      'false|true 1': 'the same, the other way round',
    };
    expect(cast.surprises(scene, table)).toEqual([]);
    expect(cast.surprises({ ...scene, probes: true }, table)).toEqual([]);
  });

  test('leaves a trace of what it tried, for the watchdog', () => {
    cast.script(play([hold, [['mutex_tryenter', lp]]], { boot, observe }), [
      untilHere(0, 1),
      ends(1),
    ]);
    expect([get(b, kthread.tried), get(b, kthread.operations)]).toEqual([lp, 1]);
  });
});

describe('misuse panics', () => {
  const hex = (at: number): string => at.toString(16);
  const other = cast.line<'kmutex'>(2);
  const says = (what: string, own: string, thread: string): string =>
    `panic: ${what}, lp=${hex(lp)} (lock) owner=${own} thread=${thread}`;
  const [t0, t1] = [`${hex(a)} (t0)`, `${hex(b)} (t1)`];

  test.for<[string, Call[], string]>([
    [
      'entered by its owner',
      [
        ['enter', lp],
        ['enter', lp],
      ],
      says('recursive mutex_enter', t0, t0),
    ],
    [
      'entered by its owner, timed',
      [
        ['enter', lp],
        ['enter_timed', lp, 5],
      ],
      says('recursive mutex_enter', t0, t0),
    ],
    [
      'tried by its owner',
      [
        ['enter', lp],
        ['mutex_tryenter', lp],
      ],
      says('mutex_tryenter: recursive', t0, t0),
    ],
    ['left while free', [['exit', lp]], says('mutex_exit: not owner', '0', t0)],
    [
      'left twice',
      [
        ['enter', lp],
        ['exit', lp],
        ['exit', lp],
      ],
      says('mutex_exit: not owner', '0', t0),
    ],
  ])('%s', ([, calls, outcome]) => {
    expect(cast.script(play([calls], { boot, observe }), [])).toBe(outcome);
    expect(cast.script({ ...play([calls], { boot, observe }), probes: true }, [])).toBe(outcome);
  });

  test.for<[string, Call[], string]>([
    ['left by a stranger', [['exit', lp]], says('mutex_exit: not owner', t0, t1)],
    ['destroyed by a stranger', [['mutex_destroy', lp]], says('mutex_destroy: not owner', t0, t1)],
  ])('%s', ([, calls, outcome]) => {
    const scene = play([hold, calls], { boot, observe });
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1)])).toBe(outcome);
  });

  test('left by a stranger while somebody waits', () => {
    const scene = play([hold, pair, [['exit', lp]]], { boot, observe });
    const outcome = says('mutex_exit: not owner', t0, `${hex(c)} (t2)`);
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), sleeps(2)])).toBe(outcome);
  });

  test('destroyed while somebody waits', () => {
    const scene = play(
      [
        [
          ['enter', lp],
          ['here', 1],
          ['mutex_destroy', lp],
        ],
        pair,
      ],
      { boot, observe },
    );
    const outcome = says('mutex_destroy: has waiters', t0, t0);
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), sleeps(0)])).toBe(outcome);
  });

  test('destroyed while one that was woken is on its way', () => {
    const scene = play([[...hold, ['mutex_destroy', lp]], pair], { boot, observe });
    const outcome = says('mutex_enter: bad mutex', '0', t1);
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), ends(0), sleeps(1)])).toBe(outcome);
  });

  test('never made, or made of something else', () => {
    const bad = `panic: mutex_enter: bad mutex, lp=${hex(other)} (?) owner=${t0} thread=${t0}`;
    const garbage: Call[] = [
      ['poke', other, a],
      ['enter', other],
    ];
    expect(cast.script(play([garbage], { boot, observe }), [])).toBe(bad);
  });

  test.for<[Call, string]>([
    [['enter', lp], 'mutex_enter: bad mutex'],
    [['mutex_tryenter', lp], 'mutex_tryenter: bad mutex'],
    [['enter_timed', lp, 5], 'mutex_enter: bad mutex'],
    [['exit', lp], 'mutex_exit: not owner'],
    [['mutex_destroy', lp], 'mutex_destroy: bad mutex'],
  ])('%j after its end', ([call, what]) => {
    const calls: Call[] = [['mutex_destroy', lp], call];
    expect(cast.script(play([calls], { boot, observe }), [])).toBe(says(what, '0', t0));
  });

  test('control: proper use does not', () => {
    const proper: Call[] = [
      ...pair,
      ['mutex_tryenter', lp],
      ['mutex_owned', lp],
      ['mutex_destroy', lp],
    ];
    expect(cast.script(play([proper], { boot, observe: returned }), [])).toBe('true true');
  });
});
