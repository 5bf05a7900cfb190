/*
 * Goal: the first to panic is the one that is reported, with its message; the others stop at their next
 * slow path or sleep; a halt makes everybody unwind, wherever they are, and nobody sleeps through it.
 *
 * Method: every schedule of two threads with few preemptions, the words of the header among the places.
 * The twin of a halt sets its word last, and must lose somebody.  Then real sleeps in every kind of wait,
 * and a real halt.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { barrier_init } from '../../src/kernel/barrier.ts';
import { cv_init } from '../../src/kernel/condvar.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { RW_READER, RW_WRITER, rw_init } from '../../src/kernel/rwlock.ts';
import { sema_init } from '../../src/kernel/semaphore.ts';
import { EVENT, header, image_header, kevent, kthread, TS } from '../../src/layout/records.ts';
import { intern, textOf } from '../../src/layout/strings.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, load, peek } from '../../src/layout/word.ts';
import { ends, halt, sleeps, until, untilChanged, untilHere } from '../threads.ts';
import { openCast, play, returned, type Call } from './scene.ts';

const cast = openCast(3);
afterAll(async () => cast.close());

const lp = cast.line<'kmutex'>(0);
const cvp = cast.line<'kcondvar'>(1);
const sp = cast.line<'ksema'>(2);
const rw = cast.line<'krwlock'>(3);
const bp = cast.line<'kbarrier'>(4);
const seen = cast.line<string>(5);
const { panic_thread, panic_message, halt: halt_word } = image_header;
const words = [panic_thread, panic_message, halt_word].map((field) => header + field);

const boot = (): void => {
  mutex_init(lp, 'lock');
  cv_init(cvp, 'cv');
  sema_init(sp, 0, 'units');
  rw_init(rw, 'rw');
  barrier_init(bp, 2, 'barrier');
};
const panics = (message: string, address = 0): Call[] => [['panic', message, address]];
const who = (): string => {
  const t = load(header, panic_thread);
  return t === 0
    ? 'nobody'
    : `t${get(t, kthread.index) - 1} at ${get(header, image_header.panic_address)}`;
};

describe('a panic', () => {
  test('of two is the first one’s: its thread, its message, its address', () => {
    const scene = play([panics('one', 4096), panics('two', 8192)], {
      boot,
      observe: returned,
      detail: who,
      places: words,
    });
    const table = {
      'panic: one; t0 at 4096': 't0 was first',
      'panic: two; t1 at 8192': 't1 was first',
    };
    expect(cast.surprises(scene, table, { preemptions: 3 })).toEqual([]);
  });

  test('is never seen without its message', () => {
    const detail = (): string =>
      ['never ran', 'too early', 'no message', 'all of it'][peek(seen)] ?? '?';
    const scene = play([panics('one'), [['look_at_panic', seen]]], {
      boot,
      observe: returned,
      detail,
      places: words,
    });
    const table = { 'panic: one; too early': '', 'panic: one; all of it': '' };
    expect(cast.surprises(scene, table, { preemptions: 3 })).toEqual([]);
  });

  test('rings the doorbell, marks the thread, and is the last thing in its ring', () => {
    cast.script(play([panics('one')], { boot, observe: returned }), [sleeps(0)]);
    const t = cast.thread(0);
    const last = (get(t, kthread.ring) +
      (get(t, kthread.ring_next) - 1) * kevent.$.size) as Ref<'kevent'>;
    expect(get(header, image_header.doorbell)).toBe(1);
    expect([get(t, kthread.state), get(t, kthread.flags) & 2]).toEqual([TS.stopped, 2]);
    expect([get(last, kevent.kind), textOf(get(last, kevent.arg))]).toEqual([EVENT.panic, 'one']);
  });

  test('has its message even when the string table is full', () => {
    const full = (): void => {
      boot();
      for (let i = 0; intern(`${i}`.padEnd(2000, '.')) !== 0; i++);
    };
    const scene = play([panics('the one message that counts')], { boot: full, observe: returned });
    expect(cast.script(scene, [sleeps(0)])).toBe('panic: the one message that counts');
  });
});

describe('the others', () => {
  const after = (calls: Call[]) =>
    play([panics('one'), calls], { boot, observe: returned, detail: () => String(peek(seen)) });
  const stopped: Call[][] = [
    [['sema_v', sp]],
    [['sema_p', sp]],
    [
      ['enter', lp],
      ['wait', cvp, lp],
    ],
    [['barrier', bp]],
    [['delay', 10]],
    [
      ['rw_enter', rw, RW_WRITER],
      ['rw_tryenter', rw, RW_READER],
    ],
    [['panic', 'two']],
  ];

  test.for(stopped.slice(0, 5).map((calls) => [calls] as const))('stop at %j', ([calls]) => {
    const outcome = cast.script(after([...calls, ['poke', seen, 1]]), [sleeps(0), sleeps(1)]);
    expect(outcome).toBe('panic: one; 0');
    expect(get(cast.thread(1), kthread.state)).toBe(TS.stopped);
  });

  test('go on as long as they need no slow path', () => {
    const calls: Call[] = [
      ['enter', lp],
      ['exit', lp],
      ['rw_enter', rw, RW_READER],
      ['rw_exit', rw],
      ['poke', seen, 1],
    ];
    expect(cast.script(after(calls), [sleeps(0), ends(1)])).toBe('panic: one; 1');
  });

  test('with a probe attached they have no fast path', () => {
    const scene = {
      ...after([
        ['enter', lp],
        ['exit', lp],
        ['poke', seen, 1],
      ]),
      probes: true,
    };
    expect(cast.script(scene, [sleeps(0), sleeps(1)])).toBe('panic: one; 0');
  });

  test('that are asleep stop when they are woken', () => {
    const scene = play(
      [
        [
          ['sema_p', sp],
          ['poke', seen, 1],
        ],
        [['sema_v', sp]],
        panics('one'),
      ],
      {
        boot,
        observe: returned,
        detail: () => String(peek(seen)),
      },
    );
    const story = [
      sleeps(0),
      until(1, 'notify', cast.thread(0), kthread.park),
      sleeps(2),
      ends(1),
      sleeps(0),
    ];
    expect(cast.script(scene, story)).toBe('panic: one; 0');
    expect(get(cast.thread(0), kthread.state)).toBe(TS.stopped);
  });
});

describe('a halt', () => {
  const HALTED = 'threw: MachineHalt: the machine was halted';
  const all = [cast.thread(0)];

  test('reaches one that is about to sleep, however late it gets there', () => {
    const scene = play([[['sema_p', sp]], [['halt_all', all]]], {
      boot,
      observe: returned,
      places: words,
    });
    expect(cast.surprises(scene, { [HALTED]: '' }, { preemptions: 3 })).toEqual([]);
  });

  test('control: the word last, and one sleeps on', () => {
    const scene = play([[['sema_p', sp]], [['halt_late', all]]], {
      boot,
      observe: returned,
      places: words,
    });
    const { counts } = cast.explore(scene, { preemptions: 3 });
    expect([...counts.keys()]).toContain('stuck: t0 sleeps on line 2, t1 ended');
  });

  test('makes one that panics unwind instead', () => {
    const scene = play([panics('late'), [['halt_all', all]]], { boot, observe: returned });
    expect(cast.script(scene, [ends(1), ends(0)])).toBe(HALTED);
  });

  const waits: readonly (readonly [string, Call[]])[] = [
    ['a mutex', [['enter', lp]]],
    ['a mutex, with a time-out', [['enter_timed', lp, 60_000]]],
    ['a rwlock, to read', [['rw_enter', rw, RW_READER]]],
    ['a rwlock, to write', [['rw_enter', rw, RW_WRITER]]],
    [
      'a condvar',
      [
        ['enter', cast.line(9)],
        ['wait', cvp, cast.line(9)],
      ],
    ],
    ['a semaphore', [['sema_p', sp]]],
    ['a semaphore, with a time-out', [['sema_p_timed', sp, 60_000]]],
    ['a barrier', [['barrier', bp]]],
    ['delay()', [['delay', 60_000]]],
    ['a panic', panics('asleep')],
  ];

  test.for(waits)('ends a real sleep on %s', ([, calls]) => {
    const owns: Call[] = [
      ['enter', lp],
      ['rw_enter', rw, RW_WRITER],
      ['poke', seen, 1],
      ['delay', 60_000],
    ];
    const scene = play([owns, [['await', seen], ...calls]], {
      boot: () => {
        boot();
        mutex_init(cast.line(9), 'other');
      },
      observe: returned,
    });
    const outcome = cast.perform(scene, () => {
      for (const t of [0, 1]) untilAsleep(cast.thread(t));
      halt();
    });
    const panicked = calls[0]![0] === 'panic';
    expect(outcome).toBe(panicked ? 'panic: asleep' : `${HALTED}; ${HALTED.slice(7)}`);
  });

  function untilAsleep(t: Ref<'kthread'>): void {
    for (let state = load(t, kthread.state); state !== TS.sleep && state !== TS.stopped;) {
      untilChanged(t, kthread.state, state);
      state = load(t, kthread.state);
    }
  }
});

describe('an actor of a halted machine', () => {
  test('plays again', () => {
    expect(
      cast.script(
        play(
          [
            [
              ['enter', lp],
              ['exit', lp],
            ],
          ],
          { boot, observe: returned },
        ),
        [untilHere(0, 0)].slice(1),
      ),
    ).toBe('');
  });
});
