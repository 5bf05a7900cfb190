/*
 * twostage: a datum and what is derived from it, each under a lock of its own.
 *
 *     writer    lock 1: data1 = 1                 reader    lock 1: t1 = data1; nothing if it is 0
 *               lock 2: data2 = data1 + 1                   lock 2: t2 = data2, must be t1 + 1
 *
 * From SCTBench (CS/twostage).  Every access is locked, and no two of them race; still there is a gap between the
 * two stages, in which the datum is there and what is derived is not.  A race detector has nothing to say here.
 *
 *     median schedules to the first bug    POS 9, PCT3 7, RFF 6
 *
 * The twin keeps the first lock until the second stage is done, so who sees the datum waits for the rest.
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

const stages = shared(struct('twostage_stages', { data1: u32, data2: u32 }));
const data = global('stages', stages);
const data1_lock = global('data1_lock', kmutex);
const data2_lock = global('data2_lock', kmutex);

const params = {
  writers: { type: 'int', default: 1, min: 1, max: 100, title: 'threads that write both stages' },
} as const;

function derive(): void {
  mutex_enter(data2_lock);
  put(data, stages.data2, get(data, stages.data1) + 1);
  mutex_exit(data2_lock);
}

function write_stages({ variant }: RoleContext<typeof params>): void {
  mutex_enter(data1_lock);
  put(data, stages.data1, 1);
  if (variant === 'fixed') derive();
  mutex_exit(data1_lock);
  if (variant === 'planted') derive();
}

function read_stages(): void {
  mutex_enter(data1_lock);
  const t1 = get(data, stages.data1);
  mutex_exit(data1_lock);
  if (t1 === 0) return;
  mutex_enter(data2_lock);
  const t2 = get(data, stages.data2);
  mutex_exit(data2_lock);
  if (t2 !== t1 + 1) panic(`twostage: the datum is ${t1}, and what is derived from it ${t2}`);
}

export default defineWorkload({
  name: 'twostage',
  title: 'a datum, what is derived from it, and a reader in the gap',
  variants: {
    planted: { title: 'each stage has its lock', verdict: 'panic' },
    fixed: { title: 'the first lock is kept over both', verdict: 'pass' },
  },
  params,
  roles: [
    {
      name: 'writer',
      psargs: (nth) => `writer ${nth}`,
      count: ({ writers }) => writers,
      run: write_stages,
    },
    { name: 'reader', psargs: 'reader', run: read_stages },
  ],
});
