/*
 * Planted: a thread sleeps with the lock in its hand, and another one wants it: an acquire that takes long.
 *
 * Twin: it puts the lock down before it sleeps.
 *
 * Who wants the lock is told when it is held (planted), or free (twin), so neither depends on who is faster.  A crowd may be
 * added, which takes everything that can be taken, so many times that what was counted can be counted after it: ACQUIRES a
 * round and thread.  The holder and the taker acquire three times.
 */

import {
  cv_timedwait,
  defineWorkload,
  delay,
  global,
  kcondvar,
  kmutex,
  krwlock,
  ksema,
  mutex_enter,
  mutex_exit,
  rw_enter,
  rw_exit,
  RW_READER,
  RW_WRITER,
  sema_init,
  sema_p,
  sema_v,
} from 'gridlock';

const lock = global('slow_lock', kmutex);
const told = global('told', ksema);
const crowded = global('crowded', kmutex);
const shared = global('shared', krwlock);
const units = global('units', ksema);
const never = global('never', kcondvar);

const threads = {
  type: 'int',
  default: 0,
  min: 0,
  max: 64,
  title: 'threads that take everything',
};
const rounds = { type: 'int', default: 100, min: 1, max: 100_000, title: 'times each of them' };
const hold_ms = {
  type: 'int',
  default: 400,
  min: 0,
  max: 60_000,
  title: 'how long it sleeps',
  unit: 'ms',
};

export default defineWorkload({
  name: 'slow-acquire',
  title: 'a lock that is held for long',
  variants: {
    planted: { title: 'by one who sleeps', verdict: 'pass' },
    twin: { title: 'by nobody', verdict: 'pass' },
  },
  params: { threads, rounds, hold_ms },
  boot() {
    sema_init(told, 0, 'told');
    sema_init(units, 2, 'units');
  },
  roles: [
    {
      name: 'holder',
      psargs: 'holder',
      run({ variant, params: { hold_ms: holdMs } }) {
        mutex_enter(lock);
        if (variant === 'twin') mutex_exit(lock);
        sema_v(told);
        delay(holdMs);
        if (variant === 'planted') mutex_exit(lock);
      },
    },
    {
      name: 'taker',
      psargs: 'taker',
      run() {
        sema_p(told);
        mutex_enter(lock);
        mutex_exit(lock);
      },
    },
    {
      name: 'crowd',
      psargs: (nth) => `crowd ${nth}`,
      count: ({ threads: n }) => n,
      run({ params: { rounds: most } }) {
        for (let round = 0; round < most; round++) {
          mutex_enter(crowded); //                    1
          cv_timedwait(never, crowded, 0.01); //      2: takes it again
          mutex_exit(crowded);
          rw_enter(shared, RW_READER); //             3
          rw_exit(shared);
          rw_enter(shared, RW_WRITER); //             4
          rw_exit(shared);
          sema_p(units); //                           5
          sema_v(units);
        }
      },
    },
  ],
});
