/*
 * wronglock: a counter under a lock, and others who count under another lock.
 *
 *     checker    data_lock: x = n; n++; n must be x + 1
 *     writers    this_lock: n++
 *
 * From SCTBench (CS/wronglock), with seven writers.  Both locks are taken and given up with care; they are two.  The
 * bug shows when a writer's increment falls into the checker's section, or is lost in it.
 *
 *     median schedules to the first bug    POS 1, PCT3 49, RFF 1
 *
 * The twin has one lock.
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

const counter_t = shared(struct('wronglock_counter', { n: u32 }));
const counter = global('wronglock_counter', counter_t);
const data_lock = global('data_lock', kmutex);
const this_lock = global('this_lock', kmutex);

const params = {
  writers: { type: 'int', default: 7, min: 1, max: 100, title: 'threads that count' },
} as const;

function count_and_check(): void {
  mutex_enter(data_lock);
  const x = get(counter, counter_t.n);
  put(counter, counter_t.n, get(counter, counter_t.n) + 1);
  const n = get(counter, counter_t.n);
  if (n !== x + 1) panic(`wronglock: ${x} and one more is ${n}`);
  mutex_exit(data_lock);
}

function count({ variant }: RoleContext<typeof params>): void {
  const lock = variant === 'planted' ? this_lock : data_lock;
  mutex_enter(lock);
  put(counter, counter_t.n, get(counter, counter_t.n) + 1);
  mutex_exit(lock);
}

export default defineWorkload({
  name: 'wronglock',
  title: 'a counter, and two locks that guard it',
  variants: {
    planted: { title: 'the writers have a lock of their own', verdict: 'panic' },
    fixed: { title: 'they share the one of the checker', verdict: 'pass' },
  },
  params,
  roles: [
    { name: 'checker', psargs: 'checker', run: count_and_check },
    {
      name: 'writer',
      psargs: (nth) => `writer ${nth}`,
      count: ({ writers }) => writers,
      run: count,
    },
  ],
});
