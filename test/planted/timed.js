/*
 * Planted: two locks in two orders, each wait without a limit.
 *
 * Stubborn: the inner wait has a limit, but the outer lock is kept and the inner one asked for again: no
 * cycle that lasts, and nothing that gets done.
 *
 * Twin: who does not get the inner lock in time gives up the outer one.
 */

import {
  barrier_init,
  barrier_wait,
  defineWorkload,
  global,
  kbarrier,
  kmutex,
  mutex_enter,
  mutex_enter_timed,
  mutex_exit,
} from 'gridlock';

const debit = global('debit', kmutex);
const credit = global('credit', kmutex);
const both = global('both_hold_an_account', kbarrier);

export default defineWorkload({
  name: 'timed',
  title: 'two orders, and a limit',
  variants: {
    planted: { title: 'no limit', verdict: 'deadlock' },
    stubborn: { title: 'asks again', verdict: 'livelock' },
    twin: { title: 'gives up', verdict: 'pass' },
  },
  boot() {
    barrier_init(both, 2, 'both_hold_an_account');
  },
  roles: [
    {
      name: 'teller',
      psargs: (nth) => `teller ${nth}`,
      count: 2,
      run({ nth, variant, running, progress }) {
        const [outer, inner] = nth === 0 ? [debit, credit] : [credit, debit];
        for (let first = true; running(); first = false) {
          mutex_enter(outer);
          if (first) barrier_wait(both);
          if (variant === 'planted') mutex_enter(inner);
          if (variant === 'stubborn') while (!mutex_enter_timed(inner, 5));
          // Not the same limit for both, or they would meet again and again.
          const has = variant !== 'twin' || mutex_enter_timed(inner, 5 + 10 * nth);
          if (has) mutex_exit(inner);
          mutex_exit(outer);
          progress();
        }
      },
    },
  ],
});
