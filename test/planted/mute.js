/*
 * Planted: roles that never say progress(), and one of them stops.
 *
 * Endless: one of them does not stop when it should, and goes on taking locks: there is nothing to tell that
 * from work, but the trial's own time.
 *
 * Twin: they work for longer than the hang timeout, in every way that shows: by locks that are free, by
 * locks that are not, by asking whether to go on.
 */

import {
  add,
  defineWorkload,
  global,
  kmutex,
  load,
  mutex_enter,
  mutex_exit,
  struct,
  u32,
} from 'gridlock';

const odometer = struct('odometer', { miles: u32 });
const car = global('car', odometer);
const shared = global('shared_lock', kmutex);
const own = global('own_lock', kmutex);

export default defineWorkload({
  name: 'mute',
  title: 'roles that never say that they get on',
  variants: {
    planted: { title: 'one does not', verdict: 'stall' },
    endless: { title: 'one does not end', verdict: 'timeout' },
    twin: { title: 'all do', verdict: 'pass' },
  },
  roles: [
    {
      name: 'locker',
      psargs: (nth) => `locker ${nth}`,
      count: 2,
      run({ running }) {
        while (running()) locked(shared);
      },
    },
    {
      name: 'loner',
      psargs: 'loner',
      // Looks seldom whether to go on; what shows is a lock that nobody else takes.
      run({ variant, running }) {
        do
          for (let i = 0; i < 1e7 || variant === 'planted'; i++)
            if (variant !== 'planted') locked(own);
        while (running() || variant === 'endless');
      },
    },
    {
      name: 'asker',
      psargs: 'asker',
      run({ running }) {
        while (running()) add(car, odometer.miles, 1);
      },
    },
  ],
  check() {
    return load(car, odometer.miles) === 0 ? 'nobody drove' : undefined;
  },
});

function locked(lp) {
  mutex_enter(lp);
  mutex_exit(lp);
}
