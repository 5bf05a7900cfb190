/*
 * Planted: a daemon that does not end when all others have, and is in no kernel call that would make it.
 *
 * Twin: asks whether to go on.
 */

import { defineWorkload, delay } from 'gridlock';

export default defineWorkload({
  name: 'stuck-daemon',
  title: 'a daemon that does not end',
  variants: {
    planted: { title: 'loops', verdict: 'stall' },
    twin: { title: 'asks', verdict: 'pass' },
  },
  roles: [
    {
      name: 'poltergeist',
      psargs: 'poltergeist',
      daemon: true,
      run({ variant, running }) {
        while (variant === 'planted' || running());
      },
    },
    {
      name: 'tenant',
      psargs: 'tenant',
      run({ running, progress }) {
        while (running()) {
          delay(1);
          progress();
        }
      },
    },
  ],
});
