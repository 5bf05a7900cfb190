/*
 * The load: what the roles agree on among themselves.  None of it is kernel, and none of it is a lock.
 *
 * One liberty is taken here.  fasttrap_pid_enable() takes P_PR_LOCK under dtrace_lock just as
 * fasttrap_pid_disable() does, so the second thread of the cycle may as well be one that enables probes.
 * It is the same bug, but another stack than the report's, whose thread was closing.  So a consumer
 * enables its probes while nobody reads a map, and readers pause meanwhile: two counters, each side
 * announces itself before it looks at the other's, and readers give way.  -P enable=any lifts it.
 */

import { add, delay, get, global, load, struct, u32 } from '../../src/index.ts';
import type { Context } from './params.ts';
import { tunables, tune } from './tune.ts';

export const load_state = struct('load_state', {
  roles_left: u32, // roles that may still need the clock
  enabling: u32, //   consumers that enable probes, or are about to
  reading: u32, //    readers with a map in hand
});
export const load_shared = global('load', load_state);

let role: Context | undefined;

/** Names the role that this thread runs, to those who count for it. */
export function load_bind(context: Context): void {
  role = context;
}

/** Counts an outcome of the workload, wherever in the kernel it came about. */
export function outcome(name: string): void {
  role?.outcome(name);
}

/** The thread got something done, wherever in the kernel it did. */
export function progress(): void {
  role?.progress();
}

/** Nothing to do for so many ticks; where nobody pauses, for none. */
export function pause(ticks = 1): void {
  if (role?.params.cast !== 'three') wait(ticks);
}

/** Waits for others, whoever they are: they must be let run. */
function wait(ticks: number): void {
  delay((ticks * (role?.params.tick ?? 1000)) / 1000);
}

/** Waits until no map is being read, and keeps readers away. */
export function enabling_begin(): void {
  if (get(tune, tunables.enable_quiet) === 0) return;
  add(load_shared, load_state.enabling, 1);
  while (load(load_shared, load_state.reading) !== 0) wait(1);
}

export function enabling_end(): void {
  if (get(tune, tunables.enable_quiet) !== 0) add(load_shared, load_state.enabling, -1);
}

/** Waits until nobody enables probes.  Not while holding anything. */
export function reading_begin(): void {
  if (get(tune, tunables.enable_quiet) === 0) return;
  add(load_shared, load_state.reading, 1);
  while (load(load_shared, load_state.enabling) !== 0) {
    add(load_shared, load_state.reading, -1);
    wait(1);
    add(load_shared, load_state.reading, 1);
  }
}

export function reading_end(): void {
  if (get(tune, tunables.enable_quiet) !== 0) add(load_shared, load_state.reading, -1);
}
