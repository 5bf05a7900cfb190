/*
 * Kernel memory: page-granular, with guard pages where the real kernel has them.
 *
 *     size            comes from                                 what is behind its end
 *     -------------   ----------------------------------------   ---------------------------------
 *     ≤ 2 KiB         a cache of its size class, part of a page  the next buffer
 *     ≤ 128 KiB       whole pages                                slack of the last page, then anything
 *     > 128 KiB       whole pages of the oversize arena          slack, then one page never mapped
 *
 * The unmapped page is not a debugging aid: kmem_oversize is backed by the firewall arena even in a
 * production kernel (FACTS A.5).  So a copy that runs past an oversize buffer is harmless as long as it
 * stays in the slack, and traps at the first byte of the guard page.  Bug 4997 is exactly that, one
 * header of 184 bytes too many, and its report's fault is 0x100000 bytes into a buffer of 0xfff71.
 *
 *     pagemap byte    the page is
 *     ------------    -------------------------------------------
 *     FREE            unmapped: nobody's
 *     SLAB            cut into buffers of one size class
 *     RUN             part of an allocation of whole pages
 *     GUARD           unmapped: behind an oversize buffer
 *
 * Only bcopy() checks its addresses, as only it is used to fill buffers whose size was computed
 * elsewhere; field accesses are not checked, and cost nothing for it.
 *
 * One lock, kmem_lock, guards the arena.  kmem_alloc() never sleeps for memory: none means NULL.
 */

import { header, image_header, PAGE } from '../layout/records.ts';
import { global } from '../layout/linker.ts';
import { struct, u32 } from '../layout/struct.ts';
import { kmutex } from '../layout/records.ts';
import { add, copyBytes, fillBytes, get, peek, peek8, poke, poke8, put } from '../layout/word.ts';
import { mutex_enter, mutex_exit } from './mutex.ts';
import { panic } from './panic.ts';
import { curthread } from './thread.ts';

/** Above this many bytes a buffer is oversize, and has a guard page behind it. */
export const KMEM_OVERSIZE = 128 * 1024;
const SLAB_MAX = 2048;
const CLASSES = [32, 64, 96, 128, 192, 256, 320, 384, 512, 768, 1024, 2048];

const FREE = 0;
const SLAB = 1;
const RUN = 2;
const GUARD = 3;

const kmem_arena = struct(
  'kmem_arena',
  {
    hint: u32, //      no page below this one is free
    allocs: u32,
    frees: u32,
    failed: u32,
    in_use: u32, //    pages that are not free
    reserved: u32, //  then one free-list head for each size class
  },
  24 + 4 * CLASSES.length,
);

/** Guards the arena and the caches. */
export const kmem_lock = global('kmem_lock', kmutex);
const kmem = global('kmem', kmem_arena);
const HEADS = kmem + 24;

/** size -> class, in steps of 32 bytes */
const classOf = Uint8Array.from({ length: SLAB_MAX / 32 + 1 }, (_, i) =>
  CLASSES.findIndex((size) => size >= i * 32),
);

/** kmem_alloc(9F) with KM_NOSLEEP.  @param size bytes @returns the buffer's address, or 0 */
export function kmem_alloc(size: number): number {
  mutex_enter(kmem_lock);
  // A size is a size_t: less than nothing is more than there is.
  const at = !(size >= 0) ? 0 : size <= SLAB_MAX ? slab_alloc(size) : run_alloc(size);
  const counter = at === 0 ? kmem_arena.failed : kmem_arena.allocs;
  put(kmem, counter, (get(kmem, counter) + 1) | 0);
  mutex_exit(kmem_lock);
  return at;
}

/** The same, zeroed. */
export function kmem_zalloc(size: number): number {
  const at = kmem_alloc(size);
  if (at !== 0) fillBytes(at, size <= SLAB_MAX ? size : pages(size) * PAGE, 0);
  return at;
}

/**
 * kmem_free(9F): the size must be the one that was asked for.  Panics on an address at which no buffer of
 * that size begins, as far as the page map can tell.
 */
export function kmem_free(at: number, size: number): void {
  mutex_enter(kmem_lock);
  put(kmem, kmem_arena.frees, (get(kmem, kmem_arena.frees) + 1) | 0);
  if (!begins_at(at, size)) {
    panic(`kmem_free: bad address, addr=${at.toString(16)} size=${size}`);
  }
  if (size <= SLAB_MAX) {
    const head = HEADS + 4 * classOf[(size + 31) >> 5]!;
    poke(at, peek(head));
    poke(head, at);
  } else {
    const n = pages(size) + (size > KMEM_OVERSIZE ? 1 : 0);
    const first = page_byte(at) - get(header, image_header.pagemap);
    fillBytes(page_byte(at), n, FREE);
    if (first < get(kmem, kmem_arena.hint)) put(kmem, kmem_arena.hint, first);
    put(kmem, kmem_arena.in_use, get(kmem, kmem_arena.in_use) - n);
  }
  mutex_exit(kmem_lock);
}

/**
 * bcopy(9F).  Copies up to the first byte whose page is not mapped, on either side, and traps there.
 * @param length bytes
 */
export function bcopy(from: number, to: number, length: number): void {
  const readable = mapped(from, length);
  const stop = Math.min(readable, mapped(to, length));
  copyBytes(from, to, stop);
  if (stop < length) trap((readable === stop ? from : to) + stop);
}

/** Whether an address is in the heap and on a page that is mapped. */
export function kmem_mapped(at: number): boolean {
  const state = page_state(at);
  return state === SLAB || state === RUN;
}

/** A page fault that nobody catches.  The text is the kernel's (FACTS C.9). */
function trap(addr: number): never {
  add(header, image_header.faults, 1);
  const null_deref =
    addr < PAGE ? ' occurred in module "unix" due to a NULL pointer dereference' : '';
  return panic(
    `BAD TRAP: type=e (#pf Page fault) rp=${curthread.toString(16)} addr=${addr.toString(16)}${null_deref}`,
    addr,
  );
}

/** How many bytes from `at` on, at most `length`, are mapped: of what is below the heap, all but the first page. */
function mapped(at: number, length: number): number {
  if (at < PAGE) return 0;
  let sure = Math.min(length, Math.max(0, get(header, image_header.heap) - at));
  while (sure < length && kmem_mapped(at + sure)) sure += PAGE - ((at + sure) % PAGE);
  return Math.min(sure, length);
}

/** Whether a buffer of that size can begin at an address. */
function begins_at(at: number, size: number): boolean {
  if (size <= SLAB_MAX) {
    const each = CLASSES[classOf[(size + 31) >> 5]!]!;
    return page_state(at) === SLAB && (at % PAGE) % each === 0;
  }
  const end = at + pages(size) * PAGE;
  return (
    at % PAGE === 0 &&
    page_state(at) === RUN &&
    page_state(end - PAGE) === RUN &&
    (size <= KMEM_OVERSIZE || page_state(end) === GUARD)
  );
}

function pages(size: number): number {
  return Math.ceil(size / PAGE);
}

function page_byte(at: number): number {
  return (
    get(header, image_header.pagemap) + Math.floor((at - get(header, image_header.heap)) / PAGE)
  );
}

function page_state(at: number): number {
  const page = Math.floor((at - get(header, image_header.heap)) / PAGE);
  if (page < 0 || page >= get(header, image_header.heap_pages)) return FREE;
  return peek8(get(header, image_header.pagemap) + page);
}

function slab_alloc(size: number): number {
  const index = classOf[(size + 31) >> 5]!;
  const head = HEADS + 4 * index;
  if (peek(head) === 0) {
    const page = page_run(1, 0);
    if (page === 0) return 0;
    poke8(page_byte(page), SLAB);
    const each = CLASSES[index]!;
    for (let at = page + (Math.floor(PAGE / each) - 1) * each; at >= page; at -= each) {
      poke(at, peek(head));
      poke(head, at);
    }
  }
  const at = peek(head);
  poke(head, peek(at));
  return at;
}

function run_alloc(size: number): number {
  return page_run(pages(size), size > KMEM_OVERSIZE ? 1 : 0);
}

/**
 * First fit: n pages, and guard pages behind them.  The lowest that fit, so that a machine touches no more of
 * its heap than it needs: what was touched must be cleared by the next boot.
 */
function page_run(n: number, guards: number): number {
  const map = get(header, image_header.pagemap);
  const total = get(header, image_header.heap_pages);
  const hint = get(kmem, kmem_arena.hint);
  let start = hint;
  for (let page = hint; page < total; page++) {
    if (peek8(map + page) !== FREE) {
      start = page + 1;
      continue;
    }
    const end = start + n + guards;
    if (page + 1 < end) continue;
    fillBytes(map + start, n, RUN);
    fillBytes(map + start + n, guards, GUARD);
    if (start === hint) put(kmem, kmem_arena.hint, end);
    put(kmem, kmem_arena.in_use, get(kmem, kmem_arena.in_use) + n + guards);
    if (end > get(header, image_header.heap_high)) put(header, image_header.heap_high, end);
    return get(header, image_header.heap) + start * PAGE;
  }
  return 0;
}
