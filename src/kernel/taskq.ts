/*
 * Task queues: work that one thread hands to another.
 *
 * A task is a function and a word.  Functions cannot live in the image, so each that may be dispatched
 * is registered while modules are evaluated, which gives it the same number in every thread (the
 * linker's argument, layout/linker.ts), and a task carries the number.
 *
 * A taskq's threads are roles that call taskq_thread().  While one runs a task it holds tq_threadlock as
 * a reader, as in the kernel: taskq_wait() takes it as a writer and so waits for all that run.
 */

import { global } from '../layout/linker.ts';
import { kcondvar, kmutex, krwlock } from '../layout/records.ts';
import { embed, ref, struct, u32 } from '../layout/struct.ts';
import type { Ref } from '../layout/struct.ts';
import { get, put, sub } from '../layout/word.ts';
import { cv_broadcast, cv_init, cv_signal, cv_wait_idle } from './condvar.ts';
import { kmem_alloc, kmem_free } from './kmem.ts';
import { mutex_enter, mutex_exit, mutex_init } from './mutex.ts';
import { panic } from './panic.ts';
import { RW_READER, RW_WRITER, rw_enter, rw_exit, rw_init } from './rwlock.ts';

export const taskq_ent = struct('taskq_ent', {
  tqent_next: ref('taskq_ent'),
  tqent_func: u32,
  tqent_arg: u32,
});
export const taskq = struct('taskq', {
  tq_lock: embed(kmutex),
  tq_dispatch_cv: embed(kcondvar),
  tq_threadlock: embed(krwlock),
  tq_first: ref('taskq_ent'),
  tq_last: ref('taskq_ent'),
  tq_tasks: u32,
  tq_executed: u32,
  tq_flags: u32, // 1: closing
});
type Taskq = Ref<'taskq'>;
const NO_ENT = 0 as Ref<'taskq_ent'>;

const functions: ((arg: number) => void)[] = [];

/** Registers a function that tasks may name.  At module level only.  @returns its number */
export function taskq_function(func: (arg: number) => void): number {
  return functions.push(func) - 1;
}

/** Makes a global task queue; taskq_create() readies it at each boot. */
export function taskq_define(name: string): Taskq {
  return global(name, taskq);
}

/** @param name the name that dumps show for its locks */
export function taskq_create(tq: Taskq, name: string): void {
  mutex_init(sub(tq, taskq.tq_lock), `${name}.tq_lock`);
  cv_init(sub(tq, taskq.tq_dispatch_cv), `${name}.tq_dispatch_cv`);
  rw_init(sub(tq, taskq.tq_threadlock), `${name}.tq_threadlock`);
  put(tq, taskq.tq_first, NO_ENT);
  put(tq, taskq.tq_last, NO_ENT);
  put(tq, taskq.tq_tasks, 0);
  put(tq, taskq.tq_executed, 0);
  put(tq, taskq.tq_flags, 0);
}

/** Queues a task.  @param func from taskq_function() @returns false when there is no memory */
export function taskq_dispatch(tq: Taskq, func: number, arg: number): boolean {
  const tqe = kmem_alloc(taskq_ent.$.size) as Ref<'taskq_ent'>;
  if (tqe === 0) return false;
  put(tqe, taskq_ent.tqent_next, NO_ENT);
  put(tqe, taskq_ent.tqent_func, func);
  put(tqe, taskq_ent.tqent_arg, arg);
  mutex_enter(sub(tq, taskq.tq_lock));
  const last = get(tq, taskq.tq_last);
  if (last === 0) put(tq, taskq.tq_first, tqe);
  else put(last, taskq_ent.tqent_next, tqe);
  put(tq, taskq.tq_last, tqe);
  put(tq, taskq.tq_tasks, (get(tq, taskq.tq_tasks) + 1) | 0);
  cv_signal(sub(tq, taskq.tq_dispatch_cv));
  mutex_exit(sub(tq, taskq.tq_lock));
  return true;
}

/** A task queue's thread: runs tasks until the queue is destroyed. */
export function taskq_thread(tq: Taskq): void {
  const lock = sub(tq, taskq.tq_lock);
  const threadlock = sub(tq, taskq.tq_threadlock);
  mutex_enter(lock);
  for (;;) {
    const tqe = get(tq, taskq.tq_first);
    if (tqe === 0) {
      if (get(tq, taskq.tq_flags) & 1) break;
      cv_wait_idle(sub(tq, taskq.tq_dispatch_cv), lock);
      continue;
    }
    const next = get(tqe, taskq_ent.tqent_next);
    put(tq, taskq.tq_first, next);
    if (next === 0) put(tq, taskq.tq_last, NO_ENT);
    mutex_exit(lock);
    const func = functions[get(tqe, taskq_ent.tqent_func)];
    if (func === undefined) panic(`taskq_thread: task ${tqe.toString(16)} names no function`);
    const arg = get(tqe, taskq_ent.tqent_arg);
    rw_enter(threadlock, RW_READER);
    func(arg);
    rw_exit(threadlock);
    kmem_free(tqe, taskq_ent.$.size);
    mutex_enter(lock);
    put(tq, taskq.tq_executed, (get(tq, taskq.tq_executed) + 1) | 0);
  }
  mutex_exit(lock);
}

/** Waits for the tasks that are running now. */
export function taskq_wait(tq: Taskq): void {
  rw_enter(sub(tq, taskq.tq_threadlock), RW_WRITER);
  rw_exit(sub(tq, taskq.tq_threadlock));
}

/** Lets the queue's threads return once it is empty. */
export function taskq_destroy(tq: Taskq): void {
  mutex_enter(sub(tq, taskq.tq_lock));
  put(tq, taskq.tq_flags, 1);
  cv_broadcast(sub(tq, taskq.tq_dispatch_cv));
  mutex_exit(sub(tq, taskq.tq_lock));
}
