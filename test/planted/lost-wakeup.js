/*
 * Planted: a lost wakeup.  The sleeper looks at the box without the lock, finds it empty, and goes to sleep;
 * the box was filled and the signal sent in between, to nobody.
 *
 * -P bystander=1 adds a thread that has nothing to do with it and gets on.
 *
 * Twin: looks with the lock, and again after each wakeup.
 */

import {
  barrier_init,
  barrier_wait,
  cv_signal,
  cv_wait,
  defineWorkload,
  delay,
  global,
  kbarrier,
  kcondvar,
  kmutex,
  load,
  mutex_enter,
  mutex_exit,
  store,
  struct,
  u32,
} from 'gridlock';

const box = struct('box', { full: u32, over: u32 });
const mailbox = global('mailbox', box);
const mailbox_lock = global('mailbox_lock', kmutex);
const filled = global('filled', kcondvar);
const taken = global('taken', kcondvar);
const between = global('between', kbarrier);

export default defineWorkload({
  name: 'lost-wakeup',
  title: 'a signal to nobody',
  variants: {
    planted: { title: 'looks without the lock', verdict: 'lost-wakeup' },
    twin: { title: 'looks with the lock', verdict: 'pass' },
  },
  params: {
    bystander: { type: 'int', default: 0, min: 0, max: 1, title: 'threads that get on' },
  },
  boot() {
    barrier_init(between, 2, 'between');
  },
  roles: [
    {
      name: 'sleeper',
      psargs: 'sleeper',
      run({ variant, progress }) {
        for (;;) {
          if (variant === 'planted' && load(mailbox, box.full) === 0) {
            barrier_wait(between);
            barrier_wait(between);
            mutex_enter(mailbox_lock);
            do cv_wait(filled, mailbox_lock);
            while (load(mailbox, box.full) === 0);
          } else {
            mutex_enter(mailbox_lock);
            while (load(mailbox, box.full) === 0) cv_wait(filled, mailbox_lock);
          }
          const over = load(mailbox, box.over);
          store(mailbox, box.full, 0);
          cv_signal(taken);
          mutex_exit(mailbox_lock);
          progress();
          if (over !== 0) return;
        }
      },
    },
    {
      name: 'sender',
      psargs: 'sender',
      run({ variant, running, progress }) {
        for (let over = false; !over;) {
          over = !running();
          if (variant === 'planted') barrier_wait(between);
          mutex_enter(mailbox_lock);
          store(mailbox, box.full, 1);
          store(mailbox, box.over, over ? 1 : 0);
          cv_signal(filled);
          mutex_exit(mailbox_lock);
          if (variant === 'planted') {
            barrier_wait(between);
            return;
          }
          mutex_enter(mailbox_lock);
          while (load(mailbox, box.full) !== 0) cv_wait(taken, mailbox_lock);
          mutex_exit(mailbox_lock);
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
