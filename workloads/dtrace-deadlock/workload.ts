/*
 * illumos bug 9056: "dtrace_unregister()/fasttrap_pid_disable()/prgetmap() deadlock".
 *
 *     thread                    holds                                                     wants
 *     -----------------------   -------------------------------------------------------   ------------
 *     callout taskq             ftb_mtx of a bucket, dtrace_provider_lock, mod_lock        dtrace_lock
 *                               (tq_threadlock, as a reader)
 *     dtrace -Cs, closing       f_tlock, LOCK_CSP, cpu_lock, dtrace_lock                   P_PR_LOCK
 *     dtrace -n, reads a map    P_PR_LOCK of a database process, its a_lock               mod_lock
 *
 * The third wants mod_lock because a stub does: see modstubs.ts.  README.md tells the story.
 *
 * LOCKS.  The order of all locks of the model.  "a < b": b is waited for while a is held.
 *
 *     f_tlock < LOCK_CSP < cpu_lock < dtrace_lock                               opening, closing
 *     LOCK_CSP < dtrace_provider_lock                                           opening
 *     dtrace_meta_lock < provider ftb_mtx < dtrace_provider_lock < mod_lock < dtrace_lock
 *     provider ftb_mtx < ftp_mtx;  dtrace_meta_lock < ftp_cmtx < dtrace_lock    providers
 *     dtrace_lock < P_PR_LOCK < ftp_mtx < tracepoint ftb_mtx < a_lock           instrumenting
 *     dtrace_lock < pidlock < p_lock;  pr_pidlock < pidlock                     finding a process
 *     dtrace_meta_lock, dtrace_lock < fasttrap_cleanup_mtx < ct_mutex           arming the sweep
 *     P_PR_LOCK < p_lock;  P_PR_LOCK < a_lock                                   /proc, fork
 *     tq_threadlock (reader) < all that a timeout takes
 *     page latches of the database, by number < wal_latch
 *     kmem_lock, tq_lock, s_lock, uf_lock: nothing is waited for while one is held
 *
 *     and the bug:  P_PR_LOCK < a_lock < mod_lock
 *
 * With the last line there is a way from mod_lock through dtrace_lock and P_PR_LOCK back to mod_lock.
 * There is none without it: cut the stub, and the model has an order.
 *
 * p_lock is held when P_PR_LOCK is taken, and s_lock when LOCK_CSP is.  That is no edge: who finds one
 * of them taken drops the mutex and sleeps.  So it is with a_lock, which /proc only tries.
 */

import { defineWorkload } from '../../src/index.ts';
import { boot_kernel, db_psargs, POSTMASTER } from './boot.ts';
import { db_sum } from './database.ts';
import { crowd, params } from './params.ts';
import type { Boot, Values } from './params.ts';
import {
  callout_taskq,
  clock_thread,
  database,
  dtrace_cs,
  dtrace_n,
  modload_user,
  postmaster,
  PSARGS,
  ps,
  shell,
  usdt_process,
} from './roles.ts';
import { load_boot, leftovers } from './check.ts';

/** CALLOUT_THREADS: for each callout table, as in the kernel. */
const CALLOUT_THREADS = 2;

/** In the precursor of 2009 nobody reads a map: the third thread is one that forks. */
function readers(values: Values, variant: string): number {
  return variant === 'shmfork' ? 0 : values.readers;
}

/** A bug shows in a fraction of a second; a busy machine gets its chance too.  A trial ends when it shows. */
const LONG_ENOUGH_MS = 20_000;

export default defineWorkload({
  name: 'dtrace-deadlock',
  title: 'illumos 9056: three threads of DTrace, /proc and the module stubs wait for each other',
  variants: {
    wstub: {
      title: 'shmgetid is a WSTUB: reading a map takes mod_lock under P_PR_LOCK',
      verdict: 'deadlock',
      durationMs: LONG_ENOUGH_MS,
    },
    'no-unload-wstub': {
      title: 'the fix: stubs of modules that cannot be unloaded take no lock',
      verdict: 'pass',
    },
    shmfork: {
      title: 'the precursor of 2009 (6871629): fork calls the stub under P_PR_LOCK',
      verdict: 'deadlock',
      durationMs: LONG_ENOUGH_MS,
    },
    'mutex-cycle': {
      title: 'what if P_PR_LOCK were a mutex: the kernel finds the cycle itself',
      verdict: 'panic',
      durationMs: LONG_ENOUGH_MS,
    },
  },
  params,
  roles: [
    {
      name: 'callout taskq',
      psargs: 'sched',
      count: ({ cast }) => (cast === 'three' ? 1 : CALLOUT_THREADS),
      daemon: true,
      run: callout_taskq,
    },
    { name: 'clock', psargs: 'sched', count: (p) => crowd(p, 1), run: clock_thread },
    { name: 'dtrace -Cs', psargs: PSARGS.dtrace_cs, count: (p) => p.consumers, run: dtrace_cs },
    { name: 'dtrace -n', psargs: PSARGS.dtrace_n, count: readers, run: dtrace_n },
    { name: 'database', psargs: db_psargs, count: (p) => crowd(p, p.databases), run: database },
    {
      name: 'postmaster',
      psargs: POSTMASTER,
      count: ({ cast }, variant) => (cast === 'three' && variant !== 'shmfork' ? 0 : 1),
      run: postmaster,
    },
    {
      name: 'usdt process',
      psargs: PSARGS.usdt,
      count: (p) => crowd(p, p.usdt),
      run: usdt_process,
    },
    { name: 'shell', psargs: PSARGS.shell, count: (p) => crowd(p, p.shells), run: shell },
    { name: 'ps', psargs: PSARGS.ps, count: (p) => crowd(p, p.ps), run: ps },
    {
      name: 'modload',
      psargs: PSARGS.modload,
      count: (p) => crowd(p, p.modloads),
      run: modload_user,
    },
  ],
  outcomes: {
    unregistered: { grade: 'expected', title: 'a sweep unregistered a retired provider' },
    eagain: {
      grade: 'expected',
      title: 'a retired provider had an enabled probe, and was left for later',
    },
    ebusy: { grade: 'expected', title: 'a provider was in use, and was left alone' },
    traced: { grade: 'expected', title: 'a consumer enabled its probes and closed' },
    'map read': {
      grade: 'expected',
      title: 'a map of the database was read, with its shared memory',
    },
    'map busy': {
      grade: 'interesting',
      title: 'a process had its own a_lock when its map was wanted',
    },
    'shmid missing': {
      grade: 'forbidden',
      title: 'a map did not show the shared memory of the database',
    },
    'backend forked': { grade: 'expected', title: 'the postmaster forked a process' },
    'command run': { grade: 'expected', title: 'a shell ran a command' },
    'processes listed': { grade: 'expected', title: 'ps listed all processes' },
    'module unloaded': { grade: 'expected', title: 'a module was loaded and unloaded' },
    'module in use': {
      grade: 'expected',
      title: 'a module could not be unloaded: somebody was in it',
    },
  },
  heapBytes: 2 * 1024 * 1024,
  panicOnCycle: true,
  boot(trial: Boot): void {
    boot_kernel(trial);
    load_boot(trial, readers(trial.params, trial.variant));
  },
  check(): string | undefined {
    const sum = db_sum();
    return sum === 0 ? leftovers() : `the accounts of the database come to ${sum}, not 0`;
  },
});
