/*
 * The held stack: which locks a thread holds, since when, in the order it took them.
 *
 * It is the thread's own, in its record, written with plain stores next to the atomic instruction that
 * takes or frees the lock, which makes it visible.  A slot is live when its lock is not 0.
 *
 * The only thing on the heap is a cursor, the address of the next free slot, and it can be computed
 * from the slots.  Releases come in reverse order nearly always; the others close the gap.
 *
 * A reader of another thread may catch a mutex whose word names its owner while the slot is not yet
 * written, or already cleared.  The lock word rules: the slot adds since when.  For a read hold, which
 * leaves no name in the lock, the slot is all there is, so rw_enter() writes it before a thread can
 * block elsewhere, and that is all that deadlock detection needs.
 *
 * Cost, over the bare pair of compare-and-swaps: a tenth (bench lock-pair).  What got it there, from three
 * tenths: no variable of the module and no imported name on the way, but constants and the fields of one
 * constant object (word.ts says why).  Atomic stores here were measured at 61 ns a pair, against 28.
 */

import { HELD_MAX, header, image_header, kheld, kthread } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { get, put, stamp, sub, unstamp } from '../layout/word.ts';
import { panic } from './panic.ts';
import { curthread } from './thread.ts';

type Held = Ref<'kheld'>;

// Constants of this module: an imported name costs two loads more, each time.
const SLOT = kheld.$.size;
const CLOCK = header + image_header.clock;
const write_stamp = stamp;
const clear_stamp = unstamp;
if (kheld.lock !== 0 || kheld.since !== 4)
  throw new RangeError('stamp() writes kheld.lock, then .since');
/** What a hold is, for a lock that can be held in two ways. */
export const HOLD = { owner: 0, reader: 1, writer: 2 } as const;

/** The stack of curthread: where it begins and ends, and the next free slot. */
const stack = {} as { base: Held; limit: Held; cursor: Held };

/** Starts an empty stack for curthread. */
export function held_reset(): void {
  const base = sub(curthread, kthread.held);
  // Written once for each thread, and so taken for constants.
  if (stack.base !== base) {
    stack.base = base;
    stack.limit = (base + HELD_MAX * SLOT) as Held;
  }
  stack.cursor = base;
}

/** curthread took a mutex. */
export function held_push(lp: number): void {
  const slot = stack.cursor;
  if (slot >= stack.limit) panic(`too many locks held: ${HELD_MAX} is the limit`);
  write_stamp(slot, lp, CLOCK);
  stack.cursor = (slot + SLOT) as Held;
}

/** curthread took something that it may hold in more than one way. */
export function held_push_as(lp: number, mode: number): void {
  put(stack.cursor, kheld.mode, mode);
  held_push(lp);
}

/** curthread gives something up.  Silent when it does not hold it: the lock's own word says so best. */
export function held_pop(lp: number): void {
  const slot = (stack.cursor - SLOT) as Held;
  if (clear_stamp(slot, lp)) stack.cursor = slot;
  else held_remove(lp);
}

/** How curthread holds lp: one of HOLD, or -1. */
export function held_mode(lp: number): number {
  for (let slot = (stack.cursor - SLOT) as Held; slot >= stack.base; slot = (slot - SLOT) as Held) {
    if (get(slot, kheld.lock) === lp) return get(slot, kheld.mode);
  }
  return -1;
}

/** Changes how curthread holds lp: an upgrade or a downgrade. */
export function held_convert(lp: number, mode: number): void {
  for (let slot = (stack.cursor - SLOT) as Held; slot >= stack.base; slot = (slot - SLOT) as Held) {
    if (get(slot, kheld.lock) === lp) return put(slot, kheld.mode, mode);
  }
}

/** How many things curthread holds. */
export function held_count(): number {
  return (stack.cursor - stack.base) / SLOT;
}

/** Out of order: the ones above move down, top last, so that none is ever missing from the stack. */
function held_remove(lp: number): void {
  let slot = (stack.cursor - SLOT) as Held;
  while (slot >= stack.base && get(slot, kheld.lock) !== lp) slot = (slot - SLOT) as Held;
  if (slot < stack.base) return;
  for (; slot + SLOT < stack.cursor; slot = (slot + SLOT) as Held) {
    const above = (slot + SLOT) as Held;
    put(slot, kheld.since, get(above, kheld.since));
    put(slot, kheld.mode, get(above, kheld.mode));
    put(slot, kheld.lock, get(above, kheld.lock));
  }
  put(slot, kheld.lock, 0 as Ref<'sobj'>);
  stack.cursor = slot;
}
