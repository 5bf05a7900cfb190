/*
 * Planted: a cycle of mutexes, any number of threads; each takes its own fork, then its neighbour's.
 *
 * Twin: the last one takes the lower fork first, so the forks are taken in one order everywhere.
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
} from 'gridlock';

const FORKS = 64;
const forks = global('fork', kmutex, FORKS);
const ready = global('ready', kbarrier);

function fork(i) {
  return forks + i * kmutex.$.size;
}

export default defineWorkload({
  name: 'cycle',
  title: 'each takes its own fork, then its neighbour’s',
  variants: {
    planted: { title: 'round the table', verdict: 'deadlock' },
    twin: { title: 'the last one takes the lower fork first', verdict: 'pass' },
  },
  params: {
    n: { type: 'int', default: 2, min: 2, max: FORKS, title: 'threads round the table' },
  },
  boot({ params }) {
    barrier_init(ready, params.n, 'ready');
  },
  roles: [
    {
      name: 'philosopher',
      psargs: (nth) => `philosopher ${nth}`,
      count: ({ n }) => n,
      run({ nth, count, variant, running, progress }) {
        const right = (nth + 1) % count;
        const [first, second] =
          variant === 'twin' ? [Math.min(nth, right), Math.max(nth, right)] : [nth, right];
        while (running()) {
          mutex_enter(fork(first));
          if (variant === 'planted') barrier_wait(ready);
          mutex_enter(fork(second));
          progress();
          mutex_exit(fork(second));
          mutex_exit(fork(first));
        }
      },
    },
  ],
});
