/*
 * Planted: one that holds the lock for ever and makes progress.
 *
 * Twin: gives it up after each piece of work.
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

const counter = global('counter_lock', kmutex);
const begun = global('begun', kbarrier);

export default defineWorkload({
  name: 'starvation',
  title: 'one holds the lock for ever and gets on',
  variants: {
    planted: { title: 'never gives it up', verdict: 'starvation' },
    twin: { title: 'gives it up in between', verdict: 'pass' },
  },
  params: {
    tries: { type: 'flag', default: false, title: 'the other one tries, and does not wait' },
  },
  boot() {
    barrier_init(begun, 2, 'begun');
  },
  roles: [
    {
      name: 'hog',
      psargs: 'hog',
      run({ variant, running, progress }) {
        mutex_enter(counter);
        barrier_wait(begun);
        while (running()) {
          progress();
          if (variant === 'planted') continue;
          mutex_exit(counter);
          mutex_enter(counter);
        }
        mutex_exit(counter);
      },
    },
    {
      name: 'pauper',
      psargs: 'pauper',
      run({ params: { tries }, running, progress }) {
        barrier_wait(begun);
        while (running()) {
          if (!tries) mutex_enter(counter);
          else if (!mutex_tryenter(counter)) continue;
          mutex_exit(counter);
          progress();
        }
      },
    },
  ],
});
