/*
 * Planted: two locks in two orders.
 *
 * Twin (gated): the same two orders, under a lock that lets in only one at a time.
 * Twin (tries): the same two orders, but the inner lock is only tried for, and the outer one given up.
 */

import {
  barrier_init,
  barrier_wait,
  defineWorkload,
  global,
  kbarrier,
  kmutex,
  mutex_enter,
  mutex_exit,
  mutex_tryenter,
} from 'gridlock';

const gate = global('gate', kmutex);
const north = global('north', kmutex);
const south = global('south', kmutex);
const both = global('both_hold_an_end', kbarrier);

export default defineWorkload({
  name: 'opposite',
  title: 'two orders',
  variants: {
    planted: { title: 'whenever', verdict: 'deadlock' },
    gated: { title: 'one at a time', verdict: 'pass' },
    tries: { title: 'tries the second', verdict: 'pass' },
  },
  boot() {
    barrier_init(both, 2, 'both_hold_an_end');
  },
  roles: [
    {
      name: 'ferry',
      psargs: (nth) => `ferry ${nth}`,
      count: 2,
      run({ nth, variant, running, progress }) {
        const [from, to] = nth === 0 ? [north, south] : [south, north];
        while (running()) {
          if (variant === 'gated') mutex_enter(gate);
          mutex_enter(from);
          if (variant === 'planted') barrier_wait(both);
          const has = variant !== 'tries' || mutex_tryenter(to);
          if (variant !== 'tries') mutex_enter(to);
          if (has) {
            progress();
            mutex_exit(to);
          }
          mutex_exit(from);
          if (variant === 'gated') mutex_exit(gate);
        }
      },
    },
  ],
});
