/*
 * Goal: the chain lock admits one and loses nobody; those in line are served as they came; a block that
 * closes a cycle of owned locks panics when the image was booted so, and nothing else does.
 *
 * Method: every schedule of two or three threads with few preemptions, and scripts.  Twins of the chain
 * lock: one that lets go without telling, one that takes it without looking.  For the cycles the control
 * is the same play in an image that was booted without: it must end stuck.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { cv_init } from '../../src/kernel/condvar.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { RW_READER, RW_WRITER, rw_init } from '../../src/kernel/rwlock.ts';
import { sema_init } from '../../src/kernel/semaphore.ts';
import { header, image_header, kthread, sobj, turnstile } from '../../src/layout/records.ts';
import { get, load, peek } from '../../src/layout/word.ts';
import { ends, expires, sleeps, untilHere } from '../threads.ts';
import { haveBadLuck, openCast, play, returned, type Call } from './scene.ts';

const cast = openCast(4);
afterAll(async () => cast.close());

const [a, b, c] = [cast.line<'kmutex'>(0), cast.line<'kmutex'>(1), cast.line<'kmutex'>(2)];
const rw = cast.line<'krwlock'>(3);
const cvp = cast.line<'kcondvar'>(4);
const sp = cast.line<'ksema'>(5);
const count = cast.line<string>(6);
const boot = (): void => {
  mutex_init(a, 'a');
  mutex_init(b, 'b');
  mutex_init(c, 'c');
  rw_init(rw, 'rw');
  cv_init(cvp, 'cv');
  sema_init(sp, 0, 'units');
};

describe('the chain lock', () => {
  const guarded: Call[] = [
    ['chain_enter', a],
    ['bump', count],
    ['chain_exit', a + sobj.ts],
  ];
  const observe = (): string => `${peek(count)} ${peek(a + sobj.ts + turnstile.chain)}`;

  test('admits one, and whoever sleeps on it is told', () => {
    const scene = play([guarded, guarded, guarded], { boot, observe });
    expect(cast.surprises(scene, { '3 0': 'one after the other' })).toEqual([]);
  });

  test('control: chain: goes quietly', () => {
    const { counts } = cast.explore(
      play([guarded, guarded], { boot, observe }, 'chain: goes quietly'),
    );
    expect([...counts.keys()]).toContain('stuck: t0 ended, t1 sleeps on line 0+16');
  });

  test('control: chain: takes it', () => {
    const { counts } = cast.explore(play([guarded, guarded], { boot, observe }, 'chain: takes it'));
    expect([...counts.keys()]).toContain('1 0');
  });
});

describe('those in line', () => {
  const vs: Call[] = [
    ['v', sp],
    ['here', 1],
    ['v', sp],
    ['here', 2],
    ['v', sp],
  ];
  const waits: Call[] = [['p', sp]];
  const scene = play([waits, waits, waits, vs], { boot, observe: returned });

  test.for([
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ])('that came as %i %i %i are served so', ([x, y, z]) => {
    const come = [x, y, z].map((t) => sleeps(t!));
    const story = [
      ...come,
      untilHere(3, 1),
      ends(x!),
      untilHere(3, 2),
      ends(y!),
      ends(3),
      ends(z!),
    ];
    expect(cast.script(scene, story)).toBe('|||');
  });

  // The second in line gives up; the fourth wakes the two others.
  const timed: Call[] = [['sema_p_timed', sp, 10]];
  const three = play(
    [
      waits,
      timed,
      waits,
      [
        ['v', sp],
        ['here', 1],
        ['v', sp],
      ],
    ],
    { boot, observe: returned },
  );

  test('the line closes up when one leaves from its middle', () => {
    const story = [
      sleeps(0),
      sleeps(1),
      sleeps(2),
      expires(1),
      ends(1),
      untilHere(3, 1),
      ends(0),
      ends(3),
      ends(2),
    ];
    expect(cast.script(three, story)).toBe('|false||');
    expect(peek(sp + sobj.ts + turnstile.waiters)).toBe(0);
  });

  test('and at its end, so that the next one to come joins behind the right one', () => {
    const story = [
      sleeps(0),
      sleeps(1),
      expires(1),
      ends(1),
      sleeps(2),
      untilHere(3, 1),
      ends(0),
      ends(3),
      ends(2),
    ];
    expect(cast.script(three, story)).toBe('|false||');
  });
});

describe('a cycle in the blocking chain', () => {
  const PANIC = 'panic: Deadlock: cycle in blocking chain';
  const two = (x: number, y: number): Call[] => [
    ['enter', x],
    ['here', 1],
    ['enter', y],
    ['exit', y],
    ['exit', x],
  ];
  const crossed = [two(a, b), two(b, a)];
  const all = { boot, observe: returned, panicOnCycle: true };

  test('of two panics in whoever closes it, by every schedule', () => {
    const table = { '|': 'they did not meet', [PANIC]: 'they did' };
    expect(cast.surprises(play(crossed, all), table)).toEqual([]);
  });

  test('control: in an image that was booted without, they stay', () => {
    const table = {
      '|': 'they did not meet',
      'stuck: t0 sleeps on line 1, t1 sleeps on line 0': 'they did',
    };
    expect(cast.surprises(play(crossed, { ...all, panicOnCycle: false }), table)).toEqual([]);
  });

  test('of three panics the third', () => {
    const scene = play([two(a, b), two(b, c), two(c, a)], all);
    const story = [
      untilHere(0, 1),
      untilHere(1, 1),
      untilHere(2, 1),
      sleeps(1),
      sleeps(0),
      sleeps(2),
    ];
    expect(cast.script(scene, story)).toBe(PANIC);
    expect(load(header, image_header.panic_thread)).toBe(cast.thread(2));
    expect(get(cast.thread(2), kthread.flags) & 2).toBe(2);
  });

  test('of one and a queue behind it: those who queue do not panic, nor does it without them', () => {
    const queue: Call[] = [
      ['enter', a],
      ['exit', a],
    ];
    const scene = play([two(a, b), two(b, a), queue], all);
    const story = [untilHere(0, 1), untilHere(1, 1), sleeps(2), sleeps(0), sleeps(1)];
    expect(cast.script(scene, story)).toBe(PANIC);
    expect(load(header, image_header.panic_thread)).toBe(cast.thread(1));
  });

  test('through the writer of a rwlock counts', () => {
    const writes: Call[] = [
      ['rw_enter', rw, RW_WRITER],
      ['here', 1],
      ['enter', a],
    ];
    const wants = (type: number): Call[] => [
      ['enter', a],
      ['here', 1],
      ['rw_enter', rw, type],
    ];
    for (const type of [RW_READER, RW_WRITER]) {
      const story = [untilHere(0, 1), untilHere(1, 1), sleeps(0), sleeps(1)];
      expect(cast.script(play([writes, wants(type)], all), story)).toBe(PANIC);
    }
  });

  test('through a reader does not: the word does not name it', () => {
    const reads: Call[] = [
      ['rw_enter', rw, RW_READER],
      ['here', 1],
      ['enter', a],
    ];
    const wants: Call[] = [
      ['enter', a],
      ['here', 1],
      ['rw_enter', rw, RW_WRITER],
    ];
    const story = [untilHere(0, 1), untilHere(1, 1), sleeps(0), sleeps(1)];
    expect(cast.script(play([reads, wants], all), story)).toBe(
      'stuck: t0 sleeps on line 0, t1 sleeps on line 3',
    );
  });

  test('through a condvar does not: it has no owner, which is why bug 9056 hung', () => {
    const waits: Call[] = [
      ['enter', a],
      ['enter', b],
      ['wait', cvp, b],
    ];
    const wants: Call[] = [
      ['enter', b],
      ['enter', a],
      ['signal', cvp],
    ];
    const outcome = 'stuck: t0 sleeps on line 4, t1 sleeps on line 0';
    expect(cast.script(play([waits, wants], all), [sleeps(0), sleeps(1)])).toBe(outcome);
  });

  test.for([
    [
      'the one that would close it',
      [
        two(a, b),
        [
          ['enter', b],
          ['here', 1],
          ['enter_timed', a, 10],
          ['exit', b],
        ],
      ],
      1,
    ],
    [
      'one on the way',
      [
        [
          ['enter', a],
          ['here', 1],
          ['enter_timed', b, 10],
          ['exit', a],
        ],
        two(b, a),
      ],
      0,
    ],
  ] as const)('does not panic when %s has a time-out: it ends by itself', ([, lists, timed]) => {
    const scene = play(lists, all);
    const story = [
      untilHere(0, 1),
      untilHere(1, 1),
      sleeps(0),
      sleeps(1),
      expires(timed),
      ends(timed),
    ];
    expect(cast.script(scene, [...story, ends(1 - timed)])).toBe(timed === 1 ? '|false' : 'false|');
  });

  test('is not a lock that was handed over on the way to sleep', () => {
    const pair: Call[] = [
      ['enter', a],
      ['exit', a],
    ];
    const unlucky = (): void => {
      boot();
      for (const t of [0, 1, 2]) haveBadLuck(cast.thread(t));
    };
    const scene = play([pair, pair, pair], { ...all, boot: unlucky });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
    const reads: Call[] = [
      ['rw_enter', rw, RW_READER],
      ['rw_exit', rw],
    ];
    const writes: Call[] = [
      ['rw_enter', rw, RW_WRITER],
      ['rw_exit', rw],
    ];
    expect(
      cast.surprises(play([writes, writes, reads], all), { '||': 'all came and went' }),
    ).toEqual([]);
  });
});
