/*
 * Planted: a role that is not in the kernel and does not come back: a loop, a command that takes too long,
 * a wait of the host's.  With the lock in its hands, so that another one queues.
 *
 * Twin: does the same for a moment.
 */

import { execSync } from 'node:child_process';

import { defineWorkload, global, kmutex, mutex_enter, mutex_exit } from 'gridlock';

const desk = global('desk', kmutex);
const cell = new Int32Array(new SharedArrayBuffer(4));

export default defineWorkload({
  name: 'outside',
  title: 'a role that does not come back',
  variants: {
    planted: { title: 'for ever', verdict: 'stall' },
    twin: { title: 'for a moment', verdict: 'pass' },
  },
  params: {
    how: {
      type: 'choice',
      default: 'loop',
      choices: ['loop', 'command', 'wait'],
      title: 'where it is',
    },
  },
  roles: [
    {
      name: 'absent',
      psargs: 'absent',
      run({ variant, params: { how }, running, progress }) {
        while (running()) {
          mutex_enter(desk);
          AWAY[how](variant === 'planted');
          mutex_exit(desk);
          progress();
        }
      },
    },
    {
      name: 'visitor',
      psargs: 'visitor',
      run({ running, progress }) {
        while (running()) {
          mutex_enter(desk);
          mutex_exit(desk);
          progress();
        }
      },
    },
  ],
});

const AWAY = {
  loop(forEver) {
    for (let i = 0; forEver || i < 1000; i++);
  },
  command(forEver) {
    execSync(forEver ? 'sleep 30' : 'sleep 0.01');
  },
  wait(forEver) {
    Atomics.wait(cell, 0, 0, forEver ? 30_000 : 1);
  },
};
