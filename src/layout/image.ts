/*
 * The image: the one SharedArrayBuffer in which a machine lives.
 *
 *     address        what                                     cleared by a boot
 *     -----------    --------------------------------------   -----------------
 *     0              image_header                             but for geometry
 *     BSS_BASE       globals, at the linker's addresses       yes
 *     .threads       kthread records                          yes
 *     then           an event ring for each                   yes
 *     .symbols       ksymbol rows: globals, registered locks  yes
 *     .outcomes      koutcome rows, a line each               yes
 *     .strings       the string table                         its end only
 *     .baton         of a controlled run: see run/baton.ts    no: trials go on from each other
 *     .noise         of a run with noise: sched/noise.ts       no: the same
 *     .acquires      of a tracked run: kernel/track.ts         yes
 *     .pagemap       a byte for each heap page                yes
 *     .heap          pages                                    those touched
 *
 * A machine boots often (each trial is a boot) and starts once, so a boot must cost less than a trial:
 * it clears what was touched and no more.  Threads must be out of the kernel while it runs, and nobody may watch:
 * for a moment the image is undecided and still of the last boot (run/orders.ts sees to that).
 *
 * Two clocks.  The clock word ticks every 100 us as the watchdog gets to it, since asking the host for
 * the time costs more than a lock; it restarts at each boot.
 */

import { BSS_BASE, BSS_BYTES, linkedEnd, linkedSum, linkedSymbols } from './linker.ts';
import { histogram } from './histogram.ts';
import { intern } from './strings.ts';
import {
  header,
  image_header,
  kevent,
  koutcome,
  kthread,
  ksymbol,
  PAGE,
  PHASE,
  RING_EVENTS,
  TRACK,
  type TrackLevel,
} from './records.ts';
import { kbaton, kchoice, khost, kturn, ktrial } from './control-records.ts';
import type { Ref } from './struct.ts';
import { add, bindWords, fillBytes, get, getText, load, put, putText, store } from './word.ts';

export const IMAGE_MAGIC = 'gridlock';
export const IMAGE_VERSION = 1;
const STRING_BYTES = 64 * PAGE;
const SYMBOL_ROWS = 4096;
const OUTCOME_ROWS = 64;
/** A row of .acquires: whole cache lines, so that no two threads write to one. */
const HISTOGRAM_BYTES = up(histogram.$.size, 64);

export interface Geometry {
  /** thread records, the boot thread not counted */
  readonly threads: number;
  /** heap, in bytes; rounded up to pages */
  readonly heapBytes: number;
  /** for a controlled run: choices that are logged, words of the strategy, and trials in a row */
  readonly controlled?: {
    readonly choices: number;
    readonly strategyWords: number;
    readonly trials: number;
  };
  /** for a run with noise: its words */
  readonly noiseWords?: number;
  /** whether there is room for how long each thread's acquires took */
  readonly acquires?: boolean;
}

function up(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** Makes an image of the given geometry and binds this thread to it.  boot() must follow. */
export function createImage({
  threads,
  heapBytes,
  controlled,
  noiseWords = 0,
  acquires = false,
}: Geometry): SharedArrayBuffer {
  const rows = threads + 1;
  const threadBase = BSS_BASE + BSS_BYTES;
  const ringBase = threadBase + rows * kthread.$.size;
  const symbolBase = up(ringBase + rows * RING_EVENTS * kevent.$.size, 64);
  const outcomeBase = up(symbolBase + SYMBOL_ROWS * ksymbol.$.size, 64);
  const strings = outcomeBase + OUTCOME_ROWS * koutcome.$.size;
  const heapPages = up(heapBytes, PAGE) / PAGE;
  const baton = up(strings + STRING_BYTES, 64);
  const turns = baton + kbaton.$.size;
  const hosts = up(turns + rows * kturn.$.size, 64);
  const trials = hosts + rows * khost.$.size;
  const log = trials + ktrial.$.size * (controlled?.trials ?? 0);
  const strategy = log + kchoice.$.size * (controlled?.choices ?? 0);
  const batonEnd = strategy + 4 * (controlled?.strategyWords ?? 0);
  const noise = controlled === undefined ? baton : up(batonEnd, 64);
  const histograms = noise + up(4 * noiseWords, 64);
  const pagemap = histograms + (acquires ? rows * HISTOGRAM_BYTES : 0);
  const heap = up(pagemap + heapPages, PAGE);
  const size = heap + heapPages * PAGE;

  const image = new SharedArrayBuffer(size);
  bindWords(image);
  putText(header, image_header.magic, 9, IMAGE_MAGIC);
  const geometry = [
    [image_header.version, IMAGE_VERSION],
    [image_header.size_pages, size / PAGE],
    [image_header.bss, BSS_BASE],
    [image_header.bss_end, linkedEnd()],
    [image_header.bss_sum, linkedSum()],
    [image_header.thread_rows, rows],
    [image_header.symbol_rows, SYMBOL_ROWS],
    [image_header.outcome_rows, OUTCOME_ROWS],
    [image_header.strings, strings],
    [image_header.strings_next, strings],
    [image_header.strings_end, strings + STRING_BYTES],
    [image_header.pagemap, pagemap],
    [image_header.heap, heap],
    [image_header.heap_pages, heapPages],
  ] as const;
  for (const [field, value] of geometry) put(header, field, value);
  if (controlled !== undefined) {
    const at = baton as Ref<'kbaton'>;
    put(header, image_header.baton, at);
    put(at, kbaton.turns, turns as Ref<'kturn'>);
    put(at, kbaton.hosts, hosts as Ref<'khost'>);
    put(at, kbaton.trials, trials as Ref<'ktrial'>);
    put(at, kbaton.log, log as Ref<'kchoice'>);
    put(at, kbaton.steps_max, controlled.choices >> 1);
    put(at, kbaton.strategy, strategy);
    put(at, kbaton.strategy_words, controlled.strategyWords);
  }
  if (noiseWords > 0) put(header, image_header.noise, noise);
  if (acquires) put(header, image_header.acquires, histograms as Ref<'histogram'>);
  put(header, image_header.threads, threadBase as Ref<'kthread'>);
  put(header, image_header.symbols, symbolBase as Ref<'ksymbol'>);
  put(header, image_header.outcomes, outcomeBase as Ref<'koutcome'>);
  return image;
}

/**
 * Binds this thread to an image that another thread made.
 * @throws Error when it is no image, or when this thread's globals lie elsewhere than the maker's
 */
export function attachImage(image: SharedArrayBuffer): void {
  bindWords(image);
  if (image.byteLength < PAGE || getText(header, image_header.magic, 8) !== IMAGE_MAGIC) {
    throw new Error(`attach: this buffer of ${image.byteLength} bytes is no gridlock image`);
  }
  const theirs = get(header, image_header.bss_end);
  if (theirs !== linkedEnd() || get(header, image_header.bss_sum) !== linkedSum()) {
    throw new Error(
      `attach: the ${linkedSymbols().length} globals of this thread end at ${linkedEnd()}, those of the image at ` +
        `${theirs}, and are not the same: modules were imported in another order here (a conditional import?)`,
    );
  }
}

export interface BootOptions {
  readonly seed: number;
  readonly track: TrackLevel;
  /** panic "Deadlock: cycle in blocking chain" when a block closes a cycle of mutexes */
  readonly panicOnCycle: boolean;
}

/** Clears what the last trial touched and makes the image ready for the next one. */
export function bootImage({ seed, track, panicOnCycle }: BootOptions): void {
  const threads = get(header, image_header.threads);
  const outcomesEnd = get(header, image_header.outcomes) + OUTCOME_ROWS * koutcome.$.size;
  const symbols = get(header, image_header.symbols);
  const symbolsUsed = Math.min(get(header, image_header.symbol_count), SYMBOL_ROWS);

  fillBytes(BSS_BASE, BSS_BYTES, 0);
  fillBytes(threads, symbols - threads, 0);
  fillBytes(symbols, symbolsUsed * ksymbol.$.size, 0);
  fillBytes(
    get(header, image_header.outcomes),
    outcomesEnd - get(header, image_header.outcomes),
    0,
  );
  const histograms = get(header, image_header.acquires);
  if (histograms !== 0)
    fillBytes(histograms, get(header, image_header.thread_rows) * HISTOGRAM_BYTES, 0);
  const high = get(header, image_header.heap_high);
  fillBytes(get(header, image_header.pagemap), high, 0);
  fillBytes(get(header, image_header.heap), high * PAGE, 0);

  const { seed: seedField, stop, halt, clock } = image_header;
  for (const field of [
    halt,
    stop,
    clock,
    image_header.panic_thread,
    image_header.panic_message,
    image_header.panic_address,
    image_header.nmi_wanted,
    image_header.gate_arrived,
    image_header.gate_open,
    image_header.finished,
    image_header.judge,
    image_header.gate_time,
    image_header.doorbell,
    image_header.event_seq,
    image_header.faults,
    image_header.symbol_count,
    image_header.symbols_lost,
    image_header.thread_count,
    image_header.heap_high,
  ]) {
    store(header, field, 0);
  }
  put(header, image_header.strings_next, get(header, image_header.strings) + 4);
  put(header, seedField, seed);
  put(header, image_header.track, TRACK[track]);
  put(header, image_header.features, panicOnCycle ? 1 : 0);
  store(header, image_header.boot, get(header, image_header.boot) + 1);
  put(header, image_header.epoch, (get(header, image_header.epoch) + 1) | 0);
  store(header, image_header.phase, PHASE.boot);
  for (const { name, address, size, type } of linkedSymbols()) addSymbol(name, address, size, type);
}

/** Adds a row to the symbol table; a full table counts the loss and goes on. */
export function addSymbol(name: string, address: number, size: number, type: string): void {
  const row = add(header, image_header.symbol_count, 1);
  if (row >= SYMBOL_ROWS) {
    add(header, image_header.symbols_lost, 1);
    return;
  }
  const at = symbolAt(row);
  put(at, ksymbol.size, size);
  put(at, ksymbol.name, intern(name));
  put(at, ksymbol.type, intern(type));
  store(at, ksymbol.address, address);
}

/** Row i of the symbol table. */
export function symbolAt(i: number): Ref<'ksymbol'> {
  return (get(header, image_header.symbols) + i * ksymbol.$.size) as Ref<'ksymbol'>;
}

/** Rows in use. */
export function symbolCount(): number {
  return Math.min(load(header, image_header.symbol_count), SYMBOL_ROWS);
}

/** Row i of the thread table; 0 is the boot thread. */
export function threadAt(i: number): Ref<'kthread'> {
  return (get(header, image_header.threads) + i * kthread.$.size) as Ref<'kthread'>;
}

/** The event ring of row i. */
export function ringAt(i: number): Ref<'kevent'> {
  const rows = get(header, image_header.thread_rows);
  const base = get(header, image_header.threads) + rows * kthread.$.size;
  return (base + i * RING_EVENTS * kevent.$.size) as Ref<'kevent'>;
}

/** How long the acquires of row i took; NULL where nobody counts. */
export function acquiresAt(i: number): Ref<'histogram'> {
  const base = get(header, image_header.acquires);
  return (base === 0 ? 0 : base + i * HISTOGRAM_BYTES) as Ref<'histogram'>;
}

/** Row i of the outcome counters. */
export function outcomeAt(i: number): Ref<'koutcome'> {
  return (get(header, image_header.outcomes) + i * koutcome.$.size) as Ref<'koutcome'>;
}
