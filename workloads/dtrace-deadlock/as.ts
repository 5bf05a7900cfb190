/*
 * Address spaces: a list of mappings, and a lock.
 *
 * a_lock is taken as a writer by whoever changes the list, and by prgetmap(), which wants it to hold
 * still.  It comes after P_PR_LOCK: who takes it from outside the process has locked the process first.
 * The process itself changes its own mappings without P_PR_LOCK, so /proc must expect to find a_lock
 * taken, and then tries again later (procfs.ts).
 *
 * What a mapping maps is not modelled, with two exceptions: a_text, a page of instructions for DTrace to
 * put its traps in, and the segments of System V shared memory (shm.ts), whose bytes are real.
 */

import {
  bits,
  copyBytes,
  embed,
  fillBytes,
  get,
  kmem_alloc,
  kmem_free,
  kmem_zalloc,
  krwlock,
  put,
  ref,
  rw_destroy,
  rw_enter,
  rw_exit,
  RW_WRITER,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { part_rwlock } from './parts.ts';

/** seg.s_flags: the MA_ bits of sys/procfs.h that a map shows. */
export const MA = {
  EXEC: 0x01,
  WRITE: 0x02,
  READ: 0x04,
  SHARED: 0x08,
  ANON: 0x40,
  SHM: 0x200,
} as const;
/** Bytes of text that can be instrumented. */
export const TEXT_BYTES = 1024;

export const seg = struct('seg', {
  s_next: ref('seg'),
  s_base: u32,
  s_size: u32,
  s_flags: bits({ 1: 'EXEC', 2: 'WRITE', 4: 'READ', 8: 'SHARED', 0x40: 'ANON' }),
  s_ino: u32, //   the file behind it
  s_offset: u32,
});
export const as_t = struct('as_t', {
  a_lock: embed(krwlock),
  a_segs: ref('seg'), //  in address order
  a_nsegs: u32,
  a_size: u32,
  a_text: u32,
});
type As = Ref<'as_t'>;
type Seg = Ref<'seg'>;

const HOLE = 0x1000; // between mappings

/** An empty address space with a page of text, or NULL. */
export function as_alloc(): As {
  const as = kmem_zalloc(as_t.$.size) as As;
  if (as === 0) return as;
  const text = kmem_alloc(TEXT_BYTES);
  if (text === 0) {
    kmem_free(as, as_t.$.size);
    return 0 as As;
  }
  fillBytes(text, TEXT_BYTES, 0x90);
  part_rwlock(sub(as, as_t.a_lock), 'a_lock');
  put(as, as_t.a_text, text);
  return as;
}

export function as_free(as: As): void {
  const lock = sub(as, as_t.a_lock);
  rw_enter(lock, RW_WRITER);
  for (let s = get(as, as_t.a_segs); s !== 0;) {
    const next = get(s, seg.s_next);
    kmem_free(s, seg.$.size);
    s = next;
  }
  rw_exit(lock);
  rw_destroy(lock);
  kmem_free(get(as, as_t.a_text), TEXT_BYTES);
  kmem_free(as, as_t.$.size);
}

/** Maps size bytes behind the last mapping.  @returns their address, or 0 */
export function as_map(as: As, size: number, flags: number, ino: number): number {
  const lock = sub(as, as_t.a_lock);
  rw_enter(lock, RW_WRITER);
  const last = as_last(as);
  const base = last === 0 ? 0x400000 : get(last, seg.s_base) + get(last, seg.s_size) + HOLE;
  const s = kmem_zalloc(seg.$.size) as Seg;
  if (s !== 0) {
    put(s, seg.s_base, base);
    put(s, seg.s_size, size);
    put(s, seg.s_flags, flags);
    put(s, seg.s_ino, ino);
    as_link(as, last, s);
  }
  rw_exit(lock);
  return s === 0 ? 0 : base;
}

/** Takes the last mapping away again: a heap that shrinks. */
export function as_unmap_last(as: As): void {
  const lock = sub(as, as_t.a_lock);
  rw_enter(lock, RW_WRITER);
  const last = as_last(as);
  let before = get(as, as_t.a_segs);
  if (last !== 0 && before !== last) {
    while (get(before, seg.s_next) !== last) before = get(before, seg.s_next);
    put(before, seg.s_next, 0 as Seg);
    put(as, as_t.a_nsegs, get(as, as_t.a_nsegs) - 1);
    put(as, as_t.a_size, get(as, as_t.a_size) - get(last, seg.s_size));
    kmem_free(last, seg.$.size);
  }
  rw_exit(lock);
}

/** Copies the mappings and the text, traps and all.  @returns whether there was memory for it */
export function as_dup(from: As, to: As): boolean {
  const lock = sub(from, as_t.a_lock);
  rw_enter(lock, RW_WRITER);
  copyBytes(get(from, as_t.a_text), get(to, as_t.a_text), TEXT_BYTES);
  let last = 0 as Seg;
  let s = get(from, as_t.a_segs);
  for (; s !== 0; s = get(s, seg.s_next)) {
    const copy = kmem_alloc(seg.$.size) as Seg;
    if (copy === 0) break;
    copyBytes(s, copy, seg.$.size);
    put(copy, seg.s_next, 0 as Seg);
    as_link(to, last, copy);
    last = copy;
  }
  rw_exit(lock);
  return s === 0;
}

function as_last(as: As): Seg {
  let last = get(as, as_t.a_segs);
  while (last !== 0 && get(last, seg.s_next) !== 0) last = get(last, seg.s_next);
  return last;
}

function as_link(as: As, last: Seg, s: Seg): void {
  if (last === 0) put(as, as_t.a_segs, s);
  else put(last, seg.s_next, s);
  put(as, as_t.a_nsegs, get(as, as_t.a_nsegs) + 1);
  put(as, as_t.a_size, get(as, as_t.a_size) + get(s, seg.s_size));
}
