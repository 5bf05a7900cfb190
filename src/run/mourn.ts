/*
 * Mourning: writing down the end of a thread that could not do it itself.
 *
 * A role that returns or throws says so in its record (role.ts), and so does one that calls
 * process.exit().  One that is terminated does not, nor one whose heap is full.  Whoever learns of it, the
 * main thread or the watchdog, writes it for the dead, so that the watchdog finds the locks it left behind
 * by looking at the image, as it finds everything.
 */

import { image_header, header, kthread, TS } from '../layout/records.ts';
import { intern } from '../layout/strings.ts';
import { get, load, put, store } from '../layout/word.ts';
import { threadsOf } from '../dump/census.ts';

/** @param reason one of EXIT */
export function mourn(threadId: number, reason: number, message: string): void {
  for (const t of threadsOf()) {
    if (get(t, kthread.thread_id) !== threadId || load(t, kthread.state) === TS.zomb) continue;
    put(t, kthread.exit_reason, reason);
    put(t, kthread.exit_message, intern(message));
    put(t, kthread.exit_time, get(header, image_header.clock));
    store(t, kthread.state, TS.zomb);
  }
}
