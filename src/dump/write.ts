/*
 * Writing a dump.
 *
 * In memory first, then to the disk under another name, synced, renamed: a dump with its name is whole.
 * A full disk leaves no half dump behind, only an error that says so; the verdict was journalled before
 * any of this began and is not touched by it.
 *
 * Pages that are all zero are left out, as a kernel leaves out free pages: of a 20 MiB image a few
 * hundred KiB remain.  Compression is the fastest deflate: the watchdog writes while somebody waits.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { ZipFile } from 'yazl';
import { PAGE } from '../layout/records.ts';
import { structTable } from '../layout/struct.ts';
import type { Dump } from './format.ts';

/** Milliseconds that putting a zip together in memory may take before it is given up. */
const ZIP_MS_MAX = 30_000;

/**
 * Writes a dump file.
 * @param image the stopped image's copy
 * @param sources text by path in the dump
 * @returns bytes written
 * @throws the file system's error (ENOSPC, EACCES, …), with no file left behind
 */
export async function writeDump(
  file: string,
  dump: Dump,
  image: SharedArrayBuffer,
  sources: ReadonlyMap<string, string>,
): Promise<number> {
  const { ranges, bytes } = usedPages(image);
  const zip = new ZipFile();
  const json = (name: string, value: unknown): void => {
    zip.addBuffer(Buffer.from(`${JSON.stringify(value, null, 1)}\n`), name, OPTIONS);
  };
  json('dump.json', dump.head);
  json('threads.json', dump.threads);
  json('locks.json', dump.locks);
  json('types.json', structTable());
  json('symbols.json', dump.symbols);
  json('pages.json', ranges);
  zip.addBuffer(bytes, 'image.bin', OPTIONS);
  for (const [name, text] of sources) zip.addBuffer(Buffer.from(text), `sources/${name.replaceAll('../', '')}`, OPTIONS);
  zip.end();
  const chunks = await collect(zip.outputStream);
  return writeWhole(file, chunks);
}

const OPTIONS = { compress: true, compressionLevel: 1, mtime: new Date(0) } as const;

/** The pages of an image that are not all zero: as [first, count] pairs, and their bytes. */
export function usedPages(image: SharedArrayBuffer): { ranges: [number, number][]; bytes: Buffer } {
  const words = new BigUint64Array(image);
  const perPage = PAGE / 8;
  const ranges: [number, number][] = [];
  for (let page = 0; page < words.length / perPage; page++) {
    let i = page * perPage;
    const end = i + perPage;
    while (i < end && words[i] === 0n) i++;
    if (i === end) continue;
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last[0] + last[1] === page) last[1]++;
    else ranges.push([page, 1]);
  }
  const all = new Uint8Array(image);
  const parts = ranges.map(([first, count]) => all.slice(first * PAGE, (first + count) * PAGE));
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

function writeWhole(file: string, chunks: readonly Buffer[]): number {
  const temporary = `${file}.tmp`;
  let fd: number | undefined;
  try {
    fd = openSync(temporary, 'w');
    let written = 0;
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
      written += chunk.length;
    }
    fsyncSync(fd);
    closeSync(fd);
    fd = undefined;
    renameSync(temporary, file);
    return written;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
}
