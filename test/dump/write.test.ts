/*
 * Goal: what is written is what is read: head, threads, locks, types, symbols, sources, and the image byte
 * by byte, though its empty pages are left out; a dump with its name is whole, whatever happened.
 *
 * Method: round trips, of random images among them; then disks that are full, missing or forbidden.  The
 * full disk is a real one, of 64 KiB, where we may mount one.
 */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { DumpFile } from '../../src/dump/read.ts';
import { usedPages } from '../../src/dump/write.ts';
import { header, image_header, PAGE } from '../../src/layout/records.ts';
import { structTable } from '../../src/layout/struct.ts';
import { get, poke8 } from '../../src/layout/word.ts';
import { nextU32, seedRng } from '../../src/base/prng.ts';
import { sampleDump, sampleImage, SOURCES, writeDump } from './sample.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridlock-write-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const path = (name: string): string => join(directory, name);

/** Fills the heap with what does not compress. */
function noise(pages: number): void {
  const heap = get(header, image_header.heap);
  const words = new Uint32Array(4);
  seedRng(words, 1);
  for (let at = heap; at < heap + pages * PAGE; at++) poke8(at, nextU32(words));
}

describe('what is written is read', () => {
  test('all of it', async () => {
    const image = sampleImage();
    const dump = sampleDump(image);
    const bytes = await writeDump(path('whole.dump'), dump, image);
    expect(statSync(path('whole.dump')).size).toBe(bytes);

    const file = await DumpFile.open(path('whole.dump'));
    expect(file.head).toEqual(dump.head);
    expect(await file.threads()).toEqual(dump.threads);
    expect(await file.locks()).toEqual(dump.locks);
    expect(await file.symbols()).toEqual(dump.symbols);
    expect(await file.types()).toEqual(structTable());
    expect(await file.dump()).toEqual(dump);
    for (const [name, text] of SOURCES) expect((await file.sources()).get(name)).toBe(text);
    expect((await file.sources()).has('src/kernel/other.ts')).toBe(false);
    expect((await file.image()).equals(Buffer.from(image))).toBe(true);
    file.close();
  });

  test('the named mutex is in it, and found by its type', async () => {
    const image = sampleImage();
    await writeDump(path('lock.dump'), sampleDump(image), image);
    const file = await DumpFile.open(path('lock.dump'));
    const lock = (await file.locks()).find(({ name }) => name === 'swapinfo');
    const kmutex = (await file.types()).find(({ name }) => name === 'kmutex')!;
    const kind = kmutex.fields.find(({ name }) => name === 'kind')!;
    const at = Number.parseInt(lock!.address, 16);
    expect((await file.image()).readInt32LE(at + kind.offset)).toBe(1);
    expect(kind.names).toMatchObject({ 1: 'mutex' });
    file.close();
  });

  test('is a zip that other programs read, dump.json first', async () => {
    const image = sampleImage();
    await writeDump(path('zip.dump'), sampleDump(image), image);
    const listing = readFileSync(path('zip.dump')).toString('latin1');
    expect(listing.startsWith('PK\x03\x04')).toBe(true);
    expect(listing.indexOf('dump.json')).toBeLessThan(listing.indexOf('threads.json'));
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a second one takes the place of the first', async () => {
    const image = sampleImage();
    const dump = sampleDump(image);
    await writeDump(path('again.dump'), dump, image);
    await writeDump(path('again.dump'), { ...dump, head: { ...dump.head, trial: 8 } }, image);
    const file = await DumpFile.open(path('again.dump'));
    expect(file.head.trial).toBe(8);
    file.close();
  });
});

describe('pages', () => {
  const HEAP = 24;
  const places = fc.uniqueArray(fc.nat(HEAP * PAGE - 1), { maxLength: 10 });

  test('that are all zero are left out, and only they', async () => {
    await fc.assert(
      fc.asyncProperty(places, async (offsets) => {
        const image = sampleImage(HEAP);
        const heap = get(header, image_header.heap);
        for (const offset of offsets) poke8(heap + offset, 1);
        const { ranges, bytes } = usedPages(image);
        const used = ranges.flatMap(([first, count]) =>
          Array.from({ length: count }, (_, i) => first + i),
        );
        const all = Buffer.from(image);
        const expected = Array.from({ length: image.byteLength / PAGE }, (_, i) => i).filter(
          (page) => all.subarray(page * PAGE, (page + 1) * PAGE).some((byte) => byte !== 0),
        );
        expect(used).toEqual(expected);
        expect(bytes).toHaveLength(used.length * PAGE);
        // As few ranges as there can be: no two of them touch.
        for (const [i, [first]] of ranges.entries()) {
          const before = ranges[i - 1];
          if (before !== undefined) expect(first).toBeGreaterThan(before[0] + before[1]);
        }
        await writeDump(path('sparse.dump'), sampleDump(image), image);
        const file = await DumpFile.open(path('sparse.dump'));
        expect((await file.image()).equals(all)).toBe(true);
        file.close();
      }),
      { numRuns: 20 },
    );
  });

  test('of a large image that nothing has touched cost nothing', async () => {
    const image = sampleImage(4096);
    const bytes = await writeDump(path('large.dump'), sampleDump(image), image);
    expect(image.byteLength).toBeGreaterThan(16 << 20);
    expect(bytes).toBeLessThan(64 << 10);
  });
});

describe('a dump that cannot be written', () => {
  const image = sampleImage();
  const dump = sampleDump(image);
  /** A process that may do everything is refused nothing. */
  const isRoot = process.getuid?.() === 0;

  test('into a directory that is not there is an error, and leaves nothing', async () => {
    await expect(writeDump(path('missing/x.dump'), dump, image)).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(existsSync(path('missing'))).toBe(false);
  });

  test('where its name is a directory’s leaves that, and no other file', async () => {
    mkdirSync(path('taken.dump/inside'), { recursive: true });
    await expect(writeDump(path('taken.dump'), dump, image)).rejects.toMatchObject({
      code: /EISDIR|ENOTEMPTY|EEXIST/,
    });
    expect(readdirSync(path('taken.dump'))).toEqual(['inside']);
    expect(existsSync(path('taken.dump.tmp'))).toBe(false);
  });

  test.skipIf(isRoot)('where we may not write is an error (as root we may)', async () => {
    mkdirSync(path('closed'));
    chmodSync(path('closed'), 0o500);
    await expect(writeDump(path('closed/x.dump'), dump, image)).rejects.toMatchObject({
      code: 'EACCES',
    });
  });

  const mount = path('disk');
  const canMount = mountDisk();
  afterAll(() => {
    if (canMount) execFileSync('umount', [mount]);
  });

  test.skipIf(!canMount)('to a full disk leaves no half dump (needs to mount one)', async () => {
    const large = sampleImage(64);
    noise(64);
    await expect(writeDump(join(mount, 'x.dump'), sampleDump(large), large)).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(readdirSync(mount)).toEqual([]);
    // And the room is free again.
    const small = sampleImage();
    expect(await writeDump(join(mount, 'x.dump'), sampleDump(small), small)).toBeGreaterThan(0);
    expect(readdirSync(mount)).toEqual(['x.dump']);
  });

  test.skipIf(!canMount)('in place of another leaves that as it was', async () => {
    writeFileSync(join(mount, 'old.dump'), 'the old one');
    const large = sampleImage(64);
    noise(64);
    await expect(
      writeDump(join(mount, 'old.dump'), sampleDump(large), large),
    ).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(readFileSync(join(mount, 'old.dump'), 'utf8')).toBe('the old one');
  });

  function mountDisk(): boolean {
    mkdirSync(mount);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
});
