/*
 * Goal: a rewind makes the image what it was when the snapshot was taken, for all that a trial can have touched, and as
 * often as it is done; what belongs to the machine and not to the trial it leaves alone.
 *
 * Method: the image is compared byte by byte, before and after a trial that touches everything in the worst way.
 */

import { beforeEach, describe, expect, test } from 'vitest';

import { kmem_alloc } from '../../src/kernel/kmem.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { ring_event } from '../../src/kernel/ring.ts';
import { kernel_boot, thread_attach, thread_create } from '../../src/kernel/startup.ts';
import {
  addSymbol,
  createImage,
  outcomeAt,
  ringAt,
  symbolAt,
  symbolCount,
  threadAt,
} from '../../src/layout/image.ts';
import { BSS_BASE, linkedEnd } from '../../src/layout/linker.ts';
import { EVENT, header, image_header, koutcome, PAGE } from '../../src/layout/records.ts';
import { Snapshot } from '../../src/layout/snapshot.ts';
import { intern, textOf } from '../../src/layout/strings.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { fillBytes, get, load, put } from '../../src/layout/word.ts';

const THREADS = 3;
let image: SharedArrayBuffer;
let snapshot: Snapshot;
let buffer: number;

beforeEach(() => {
  image = createImage({ threads: THREADS, heapBytes: 64 * PAGE });
  kernel_boot({ seed: 7, track: 'held', panicOnCycle: false });
  for (let i = 1; i <= THREADS; i++) {
    thread_create({ name: `t${i}`, role: 'r', psargs: 'p', flags: 0 });
  }
  // What boot() of a workload leaves: something on the heap, and something in it.
  buffer = kmem_alloc(3 * PAGE);
  fillBytes(buffer, 3 * PAGE, 0x11);
  snapshot = new Snapshot(new SharedArrayBuffer(image.byteLength));
  snapshot.take();
});

/** The image without what is dead (strings and symbols behind the last), and without the number that counts rewinds. */
function look(): Buffer {
  const all = Buffer.from(new Uint8Array(image).slice());
  all.writeInt32LE(0, image_header.epoch);
  all.fill(0, get(header, image_header.strings_next), get(header, image_header.strings_end));
  all.fill(0, symbolAt(symbolCount()), outcomeAt(0));
  return all;
}

/** A trial. */
function ravage(round: number): void {
  for (let i = 1; i <= THREADS; i++) {
    thread_attach(threadAt(i), 'held');
    // More than a ring holds, in one of them.
    for (let n = 0; n < (i === 1 ? 300 : 3); n++) ring_event(EVENT.note, n, intern(`note ${n}`));
  }
  for (let i = 0; i < 40; i++) addSymbol(`symbol ${i}`, 4096 + i, 64, 'kmutex');
  const at = kmem_alloc((5 + round) * PAGE);
  expect(at).not.toBe(0);
  mutex_init(at as Ref<'kmutex'>, `on the heap ${round}`);
  fillBytes(at, (5 + round) * PAGE, 0xa5);
  fillBytes(buffer, 3 * PAGE, 0xa5);
  fillBytes(BSS_BASE, linkedEnd() - BSS_BASE, 0xa5);
  put(header, image_header.clock, 99);
  put(header, image_header.stop, 1);
}

describe('a rewind', () => {
  test('makes the image what it was, byte by byte, time after time', () => {
    const before = look();
    for (let round = 0; round < 4; round++) {
      ravage(round);
      expect(Buffer.compare(look(), before)).not.toBe(0);
      snapshot.rewind();
      expect(Buffer.compare(look(), before)).toBe(0);
    }
  });

  test('by another thread’s hand, too: all it needs is in the copy', () => {
    const copy = new SharedArrayBuffer(image.byteLength);
    new Snapshot(copy).take();
    const before = look();
    ravage(0);
    new Snapshot(copy).rewind();
    expect(Buffer.compare(look(), before)).toBe(0);
  });

  test('forgets what was interned since, so that nobody takes an old address for it', () => {
    const old = intern('of this trial');
    snapshot.rewind();
    expect(textOf(intern('of the next trial'))).toBe('of the next trial');
    expect(textOf(intern('of this trial'))).toBe('of this trial');
    expect(textOf(old)).not.toBe('of this trial');
  });

  test('leaves the outcomes, which are counted for the whole series, and the machine’s own words', () => {
    put(outcomeAt(2), koutcome.count, 5);
    put(header, image_header.main_beat, 17);
    put(header, image_header.gate_open, 1);
    snapshot.rewind();
    expect(get(outcomeAt(2), koutcome.count)).toBe(5);
    expect(load(header, image_header.main_beat)).toBe(17);
    expect(load(header, image_header.gate_open)).toBe(1);
  });

  test('leaves no event of a trial in a ring', () => {
    ravage(0);
    snapshot.rewind();
    const rings = new Uint8Array(image, ringAt(0), ringAt(THREADS + 1) - ringAt(0));
    expect(rings.every((byte) => byte === 0)).toBe(true);
  });
});
