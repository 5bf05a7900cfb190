/*
 * The leash: what holds a process that we start to us, so that it never outlives us.
 *
 *     we …                                                 and it goes by
 *     --------------------------------------------------   --------------------------------------------------------
 *     end, in whatever way that is ours to choose          our 'exit' event, which kills its group
 *     are killed by what nobody can hear                   its pipe: a machine reads the end of it, and kills its
 *                                                          group (halt.ts)
 *     the same, while its main thread stands still         the signal of a parent's death, which setpriv of
 *                                                          util-linux asks the kernel of Linux for (prctl(2),
 *                                                          PR_SET_PDEATHSIG) before it becomes node
 *
 * A main thread can stand still for good, with all others and so with the watchdog: under --harmony-struct a collection of
 * garbage waits until every thread is at a safepoint of V8, and Node takes locks of its own (cli_options_mutex,
 * env_var_mutex) around calls of V8 while it starts a thread.  A thread that waits for such a lock is at no safepoint, and the one that has
 * the lock waits at one: a cycle, once in some twenty boots of Node 20.20.2 with 16 threads.
 *
 * Where there is no setpriv (macOS, Windows, a small container) the last row is missing.  The signal comes when the thread
 * that started it ends, so machines are started from main threads; and it goes to the machine alone, not to its group.
 */

import { execFile, type ChildProcess } from 'node:child_process';
import { killGroup } from './kill-group.ts';

const SETPRIV = 'setpriv';
const DIE_WITH_PARENT = ['--pdeathsig', 'KILL', '--'];
const ASK_MS = 10_000;

/** What is to be started, and its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

let dies: Promise<boolean> | undefined;

/** A command that does the same, and is killed when this thread ends, where that can be had. */
export async function leashed({ file, args }: Command): Promise<Command> {
  dies ??= canDieWithParent();
  if (!(await dies)) return { file, args };
  return { file: SETPRIV, args: [...DIE_WITH_PARENT, file, ...args] };
}

function canDieWithParent(): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false);
  // Of util-linux since 2.33; that of busybox has no such option, and fails.
  return new Promise((resolve) => {
    const args = [...DIE_WITH_PARENT, process.execPath, '--version'];
    execFile(SETPRIV, args, { timeout: ASK_MS }, (error) => resolve(error === null));
  });
}

const held = new Set<ChildProcess>();

/** Sees to it that a process goes when this one ends. */
export function hold(child: ChildProcess): void {
  if (held.size === 0) process.on('exit', killHeld);
  held.add(child);
  child.once('exit', () => {
    held.delete(child);
    if (held.size === 0) process.off('exit', killHeld);
  });
}

function killHeld(): void {
  for (const child of held) killGroup(child);
}
