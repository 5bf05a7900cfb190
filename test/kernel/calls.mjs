/*
 * The one role of the kernel tests: a list of calls, which a test writes down as data.
 *
 *     [name, …arguments]          a function of the lock under test (twins.mjs), of the kernel, or of below
 *     ['if', call, calls]         the calls, if the call says true
 *     ['until', address, calls]   the calls again and again until the word is not 0
 *     ['here', mark]              a place for the play to change turns
 *
 * What the calls return is the role's result, in order; nothing is left out but undefined.
 */

import { LOCKS } from './twins.mjs';

const vocabularies = new Map();
let task; // a task that bumps the word of which it is given the address

/** A thread that does as it is told. */
export function calls(k, { lock, list }) {
  if (!vocabularies.has(lock)) vocabularies.set(lock, { ...k, ...LOCKS[lock](k), ...own(k) });
  const verbs = vocabularies.get(lock);
  const results = [];
  perform(list);
  return results;

  function perform(each) {
    for (const [name, ...args] of each) {
      if (name === 'until') while (k.peek(args[0]) === 0) perform(args[1]);
      else if (name !== 'if') one(name, args);
      else if (one(args[0][0], args[0].slice(1))) perform(args[1]);
    }
  }

  function one(name, args) {
    const result = verbs[name](...args);
    if (result !== undefined) results.push(result);
    return result;
  }
}

/** What tests do beside calling the kernel.  Shared words are not atomic, so that a lock has something to guard. */
function own(k) {
  /** Adds 1, reading first and writing later. */
  function bump(at) {
    const seen = k.peek(at);
    k.here();
    k.poke(at, seen + 1);
  }

  return {
    bump,
    take: (at) => k.poke(at, k.peek(at) - 1),
    /** Two words that somebody may change in between, as `1 2`. */
    both(x, y) {
      const seen = k.peek(x);
      k.here();
      return `${seen} ${k.peek(y)}`;
    },
    set_both(x, y, value) {
      k.poke(x, value);
      k.here();
      k.poke(y, value);
    },
    /** Is inside for a while; `most` keeps how many were at once. */
    inside(count, most) {
      k.poke(count, k.peek(count) + 1);
      k.poke(most, Math.max(k.peek(most), k.peek(count)));
      k.here();
      k.poke(count, k.peek(count) - 1);
    },
    dispatch(tq, at) {
      task ??= k.taskq_function((word) => bump(word));
      return k.taskq_dispatch(tq, task, at);
    },
    taskq_run(tq) {
      task ??= k.taskq_function((word) => bump(word));
      k.taskq_thread(tq);
    },
    /** Waits, outside the kernel, until the word is not 0. */
    await(at) {
      while (k.load(at, 0) === 0) k.wait(at, 0, 0, 1);
    },
    /** What another thread sleeps on, and how many are in line there. */
    waits(t) {
      const object = k.load(t, k.kthread.wchan);
      const isAsleep = (k.load(t, k.kthread.wait_seq) & 1) !== 0;
      const inLine = object === 0 ? 0 : k.turnstile_waiters(k.sub(object, k.sobj.ts));
      return `${isAsleep ? 'asleep' : 'awake'} ${object.toString(16)} ${inLine}`;
    },
    /** What another thread's held stack shows. */
    slots(t) {
      const base = k.sub(t, k.kthread.held);
      const locks = [];
      for (let i = 0; i < k.HELD_MAX && k.peek(base + 16 * i) !== 0; i++)
        locks.push(k.peek(base + 16 * i));
      return locks.join(',') || 'nothing';
    },
    /** Everybody is to unwind: the halt word first, then each one's park word. */
    halt_all(threads) {
      k.store(k.header, k.image_header.halt, 1);
      for (const t of threads) {
        k.store(t, k.kthread.park, k.PARK.nudged);
        k.notify(t, k.kthread.park, 1);
      }
    },
    /** The same, the other way round. */
    halt_late(threads) {
      for (const t of threads) {
        k.store(t, k.kthread.park, k.PARK.nudged);
        k.notify(t, k.kthread.park, 1);
      }
      k.store(k.header, k.image_header.halt, 1);
    },
    /** What a watchdog makes of the panic words: a thread without a message would be a panic about nothing. */
    look_at_panic(at) {
      const t = k.load(k.header, k.image_header.panic_thread);
      const message = k.load(k.header, k.image_header.panic_message);
      k.poke(at, t === 0 ? 1 : message === 0 ? 2 : 3);
    },
    /** What the watchdog does to one that has slept too long. */
    nudge(t) {
      if (k.cas(t, k.kthread.park, k.PARK.asleep, k.PARK.nudged) === k.PARK.asleep) {
        k.notify(t, k.kthread.park, 1);
      }
    },
  };
}
