/*
 * Planted: a thread that waits for a resource which it has itself: the condvar has no owner, the
 * declaration names it.
 *
 * Twin: gives it up first.
 */

import {
  cv_wait,
  defineWorkload,
  delay,
  get,
  global,
  kcondvar,
  kmutex,
  kresource,
  mutex_enter,
  mutex_exit,
  put,
  resource_enter,
  resource_exit,
  resource_wants,
  struct,
  u32,
} from 'gridlock';

const snode = struct('snode', { closing: u32 });
const sp = global('sp', snode);
const s_lock = global('s_lock', kmutex);
const s_cv = global('s_cv', kcondvar);
const LOCK_CLOSE = global('LOCK_CLOSE', kresource);

export default defineWorkload({
  name: 'own-flag',
  title: 'waits for a resource of its own',
  variants: {
    planted: { title: 'with it', verdict: 'self-deadlock' },
    twin: { title: 'without', verdict: 'pass' },
  },
  roles: [
    {
      name: 'closer',
      psargs: 'closer',
      run({ variant, running, progress }) {
        while (running()) {
          mutex_enter(s_lock);
          put(sp, snode.closing, 1);
          resource_enter(LOCK_CLOSE);
          if (variant === 'twin') {
            put(sp, snode.closing, 0);
            resource_exit(LOCK_CLOSE);
          }
          resource_wants(LOCK_CLOSE);
          while (get(sp, snode.closing) !== 0) cv_wait(s_cv, s_lock);
          resource_wants(0);
          mutex_exit(s_lock);
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
