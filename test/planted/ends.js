/*
 * Planted: roles that end as no role should, with nothing in their hands.
 *
 * Twin: returns.
 */

import { defineWorkload, delay } from 'gridlock';

export default defineWorkload({
  name: 'ends',
  title: 'a role that ends as no role should',
  variants: {
    planted: { title: 'throws, exits, …', verdict: 'crash' },
    twin: { title: 'returns', verdict: 'pass' },
  },
  params: {
    how: {
      type: 'choice',
      default: 'throw',
      choices: ['throw', 'exit', 'kill', 'oom', 'promise', 'rejection', 'timer'],
      title: 'how it ends',
    },
  },
  roles: [
    {
      name: 'mortal',
      psargs: 'mortal',
      run({ variant, params: { how }, progress }) {
        delay(5);
        progress();
        return variant === 'planted' ? END[how]() : undefined;
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

const END = {
  throw() {
    throw new RangeError('no such page');
  },
  exit() {
    process.exit(3);
  },
  kill() {
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  },
  oom() {
    const all = [];
    for (;;) all.push('.'.repeat(1_000_000).split(''));
  },
  promise() {
    return Promise.resolve();
  },
  rejection() {
    void Promise.reject(new Error('nobody minds'));
  },
  timer() {
    setImmediate(() => {
      throw new Error('too late');
    });
  },
};
