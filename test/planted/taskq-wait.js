/*
 * Planted: a task that waits for its own task queue to be done, and so for itself.
 *
 * Twin: somebody else waits for it.
 */

import {
  defineWorkload,
  delay,
  taskq_create,
  taskq_define,
  taskq_destroy,
  taskq_dispatch,
  taskq_function,
  taskq_thread,
  taskq_wait,
} from 'gridlock';

const tq = taskq_define('reaper_taskq');
const reap = taskq_function(() => delay(1));
const reap_all = taskq_function(() => taskq_wait(tq));

export default defineWorkload({
  name: 'taskq-wait',
  title: 'a task that waits for itself',
  variants: {
    planted: { title: 'from inside', verdict: 'self-deadlock' },
    twin: { title: 'from outside', verdict: 'pass' },
  },
  boot() {
    taskq_create(tq, 'reaper_taskq');
  },
  roles: [
    {
      name: 'taskq thread',
      psargs: 'taskq',
      daemon: true,
      run() {
        taskq_thread(tq);
      },
    },
    {
      name: 'dispatcher',
      psargs: 'dispatcher',
      run({ variant, running, progress }) {
        while (running()) {
          taskq_dispatch(tq, variant === 'planted' ? reap_all : reap, 0);
          if (variant === 'twin') taskq_wait(tq);
          delay(1);
          progress();
        }
        taskq_destroy(tq);
      },
    },
  ],
});
