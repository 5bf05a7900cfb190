/*
 * Writing a dump.
 *
 * In memory first, then to the disk under another name, synced, renamed: a dump with its name is whole.
 * A full disk leaves no half dump behind, only an error that says so; the verdict was journalled before
 * any of this began and is not touched by it.
 *
 * Somebody waits for it, so whatever is known early is packed early.  A DumpFile is begun with all that
 * the stop has shown, and goes on packing while the threads are watched for a little longer; the two
 * entries that speak of that come last, though they stand first in the file.  Compression is the fastest
 * deflate.  Pages that are all zero are left out, as a kernel leaves out free pages: of a 20 MiB image a
 * few hundred KiB remain.
 */

import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { HOST_DISK, writeWhole } from '../base/disk.ts';
import { header, image_header, PAGE } from '../layout/records.ts';
import { structTable } from '../layout/struct.ts';
import { get } from '../layout/word.ts';
import { withImage } from './census.ts';
import type { Dump } from './format.ts';

/** Milliseconds that putting a zip together in memory may take before it is given up. */
const ZIP_MS_MAX = 30_000;
const OPTIONS = { compress: true, compressionLevel: 1, mtime: new Date(0) } as const;
const ZEROS = Buffer.alloc(PAGE);

/** A dump in the making. */
export class DumpFile {
  private readonly zip = new ZipFile();
  private readonly late = new Map<string, (content: Buffer) => void>();
  private readonly chunks: Promise<Buffer[]>;

  /**
   * @param dump what is known; head and threads are not read yet
   * @param image the stopped image's copy
   * @param sources text by path in the dump
   */
  constructor(dump: Dump, image: SharedArrayBuffer, sources: ReadonlyMap<string, string>) {
    const { ranges, bytes } = usedPages(image);
    this.addLate('dump.json');
    this.addLate('threads.json');
    this.add('locks.json', json(dump.locks));
    this.add('types.json', json(structTable()));
    this.add('symbols.json', json(dump.symbols));
    this.add('pages.json', json(ranges));
    this.add('image.bin', bytes);
    for (const [name, text] of sources)
      this.add(`sources/${name.replaceAll('../', '')}`, Buffer.from(text));
    this.zip.end();
    this.chunks = collect(this.zip.outputStream);
    // Whoever drops a dump half way need not hear that it failed.
    this.chunks.catch(() => undefined);
  }

  /**
   * Adds the head and the threads, and writes the file.
   * @returns bytes written
   * @throws the file system's error (ENOSPC, EACCES, …), with no file left behind
   */
  async write(
    file: string,
    { head, threads }: Pick<Dump, 'head' | 'threads'>,
    disk = HOST_DISK,
  ): Promise<number> {
    this.late.get('dump.json')!(json(head));
    this.late.get('threads.json')!(json(threads));
    return writeWhole(file, await this.chunks, disk);
  }

  private add(name: string, content: Buffer): void {
    this.zip.addBuffer(content, name, OPTIONS);
  }

  /** An entry whose place in the file is here, and whose content is not known yet. */
  private addLate(name: string): void {
    const content = new Promise<Buffer>((resolve) => {
      this.late.set(name, resolve);
    });
    this.zip.addReadStreamLazy(name, OPTIONS, (give) => {
      void content.then((buffer) => give(null, Readable.from([buffer])));
    });
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
}

/** The pages of an image that are not all zero: as [first, count] pairs, and their bytes. */
export function usedPages(image: SharedArrayBuffer): { ranges: [number, number][]; bytes: Buffer } {
  const all = Buffer.from(image);
  // Nothing has touched what lies above the heap's high-water mark.
  const end = withImage(
    image,
    () => get(header, image_header.heap) + get(header, image_header.heap_high) * PAGE,
  );
  const ranges: [number, number][] = [];
  for (let page = 0; page * PAGE < Math.min(end, all.length); page++) {
    if (all.compare(ZEROS, 0, PAGE, page * PAGE, (page + 1) * PAGE) === 0) continue;
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last[0] + last[1] === page) last[1]++;
    else ranges.push([page, 1]);
  }
  const parts = ranges.map(([first, count]) => all.subarray(first * PAGE, (first + count) * PAGE));
  return { ranges, bytes: Buffer.concat(parts) };
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  // The timer bounds the wait; it also keeps the event loop of an otherwise idle thread turning.
  const timer = setTimeout(() => {
    (stream as NodeJS.ReadableStream & { destroy(e: Error): void }).destroy(
      new Error(`the zip was not ready after ${ZIP_MS_MAX} ms`),
    );
  }, ZIP_MS_MAX);
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } finally {
    clearTimeout(timer);
  }
  return chunks;
}
