/*
 * Goal: what the watchdog does to a controlled trial leaves no trace in what its strategy knows, and the watchdog can tell whether
 * a trial is under way.
 *
 * Method: one host's baton on an image of the test's, driven by hand, point by point.  So the machine is halted exactly when a
 * thread has said that it sleeps and has not asked yet who goes on: where a busy host may keep it for as long as it likes.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { sleep_begin } from '../../src/kernel/disp.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { MachineHalt } from '../../src/kernel/panic.ts';
import { clock_attach, probe_attach } from '../../src/kernel/probe.ts';
import { kernel_boot, thread_create, thread_attach } from '../../src/kernel/startup.ts';
import { curthread, thread_exit } from '../../src/kernel/thread.ts';
import { attachImage, createImage, threadAt } from '../../src/layout/image.ts';
import { global } from '../../src/layout/linker.ts';
import { EXIT, header, image_header, kmutex, SOBJ } from '../../src/layout/records.ts';
import { store } from '../../src/layout/word.ts';
import { Baton } from '../../src/run/baton.ts';
import {
  choiceCount,
  FROZEN,
  frozen,
  isUnderWay,
  resetSeries,
  strategyWords,
  wakeHosts,
} from '../../src/run/control.ts';
import { haltMachine } from '../../src/run/halt.ts';
import { dfs } from '../../src/sched/dfs.ts';

const north = global('north_of_baton', kmutex);

let baton: Baton;

/** A trial of which one thread has just begun. */
function begin(threads: number): void {
  const shape = { threads, steps: 16, seed: 1, depth: 0, preemptions: 99 };
  const controlled = { choices: shape.steps, strategyWords: dfs.words(shape), trials: 1 };
  attachImage(createImage({ threads, heapBytes: 4096, controlled }));
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  for (let i = 0; i < threads; i++)
    thread_create({ name: `t/${i}`, role: 't', psargs: `t ${i}`, flags: 0 });
  mutex_init(north, 'north');
  resetSeries(threads, 1);
  baton = new Baton(0, dfs, shape, true);
  expect(baton.strategy.begin()).toBe(true);
  baton.open();
  expect(isUnderWay()).toBe(false);
  const first = baton.first();
  thread_attach(threadAt(first + 1), 'held');
  baton.enter(first);
}

afterEach(() => {
  probe_attach(undefined);
  clock_attach(undefined);
});

/** Asks who goes on, and leaves: its host is woken as by a halt, since nobody else is there to pass the baton back. */
function sleep(): void {
  sleep_begin(north, SOBJ.mutex, 0);
  wakeHosts();
  expect(() => baton.sleep(north, Infinity)).toThrow(MachineHalt);
}

test('a thread that was halted before it asked who goes on makes no choice', () => {
  begin(2);
  const made = choiceCount();
  const known = [...strategyWords()];
  sleep_begin(north, SOBJ.mutex, 0);
  haltMachine();
  expect(() => baton.sleep(north, Infinity)).toThrow(MachineHalt);
  expect(choiceCount()).toBe(made);
  expect([...strategyWords()]).toEqual(known);
});

test('one that was not makes one', () => {
  begin(2);
  const made = choiceCount();
  sleep();
  expect(choiceCount()).toBe(made + 1);
});

describe('a trial is under way', () => {
  test('while somebody has the baton, and also when that one threw', () => {
    begin(2);
    expect(isUnderWay()).toBe(true);
    thread_exit(EXIT.threw, 'enough');
    expect(isUnderWay()).toBe(true);
  });

  test('as long as anybody can run', () => {
    begin(2);
    sleep();
    expect({ frozen: frozen(), isUnderWay: isUnderWay() }).toEqual({
      frozen: FROZEN.no,
      isUnderWay: true,
    });
    begin(1);
    sleep();
    expect({ frozen: frozen(), isUnderWay: isUnderWay() }).toEqual({
      frozen: FROZEN.stuck,
      isUnderWay: false,
    });
  });

  test.for([EXIT.exited, EXIT.terminated])('not when that one is gone: %d', (reason) => {
    begin(2);
    thread_exit(reason, '');
    expect(isUnderWay()).toBe(false);
  });

  test('not when somebody has panicked', () => {
    begin(2);
    store(header, image_header.panic_thread, curthread);
    expect(isUnderWay()).toBe(false);
  });

  test('not in a free run', () => {
    attachImage(createImage({ threads: 2, heapBytes: 4096 }));
    expect(isUnderWay()).toBe(false);
  });
});
