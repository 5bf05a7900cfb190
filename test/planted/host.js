/*
 * Planted: what boot() and check() can do wrong on the main thread, which must not block.
 *
 * Twin: returns.
 */

import { defineWorkload, delay, panic } from 'gridlock';

const cell = new Int32Array(new SharedArrayBuffer(4));

export default defineWorkload({
  name: 'host',
  title: 'boot() or check() at fault',
  variants: {
    loops: { title: 'never returns', verdict: 'stall', params: { how: 'loop' } },
    waits: { title: 'waits for ever', verdict: 'stall', params: { how: 'wait' } },
    throws: { title: 'throws', verdict: 'crash', params: { how: 'throw' } },
    panics: { title: 'panics', verdict: 'panic', params: { how: 'panic' } },
    objects: {
      title: 'says what is wrong',
      verdict: 'panic',
      params: { how: 'object', where: 'check' },
    },
    twin: { title: 'returns', verdict: 'pass' },
  },
  params: {
    where: {
      type: 'choice',
      default: 'boot',
      choices: ['boot', 'check'],
      title: 'which of the two',
    },
    how: {
      type: 'choice',
      default: 'return',
      choices: ['return', 'loop', 'wait', 'throw', 'panic', 'object'],
      title: 'what it does',
    },
  },
  boot({ params }) {
    if (params.where === 'boot') DO[params.how]();
  },
  check({ params }) {
    return params.where === 'check' ? DO[params.how]() : undefined;
  },
  roles: [
    {
      name: 'worker',
      psargs: 'worker',
      run({ running, progress }) {
        while (running()) {
          delay(1);
          progress();
        }
      },
    },
    {
      name: 'watcher',
      psargs: 'watcher',
      daemon: true,
      // Does not look whether to go on: it has to be made to unwind before check().
      run() {
        for (;;) delay(1);
      },
    },
  ],
});

const DO = {
  return() {},
  loop() {
    for (;;);
  },
  wait() {
    Atomics.wait(cell, 0, 0);
  },
  throw() {
    throw new TypeError('this is no inode');
  },
  panic() {
    panic('free: freeing free block');
  },
  object() {
    return 'three inodes are linked nowhere';
  },
};
