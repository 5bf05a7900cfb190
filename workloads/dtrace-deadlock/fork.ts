/*
 * fork and exit.
 *
 * A parent locks itself while it forks, so that nobody instruments its text between the copy and the
 * removal of the traps from it.  What else a child inherits is copied after that, since it is done by
 * functions of modules, behind stubs.
 *
 * It was not always so.  Until 6871629 (2009), shmfork() was called before sprunlock().  That is bug 9056
 * in other clothes: P_PR_LOCK held, and mod_lock wanted, by a stub.  It was mended by moving the one
 * call, and the same stub was left for prgetmap() to find.  `shmfork_early` moves the call back.
 *
 * fork and exec are one here: the child runs the program that it is given.  The thread that forks goes on
 * as the child until that exits, and then as the parent again.
 */

import { get, mutex_enter, mutex_exit, put } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_alloc, as_dup, as_free } from './as.ts';
import { dtrace_helpers_destroy } from './dtrace_helper.ts';
import { closeall } from './fio.ts';
import { jump, stub } from './modstubs.ts';
import { newproc, pid_exit, proc_run, proc_t } from './proc.ts';
import { prexit } from './prsubr.ts';
import { prbarrier_exit, sprlock_proc, sprunlock } from './sprlock.ts';
import { fasttrap_fork } from './tracepoint.ts';
import { tunables, tune } from './tune.ts';

type Proc = Ref<'proc_t'>;

/** A child of p.  @param psargs what it runs @returns NULL: no room for another process */
export function cfork(p: Proc, psargs: string): Proc {
  const cp = newproc(get(p, proc_t.p_pid), psargs);
  if (cp === 0) return cp;
  const as = as_alloc();
  put(cp, proc_t.p_as, as);
  const lock = get(p, proc_t.p_lockp);
  mutex_enter(lock);
  sprlock_proc(p);
  mutex_exit(lock);
  let ok = as !== 0 && as_dup(get(p, proc_t.p_as), as);
  if (ok && get(p, proc_t.p_dtrace_count) > 0) fasttrap_fork(p, cp);
  const early = get(tune, tunables.shmfork_early) === 1;
  if (ok && early && get(p, proc_t.p_segacct) !== 0) ok = jump(stub.shmfork)(p, cp) === 0;
  mutex_enter(lock);
  sprunlock(p);
  if (ok && !early && get(p, proc_t.p_segacct) !== 0) ok = jump(stub.shmfork)(p, cp) === 0;
  if (get(p, proc_t.p_door_list) !== 0) jump(stub.door_fork)(p, cp);
  proc_run(cp);
  if (ok) return cp;
  proc_exit(cp);
  return 0 as Proc;
}

/** The end of a process. */
export function proc_exit(p: Proc): void {
  // Its providers first: the meta provider looks the process up by its pid.
  if (get(p, proc_t.p_dtrace_helpers) !== 0) dtrace_helpers_destroy(p);
  closeall(p);
  const lock = get(p, proc_t.p_lockp);
  mutex_enter(lock);
  prbarrier_exit(p);
  mutex_exit(lock);
  if (get(p, proc_t.p_semacct) !== 0) jump(stub.semexit)(p);
  if (get(p, proc_t.p_segacct) !== 0) jump(stub.shmexit)(p);
  jump(stub.acct)(0);
  if (get(p, proc_t.p_door_list) !== 0) jump(stub.door_exit)(p);
  prexit(p);
  const as = get(p, proc_t.p_as);
  put(p, proc_t.p_as, 0 as Ref<'as_t'>);
  if (as !== 0) as_free(as);
  pid_exit(p);
}
