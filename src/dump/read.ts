/*
 * Reading a dump: for people who analyze one, possibly years old, possibly damaged.
 *
 * Nothing in a dump is believed.  Sizes are bounded before they are allocated (a zip may claim any), bytes
 * are compared with their checksum (the zip library does not), JSON is checked for its shape, and whatever
 * is wrong becomes one error that names the file, the entry and the reason.  Entries are read when they
 * are asked for, so that a status line does not unpack an image.
 */

import { existsSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
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
import { HEAD, LOCKS, SYMBOLS, THREADS, TYPES } from './schema.ts';
import { misfit, type Shape } from './shape.ts';

/** An entry's size at most, unpacked, in bytes. */
const ENTRY_MAX = 1 << 30;
const ENTRIES_MAX = 10_000;
/** The one method of compression that dumps use; others fail by their checksum. */
const DEFLATED = 8;
/** The same for JSON: what it takes when parsed is several times that. */
const JSON_MAX = 256 << 20;
/** More than an image has room for. */
const THREADS_MAX = 1 << 16;
/** The text of all sources at most, in bytes: a dump of ours has less than one. */
const SOURCES_MAX = 64 << 20;
const SOURCES = 'sources/';
/** Structs in structs. */
const NESTED_MAX = 32;

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
      const head = await readHead(file, zip, entries);
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
    const threads = (await this.json('threads.json', THREADS)) as DumpThread[];
    if (threads.length > THREADS_MAX)
      throw unreadable(this.file, 'threads.json', `has ${threads.length} threads`);
    return threads;
  }

  async locks(): Promise<DumpLock[]> {
    return (await this.json('locks.json', LOCKS)) as DumpLock[];
  }

  async types(): Promise<StructInfo[]> {
    const types = (await this.json('types.json', TYPES)) as StructInfo[];
    const wrong = impossible(types);
    if (wrong !== undefined) throw unreadable(this.file, 'types.json', wrong);
    return types;
  }

  async symbols(): Promise<DumpSymbol[]> {
    return (await this.json('symbols.json', SYMBOLS)) as DumpSymbol[];
  }

  /** All but the bytes. */
  async dump(): Promise<Dump> {
    const [threads, locks, symbols] = await Promise.all([
      this.threads(),
      this.locks(),
      this.symbols(),
    ]);
    return { head: this.head, threads, locks, symbols };
  }

  /** The texts of all source files that the dump carries, by file. */
  async sources(): Promise<Map<string, string>> {
    const names: string[] = [];
    let bytes = 0;
    for (const [name, entry] of this.entries) {
      if (!name.startsWith(SOURCES) || name.endsWith('/')) continue;
      bytes += entry.uncompressedSize;
      if (bytes > SOURCES_MAX) {
        throw unreadable(this.file, name, `makes the sources more than ${SOURCES_MAX} bytes`);
      }
      names.push(name);
    }
    const texts = await Promise.all(
      names.map(async (name) => readEntry(this.file, this.zip, this.entries, name)),
    );
    return new Map(
      names.map((name, i) => [name.slice(SOURCES.length), texts[i]!.toString('utf8')]),
    );
  }

  /** The whole image, with zeros where pages were left out. */
  async image(): Promise<Buffer> {
    const { bytes: size, page } = this.head.image;
    const ranges = (await this.json('pages.json', [['number']])) as number[][];
    const bytes = await readEntry(this.file, this.zip, this.entries, 'image.bin');
    if (!isCount(size, ENTRY_MAX) || !isCount(page, size) || page === 0) {
      throw unreadable(
        this.file,
        'dump.json',
        `claims an image of ${size} bytes in pages of ${page}`,
      );
    }
    const image = Buffer.alloc(size);
    let from = 0;
    for (const range of ranges) {
      const [first = NaN, count = NaN] = range;
      const length = count * page;
      if (!(isCount(first, size) && isCount(count, size) && (first + count) * page <= size)) {
        throw unreadable(
          this.file,
          'pages.json',
          `has a range outside the image: ${JSON.stringify(range)}`,
        );
      }
      if (from + length <= bytes.length) bytes.copy(image, first * page, from, from + length);
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

  private async json(name: string, shape: Shape): Promise<unknown> {
    const value = await readJson(this.file, this.zip, this.entries, name);
    const wrong = misfit(value, shape);
    if (wrong !== undefined) throw unreadable(this.file, name, `does not have its shape: ${wrong}`);
    return value;
  }
}

/** What no struct can be: larger inside than outside, or a part of itself.  Undefined where all can be. */
function impossible(types: readonly StructInfo[]): string | undefined {
  const byName = new Map(types.map((type) => [type.name, type]));
  const known = new Map<StructInfo, 'open' | 'done'>();
  const look = (type: StructInfo, depth: number): string | undefined => {
    if (known.get(type) === 'done') return undefined;
    if (known.get(type) === 'open' || depth > NESTED_MAX) return `${type.name} is a part of itself`;
    known.set(type, 'open');
    if (type.size === 0 || type.size > ENTRY_MAX) return `${type.name} has ${type.size} bytes`;
    for (const { name, kind, offset, size, count, target } of type.fields) {
      if (offset + size > type.size) return `${type.name}.${name} lies outside ${type.name}`;
      if (count !== undefined && (count === 0 || size % count !== 0))
        return `${type.name}.${name} cannot be ${count} in ${size} bytes`;
      const inner = kind === 'struct' ? byName.get(target ?? '') : undefined;
      const wrong = inner && look(inner, depth + 1);
      if (wrong !== undefined) return wrong;
    }
    known.set(type, 'done');
    return undefined;
  };
  for (const type of types) {
    const wrong = look(type, 0);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function isCount(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most;
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
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const broken = ({ message }: Error): void => reject(unreadable(file, name, message));
    try {
      // As it is in the file: a stream that inflates never ends where the data say that they end early.
      const options = { decodeFileData: false };
      zip.openReadStream(entry, options, (error, stream) => {
        if (error !== null) return broken(error);
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => resolve(Buffer.concat(chunks)));
        stream.on('error', broken);
      });
    } catch (error) {
      broken(error as Error);
    }
  });
  const bytes = inflated(file, name, entry, raw);
  if (crc32(bytes) !== entry.crc32)
    throw unreadable(file, name, 'is damaged: its bytes do not have its checksum');
  return bytes;
}

/** @throws Fail DUMP_UNREADABLE for data that are not what the entry says */
function inflated(file: string, name: string, entry: yauzl.Entry, raw: Buffer): Buffer {
  const size = entry.uncompressedSize;
  let bytes = raw;
  if (entry.compressionMethod === DEFLATED) {
    try {
      bytes = inflateRawSync(raw, { maxOutputLength: size + 1 });
    } catch (error) {
      throw unreadable(file, name, `is damaged: ${(error as Error).message}`);
    }
  }
  if (bytes.length === size) return bytes;
  throw unreadable(file, name, `is damaged: it has ${bytes.length} bytes and claims ${size}`);
}

async function readJson(
  file: string,
  zip: yauzl.ZipFile,
  entries: ReadonlyMap<string, yauzl.Entry>,
  name: string,
): Promise<unknown> {
  const size = entries.get(name)?.uncompressedSize ?? 0;
  if (size > JSON_MAX) throw unreadable(file, name, `claims ${size} bytes`);
  const bytes = await readEntry(file, zip, entries, name);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw unreadable(file, name, `is not JSON: ${(error as Error).message}`);
  }
}

async function readHead(
  file: string,
  zip: yauzl.ZipFile,
  entries: ReadonlyMap<string, yauzl.Entry>,
): Promise<DumpHead> {
  const head = await readJson(file, zip, entries, 'dump.json');
  const unversioned = misfit(head, { format: 'number' });
  if (unversioned !== undefined)
    throw unreadable(file, 'dump.json', `says no format: ${unversioned}`);
  const { format } = head as DumpHead;
  if (format > DUMP_FORMAT) {
    throw unreadable(
      file,
      'dump.json',
      `is format ${format}; this gridlock reads up to ${DUMP_FORMAT}`,
    );
  }
  const wrong = misfit(head, HEAD);
  if (wrong !== undefined) throw unreadable(file, 'dump.json', `does not have its shape: ${wrong}`);
  const { cycle, victims, running } = head as DumpHead;
  const named = cycle.length + victims.length + running.length;
  if (named > THREADS_MAX) throw unreadable(file, 'dump.json', `names ${named} threads`);
  return head as DumpHead;
}
