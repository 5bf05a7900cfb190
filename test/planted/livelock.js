/*
 * Planted: a livelock, in step.  Each takes its own lock, tries the other's, does not get it, and backs off
 * so that the other may go first, which does the same.
 *
 * Twin: both take the locks in one order.
 */

import {
  barrier_init,
  barrier_wait,
  defineWorkload,
  delay,
  global,
  kbarrier,
  kmutex,
  mutex_enter,
  mutex_exit,
  mutex_tryenter,
} from 'gridlock';

const left = global('left_half', kmutex);
const right = global('right_half', kmutex);
const step = global('step', kbarrier);

export default defineWorkload({
  name: 'livelock',
  title: 'after you; no, after you',
  variants: {
    planted: { title: 'both back off', verdict: 'livelock' },
    twin: { title: 'one order', verdict: 'pass' },
  },
  params: {
    bystander: { type: 'int', default: 0, min: 0, max: 1, title: 'threads that get on' },
  },
  boot() {
    barrier_init(step, 2, 'step');
  },
  roles: [
    {
      name: 'gentleman',
      psargs: (nth) => `gentleman ${nth}`,
      count: 2,
      run({ nth, variant, running, progress }) {
        const [mine, other] = nth === 0 || variant === 'twin' ? [left, right] : [right, left];
        while (variant === 'planted' || running()) {
          mutex_enter(mine);
          if (variant === 'planted') barrier_wait(step);
          const got = variant === 'twin' || mutex_tryenter(other);
          if (variant === 'twin') mutex_enter(other);
          if (variant === 'planted') barrier_wait(step);
          if (got) {
            mutex_exit(other);
            progress();
          }
          mutex_exit(mine);
        }
      },
    },
    {
      name: 'bystander',
      psargs: 'bystander',
      count: ({ bystander }) => bystander,
      run({ running, progress }) {
        while (running()) {
          delay(1);
          progress();
        }
      },
    },
  ],
});
