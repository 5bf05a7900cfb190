/*
 * Planted: a module that a role thread cannot import.
 *
 * Twin: import-twin, the same without the fault.
 */

import { isMainThread, workerData } from 'node:worker_threads';

import { defineWorkload } from 'gridlock';

// The watchdog imports it too, and is no role thread.
if (!isMainThread && workerData?.variant === 'planted')
  throw new Error('no licence for this thread');

export default defineWorkload({
  name: 'import-throws',
  title: 'a module that a role thread cannot import',
  variants: {
    planted: { title: 'throws', verdict: 'crash' },
    twin: { title: 'does not', verdict: 'pass' },
  },
  roles: [
    {
      name: 'reader',
      psargs: 'reader',
      count: 3,
      run({ progress }) {
        progress();
      },
    },
  ],
});
