/*
 * Planted: a barrier with a party that does not come: it went home.
 *
 * Twin: all come, and leave together.
 */

import {
  barrier_init,
  barrier_wait,
  defineWorkload,
  delay,
  global,
  kbarrier,
  load,
  store,
  struct,
  u32,
} from 'gridlock';

const minutes = struct('minutes', { over: u32 });
const last = global('last_meeting', minutes);
const table = global('table', kbarrier);

export default defineWorkload({
  name: 'meeting',
  title: 'a barrier with a missing party',
  variants: {
    planted: { title: 'one went home', verdict: 'deadlock' },
    twin: { title: 'all leave together', verdict: 'pass' },
  },
  params: {
    bystander: { type: 'int', default: 0, min: 0, max: 1, title: 'threads that get on' },
  },
  boot() {
    barrier_init(table, 3, 'table');
  },
  roles: [
    {
      name: 'party',
      psargs: (nth) => `party ${nth}`,
      count: 3,
      run({ nth, variant, running, progress }) {
        for (let met = 0; load(last, minutes.over) === 0; met++) {
          if (variant === 'planted' && nth === 1 && met === 3) return;
          // One decides for all, between two crossings.
          if (barrier_wait(table) && !running()) store(last, minutes.over, 1);
          barrier_wait(table);
          progress();
        }
      },
    },
    {
      name: 'bystander',
      psargs: 'bystander',
      count: ({ bystander }) => bystander,
      run({ running, progress }) {
        while (running()) {
          delay(1);
          progress();
        }
      },
    },
  ],
});
