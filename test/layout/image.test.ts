/*
 * Goal: the parts of an image lie one behind the other, whatever its size; a boot makes it as new, for
 * all that a trial can have touched; its tables hold what is put in them, and count what is not.
 *
 * Method: geometry by a property.  A boot is compared, byte by byte, with the boot of an image that
 * nothing ever happened to.
 */

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import { kmem_alloc } from '../../src/kernel/kmem.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { kernel_boot, kernel_ready, thread_create } from '../../src/kernel/startup.ts';
import { record, total } from '../../src/layout/histogram.ts';
import {
  acquiresAt,
  addSymbol,
  attachImage,
  createImage,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  outcomeAt,
  ringAt,
  symbolAt,
  symbolCount,
  threadAt,
} from '../../src/layout/image.ts';
import { BSS_BASE, BSS_BYTES, linkedEnd, linkedSymbols } from '../../src/layout/linker.ts';
import {
  header,
  image_header,
  kevent,
  kmutex,
  koutcome,
  ksymbol,
  kthread,
  PAGE,
  PHASE,
  RING_EVENTS,
  SOBJ,
} from '../../src/layout/records.ts';
import { textOf } from '../../src/layout/strings.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { fillBytes, get, getText, put } from '../../src/layout/word.ts';

const boot = (): void => kernel_boot({ seed: 7, track: 'held', panicOnCycle: false });
const field = (name: keyof typeof image_header): number =>
  get(header, image_header[name] as typeof image_header.boot);

describe('geometry', () => {
  test('one part behind the other, aligned, in whole pages', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 1 << 20 }),
        (threads, heapBytes) => {
          const image = createImage({ threads, heapBytes });
          const rows = threads + 1;
          const parts: readonly (readonly [number, number])[] = [
            [0, PAGE],
            [BSS_BASE, BSS_BASE + BSS_BYTES],
            [threadAt(0), threadAt(rows)],
            [ringAt(0), ringAt(rows)],
            [symbolAt(0), symbolAt(field('symbol_rows'))],
            [outcomeAt(0), outcomeAt(field('outcome_rows'))],
            [field('strings'), field('strings_end')],
            [field('pagemap'), field('pagemap') + field('heap_pages')],
            [field('heap'), field('heap') + field('heap_pages') * PAGE],
            [image.byteLength, image.byteLength],
          ];
          for (const [i, [start, end]] of parts.entries()) {
            expect(start).toBeLessThanOrEqual(end);
            expect(start).toBeGreaterThanOrEqual(parts[i - 1]?.[1] ?? 0);
          }
          expect([
            threadAt(0) % 64,
            outcomeAt(0) % 64,
            ringAt(0) % 4,
            field('heap') % PAGE,
          ]).toEqual([0, 0, 0, 0]);
          expect(field('heap') + field('heap_pages') * PAGE).toBe(image.byteLength);
          expect(field('heap_pages') * PAGE).toBeGreaterThanOrEqual(heapBytes);
          expect(field('size_pages') * PAGE).toBe(image.byteLength);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('says what it is', () => {
    const image = createImage({ threads: 1, heapBytes: PAGE });
    expect([getText(header, image_header.magic, 8), field('version')]).toEqual([
      IMAGE_MAGIC,
      IMAGE_VERSION,
    ]);
    expect(() => attachImage(image)).not.toThrow();
    expect([field('bss'), field('bss_end')]).toEqual([BSS_BASE, linkedEnd()]);
  });
});

describe('a boot', () => {
  const GEOMETRY = { threads: 3, heapBytes: 64 * PAGE };

  /** Everything that a trial can touch, in the worst way. */
  function ravage(): void {
    for (let i = 1; i <= 3; i++) thread_create({ name: `t${i}`, role: 'r', psargs: 'p', flags: 4 });
    for (let i = 0; i < 40; i++) addSymbol(`symbol ${i}`, 4096 + i, 64, 'kmutex');
    const at = kmem_alloc(20 * PAGE);
    mutex_init(at as Ref<'kmutex'>, 'on the heap');
    kmem_alloc(200_000);
    fillBytes(at, 20 * PAGE, 0xa5);
    fillBytes(BSS_BASE, BSS_BYTES, 0xa5);
    fillBytes(threadAt(0), ringAt(4) - threadAt(0), 0xa5);
    fillBytes(outcomeAt(0), field('outcome_rows') * koutcome.$.size, 0xa5);
    for (const name of [
      'halt',
      'stop',
      'panic_thread',
      'panic_message',
      'panic_address',
      'clock',
      'doorbell',
      'nmi_wanted',
      'gate_arrived',
      'gate_open',
      'finished',
      'judge',
      'gate_time',
      'event_seq',
      'faults',
      'symbols_lost',
      'seed',
      'phase',
      'track',
      'features',
    ] as const) {
      put(header, image_header[name] as typeof image_header.boot, 0x5a);
    }
  }

  /** A copy of the image up to where its strings begin to be free, without what is a boot's own number. */
  function look(): Map<string, Buffer> {
    const all = Buffer.from(new Uint8Array(image).slice());
    all.writeInt32LE(0, image_header.boot);
    all.writeInt32LE(0, image_header.epoch);
    return new Map([
      ['header', all.subarray(0, PAGE)],
      ['globals', all.subarray(BSS_BASE, BSS_BASE + BSS_BYTES)],
      ['threads', all.subarray(threadAt(0), ringAt(0))],
      ['rings', all.subarray(ringAt(0), ringAt(4))],
      ['symbols', all.subarray(symbolAt(0), outcomeAt(0))],
      ['outcomes', all.subarray(outcomeAt(0), field('strings'))],
      ['strings in use', all.subarray(field('strings'), field('strings_next'))],
      ['page map and heap', all.subarray(field('pagemap'))],
    ]);
  }

  test('clears the histograms of an image that has them; one that has none is smaller by just that', () => {
    const bytes = createImage(GEOMETRY).byteLength;
    boot();
    expect([field('acquires'), acquiresAt(1)]).toEqual([0, 0]);
    const timed = createImage({ ...GEOMETRY, acquires: true });
    boot();
    const rows = get(header, image_header.thread_rows);
    const end = acquiresAt(rows);
    expect(acquiresAt(1) % 64).toBe(0);
    expect(end).toBeLessThanOrEqual(field('pagemap'));
    expect(timed.byteLength - bytes).toBeLessThanOrEqual(Math.ceil((rows * 1920) / PAGE) * PAGE);
    for (let row = 0; row < rows; row++) {
      record(acquiresAt(row), 7 + row);
      record(acquiresAt(row), 2 ** 32 - 1);
    }
    expect([total(acquiresAt(0)), total(acquiresAt(rows - 1))]).toEqual([2, 2]);
    boot();
    const left = Buffer.from(new Uint8Array(timed)).subarray(acquiresAt(0), end);
    expect(left.every((byte) => byte === 0)).toBe(true);
  });

  let image: SharedArrayBuffer;
  beforeEach(() => {
    image = createImage(GEOMETRY);
    boot();
  });

  test('makes an image as new, byte by byte', () => {
    const fresh = look();
    ravage();
    const ravaged = look();
    boot();
    const differ = (one: Map<string, Buffer>, other: Map<string, Buffer>): string[] =>
      [...one.keys()].filter((part) => Buffer.compare(one.get(part)!, other.get(part)!) !== 0);
    expect(differ(look(), fresh)).toEqual([]);
    // The comparison sees what there is to see.
    expect(differ(ravaged, fresh)).toEqual([...fresh.keys()]);
  });

  test('is counted, and says with what', () => {
    const before = field('boot');
    kernel_boot({ seed: 99, track: 'events', panicOnCycle: true });
    expect([field('boot') - before, field('seed'), field('track'), field('features')]).toEqual([
      1, 99, 2, 1,
    ]);
    expect(field('phase')).toBe(PHASE.boot);
    kernel_ready();
    expect(field('phase')).toBe(PHASE.gate);
    boot();
    expect([field('track'), field('features')]).toEqual([1, 0]);
  });

  test('gives every global its row, and makes those that are locks', () => {
    const rows = Array.from({ length: symbolCount() }, (_, i) => symbolAt(i)).map((row) => ({
      name: textOf(get(row, ksymbol.name)),
      address: get(row, ksymbol.address),
      size: get(row, ksymbol.size),
      type: textOf(get(row, ksymbol.type)),
    }));
    expect(rows).toEqual(linkedSymbols());
    const lock = linkedSymbols().find(({ type }) => type === 'kmutex')!;
    expect(get(lock.address as Ref<'kmutex'>, kmutex.kind)).toBe(SOBJ.mutex);
    expect(textOf(get(lock.address as Ref<'kmutex'>, kmutex.name))).toBe(lock.name);
  });

  test('makes the boot thread', () => {
    expect([field('thread_count'), textOf(get(threadAt(0), kthread.name))]).toEqual([1, 'boot']);
  });
});

describe('tables', () => {
  beforeEach(() => {
    createImage({ threads: 2, heapBytes: PAGE });
    boot();
  });

  test('of threads give out a row each, with a ring, and no more than there are', () => {
    const make = (name: string) => thread_create({ name, role: 'role', psargs: 'ps', flags: 1 });
    const [one, two] = [make('one'), make('two')];
    expect([one, two]).toEqual([threadAt(1), threadAt(2)]);
    expect([get(one, kthread.index), get(two, kthread.index)]).toEqual([1, 2]);
    expect([one, two].map((t) => textOf(get(t, kthread.name)))).toEqual(['one', 'two']);
    expect(get(two, kthread.ring) - get(one, kthread.ring)).toBe(RING_EVENTS * kevent.$.size);
    expect(get(one, kthread.cpu)).toBe(-1);
    expect(() => make('three')).toThrow('thread_create: no row for three: the table has 3');
  });

  test('of symbols count what they have no room for', () => {
    const rows = field('symbol_rows');
    for (let i = symbolCount(); i < rows; i++) addSymbol('s', i + 1, 4, 'u32');
    expect([symbolCount(), field('symbols_lost')]).toEqual([rows, 0]);
    addSymbol('lost', 1, 4, 'u32');
    addSymbol('lost too', 1, 4, 'u32');
    expect([symbolCount(), field('symbols_lost')]).toEqual([rows, 2]);
    expect(get(symbolAt(rows - 1), ksymbol.address)).toBe(rows);
    expect(field('outcomes')).toBe(outcomeAt(0));
    boot();
    expect([symbolCount(), field('symbols_lost')]).toEqual([linkedSymbols().length, 0]);
  });
});
