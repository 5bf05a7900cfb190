/*
 * Reading a dump: for people who analyze one, possibly years old, possibly damaged.
 *
 * Nothing in a dump is believed.  Sizes are bounded before they are allocated (a zip may claim any), JSON
 * is checked for its shape, and whatever is wrong becomes one error that names the file, the entry and
 * the reason.  Entries are read when they are asked for, so that a status line does not unpack an image.
 */

import { existsSync } from 'node:fs';
import * as yauzl from 'yauzl';
import { fail } from '../base/fail.ts';
import type { StructInfo } from '../layout/struct.ts';
import {
  DUMP_FORMAT,
  type Dump,
  type DumpHead,
  type DumpLock,
  type DumpSymbol,
  type DumpThread,
} from './format.ts';

/** An entry's size at most, unpacked, in bytes. */
const ENTRY_MAX = 1 << 30;
const ENTRIES_MAX = 10_000;

/** An open dump. */
export class DumpFile {
  readonly file: string;
  readonly head: DumpHead;
  private readonly zip: yauzl.ZipFile;
  private readonly entries: ReadonlyMap<string, yauzl.Entry>;

  private constructor(
    file: string,
    zip: yauzl.ZipFile,
    entries: ReadonlyMap<string, yauzl.Entry>,
    head: DumpHead,
  ) {
    this.file = file;
    this.zip = zip;
    this.entries = entries;
    this.head = head;
  }

  /** @throws Fail DUMP_NOT_FOUND, DUMP_UNREADABLE */
  static async open(file: string): Promise<DumpFile> {
    if (!existsSync(file)) throw fail('DUMP_NOT_FOUND', { file });
    const zip = await openZip(file);
    try {
      const entries = await listEntries(zip, file);
      const head = asHead(file, await readJson(file, zip, entries, 'dump.json'));
      return new DumpFile(file, zip, entries, head);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  close(): void {
    this.zip.close();
  }

  async threads(): Promise<DumpThread[]> {
    return this.list<DumpThread>('threads.json', ['id', 'name', 'state', 'stack', 'holds']);
  }

  async locks(): Promise<DumpLock[]> {
    return this.list<DumpLock>('locks.json', ['name', 'kind', 'address']);
  }

  async types(): Promise<StructInfo[]> {
    return this.list<StructInfo>('types.json', ['name', 'size', 'fields']);
  }

  async symbols(): Promise<DumpSymbol[]> {
    return this.list<DumpSymbol>('symbols.json', ['name', 'address', 'size', 'type']);
  }

  /** All but the bytes. */
  async dump(): Promise<Dump> {
    const [threads, locks, symbols] = [
      await this.threads(),
      await this.locks(),
      await this.symbols(),
    ];
    return { head: this.head, threads, locks, symbols };
  }

  /** The text of a source file that a frame names, if the dump carries it. */
  async source(name: string): Promise<string | undefined> {
    const entry = `sources/${name}`;
    if (!this.entries.has(entry)) return undefined;
    return (await readEntry(this.file, this.zip, this.entries, entry)).toString('utf8');
  }

  /** The whole image, with zeros where pages were left out. */
  async image(): Promise<Buffer> {
    const { bytes: size, page } = this.head.image;
    const ranges = await readJson(this.file, this.zip, this.entries, 'pages.json');
    const bytes = await readEntry(this.file, this.zip, this.entries, 'image.bin');
    if (!Array.isArray(ranges) || !(size >= 0 && size <= ENTRY_MAX))
      throw unreadable(this.file, 'pages.json', 'is no page list');
    const image = Buffer.alloc(size);
    let from = 0;
    for (const range of ranges as unknown[]) {
      const [first, count] = Array.isArray(range) ? (range as [number, number]) : [NaN, NaN];
      const length = count * page;
      if (
        !(
          first >= 0 &&
          count > 0 &&
          (first + count) * page <= size &&
          from + length <= bytes.length
        )
      ) {
        throw unreadable(
          this.file,
          'pages.json',
          `has a range outside the image: ${JSON.stringify(range)}`,
        );
      }
      bytes.copy(image, first * page, from, from + length);
      from += length;
    }
    if (from !== bytes.length)
      throw unreadable(
        this.file,
        'image.bin',
        `holds ${bytes.length} bytes, its page list ${from}`,
      );
    return image;
  }

  private async list<T>(name: string, fields: readonly (keyof T & string)[]): Promise<T[]> {
    const value = await readJson(this.file, this.zip, this.entries, name);
    const whole =
      Array.isArray(value) &&
      value.every(
        (row: unknown) =>
          typeof row === 'object' && row !== null && fields.every((field) => field in row),
      );
    if (!whole) throw unreadable(this.file, name, `is no list of {${fields.join(', ')}}`);
    return value as T[];
  }
}

function unreadable(file: string, where: string, why: string): Error {
  return fail('DUMP_UNREADABLE', { file, where, what: why });
}

async function openZip(file: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(
      file,
      { lazyEntries: true, autoClose: false, validateEntrySizes: true },
      (error, zip) => {
        if (error === null) resolve(zip);
        else reject(unreadable(file, 'the archive', error.message));
      },
    );
  });
}

async function listEntries(zip: yauzl.ZipFile, file: string): Promise<Map<string, yauzl.Entry>> {
  if (zip.entryCount > ENTRIES_MAX)
    throw unreadable(file, 'the archive', `claims ${zip.entryCount} entries`);
  return new Promise((resolve, reject) => {
    const entries = new Map<string, yauzl.Entry>();
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', (error: Error) => reject(unreadable(file, 'the archive', error.message)));
    zip.readEntry();
  });
}

async function readEntry(
  file: string,
  zip: yauzl.ZipFile,
  entries: ReadonlyMap<string, yauzl.Entry>,
  name: string,
): Promise<Buffer> {
  const entry = entries.get(name);
  if (entry === undefined)
    throw unreadable(file, name, 'is missing: this zip is no gridlock dump, or not all of one');
  if (entry.uncompressedSize > ENTRY_MAX)
    throw unreadable(file, name, `claims ${entry.uncompressedSize} bytes`);
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error !== null) return reject(unreadable(file, name, error.message));
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve(Buffer.concat(chunks)));
      stream.on('error', (broken: Error) => reject(unreadable(file, name, broken.message)));
    });
  });
}

async function readJson(
  file: string,
  zip: yauzl.ZipFile,
  entries: ReadonlyMap<string, yauzl.Entry>,
  name: string,
): Promise<unknown> {
  const bytes = await readEntry(file, zip, entries, name);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw unreadable(file, name, `is not JSON: ${(error as Error).message}`);
  }
}

function asHead(file: string, value: unknown): DumpHead {
  const head = value as Partial<DumpHead> | null;
  if (typeof head !== 'object' || head === null || typeof head.format !== 'number') {
    throw unreadable(file, 'dump.json', 'says no format');
  }
  if (head.format > DUMP_FORMAT) {
    throw unreadable(
      file,
      'dump.json',
      `is format ${head.format}; this gridlock reads up to ${DUMP_FORMAT}`,
    );
  }
  for (const field of ['verdict', 'message', 'workload', 'variant', 'image'] as const) {
    if (head[field] === undefined) throw unreadable(file, 'dump.json', `has no ${field}`);
  }
  return head as DumpHead;
}
