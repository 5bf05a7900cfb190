/*
 * A snapshot: the image as it was behind boot(), so that the next trial can begin there again.
 *
 * A boot makes a trial what it is, but it is the work of the main thread, and takes hundreds of microseconds.  Trials of
 * a controlled run all have the same boot, so it is done once, and each further trial rewinds the image to what it
 * left: a copy of what a trial can have touched, by whichever thread ended the one before.
 *
 *     what                       is rewound to
 *     ------------------------   ---------------------------------------------------
 *     globals, thread records    the snapshot
 *     event rings                what boot() left in them
 *     symbols                    the snapshot's rows; those behind them do not count
 *     strings                    the snapshot's end; what lies behind it is dead
 *     heap, page map             the snapshot, and nothing in the pages behind it
 *     outcomes                   not at all: they are counted for the whole series
 *     the header                 the words below; the others are the machine's, not the trial's
 *
 * Nobody may be in the kernel while it happens.  What is interned before a rewind is gone after it, so the image's
 * epoch moves (strings.ts).
 */

import { BSS_BASE, linkedEnd } from './linker.ts';
import { header, image_header, kevent, ksymbol, kthread, PAGE, RING_EVENTS } from './records.ts';
import { ringAt, threadAt } from './image.ts';
import { boundImage, fillBytes, get, put, store } from './word.ts';

/** Words of the header that a trial changes. */
const WORDS = [
  image_header.stop,
  image_header.clock,
  image_header.event_seq,
  image_header.faults,
  image_header.symbol_count,
  image_header.symbols_lost,
  image_header.strings_next,
  image_header.heap_high,
  image_header.gate_time,
] as const;

/** Each thread has one of its own over the same copy. */
export class Snapshot {
  private readonly image: Int32Array;
  private readonly copy: Int32Array;
  /** what is copied back, as [first word, words] */
  private regions: readonly (readonly [first: number, saved: Int32Array])[] = [];
  private boot = -1;

  /** @param copy as large as the image, and not looked at by anybody else */
  constructor(copy: SharedArrayBuffer) {
    this.image = new Int32Array(boundImage());
    this.copy = new Int32Array(copy);
  }

  /** Keeps the image as it is.  The main thread's, behind boot(). */
  take(): void {
    this.copy.set(this.image.subarray(0, PAGE >> 2));
    for (const [first, saved] of this.all()) {
      saved.set(this.image.subarray(first, first + saved.length));
    }
  }

  /** Makes the image what it was. */
  rewind(): void {
    const { image, copy } = this;
    const boot = get(header, image_header.boot);
    if (boot !== this.boot) {
      this.boot = boot;
      this.regions = this.all();
    }
    const rows = get(header, image_header.thread_count);
    for (let i = 0; i < rows; i++) {
      // What boot() left in a ring stays, as long as the trial did not come round to it.
      const written = get(threadAt(i), kthread.ring_next);
      const kept = copy[(threadAt(i) + kthread.ring_next) >> 2]!;
      const first = written > RING_EVENTS ? 0 : Math.min(kept, RING_EVENTS);
      const last = Math.min(written, RING_EVENTS);
      if (last > first) {
        fillBytes(ringAt(i) + first * kevent.$.size, (last - first) * kevent.$.size, 0);
      }
    }
    const before = copy[image_header.heap_high >> 2]!;
    const touched = get(header, image_header.heap_high) - before;
    if (touched > 0) {
      fillBytes(get(header, image_header.pagemap) + before, touched, 0);
      fillBytes(get(header, image_header.heap) + before * PAGE, touched * PAGE, 0);
    }
    for (const [first, saved] of this.regions) image.set(saved, first);
    for (const field of WORDS) put(header, field, copy[field >> 2]!);
    put(header, image_header.epoch, (get(header, image_header.epoch) + 1) | 0);
    store(header, image_header.finished, 0);
  }

  /** The parts of the image that are copied, by what was in use when the snapshot was taken. */
  private all(): [first: number, saved: Int32Array][] {
    const { copy } = this;
    const pages = copy[image_header.heap_high >> 2]!;
    const symbols = Math.min(
      copy[image_header.symbol_count >> 2]!,
      get(header, image_header.symbol_rows),
    );
    const threads = get(header, image_header.threads);
    return [
      [BSS_BASE, linkedEnd() - BSS_BASE],
      [threads, get(header, image_header.thread_count) * kthread.$.size],
      [get(header, image_header.symbols), symbols * ksymbol.$.size],
      [get(header, image_header.pagemap), Math.ceil(pages / 4) * 4],
      [get(header, image_header.heap), pages * PAGE],
    ].map(([from = 0, bytes = 0]) => {
      const first = from >> 2;
      return [first, copy.subarray(first, first + Math.ceil(bytes / 4))];
    });
  }
}
