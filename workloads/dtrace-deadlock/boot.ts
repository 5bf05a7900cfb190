/*
 * Boot: the machine of the report, as it was before somebody typed dtrace.
 *
 * A kernel with its modules, sched and init, and a database: a postmaster and its processes, each with
 * the shared memory attached and a USDT provider of its own.  It is all made by the kernel's own
 * functions, on the boot thread, where nothing can block.
 */

import { get, global, panic, put, struct, u32 } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_alloc, as_map, MA } from './as.ts';
import { callout_setup, clock } from './callout.ts';
import { DB_BYTES, db_setup } from './database.ts';
import { dtrace_helper_provider_add, dtrace_helper_provider_register } from './dtrace_helper.ts';
import { dtrace_setup } from './dtrace.ts';
import { fasttrap_attach } from './fasttrap.ts';
import { proc_exit } from './fork.ts';
import { mod_setup, mod_setup_installed } from './modctl.ts';
import { stubs_setup } from './modstubs.ts';
import { NOT_LOADED } from './modules.ts';
import type { Boot } from './params.ts';
import { lwp_enter, newproc, proc_run, proc_t, SSYS } from './proc.ts';
import { shmat, shmget } from './shm.ts';
import { specfs_setup } from './specfs.ts';
import { PR_LOCK, tunables, tune } from './tune.ts';

/** Database processes that there can be, the postmaster included. */
const DB_MAX = 9;
/** Bytes of a shared memory segment beyond the first, which is the database's. */
const SHM_BYTES = 8192;
const PAGE_BYTES = 4096;

const cast = struct('cast', { sched: u32, init: u32, databases: u32, consumer: u32, reader: u32 });
const pid_word = struct('db_pid', { pid: u32, proc: u32 });
const who = global('cast', cast);
const db_pids = global('db_pids', pid_word, DB_MAX);

type Proc = Ref<'proc_t'>;

export function sched(): Proc {
  return get(who, cast.sched) as Proc;
}

export function init(): Proc {
  return get(who, cast.init) as Proc;
}

/** Where there are only the three: the process of `dtrace -Cs`, and that of `dtrace -n`. */
export function consumer_proc(): Proc {
  return get(who, cast.consumer) as Proc;
}

export function reader_proc(): Proc {
  return get(who, cast.reader) as Proc;
}

function db_entry(i: number): Ref<'db_pid'> {
  return (db_pids + i * pid_word.$.size) as Ref<'db_pid'>;
}

/** The process of the database's i-th process: 0 is the postmaster. */
export function db_proc(i: number): Proc {
  return get(db_entry(i), pid_word.proc) as Proc;
}

/** The pids of the database, the postmaster's first. */
export function db_pid_list(): number[] {
  return Array.from({ length: get(who, cast.databases) }, (_, i) => get(db_entry(i), pid_word.pid));
}

export const POSTMASTER = 'postgres -D /var/pgsql/data';

/** What ps shows of a database process, from 0. */
export function db_psargs(nth: number): string {
  return nth === 0 ? 'postgres: writer process' : `postgres: app app [local] COMMIT ${nth}`;
}

/** boot() of the workload. */
export function boot_kernel({ variant, params }: Boot): void {
  put(tune, tunables.pr_lock, variant === 'mutex-cycle' ? PR_LOCK.mutex : PR_LOCK.flag);
  put(tune, tunables.pr_lock_declared, params.declare === 'on' ? 1 : 0);
  put(tune, tunables.stubs_fixed, variant === 'no-unload-wstub' ? 1 : 0);
  put(tune, tunables.shmfork_early, variant === 'shmfork' ? 1 : 0);
  put(tune, tunables.enable_quiet, params.enable === 'quiet' ? 1 : 0);

  mod_setup();
  stubs_setup(variant === 'no-unload-wstub');
  callout_setup();
  specfs_setup();
  fasttrap_attach();
  if (!dtrace_setup()) panic('boot: no memory for the probes');
  mod_setup_installed(NOT_LOADED);

  put(who, cast.sched, process('sched', 0, 0));
  lwp_enter(sched());
  put(who, cast.init, process('/sbin/init', 0, 4));
  boot_database(params.databases, params.segments, params.shm, params.probes);
  if (params.cast === 'three') boot_three(params.providers, params.probes);
}

/**
 * The three threads alone are in the middle of it: the processes of the second and the third are there, and a program
 * with probes has been there and is gone, so that the sweep of its providers is due for the first.
 */
function boot_three(providers: number, probes: number): void {
  const parent = get(init(), proc_t.p_pid);
  put(who, cast.consumer, process('dtrace -Cs /var/tmp/pgtxtimes.35726', parent, 4));
  put(who, cast.reader, process('dtrace -n buffer-read-done{@[ustack()] = count()} ', parent, 4));
  boot_retired(providers, probes);
}

function boot_retired(providers: number, probes: number): void {
  const p = process('node ./job.js', get(init(), proc_t.p_pid), 4);
  for (let i = 0; i < providers; i++) dtrace_helper_provider_add(p, `job${i}`, probes);
  dtrace_helper_provider_register(p);
  lwp_enter(p);
  proc_exit(p);
  lwp_enter(sched());
  clock();
}

/** A process with so many mappings.  0 mappings: one of the kernel's own, without memory. */
function process(psargs: string, ppid: number, segments: number): Proc {
  const p = newproc(ppid, psargs);
  if (p === 0) panic(`boot: no room for ${psargs}`);
  if (segments === 0) put(p, proc_t.p_flag, SSYS);
  else put(p, proc_t.p_as, as_alloc());
  for (let i = 0; i < segments; i++) {
    // Programs and libraries: text, then data.
    const flags = i % 2 === 0 ? MA.READ | MA.EXEC : MA.READ | MA.WRITE | MA.ANON;
    as_map(get(p, proc_t.p_as), PAGE_BYTES * (1 + (i % 7)), flags, i % 2 === 0 ? 1000 + i : 0);
  }
  proc_run(p);
  return p;
}

function boot_database(databases: number, segments: number, shm: number, probes: number): void {
  const ids = Array.from({ length: shm }, (_, i) => shmget(i === 0 ? DB_BYTES : SHM_BYTES));
  if (ids.some((id) => id < 0)) panic('boot: no memory for the database');
  db_setup(ids[0]!);
  put(who, cast.databases, databases + 1);
  for (let i = 0; i <= databases; i++) {
    const psargs = i === 0 ? POSTMASTER : db_psargs(i - 1);
    const p = process(psargs, get(init(), proc_t.p_pid), segments - shm);
    put(db_entry(i), pid_word.pid, get(p, proc_t.p_pid));
    put(db_entry(i), pid_word.proc, p);
    for (const id of ids) shmat(p, id);
  }
  // The postmaster's probes last: a consumer that closes then has them to disable when it has been at it
  // for the longest, and what the precursor of 2009 needs is there for all of that time.
  for (let i = databases; i >= 0; i--) {
    dtrace_helper_provider_add(db_proc(i), 'postgresql', probes);
    dtrace_helper_provider_register(db_proc(i));
  }
}
