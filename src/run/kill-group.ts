/*
 * The end of a child and of whatever it started.
 *
 * What we start may start something itself: a machine the processes of its roles, a run of a matrix its machines.  Who is
 * killed by SIGKILL cannot take them along, and what is left behind keeps a processor busy, and the pipes open.  So such a
 * child is begun `detached`, which makes it the leader of a process group, and the group is killed rather than the child.
 *
 * Where there is no group the child is all that there is to kill: on Windows, which has none; and where it was not begun detached.
 * A group outlives its leader, so this is also for a child that ended: it takes what is left.
 */

import type { ChildProcess } from 'node:child_process';

/** @param child begun detached; undefined, or one that could not be begun: nothing is done */
export function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // There is no such group, or nobody left in it.
    child.kill('SIGKILL');
  }
}
