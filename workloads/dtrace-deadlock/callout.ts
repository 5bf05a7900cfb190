/*
 * Callouts: functions that are to be called when some ticks have gone by.
 *
 * A callout table keeps lists of callouts, one for each tick at which any are due, in order of time.  The
 * clock looks at each tick whether the first list is due, and if so hands the table to callout_taskq, as
 * the functions may sleep and the clock may not.  A thread of the taskq takes the lists that are due off
 * the table and calls the functions, without ct_mutex: what they take, they take after nothing but
 * tq_threadlock, which each thread of a taskq holds as a reader while it works.
 *
 * The clock's ticks are counted here, by clock(), and not read from the host: so a run whose schedule is
 * given has its timeouts at given places too.
 */

import {
  embed,
  get,
  global,
  kmem_alloc,
  kmem_free,
  kmem_zalloc,
  kmutex,
  mutex_enter,
  mutex_exit,
  mutex_init,
  put,
  ref,
  struct,
  sub,
  taskq_create,
  taskq_define,
  taskq_destroy,
  taskq_dispatch,
  taskq_function,
  taskq_thread,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { progress } from './load.ts';
import { assert_held } from './parts.ts';
import { text_function } from './text.ts';

/** Ticks in a second: a tick is a millisecond, as with hires_tick. */
export const HZ = 1000;

export const callout = struct('callout_t', {
  c_next: ref('callout_t'),
  c_list: ref('callout_list_t'),
  c_func: u32, //      a text address
  c_arg: u32,
});
export const callout_list = struct('callout_list_t', {
  cl_next: ref('callout_list_t'),
  cl_expiration: u32, // the tick
  cl_first: ref('callout_t'),
  cl_last: ref('callout_t'),
});
export const callout_table = struct('callout_table_t', {
  ct_mutex: embed(kmutex),
  ct_lists: ref('callout_list_t'), //  by expiration
  ct_lbolt: u32, //                    ticks so far
  ct_timeouts: u32,
  ct_expirations: u32,
  ct_dispatched: u32, //               1: a task is on its way
});
type Table = Ref<'callout_table_t'>;
type List = Ref<'callout_list_t'>;

/** The callouts.  The kernel has one for each CPU; here is one CPU's. */
export const callouts = global('callout_table', callout_table);
const callout_taskq = taskq_define('callout_taskq');
const execute = taskq_function(callout_execute);

/** Boot. */
export function callout_setup(): void {
  mutex_init(sub(callouts, callout_table.ct_mutex), 'callout_table.ct_mutex');
  taskq_create(callout_taskq, 'callout_taskq');
}

/** timeout(9F).  @param func a text address @param ticks from now, 1 or more @returns 0: no memory */
export function timeout(func: number, arg: number, ticks: number): number {
  const c = kmem_zalloc(callout.$.size) as Ref<'callout_t'>;
  if (c === 0) return 0;
  const lock = sub(callouts, callout_table.ct_mutex);
  mutex_enter(lock);
  const list = callout_list_at(get(callouts, callout_table.ct_lbolt) + ticks);
  if (list === 0) {
    mutex_exit(lock);
    kmem_free(c, callout.$.size);
    return 0;
  }
  put(c, callout.c_func, func);
  put(c, callout.c_arg, arg);
  put(c, callout.c_list, list);
  const last = get(list, callout_list.cl_last);
  if (last === 0) put(list, callout_list.cl_first, c);
  else put(last, callout.c_next, c);
  put(list, callout_list.cl_last, c);
  put(callouts, callout_table.ct_timeouts, (get(callouts, callout_table.ct_timeouts) + 1) | 0);
  mutex_exit(lock);
  return c;
}

/** The list of what is due at a tick, made if there is none.  ct_mutex is held. */
function callout_list_at(expiration: number): List {
  let before = 0 as List;
  let at = get(callouts, callout_table.ct_lists);
  while (at !== 0 && get(at, callout_list.cl_expiration) < expiration) {
    before = at;
    at = get(at, callout_list.cl_next);
  }
  if (at !== 0 && get(at, callout_list.cl_expiration) === expiration) return at;
  const list = kmem_alloc(callout_list.$.size) as List;
  if (list === 0) return list;
  put(list, callout_list.cl_expiration, expiration);
  put(list, callout_list.cl_first, 0 as Ref<'callout_t'>);
  put(list, callout_list.cl_last, 0 as Ref<'callout_t'>);
  put(list, callout_list.cl_next, at);
  if (before === 0) put(callouts, callout_table.ct_lists, list);
  else put(before, callout_list.cl_next, list);
  return list;
}

/** A tick. */
export function clock(): void {
  const lock = sub(callouts, callout_table.ct_mutex);
  mutex_enter(lock);
  put(callouts, callout_table.ct_lbolt, get(callouts, callout_table.ct_lbolt) + 1);
  const due = callout_due(callouts) !== 0 && get(callouts, callout_table.ct_dispatched) === 0;
  if (due) put(callouts, callout_table.ct_dispatched, 1);
  mutex_exit(lock);
  if (due) callout_normal();
}

function callout_normal(): void {
  if (taskq_dispatch(callout_taskq, execute, callouts)) return;
  put(callouts, callout_table.ct_dispatched, 0); // no memory: the next tick sees to it
}

/** The first list, if its time has come.  ct_mutex is held. */
function callout_due(ct: Table): List {
  const list = get(ct, callout_table.ct_lists);
  const due =
    list !== 0 && get(list, callout_list.cl_expiration) <= get(ct, callout_table.ct_lbolt);
  return due ? list : (0 as List);
}

/** The task: everything that is due. */
export function callout_execute(ct: number): void {
  const lock = sub(ct as Table, callout_table.ct_mutex);
  mutex_enter(lock);
  put(ct as Table, callout_table.ct_dispatched, 0);
  callout_expire(ct as Table);
  mutex_exit(lock);
}

function callout_expire(ct: Table): void {
  for (let list = callout_due(ct); list !== 0; list = callout_due(ct)) {
    put(ct, callout_table.ct_lists, get(list, callout_list.cl_next));
    callout_list_expire(ct, list);
    kmem_free(list, callout_list.$.size);
  }
}

/** Calls what is on one list.  ct_mutex is held, but not during the calls. */
function callout_list_expire(ct: Table, list: List): void {
  const lock = sub(ct, callout_table.ct_mutex);
  assert_held(lock, '&ct->ct_mutex');
  for (let c = get(list, callout_list.cl_first); c !== 0;) {
    mutex_exit(lock);
    text_function(get(c, callout.c_func))(get(c, callout.c_arg));
    const next = get(c, callout.c_next);
    kmem_free(c, callout.$.size);
    mutex_enter(lock);
    put(ct, callout_table.ct_expirations, (get(ct, callout_table.ct_expirations) + 1) | 0);
    progress();
    c = next;
  }
}

/** What a thread of callout_taskq does for all its life. */
export function thread_start(): void {
  taskq_thread(callout_taskq);
}

/** Lets the threads of callout_taskq return.  Nobody calls clock() any more. */
export function callout_stop(): void {
  taskq_destroy(callout_taskq);
}
