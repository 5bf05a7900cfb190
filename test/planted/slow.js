/*
 * Planted: a role that never gets to its first piece of work: it computes.
 *
 * Twin: it takes longer than the hang timeout to begin, asleep.
 */

import { defineWorkload, delay } from 'gridlock';

export default defineWorkload({
  name: 'slow',
  title: 'a slow starter',
  variants: {
    planted: { title: 'never begins', verdict: 'stall' },
    twin: { title: 'begins late', verdict: 'pass' },
  },
  params: {
    start_ms: {
      type: 'int',
      default: 1000,
      min: 0,
      max: 60_000,
      title: 'before it begins',
      unit: 'ms',
    },
  },
  roles: [
    {
      name: 'starter',
      psargs: 'starter',
      run({ variant, params: { start_ms: startMs }, running, progress }) {
        if (variant === 'twin') delay(startMs);
        else for (;;);
        while (running()) {
          delay(1);
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
