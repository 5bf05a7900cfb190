/*
 * Planted: a cycle through a read hold, which leaves no name in the lock.  One reads the map and wants the
 * cache; the other has the cache and wants to write the map.
 *
 * Twin: both take the map first.
 */

import {
  barrier_init,
  barrier_wait,
  defineWorkload,
  global,
  kbarrier,
  kmutex,
  krwlock,
  mutex_enter,
  mutex_exit,
  RW_READER,
  RW_WRITER,
  rw_enter,
  rw_exit,
} from 'gridlock';

const map = global('map', krwlock);
const cache = global('cache', kmutex);
const both = global('both_have_one', kbarrier);

export default defineWorkload({
  name: 'read-hold',
  title: 'a cycle through a read hold',
  variants: {
    planted: { title: 'cache before map, map before cache', verdict: 'deadlock' },
    twin: { title: 'map before cache', verdict: 'pass' },
  },
  boot() {
    barrier_init(both, 2, 'both_have_one');
  },
  roles: [
    {
      name: 'lookup',
      psargs: 'lookup',
      run({ variant, running, progress }) {
        while (running()) {
          rw_enter(map, RW_READER);
          if (variant === 'planted') barrier_wait(both);
          mutex_enter(cache);
          progress();
          mutex_exit(cache);
          rw_exit(map);
        }
      },
    },
    {
      name: 'update',
      psargs: 'update',
      run({ variant, running, progress }) {
        while (running()) {
          if (variant === 'planted') {
            mutex_enter(cache);
            barrier_wait(both);
            rw_enter(map, RW_WRITER);
          } else {
            rw_enter(map, RW_WRITER);
            mutex_enter(cache);
          }
          progress();
          mutex_exit(cache);
          rw_exit(map);
        }
      },
    },
  ],
});
