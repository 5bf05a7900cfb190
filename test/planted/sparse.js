/*
 * Planted: a cycle of three mutexes that seldom closes.  Each thread thinks, takes its own fork and at once its
 * neighbour's, with nothing in between, and gives both back: it holds one and wants the other for nanoseconds.
 *
 * Twin: the last one takes the lower fork first.
 */

import { defineWorkload, delay, global, kmutex, mutex_enter, mutex_exit } from 'gridlock';

const FORKS = 3;
const forks = global('fork', kmutex, FORKS);

function fork(i) {
  return forks + i * kmutex.$.size;
}

export default defineWorkload({
  name: 'sparse',
  title: 'much thinking, little eating',
  variants: {
    planted: { title: 'round the table', verdict: 'deadlock' },
    twin: { title: 'the last one takes the lower fork first', verdict: 'pass' },
  },
  params: {
    think_us: { type: 'int', default: 200, min: 0, max: 100_000, title: 'between meals, in us' },
  },
  roles: [
    {
      name: 'philosopher',
      psargs: (nth) => `philosopher ${nth}`,
      count: FORKS,
      run({ nth, count, variant, params, running, progress }) {
        const right = (nth + 1) % count;
        const [first, second] =
          variant === 'twin' ? [Math.min(nth, right), Math.max(nth, right)] : [nth, right];
        while (running()) {
          if (params.think_us > 0) delay(params.think_us / 1000);
          mutex_enter(fork(first));
          mutex_enter(fork(second));
          progress();
          mutex_exit(fork(second));
          mutex_exit(fork(first));
        }
      },
    },
  ],
});
