/*
 * queue: two threads that take turns at a bounded queue, and count turns that they did not get.
 *
 *     producer    puts one in; then, for each further round: if it is its turn, puts in the i-th
 *     consumer    for each round: if it is its turn, takes one out, which must be the i-th that was put in
 *
 * From SCTBench (CS/queue), there with a queue of 20.  All is locked.  But `i` counts rounds, also those in which it
 * was not its turn, and so the two count alike only if they take turns without a fault, which no scheduler owes them.
 *
 *     median schedules to the first bug    POS 1, PCT3 6, RFF 1
 *
 * The twin counts the turns that it got.
 */

import {
  defineWorkload,
  get,
  global,
  kmutex,
  mutex_enter,
  mutex_exit,
  panic,
  put,
  shared,
  struct,
  u32,
  type RoleContext,
} from '../../src/index.ts';

const SIZE_MAX = 100;
const queue_t = shared(
  struct('queue_t', { head: u32, tail: u32, amount: u32, enqueue_flag: u32, dequeue_flag: u32 }),
);
const slot_t = shared(struct('queue_slot', { element: u32, stored: u32 }));

const queue = global('queue', queue_t);
const slots = global('slots', slot_t, SIZE_MAX);
const queue_lock = global('queue_lock', kmutex);

const params = {
  size: { type: 'int', default: 20, min: 2, max: SIZE_MAX, title: 'places in the queue' },
} as const;
type Context = RoleContext<typeof params>;

function slot(i: number): typeof slots {
  return (slots + i * slot_t.$.size) as typeof slots;
}

function enqueue(value: number): void {
  const tail = get(queue, queue_t.tail);
  put(slot(tail), slot_t.element, value);
  put(queue, queue_t.amount, get(queue, queue_t.amount) + 1);
  put(queue, queue_t.tail, tail + 1);
}

function dequeue(): number {
  const head = get(queue, queue_t.head);
  const value = get(slot(head), slot_t.element);
  put(queue, queue_t.amount, get(queue, queue_t.amount) - 1);
  put(queue, queue_t.head, head + 1);
  return value;
}

function turn_to(mine: number, theirs: number): void {
  put(queue, queue_t.enqueue_flag, theirs);
  put(queue, queue_t.dequeue_flag, mine);
}

function produce({ variant, params: { size } }: Context): void {
  mutex_enter(queue_lock);
  enqueue(1);
  put(slot(0), slot_t.stored, 1);
  mutex_exit(queue_lock);
  let turns = 0;
  for (let round = 0; round < size - 1; round++) {
    mutex_enter(queue_lock);
    if (get(queue, queue_t.enqueue_flag)) {
      const i = variant === 'planted' ? round : turns++;
      enqueue(round + 2);
      put(slot(i + 1), slot_t.stored, round + 2);
      turn_to(1, 0);
    }
    mutex_exit(queue_lock);
  }
}

function consume({ variant, params: { size } }: Context): void {
  let turns = 0;
  for (let round = 0; round < size; round++) {
    mutex_enter(queue_lock);
    if (get(queue, queue_t.dequeue_flag)) {
      const i = variant === 'planted' ? round : turns++;
      const value = dequeue();
      const stored = get(slot(i), slot_t.stored);
      if (value !== stored) panic(`queue: took ${value} where ${stored} was stored`);
      turn_to(0, 1);
    }
    mutex_exit(queue_lock);
  }
}

export default defineWorkload({
  name: 'queue',
  title: 'a bounded queue, and turns that are counted though nobody had them',
  variants: {
    planted: { title: 'counts rounds', verdict: 'panic' },
    fixed: { title: 'counts turns', verdict: 'pass' },
  },
  params,
  roles: [
    { name: 'producer', psargs: 'producer', run: produce },
    { name: 'consumer', psargs: 'consumer', run: consume },
  ],
  boot: () => put(queue, queue_t.enqueue_flag, 1),
});
