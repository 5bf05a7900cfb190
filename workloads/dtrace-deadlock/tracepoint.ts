/*
 * fasttrap: tracepoints, the traps in the text of a process.
 *
 * Enabled tracepoints are in the buckets of fasttrap_tpoints, by process and address, where the trap
 * handler would look for them.  The text is written with a_lock held as a reader.  The process is locked
 * (P_PR_LOCK) while this goes on, or it is gone: then there is no text any more.
 */

import {
  embed,
  get,
  global,
  kmutex,
  mutex_enter,
  mutex_exit,
  mutex_init,
  peek8,
  poke8,
  put,
  ref,
  rw_enter,
  rw_exit,
  RW_READER,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { as_t, TEXT_BYTES } from './as.ts';
import { proc_t } from './proc.ts';

const BUCKETS = 64;
/** The one-byte trap: int3. */
export const TRAP = 0xcc;

export const tracepoint = struct('fasttrap_tracepoint_t', {
  ftt_next: ref('fasttrap_tracepoint_t'),
  ftt_pid: u32,
  ftt_pc: u32, //     an offset in a_text
  ftt_instr: u32, //  what was there
});
export const tracepoint_bucket = struct('fasttrap_tpoint_bucket_t', {
  ftb_mtx: embed(kmutex),
  ftb_data: ref('fasttrap_tracepoint_t'),
});
type Tracepoint = Ref<'fasttrap_tracepoint_t'>;
type Bucket = Ref<'fasttrap_tpoint_bucket_t'>;
type Proc = Ref<'proc_t'>;

const fasttrap_tpoints = global('fasttrap_tpoints', tracepoint_bucket, BUCKETS);

/** Boot. */
export function tracepoint_setup(): void {
  for (let i = 0; i < BUCKETS; i++) {
    const lock = sub(bucket_at(i), tracepoint_bucket.ftb_mtx);
    mutex_init(lock, `fasttrap_tpoints[${i}].ftb_mtx`);
  }
}

function bucket_at(i: number): Bucket {
  return (fasttrap_tpoints + i * tracepoint_bucket.$.size) as Bucket;
}

function bucket_of(tp: Tracepoint): Bucket {
  const hash = get(tp, tracepoint.ftt_pid) * 7 + (get(tp, tracepoint.ftt_pc) >> 3);
  return bucket_at(hash % BUCKETS);
}

/** Puts a trap into the text of p, which is locked. */
export function fasttrap_tracepoint_enable(p: Proc, tp: Tracepoint): void {
  const bucket = bucket_of(tp);
  mutex_enter(sub(bucket, tracepoint_bucket.ftb_mtx));
  put(tp, tracepoint.ftt_next, get(bucket, tracepoint_bucket.ftb_data));
  put(bucket, tracepoint_bucket.ftb_data, tp);
  put(tp, tracepoint.ftt_instr, uwrite(p, get(tp, tracepoint.ftt_pc), TRAP));
  put(p, proc_t.p_dtrace_count, get(p, proc_t.p_dtrace_count) + 1);
  mutex_exit(sub(bucket, tracepoint_bucket.ftb_mtx));
}

/** Takes it out again.  @param p the locked process, or NULL when it is gone */
export function fasttrap_tracepoint_disable(p: Proc, tp: Tracepoint): void {
  const bucket = bucket_of(tp);
  mutex_enter(sub(bucket, tracepoint_bucket.ftb_mtx));
  let at = get(bucket, tracepoint_bucket.ftb_data);
  if (at === tp) put(bucket, tracepoint_bucket.ftb_data, get(tp, tracepoint.ftt_next));
  else {
    while (get(at, tracepoint.ftt_next) !== tp) at = get(at, tracepoint.ftt_next);
    put(at, tracepoint.ftt_next, get(tp, tracepoint.ftt_next));
  }
  if (p !== 0) {
    uwrite(p, get(tp, tracepoint.ftt_pc), get(tp, tracepoint.ftt_instr));
    put(p, proc_t.p_dtrace_count, get(p, proc_t.p_dtrace_count) - 1);
  }
  mutex_exit(sub(bucket, tracepoint_bucket.ftb_mtx));
}

/** A child has the text of its parent, traps and all, and is not traced: takes them out of it. */
export function fasttrap_fork(parent: Proc, child: Proc): void {
  const pid = get(parent, proc_t.p_pid);
  for (let i = 0; i < BUCKETS; i++) {
    mutex_enter(sub(bucket_at(i), tracepoint_bucket.ftb_mtx));
    let tp = get(bucket_at(i), tracepoint_bucket.ftb_data);
    for (; tp !== 0; tp = get(tp, tracepoint.ftt_next)) {
      if (get(tp, tracepoint.ftt_pid) !== pid) continue;
      uwrite(child, get(tp, tracepoint.ftt_pc), get(tp, tracepoint.ftt_instr));
    }
    mutex_exit(sub(bucket_at(i), tracepoint_bucket.ftb_mtx));
  }
}

/** Writes a byte into the text of a process.  @returns what was there */
function uwrite(p: Proc, pc: number, byte: number): number {
  const as = get(p, proc_t.p_as);
  rw_enter(sub(as, as_t.a_lock), RW_READER);
  const at = get(as, as_t.a_text) + pc;
  const was = peek8(at);
  poke8(at, byte);
  rw_exit(sub(as, as_t.a_lock));
  return was;
}

/** How many traps are in the text of a process. */
export function trap_count(p: Proc): number {
  const text = get(get(p, proc_t.p_as), as_t.a_text);
  let traps = 0;
  for (let pc = 0; pc < TEXT_BYTES; pc++) if (peek8(text + pc) === TRAP) traps++;
  return traps;
}
