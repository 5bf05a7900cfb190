/*
 * deadlock01: two locks in two orders, the smallest deadlock there is.
 *
 *     up      a, then b: counter++
 *     down    b, then a: counter--
 *
 * From SCTBench (CS/deadlock01).  It takes one preemption, between the first lock of one and its second.
 *
 *     median schedules to the first bug    POS 4, PCT3 16, RFF 4
 *
 * The twin takes both in one order.
 */

import {
  defineWorkload,
  get,
  global,
  i32,
  kmutex,
  mutex_enter,
  mutex_exit,
  put,
  shared,
  struct,
  type Ref,
  type RoleContext,
} from '../../src/index.ts';

const counter_t = shared(struct('deadlock01_counter', { n: i32 }));
const counter = global('deadlock01_counter', counter_t);
const a = global('lock_a', kmutex);
const b = global('lock_b', kmutex);

function count(first: Ref<'kmutex'>, second: Ref<'kmutex'>, by: number): void {
  mutex_enter(first);
  mutex_enter(second);
  put(counter, counter_t.n, get(counter, counter_t.n) + by);
  mutex_exit(second);
  mutex_exit(first);
}

function count_up(): void {
  count(a, b, 1);
}

function count_down({ variant }: RoleContext): void {
  if (variant === 'planted') count(b, a, -1);
  else count(a, b, -1);
}

export default defineWorkload({
  name: 'deadlock01',
  title: 'two locks in two orders',
  variants: {
    planted: { title: 'a and b; b and a', verdict: 'deadlock' },
    fixed: { title: 'a and b, both of them', verdict: 'pass' },
  },
  roles: [
    { name: 'up', psargs: 'up', run: count_up },
    { name: 'down', psargs: 'down', run: count_down },
  ],
  check() {
    const n = get(counter, counter_t.n);
    return n === 0 ? undefined : `the counter is ${n}`;
  },
});
