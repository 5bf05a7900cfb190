/*
 * work-steal-queue: Cilk's THE deque, of which the owner and a thief take the last item.
 *
 *     owner pops      t = tail - 1; tail = t; if head <= t it has the item t, and else asks again under the lock
 *     thief steals    under the lock: h = head; head = h + 1; if h < tail it has the item h, and else takes it back
 *
 * From the CHESS samples (Chess/WorkStealQueue of SCTBench): the program is that of the sample, two stealing attempts
 * against four items.  The sample had bugs of its own; ours has the one that the protocol is there to prevent.  Each
 * side says first what it takes, and looks then at what the other said; so of two who want the last item, one at
 * least sees the other.  Planted: the owner looks first.
 *
 *     median schedules to the first bug    POS 9, PCT3 8, RFF 8
 *
 * The twin says it first.
 */

import {
  defineWorkload,
  get,
  global,
  i32,
  kmutex,
  load,
  mutex_enter,
  mutex_exit,
  panic,
  put,
  shared,
  store,
  struct,
  u32,
  type RoleContext,
} from '../../src/index.ts';

const ITEMS = 4;
const STEALS = 2;
/** A power of two; one place is always free. */
const PLACES = 4;
const MASK = PLACES - 1;
const NONE = -1;

const deque_t = shared(struct('deque_t', { head: i32, tail: i32 }));
const place_t = shared(struct('deque_place', { item: u32 }));
/** How often each item was taken. */
const item_t = shared(struct('deque_item', { taken: u32 }));

const deque = global('deque', deque_t);
const places = global('places', place_t, PLACES);
const items = global('items', item_t, ITEMS);
const deque_lock = global('deque_lock', kmutex);

function place(i: number): typeof places {
  return (places + (i & MASK) * place_t.$.size) as typeof places;
}

function item(i: number): typeof items {
  return (items + i * item_t.$.size) as typeof items;
}

function operation(i: number): void {
  if (i !== NONE) put(item(i), item_t.taken, get(item(i), item_t.taken) + 1);
}

function push(i: number): void {
  const t = load(deque, deque_t.tail);
  if (t >= load(deque, deque_t.head) + MASK) panic('work-steal-queue: full');
  put(place(t), place_t.item, i);
  store(deque, deque_t.tail, t + 1);
}

function pop(variant: string): number {
  const t = load(deque, deque_t.tail) - 1;
  if (variant === 'planted') {
    if (load(deque, deque_t.head) > t) return sync_pop();
    store(deque, deque_t.tail, t);
    return get(place(t), place_t.item);
  }
  store(deque, deque_t.tail, t);
  if (load(deque, deque_t.head) <= t) return get(place(t), place_t.item);
  store(deque, deque_t.tail, t + 1);
  return sync_pop();
}

function sync_pop(): number {
  mutex_enter(deque_lock);
  let found = NONE;
  const t = load(deque, deque_t.tail) - 1;
  store(deque, deque_t.tail, t);
  if (load(deque, deque_t.head) <= t) found = get(place(t), place_t.item);
  else {
    store(deque, deque_t.head, 0);
    store(deque, deque_t.tail, 0);
  }
  mutex_exit(deque_lock);
  return found;
}

function steal(): number {
  mutex_enter(deque_lock);
  let found = NONE;
  const h = load(deque, deque_t.head);
  store(deque, deque_t.head, h + 1);
  if (h < load(deque, deque_t.tail)) found = get(place(h), place_t.item);
  else store(deque, deque_t.head, h);
  mutex_exit(deque_lock);
  return found;
}

function own({ variant }: RoleContext): void {
  for (let i = 0; i < ITEMS; i += 2) {
    push(i);
    push(i + 1);
    operation(pop(variant));
  }
  for (let i = 0; i < ITEMS; i += 2) operation(pop(variant));
}

function thieve(): void {
  for (let i = 0; i < STEALS; i++) operation(steal());
}

export default defineWorkload({
  name: 'work-steal-queue',
  title: "Cilk's deque, whose last item the owner and a thief take",
  variants: {
    planted: { title: 'the owner looks before it says what it takes', verdict: 'panic' },
    fixed: { title: 'it says so first', verdict: 'pass' },
  },
  roles: [
    { name: 'owner', psargs: 'owner', run: own },
    { name: 'thief', psargs: 'thief', run: thieve },
  ],
  check() {
    for (let i = 0; i < ITEMS; i++) {
      const taken = get(item(i), item_t.taken);
      if (taken !== 1) return `item ${i} was taken ${taken} times`;
    }
    return undefined;
  },
});
