/*
 * What the image of a dump says besides its JSON, as plain objects: the last events of the threads, and the course of a
 * controlled run.
 *
 * To read them takes a debugger (memory, symbols, types), which is mdb's (mdb/inside.ts); a report may not know
 * mdb.  So both know this, and the command line hands the reader to the report.
 */

import type { Course } from './course.ts';

/** One event of a thread's ring. */
export interface RingEvent {
  /** id of the thread whose ring it is in */
  readonly thread: number;
  /** orders the events of all threads */
  readonly seq: number;
  /** milliseconds before the machine was stopped */
  readonly ago_ms: number;
  /** block, wake, acquire …: kernel/ring.ts */
  readonly kind: string;
  /** the name of what it was done to; '' for nothing */
  readonly object: string;
  /** the thread it met there, or the text of a remark; '' for neither */
  readonly remark: string;
}

export interface Inside {
  /** undefined for a free run */
  readonly course: Course | undefined;
  /** in order; none where the dump has no rings */
  readonly events: readonly RingEvent[];
}
