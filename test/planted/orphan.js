/*
 * Planted: a lock whose holder is gone: it returned, threw, exited, or ran out of memory.
 *
 * -P waiters=0: nobody wants it.  -P tries=on: the one who wants it only tries, again and again.
 *
 * Twin: the holder lets go, and returns.
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

const purse = global('purse', kmutex);
const held = global('purse_held', kbarrier);

export default defineWorkload({
  name: 'orphan',
  title: 'a lock whose holder is gone',
  variants: {
    planted: { title: 'ends with the lock', verdict: 'orphaned-lock' },
    unwanted: { title: 'the same, and nobody notices', verdict: 'crash' },
    twin: { title: 'lets go first', verdict: 'pass' },
  },
  params: {
    how: {
      type: 'choice',
      default: 'return',
      choices: ['return', 'throw', 'exit', 'oom'],
      title: 'how it ends',
    },
    waiters: { type: 'int', default: 1, min: 0, max: 8, title: 'threads that want the lock' },
    tries: { type: 'flag', default: false, title: 'they only try' },
  },
  boot({ params }) {
    barrier_init(held, 1 + params.waiters, 'purse_held');
  },
  roles: [
    {
      name: 'holder',
      psargs: 'holder',
      run({ variant, params: { how } }) {
        mutex_enter(purse);
        barrier_wait(held);
        if (variant === 'twin') mutex_exit(purse);
        else if (how === 'throw') throw new Error('dropped it');
        else if (how === 'exit') process.exit(7);
        else if (how === 'oom') hoard();
      },
    },
    {
      name: 'waiter',
      psargs: 'waiter',
      count: ({ waiters }) => waiters,
      run({ params: { tries }, running, progress }) {
        barrier_wait(held);
        while (running()) {
          if (!tries) mutex_enter(purse);
          else while (!mutex_tryenter(purse)) delay(1);
          mutex_exit(purse);
          progress();
        }
      },
    },
    {
      name: 'bystander',
      psargs: 'bystander',
      run({ running, progress }) {
        while (running()) {
          delay(1);
          progress();
        }
      },
    },
  ],
});

function hoard() {
  const all = [];
  for (;;) all.push('.'.repeat(1_000_000).split(''));
}
