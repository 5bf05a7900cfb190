/*
 * Goal: the held stack of a thread is what it holds, in the order it took it, whatever the order in which
 * it gives things up; its end is a panic that says so; the dump's reader finds in it what was there.
 *
 * Method: random acquires and releases of locks of all kinds, on the boot thread, against a plain array.
 * The reader is the census, which the watchdog uses.  The overflow, which panics, is played by an actor.
 */

import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { holdsOf } from '../../src/dump/census.ts';
import { held_count, held_mode, HOLD } from '../../src/kernel/held.ts';
import { mutex_enter, mutex_exit, mutex_init, mutex_tryenter } from '../../src/kernel/mutex.ts';
import { resource_enter, resource_exit, resource_init } from '../../src/kernel/resource.ts';
import {
  RW_READER,
  RW_WRITER,
  rw_downgrade,
  rw_enter,
  rw_exit,
  rw_init,
  rw_tryupgrade,
} from '../../src/kernel/rwlock.ts';
import { kernel_boot } from '../../src/kernel/startup.ts';
import { curthread, thread_bind } from '../../src/kernel/thread.ts';
import { HELD_MAX, header, image_header, kheld, kthread } from '../../src/layout/records.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, put, sub } from '../../src/layout/word.ts';
import { ends, untilHere } from '../threads.ts';
import { openCast, play, returned, type Call } from './scene.ts';

const cast = openCast(2);
afterAll(async () => cast.close());

const LOCKS = 8; // of each kind
const lock = (i: number): Ref<'kmutex'> => cast.line(i);
const rwlock = (i: number): Ref<'krwlock'> => cast.line(LOCKS + i);
const resource = (i: number): Ref<'kresource'> => cast.line(2 * LOCKS + i);

function boot(): void {
  for (let i = 0; i < LOCKS; i++) {
    mutex_init(lock(i), '');
    rw_init(rwlock(i), '');
    resource_init(resource(i), '');
  }
}

interface Entry {
  readonly lock: number;
  mode: number;
}

/** What the record says, slot by slot, up to the first free one. */
function stack(): number[] {
  const base = sub(curthread, kthread.held);
  const locks: number[] = [];
  for (let i = 0; i < HELD_MAX; i++) {
    const at = get((base + i * kheld.$.size) as Ref<'kheld'>, kheld.lock);
    if (at === 0) break;
    locks.push(at);
  }
  return locks;
}

describe('any order of acquires and releases', () => {
  beforeEach(() => {
    kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
    boot();
  });

  type Verb = 'mutex' | 'try' | 'reader' | 'writer' | 'resource' | 'release' | 'convert';
  const verb = fc.constantFrom<Verb>(
    'mutex',
    'try',
    'reader',
    'writer',
    'resource',
    'release',
    'convert',
  );
  const steps = fc.array(fc.tuple(verb, fc.nat(LOCKS - 1), fc.nat()), { maxLength: 80 });

  test('leaves what is held, in order, with how it is held', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const model: Entry[] = [];
        for (const [how, i, which] of list) step(model, how, i, which);
        check(model);
        // Everything comes off again, oldest first: the order that fits a stack least.
        while (model.length > 0) release(model, 0);
        check(model);
      }),
      { numRuns: 300 },
    );
  });

  function step(model: Entry[], how: Verb, i: number, which: number): void {
    const has = (at: number): boolean => model.some((each) => each.lock === at);
    if (how === 'release') {
      if (model.length > 0) release(model, which % model.length);
    } else if (how === 'convert') {
      convert(model, model[which % Math.max(1, model.length)]);
    } else if (how === 'mutex' && !has(lock(i))) {
      mutex_enter(lock(i));
      model.push({ lock: lock(i), mode: HOLD.owner });
    } else if (how === 'try' && !has(lock(i))) {
      expect(mutex_tryenter(lock(i))).toBe(true);
      model.push({ lock: lock(i), mode: HOLD.owner });
    } else if ((how === 'reader' || how === 'writer') && !has(rwlock(i))) {
      rw_enter(rwlock(i), how === 'reader' ? RW_READER : RW_WRITER);
      model.push({ lock: rwlock(i), mode: how === 'reader' ? HOLD.reader : HOLD.writer });
    } else if (how === 'resource' && !has(resource(i))) {
      resource_enter(resource(i));
      model.push({ lock: resource(i), mode: HOLD.owner });
    }
  }

  function convert(_: Entry[], entry: Entry | undefined): void {
    if (entry === undefined || entry.mode === HOLD.owner) return;
    const rw = entry.lock as Ref<'krwlock'>;
    if (entry.mode === HOLD.writer) rw_downgrade(rw);
    else expect(rw_tryupgrade(rw)).toBe(true);
    entry.mode = entry.mode === HOLD.writer ? HOLD.reader : HOLD.writer;
  }

  function release(model: Entry[], i: number): void {
    const [entry] = model.splice(i, 1);
    const at = entry!.lock;
    if (entry!.mode !== HOLD.owner) rw_exit(at as Ref<'krwlock'>);
    else if (at >= resource(0)) resource_exit(at as Ref<'kresource'>);
    else mutex_exit(at as Ref<'kmutex'>);
  }

  function check(model: readonly Entry[]): void {
    expect(stack()).toEqual(model.map((each) => each.lock));
    expect(held_count()).toBe(model.length);
    expect(holdsOf(curthread).map(({ object }) => object)).toEqual(model.map((each) => each.lock));
    for (const each of model) {
      if (each.mode !== HOLD.owner) expect(held_mode(each.lock)).toBe(each.mode);
    }
  }

  test('keeps since when, when a gap is closed', () => {
    for (const i of [0, 1, 2]) {
      put(header, image_header.clock, 100 * (i + 1));
      mutex_enter(lock(i));
    }
    mutex_exit(lock(0));
    expect(holdsOf(curthread).map(({ since }) => since)).toEqual([200, 300]);
    mutex_exit(lock(1));
    expect(holdsOf(curthread)).toEqual([expect.objectContaining({ object: lock(2), since: 300 })]);
  });

  test('a read hold taken twice is there twice, and given up from the top', () => {
    rw_enter(rwlock(0), RW_READER);
    mutex_enter(lock(0));
    rw_enter(rwlock(0), RW_READER);
    expect(stack()).toEqual([rwlock(0), lock(0), rwlock(0)]);
    rw_exit(rwlock(0));
    expect(stack()).toEqual([rwlock(0), lock(0)]);
  });

  test('a thread that is bound again finds an empty stack', () => {
    mutex_enter(lock(0));
    kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
    expect([held_count(), stack()]).toEqual([0, []]);
    thread_bind(curthread);
    expect(held_count()).toBe(0);
  });
});

describe('the end of the stack', () => {
  const take = (n: number): Call[] =>
    Array.from({ length: n }, (_, i) => ['rw_enter', rwlock(i % LOCKS), RW_READER]);
  const scene = (n: number) => play([[...take(n), ['held_count']]], { boot, observe: returned });

  test(`${HELD_MAX} locks may be held`, () => {
    expect(cast.script(scene(HELD_MAX), [])).toBe(String(HELD_MAX));
  });

  test('one more is a panic that says so', () => {
    expect(cast.script(scene(HELD_MAX + 1), [])).toBe(
      `panic: too many locks held: ${HELD_MAX} is the limit`,
    );
  });
});

test('another thread finds in it what this one holds', () => {
  const calls: Call[] = [
    ['enter', lock(0)],
    ['rw_enter', rwlock(0), RW_READER],
    ['here', 1],
    ['exit', lock(0)],
    ['here', 2],
    ['rw_exit', rwlock(0)],
  ];
  const slots: Call = ['slots', cast.thread(0)];
  const looks: Call[] = [slots, ['here', 1], slots, ['here', 2], slots];
  const scene = play([calls, looks], { boot, observe: returned });
  const story = [
    untilHere(0, 1),
    untilHere(1, 1),
    untilHere(0, 2),
    untilHere(1, 2),
    ends(0),
    ends(1),
  ];
  expect(cast.script(scene, story)).toBe(`|${lock(0)},${rwlock(0)} ${rwlock(0)} nothing`);
});
