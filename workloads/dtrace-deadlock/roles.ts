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

import {
  add,
  fillBytes,
  get,
  get64,
  kmem_alloc,
  load,
  panic,
  put,
  putText,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_map, as_unmap_last, MA } from './as.ts';
import { consumer_proc, db_pid_list, db_proc, init, reader_proc, sched } from './boot.ts';
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
  pause,
  reading_begin,
  reading_end,
} from './load.ts';
import type { Context } from './params.ts';
import { EBUSY } from './parts.ts';
import { curproc, lwp_enter, proc_t } from './proc.ts';
import { pr_readdir } from './procfs.ts';
import { prmap, psinfo } from './prsubr.ts';
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
import { tunables, tune } from './tune.ts';

/** What ps shows of them, as in the report where it tells. */
export const PSARGS = {
  dtrace_cs: 'dtrace -Cs /var/tmp/pgtxtimes.35726',
  dtrace_n: 'dtrace -n buffer-read-done{@[ustack()] = count()} ',
  usdt: 'node ./job.js',
  shell: '-bash',
  ps: 'ps -ef',
  modload: 'modload misc/md5',
} as const;

/** Transactions in a group commit. */
const COMMIT_GROUP = 8;
/** Clients that connect at a time. */
const CLIENTS = 4;
/** Frames of a ustack() that are looked up in a map. */
const FRAMES = 32;

/** The role begins: as a process of its own, a child of init; one of the three as one that is there. */
function begin(context: Context, psargs: string, there = init): void {
  load_bind(context);
  if (context.params.cast === 'three') return lwp_enter(there());
  lwp_enter(init());
  if (sys_syscall(forksys, psargs) === 0) panic(`no room for ${psargs}`);
}

function end({ params: { cast } }: Context): void {
  if (cast === 'three') return;
  sys_syscall(rexit, init());
  leave();
}

function leave(): void {
  add(load_shared, load_state.roles_left, -1);
}

/** Whether there is another round, after so many. */
function again(context: Context, round: number): boolean {
  const { rounds } = context.params;
  return context.running() && (rounds === 0 || round < rounds);
}

/** Memory of the process's own, from the one heap there is. */
function malloc(size: number): number {
  const memory = kmem_alloc(size);
  if (memory === 0) panic(`malloc(${size}): no memory`);
  fillBytes(memory, size, 0);
  return memory;
}

// --- the kernel's own threads -------------------------------------------------------------------

export function callout_taskq(context: Context): void {
  load_bind(context);
  lwp_enter(sched());
  thread_start();
}

/** Ticks for as long as anybody may be in need of it. */
export function clock_thread(context: Context): void {
  load_bind(context);
  lwp_enter(sched());
  while (context.running() && load(load_shared, load_state.roles_left) > 0) {
    pause();
    clock();
    context.progress();
  }
  callout_stop();
}

// --- DTrace -------------------------------------------------------------------------------------

/** An enabling of probes of the database.  @returns the descriptor, or -errno */
function dtrace_enable(desc: Ref<'dtrace_probedesc_t'>): number {
  const fd = sys_syscall(open, '/dev/dtrace/dtrace');
  if (fd < 0) return fd;
  enabling_begin();
  sys_syscall(ioctl, fd, DTRACEIOC_ENABLE, desc);
  enabling_end();
  sys_syscall(ioctl, fd, DTRACEIOC_GO, 0);
  return fd;
}

function probe_desc(name: string): Ref<'dtrace_probedesc_t'> {
  const desc = malloc(dtrace_probedesc.$.size) as Ref<'dtrace_probedesc_t'>;
  putText(desc, dtrace_probedesc.dtpd_provider, 32, 'postgresql*');
  putText(desc, dtrace_probedesc.dtpd_name, 32, name);
  return desc;
}

/** Somebody measures transaction times, a short run after the other. */
export function dtrace_cs(context: Context): void {
  begin(context, PSARGS.dtrace_cs, consumer_proc);
  const desc = probe_desc('transaction-*');
  for (let round = 0; again(context, round); round++) {
    const fd = dtrace_enable(desc);
    pause(); // it traces
    if (fd < 0) continue;
    context.progress();
    sys_syscall(close, fd);
    outcome('traced');
    context.progress();
  }
  end(context);
}

/** Somebody looks at who reads buffers: each frame of each stack has to be named. */
export function dtrace_n(context: Context): void {
  begin(context, PSARGS.dtrace_n, reader_proc);
  const size = (context.params.segments + 4) * prmap.$.size;
  const buf = malloc(size);
  const alone = context.params.cast === 'three';
  const fd = alone ? -1 : dtrace_enable(probe_desc('buffer-read-done'));
  for (let round = 0; again(context, round); round++) {
    for (const pid of db_pid_list().slice(alone ? -1 : 0)) {
      reading_begin();
      const bytes = read_proc(pid, 'map', buf, size);
      reading_end();
      if (bytes > 0) name_frames(context, buf, bytes);
      context.progress();
    }
  }
  if (fd >= 0) sys_syscall(close, fd);
  end(context);
}

/** @returns bytes read, or less than 0 */
function read_proc(pid: number, name: string, buf: number, size: number): number {
  const fd = sys_syscall(open, `/proc/${pid}/${name}`);
  if (fd < 0) return fd;
  const bytes = sys_syscall(pread, fd, buf, size, 0);
  sys_syscall(close, fd);
  return bytes;
}

/** What libdtrace does with a map: finds the mapping of each frame. */
function name_frames(context: Context, buf: number, bytes: number): void {
  const records = Math.floor(bytes / prmap.$.size);
  const at = (i: number) => (buf + i * prmap.$.size) as Ref<'prmap_t'>;
  const last = at(records - 1);
  const top = get64(last, prmap.pr_vaddr) + get64(last, prmap.pr_size);
  for (let frame = 0; frame < FRAMES; frame++) {
    const pc = context.random() % top;
    let low = 0;
    for (let high = records; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (get64(at(middle), prmap.pr_vaddr) <= pc) low = middle;
      else high = middle;
    }
  }
  let shared = 0;
  for (let i = 0; i < records; i++) {
    if ((get(at(i), prmap.pr_mflags) & MA.SHM) !== 0 && get(at(i), prmap.pr_shmid) >= 0) shared++;
  }
  outcome(shared === context.params.shm ? 'map read' : 'shmid missing');
}

// --- those who are traced -----------------------------------------------------------------------

export function database(context: Context): void {
  load_bind(context);
  lwp_enter(db_proc(context.nth + 1));
  for (let round = 0; again(context, round); round++) {
    for (let i = 0; i < COMMIT_GROUP; i++) transaction(() => context.random());
    pause(); // the log goes to disk
    context.progress(COMMIT_GROUP);
  }
  leave();
}

/** Clients connect to the database, some at a time. */
export function postmaster(context: Context): void {
  load_bind(context);
  const p = db_proc(0);
  const third = get(tune, tunables.shmfork_early) === 1;
  lwp_enter(p);
  for (let round = 0; again(context, round); round++) {
    as_map(get(p, proc_t.p_as), 8192, MA.READ | MA.WRITE | MA.ANON, 0);
    for (let i = 0; i < CLIENTS; i++) {
      if (third) reading_begin();
      const parent = sys_syscall(forksys, 'postgres: app app [local] authentication');
      if (third) reading_end();
      if (parent === 0) continue;
      sys_syscall(rexit, parent);
      outcome('backend forked');
    }
    as_unmap_last(get(p, proc_t.p_as));
    context.progress();
    if (!third) pause();
  }
  leave();
}

/** A program with probes of its own, which is done as soon as it has started. */
export function usdt_process(context: Context): void {
  begin(context, PSARGS.shell);
  const { providers, probes } = context.params;
  const description = malloc(dof.$.size) as Ref<'dof_helper_t'>;
  put(description, dof.dofhp_provider, 1);
  put(description, dof.dofhp_nproviders, providers);
  put(description, dof.dofhp_nprobes, probes);
  for (let round = 0; again(context, round); round++) {
    const parent = sys_syscall(forksys, PSARGS.usdt);
    if (parent !== 0) {
      const fd = sys_syscall(open, '/dev/dtrace/helper');
      if (fd >= 0) {
        sys_syscall(ioctl, fd, DTRACEHIOC_ADDDOF, description);
        sys_syscall(close, fd);
      }
      sys_syscall(rexit, parent);
    }
    context.progress();
    pause();
  }
  end(context);
}

// --- people -------------------------------------------------------------------------------------

export function shell(context: Context): void {
  begin(context, PSARGS.shell);
  put(curproc(), proc_t.p_door_list, 1); // it asked nscd who it is
  const text = malloc(256);
  for (let round = 0; again(context, round); round++) {
    const parent = sys_syscall(forksys, 'ls -l');
    if (parent !== 0) {
      put(curproc(), proc_t.p_semacct, context.random() & 1);
      sys_syscall(stat_fifo);
      sys_syscall(digest, text, 256);
      sys_syscall(rexit, parent);
    }
    outcome('command run');
    context.progress();
    pause(1 + (context.random() % 3));
  }
  end(context);
}

export function ps(context: Context): void {
  begin(context, PSARGS.ps);
  const buf = malloc(psinfo.$.size);
  for (let round = 0; again(context, round); round++) {
    for (const pid of pr_readdir()) read_proc(pid, 'psinfo', buf, psinfo.$.size);
    outcome('processes listed');
    context.progress();
    pause(1 + (context.random() % 3));
  }
  end(context);
}

/** Loads a module, makes use of it, and unloads it again, if nobody else makes use of it. */
export function modload_user(context: Context): void {
  begin(context, PSARGS.modload);
  const text = malloc(256);
  for (let round = 0; again(context, round); round++) {
    sys_syscall(modctl_modload, 'md5');
    sys_syscall(digest, text, 256);
    const error = sys_syscall(modctl_modunload, 'md5');
    outcome(error === EBUSY ? 'module in use' : 'module unloaded');
    context.progress();
    pause(1 + (context.random() % 3));
  }
  end(context);
}
