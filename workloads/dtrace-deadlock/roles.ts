/*
 * The cast: what each kind of thread does, round after round.
 *
 *     role            does                                                    part in the report
 *     -------------   -----------------------------------------------------   ----------------------
 *     callout taskq   runs timeouts: the sweeps of retired providers          first thread
 *     dtrace -Cs      opens DTrace, enables probes of the database, closes    second thread
 *     dtrace -n       reads /proc/PID/map of the database, to name frames     third thread
 *     postmaster      forks processes of the database                         third thread, in `shmfork`
 *     usdt process    lives for a moment, and leaves providers to sweep       feeds the first thread
 *     clock           ticks                                                   wakes the first thread
 *     database        commits transactions                                    goes on to the end
 *     shell ps modload   what people at the keyboard do                       pile up behind the three
 *
 * A role is a program: it makes system calls and looks at what they return.  A round is a piece of work
 * after which a person, or a watchdog, would say that it got something done.
 */

import { add, delay, fillBytes, kmem_alloc, load, mutex_enter, mutex_exit, panic, put, putText } from '../../src/index.ts';
import { get } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_map, as_unmap_last, MA } from './as.ts';
import { db_pid_list, db_proc, init, sched } from './boot.ts';
import { callout_stop, clock, thread_start } from './callout.ts';
import { transaction } from './database.ts';
import { dof, DTRACEHIOC_ADDDOF } from './dtrace_helper.ts';
import { DTRACEIOC_ENABLE, DTRACEIOC_GO, dtrace_probedesc } from './dtrace_state.ts';
import {
  enabling_begin,
  enabling_end,
  load_bind,
  load_shared,
  load_state,
  outcome,
  reading_begin,
  reading_end,
} from './load.ts';
import type { Context } from './params.ts';
import { EBUSY } from './parts.ts';
import { curproc, lwp_enter, newproc, proc_run, proc_t } from './proc.ts';
import { pr_readdir, prmap, psinfo } from './procfs.ts';
import {
  close,
  digest,
  forksys,
  ioctl,
  modctl_modload,
  modctl_modunload,
  open,
  pread,
  rexit,
  stat_fifo,
  sys_syscall,
} from './syscall.ts';
void [mutex_enter, mutex_exit, newproc, proc_run];
