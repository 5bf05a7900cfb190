/*
 * Planted: threads that wait for work which never comes, and did not say that they may.
 *
 * Twin: they are daemons, or wait with cv_wait_idle().
 */

import {
  cv_wait,
  cv_wait_idle,
  defineWorkload,
  delay,
  global,
  kcondvar,
  kmutex,
  mutex_enter,
} from 'gridlock';

const queue_lock = global('queue_lock', kmutex);
const work = global('work', kcondvar);
const more = global('more_work', kcondvar);

export default defineWorkload({
  name: 'idle',
  title: 'threads without work',
  variants: {
    planted: {
      title: 'did not say that they may wait',
      verdict: 'lost-wakeup',
      params: { says: false },
    },
    twin: { title: 'said so', verdict: 'pass' },
  },
  params: {
    says: { type: 'flag', default: true, title: 'the hand says that it may wait' },
    bystander: { type: 'int', default: 1, min: 0, max: 1, title: 'threads that get on' },
  },
  roles: [
    {
      name: 'hand',
      psargs: 'hand',
      count: ({ says }) => (says ? 0 : 2),
      run: idle(cv_wait, work),
    },
    {
      name: 'servant',
      psargs: 'servant',
      daemon: true,
      count: ({ says }) => (says ? 2 : 0),
      run: idle(cv_wait, work),
    },
    {
      name: 'taskq',
      psargs: 'taskq',
      daemon: true,
      run: idle(cv_wait_idle, more),
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

function idle(wait, cvp) {
  return () => {
    mutex_enter(queue_lock);
    for (;;) wait(cvp, queue_lock);
  };
}
