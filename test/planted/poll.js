/*
 * Planted: a thread that polls for something that never comes, a short sleep at a time.
 *
 * Twin: it comes.
 */

import { defineWorkload, delay, global, load, store, struct, u32 } from 'gridlock';

const signpost = struct('signpost', { up: u32 });
const road = global('road', signpost);

export default defineWorkload({
  name: 'poll',
  title: 'polls for what never comes',
  variants: {
    planted: { title: 'never', verdict: 'livelock' },
    twin: { title: 'comes', verdict: 'pass' },
  },
  roles: [
    {
      name: 'poller',
      psargs: 'poller',
      run({ running, progress }) {
        while (running()) {
          while (load(road, signpost.up) === 0) delay(2);
          store(road, signpost.up, 0);
          progress();
        }
      },
    },
    {
      name: 'setter',
      psargs: 'setter',
      run({ variant, running, progress }) {
        if (variant === 'planted') return;
        while (running()) {
          store(road, signpost.up, 1);
          delay(2);
          progress();
        }
        store(road, signpost.up, 1);
      },
    },
  ],
});
