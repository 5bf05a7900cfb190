/*
 * Tunables: what a variant changes in the kernel, as words of the image.
 *
 * boot() writes them once, from the variant and the params; the kernel reads them.  They are in the
 * image and not in variables, because boot() runs on one host thread and the kernel on all of them,
 * and because a dump should say which kernel it is of.
 */

import { enumeration, get, global, struct, u32 } from '../../src/index.ts';

export const PR_LOCK = { flag: 0, mutex: 1 } as const;

export const tunables = struct('tunables', {
  pr_lock: enumeration({ 0: 'flag and condvar', 1: 'mutex' }), // what P_PR_LOCK is made of
  pr_lock_declared: u32, //  1: its holder and who waits for it are declared
  stubs_fixed: u32, //       1: modules that cannot be unloaded have NO_UNLOAD stubs (9056, 9057)
  shmfork_early: u32, //     1: cfork() calls shmfork() under P_PR_LOCK, as before 6871629
  enable_quiet: u32, //      1: see load.ts
});
export const tune = global('tune', tunables);

/** Whether P_PR_LOCK is a mutex in this kernel. */
export function pr_lock_is_mutex(): boolean {
  return get(tune, tunables.pr_lock) === PR_LOCK.mutex;
}

/** Whether this kernel says who holds P_PR_LOCK, where the lock itself does not. */
export function pr_lock_is_declared(): boolean {
  return get(tune, tunables.pr_lock_declared) === 1 && !pr_lock_is_mutex();
}
