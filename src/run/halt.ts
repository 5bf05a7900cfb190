/*
 * Halting: how a machine's threads are made to leave.
 *
 * The halt word is set, and then each thread is woken wherever it may be: asleep in the kernel (its park
 * word changes, so a thread that is about to sleep does not), at the start gate, in a panic.  Each finds
 * the halt word, throws MachineHalt and unwinds to its entry.  A thread that never looks, in a loop of its
 * own or in native code, stays; its machine is not used again.
 *
 * Killing: how a machine goes when nobody is left to run it for, or it cannot go otherwise.  By a signal
 * that nothing can delay, to the whole process group: a thread in native code would keep an ordinary exit
 * waiting, and what a role started (a shell, a sleep) would outlive it.
 */

import { header, image_header, kthread, PARK, PHASE } from '../layout/records.ts';
import { notify, store } from '../layout/word.ts';
import { threadsOf } from '../dump/census.ts';
import { wakeHosts } from './control.ts';

/** Tells every thread to unwind. */
export function haltMachine(): void {
  store(header, image_header.halt, 1);
  store(header, image_header.phase, PHASE.halt);
  for (const t of threadsOf()) {
    store(t, kthread.park, PARK.nudged);
    notify(t, kthread.park, 1);
  }
  notify(header, image_header.halt, Infinity);
  notify(header, image_header.gate_open, Infinity);
  wakeHosts();
}

/** Asks the roles to come to their end. */
export function stopMachine(): void {
  store(header, image_header.phase, PHASE.stop);
  store(header, image_header.stop, 1);
}

/** Ends this process and everything it started, now. */
export function killMachine(): never {
  try {
    // The supervisor starts a machine as the leader of a group of its own.
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // It is not one: somebody else started it.
  }
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
}
