/*
 * Startup: from a cleared image to one in which threads can run.
 *
 * The boot thread is row 0 of the thread table: the machine's main thread, which runs the workload's
 * boot() and check() as kernel code.  It must not block; there is nobody yet, or any more, to wake it.
 * Globals that are locks are made here, under their symbols' names, so that no workload has to.
 */

import { acquiresAt, bootImage, ringAt, threadAt, type BootOptions } from '../layout/image.ts';
import { linkedSymbols } from '../layout/linker.ts';
import {
  header,
  image_header,
  kbarrier,
  kcondvar,
  kmutex,
  kresource,
  krwlock,
  ksema,
  kthread,
  PHASE,
  SOBJ,
  THREAD,
  type TrackLevel,
} from '../layout/records.ts';
import { intern } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { add, get, put, store } from '../layout/word.ts';
import { held_reset } from './held.ts';
import { probe_attach } from './probe.ts';
import { sobj_init } from './sobj.ts';
import { thread_bind, thread_start } from './thread.ts';
import { track_events } from './track.ts';

const LOCKS: Readonly<Record<string, number>> = {
  [kmutex.$.name]: SOBJ.mutex,
  [krwlock.$.name]: SOBJ.rwlock,
  [kcondvar.$.name]: SOBJ.cv,
  [ksema.$.name]: SOBJ.sema,
  [kbarrier.$.name]: SOBJ.barrier,
  [kresource.$.name]: SOBJ.resource,
};

/** What a thread record says of the thread before it runs. */
export interface ThreadIdentity {
  readonly name: string;
  readonly role: string;
  readonly psargs: string;
  /** of THREAD */
  readonly flags: number;
}

/** Boots the image and makes the calling host thread its boot thread. */
export function kernel_boot(options: BootOptions): void {
  bootImage(options);
  for (const { name, address, size, type } of linkedSymbols()) {
    const kind = LOCKS[type];
    if (kind === undefined) continue;
    for (let at = address, i = 0; at < address + size; at += 64, i++) {
      sobj_init(at, kind, type, size === 64 ? name : `${name}[${i}]`);
    }
  }
  const t = thread_create({ name: 'boot', role: 'boot', psargs: 'sched', flags: THREAD.daemon });
  thread_attach(t, 'held');
}

/** Gives out the next thread record.  @throws RangeError when the table is full */
export function thread_create({ name, role, psargs, flags }: ThreadIdentity): Ref<'kthread'> {
  const index = add(header, image_header.thread_count, 1);
  if (index >= get(header, image_header.thread_rows)) {
    throw new RangeError(`thread_create: no row for ${name}: the table has ${index}`);
  }
  const t = threadAt(index);
  put(t, kthread.index, index);
  put(t, kthread.name, intern(name));
  put(t, kthread.role, intern(role));
  put(t, kthread.psargs, intern(psargs));
  put(t, kthread.flags, flags);
  put(t, kthread.cpu, -1);
  put(t, kthread.ring, ringAt(index));
  put(t, kthread.acquires, acquiresAt(index));
  return t;
}

/** Makes the calling host thread run as t. */
export function thread_attach(t: Ref<'kthread'>, track: TrackLevel): void {
  thread_bind(t);
  held_reset();
  if (track === 'held') probe_attach(undefined);
  else track_events();
  thread_start();
}

/** Ends the boot: from here on the image belongs to its threads. */
export function kernel_ready(): void {
  store(header, image_header.phase, PHASE.gate);
}
