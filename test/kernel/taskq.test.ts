/*
 * Goal: each task that was dispatched runs once, in order, on one of the queue's threads; a thread
 * without work sleeps, and is told of work and of the end; to wait for the queue is to wait for what runs.
 *
 * Method: every schedule of a dispatcher and one or two threads of the queue with a preemption or two;
 * a script where the order matters.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { kmem_alloc } from '../../src/kernel/kmem.ts';
import { taskq, taskq_create } from '../../src/kernel/taskq.ts';
import { kthread, PAGE } from '../../src/layout/records.ts';
import { get, load, peek } from '../../src/layout/word.ts';
import { ends, sleeps, untilHere } from '../threads.ts';
import { openCast, play, returned, type Call } from './scene.ts';

const cast = openCast(3);
afterAll(async () => cast.close());

const tq = cast.line<'taskq'>(0); // and the next three
const [x, y] = [cast.line<string>(8), cast.line<string>(9)];
const boot = (): void => taskq_create(tq, 'queue');
const done = (): string =>
  `${peek(x)} ${peek(y)} ${get(tq, taskq.tq_tasks)} ${get(tq, taskq.tq_executed)}`;

const thread: Call[] = [['taskq_run', tq]];
const two: Call[] = [
  ['dispatch', tq, x],
  ['dispatch', tq, y],
];
const end: Call = ['taskq_destroy', tq];

describe('tasks', () => {
  test('run once each, and the thread ends with the queue', () => {
    const scene = play([[...two, end], thread], { boot, observe: done });
    expect(cast.surprises(scene, { '1 1 2 2': 'both' }, { preemptions: 1 })).toEqual([]);
  });

  test('are shared by two threads', () => {
    const scene = play([[...two, end], thread, thread], { boot, observe: done });
    expect(cast.surprises(scene, { '1 1 2 2': 'both' }, { preemptions: 0 })).toEqual([]);
  });

  test('come from two dispatchers', () => {
    const scene = play([[['dispatch', tq, x]], [['dispatch', tq, y]], thread], {
      boot,
      observe: done,
      detail: done,
    });
    const outcome = 'stuck: t0 ended, t1 ended, t2 sleeps on line 1; 1 1 2 2';
    expect(
      cast.surprises(scene, { [outcome]: 'both, and it waits for more' }, { preemptions: 1 }),
    ).toEqual([]);
  });

  test('run in the order in which they came', () => {
    // Stopped inside the second task: the first is done by then.
    const looks: Call[] = [
      ['peek', x],
      ['peek', y],
    ];
    const scene = play([[...two, end], thread, looks], { boot, observe: returned });
    const story = [ends(0), untilHere(1, 0), untilHere(1, 0), ends(2), ends(1)];
    expect(cast.script(scene, story)).toBe('true true||1 0');
  });

  test('that there is no memory for are refused', () => {
    const starved = (): void => {
      boot();
      while (kmem_alloc(PAGE) !== 0);
    };
    const scene = play([[['dispatch', tq, x]]], { boot: starved, observe: returned });
    expect(cast.script(scene, [])).toBe('false');
  });
});

describe('a thread without work', () => {
  test('sleeps, and is not taken for hung: it waits by declaration', () => {
    cast.script(play([thread], { boot, observe: done }), [sleeps(0)]);
    expect(get(cast.thread(0), kthread.wait_flags)).toBe(4);
    expect(load(cast.thread(0), kthread.wait_seq)).toBe(1);
  });

  test('is woken by a task and by the end', () => {
    const scene = play([thread, [['dispatch', tq, x], ['here', 1], end]], { boot, observe: done });
    expect(cast.script(scene, [sleeps(0), untilHere(1, 1), sleeps(0), ends(1), ends(0)])).toBe(
      '1 0 1 1',
    );
  });
});

describe('taskq_wait', () => {
  test('waits for the task that runs', () => {
    const scene = play(
      [
        [['dispatch', tq, x]],
        thread,
        [
          ['taskq_wait', tq],
          ['peek', x],
        ],
      ],
      { boot, observe: returned },
    );
    const story = [ends(0), untilHere(1, 0), sleeps(2), sleeps(1), ends(2)];
    expect(cast.script(scene, story)).toBe('stuck: t0 ended, t1 sleeps on line 1, t2 ended');
  });

  test('of an idle queue is no wait', () => {
    expect(cast.script(play([[['taskq_wait', tq]]], { boot, observe: returned }), [])).toBe('');
  });
});

describe('a queue', () => {
  test('made anew after its end is open again', () => {
    const remake: Call[] = [end, ['taskq_create', tq, 'queue'], ['dispatch', tq, x]];
    const scene = play([remake, thread], { boot, observe: done, detail: done });
    const outcome = 'stuck: t0 ended, t1 sleeps on line 1; 1 0 1 1';
    expect(cast.script(scene, [ends(0), sleeps(1)])).toBe(outcome);
  });

  test('with a task that names no function panics', () => {
    const scene = play([[['taskq_dispatch', tq, 99, 0]], thread], { boot, observe: done });
    expect(cast.script(scene, [ends(0), sleeps(1)])).toMatch(
      /^panic: taskq_thread: task \w+ names no function$/,
    );
  });
});

test('what a dispatcher leaves half done a thread never sees: it holds the lock', () => {
  // The queue's last is written after its first: a thread must not find the one without the other.
  const look = (): string =>
    (get(tq, taskq.tq_first) === 0) === (get(tq, taskq.tq_last) === 0) ? 'whole' : 'half';
  const scene = play(
    [
      two,
      [
        ['enter', tq],
        ['exit', tq],
      ],
    ],
    { boot, observe: look },
  );
  expect(cast.surprises(scene, { whole: '' }, { preemptions: 1 })).toEqual([]);
});
