/*
 * Planted: a cycle through a flag and a condvar, the way P_PR_LOCK is held.  One has the flag and wants the
 * lock; the other has the lock and sleeps until the flag is clear.
 *
 * -P declared=on: the flag is a resource, so the kernel knows who has it.  -P bystander=1: one gets on.
 *
 * Twin: the one with the lock lets go of it before it waits.
 */

import {
  barrier_init,
  barrier_wait,
  cv_broadcast,
  cv_wait,
  defineWorkload,
  delay,
  get,
  global,
  kbarrier,
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

const proc = struct('proc', { busy: u32 });
const p = global('p', proc);
const p_lock = global('p_lock', kmutex);
const p_cv = global('p_cv', kcondvar);
const P_BUSY = global('P_BUSY', kresource);
const list_lock = global('list_lock', kmutex);
const both = global('both_hold_one', kbarrier);

function proc_enter(declared) {
  mutex_enter(p_lock);
  while (get(p, proc.busy) !== 0) {
    if (declared) resource_wants(P_BUSY);
    cv_wait(p_cv, p_lock);
  }
  resource_wants(0);
  put(p, proc.busy, 1);
  if (declared) resource_enter(P_BUSY);
  mutex_exit(p_lock);
}

function proc_exit(declared) {
  mutex_enter(p_lock);
  put(p, proc.busy, 0);
  if (declared) resource_exit(P_BUSY);
  cv_broadcast(p_cv);
  mutex_exit(p_lock);
}

export default defineWorkload({
  name: 'flags',
  title: 'a cycle through a flag and a condvar',
  variants: {
    planted: { title: 'waits for the flag with the lock', verdict: 'deadlock' },
    twin: { title: 'waits for the flag without', verdict: 'pass' },
  },
  params: {
    declared: { type: 'flag', default: true, title: 'the flag is a declared resource' },
    bystander: { type: 'int', default: 0, min: 0, max: 1, title: 'threads that get on' },
  },
  boot() {
    barrier_init(both, 2, 'both_hold_one');
  },
  roles: [
    {
      name: 'flagger',
      psargs: 'flagger',
      run({ variant, params: { declared }, running, progress }) {
        while (running()) {
          proc_enter(declared);
          if (variant === 'planted') barrier_wait(both);
          mutex_enter(list_lock);
          progress();
          mutex_exit(list_lock);
          proc_exit(declared);
        }
      },
    },
    {
      name: 'lister',
      psargs: 'lister',
      run({ variant, params: { declared }, running, progress }) {
        while (running()) {
          mutex_enter(list_lock);
          if (variant === 'planted') barrier_wait(both);
          else mutex_exit(list_lock);
          proc_enter(declared);
          progress();
          proc_exit(declared);
          if (variant === 'planted') mutex_exit(list_lock);
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
