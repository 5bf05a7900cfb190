/*
 * Planted: a server that has lost its wakeup.  It is a daemon and may sleep for ever; the client, which
 * waits for its answer, may not.  It is the server that has to be named.
 *
 * Twin: the server looks before it sleeps.
 */

import {
  cv_signal,
  cv_wait,
  cv_wait_idle,
  defineWorkload,
  global,
  kcondvar,
  kmutex,
  load,
  mutex_enter,
  mutex_exit,
  store,
  struct,
  u32,
} from 'gridlock';

const call = struct('call', { asked: u32, answered: u32 });
const door = global('door', call);
const door_lock = global('door_lock', kmutex);
const knock = global('knock', kcondvar);
const answer = global('answer', kcondvar);

export default defineWorkload({
  name: 'unserved',
  title: 'a daemon that sleeps through its request',
  variants: {
    planted: { title: 'sleeps before it looks', verdict: 'lost-wakeup' },
    twin: { title: 'looks before it sleeps', verdict: 'pass' },
  },
  roles: [
    {
      name: 'client',
      psargs: 'client',
      run({ running, progress }) {
        while (running()) {
          mutex_enter(door_lock);
          store(door, call.asked, 1);
          cv_signal(knock);
          while (load(door, call.answered) === 0) cv_wait(answer, door_lock);
          store(door, call.answered, 0);
          mutex_exit(door_lock);
          progress();
        }
      },
    },
    {
      name: 'server',
      psargs: 'server',
      daemon: true,
      run({ variant, running }) {
        while (running()) {
          // The knock has been, and was not heard.
          if (variant === 'planted') while (load(door, call.asked) === 0);
          mutex_enter(door_lock);
          if (variant === 'planted') cv_wait_idle(knock, door_lock);
          while (load(door, call.asked) === 0) cv_wait_idle(knock, door_lock);
          store(door, call.asked, 0);
          store(door, call.answered, 1);
          cv_signal(answer);
          mutex_exit(door_lock);
        }
      },
    },
  ],
});
