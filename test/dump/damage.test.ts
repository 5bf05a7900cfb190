/*
 * Goal: whatever file is given to the reader, it either reads what was written or says DUMP_UNREADABLE with
 * the file, the place and the reason: no other exception, and no memory for what a file merely claims.
 *
 * Method: one dump, cut at many lengths and changed at many bytes; all that can be asked of it is asked.
 * Then zips that are no dumps, dumps whose JSON has another shape, and files that are nothing at all.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';

import { Fail } from '../../src/base/fail.ts';
import { DUMP_FORMAT } from '../../src/dump/format.ts';
import { DumpFile } from '../../src/dump/read.ts';
import { misfit, type Shape } from '../../src/dump/shape.ts';
import { HEAD, PAGER, sampleDump, sampleImage, SOURCES, writeDump } from './sample.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridlock-damage-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const path = (name: string): string => join(directory, name);

/** All that can be asked of a dump, as text. */
async function readAll(file: string): Promise<string> {
  const dump = await DumpFile.open(file);
  try {
    const parts: unknown[] = [
      dump.head,
      await dump.threads(),
      await dump.locks(),
      await dump.types(),
      await dump.symbols(),
      crc32(await dump.image()),
    ];
    // A source whose name is damaged is not found, and that is all.
    const [name, text] = [...SOURCES][0]!;
    if (((await dump.sources()).get(name) ?? text) !== text) parts.push('another source');
    return JSON.stringify(parts);
  } finally {
    dump.close();
  }
}

/** What came of reading: 'same', 'refused' by the reader's own error, or whatever else. */
async function tryAll(file: string): Promise<string> {
  try {
    return (await readAll(file)) === original ? 'same' : 'other';
  } catch (error) {
    if (!(error instanceof Fail)) return `threw ${String(error)}`;
    const says =
      error.code === 'DUMP_UNREADABLE' &&
      error.message.startsWith(`${file} cannot be read as a dump: `);
    return says && /, at \S/.test(error.message)
      ? 'refused'
      : `said ${error.code}: ${error.message}`;
  }
}

let whole: Buffer;
let original: string;
beforeAll(async () => {
  const image = sampleImage();
  await writeDump(path('whole.dump'), sampleDump(image), image);
  whole = readFileSync(path('whole.dump'));
  original = await readAll(path('whole.dump'));
});

async function fates(each: Iterable<Buffer>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const bytes of each) {
    writeFileSync(path('damaged.dump'), bytes);
    const fate = await tryAll(path('damaged.dump'));
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
  }
  return counts;
}

describe('a dump', () => {
  test('that was cut is refused, wherever the cut', async () => {
    const lengths = [
      ...Array(70).keys(),
      ...strided(70, whole.length - 400, 101),
      ...strided(whole.length - 400, whole.length, 3),
    ];
    const counts = await fates(lengths.map((length) => whole.subarray(0, length)));
    expect([...counts.keys()]).toEqual(['refused']);
  });

  test('with something behind it, or before it, is read or refused', async () => {
    const junk = Buffer.from('junk'.repeat(10));
    const counts = await fates([
      Buffer.concat([whole, junk]),
      Buffer.concat([junk, whole]),
      Buffer.concat([whole, whole]),
    ]);
    expect([...counts.keys()].filter((fate) => fate !== 'refused' && fate !== 'same')).toEqual([]);
  });

  test('whose entries claim other sizes than they have is read or refused, and soon', async () => {
    // In the central directory: the compressed size at 20, the other at 24, of each header.
    const changed = function* (): Iterable<Buffer> {
      for (let at = whole.indexOf('PK\u0001\u0002'); at >= 0;) {
        for (const field of [20, 24]) {
          const size = whole.readUInt32LE(at + field);
          for (const other of [0, 1, size - 1, size + 1, size + 200, size + 40_000, 0xffff_fff0]) {
            const bytes = Buffer.from(whole);
            bytes.writeUInt32LE(other >>> 0, at + field);
            yield bytes;
          }
        }
        at = whole.indexOf('PK\u0001\u0002', at + 4);
      }
    };
    const counts = await fates(changed());
    expect([...counts.keys()].filter((fate) => fate !== 'refused' && fate !== 'same')).toEqual([]);
    expect(counts.get('refused')).toBeGreaterThan(50);
  });

  test('with an entry that ends long before it says so is read, and let go', () => {
    // What comes behind is more than a stream takes in one bite: where it inflates, it waits for ever.
    const golden = fileURLToPath(new URL('../dumps/mixed.twin.dump', import.meta.url));
    const bytes = readFileSync(golden);
    const name = bytes.lastIndexOf('pages.json');
    expect(bytes.toString('latin1', name - 46, name - 42)).toBe('PK\u0001\u0002');
    bytes.writeUInt32LE(32_815, name - 46 + 20);
    writeFileSync(path('early.dump'), bytes);
    // In a process of its own: what reads on behind our back ends all of it.
    const cli = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [cli, 'mdb', path('early.dump'), '-e', '::status'],
      { encoding: 'utf8', timeout: 20_000 },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('debugging crash dump');
  });

  test('with a byte changed never reads as something else', async () => {
    const spots = [
      ...strided(0, whole.length, 31),
      ...strided(whole.length - 900, whole.length, 3),
    ];
    const changed = function* (): Iterable<Buffer> {
      for (const [i, at] of spots.entries()) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= [0x01, 0x80, 0xff, 0x10][i % 4]!;
        yield bytes;
      }
    };
    const counts = await fates(changed());
    expect([...counts.keys()].toSorted()).toEqual(['refused', 'same']);
    // Most bytes of the file are under a checksum.
    expect(counts.get('refused')!).toBeGreaterThan(counts.get('same')!);
  });

  function strided(from: number, to: number, by: number): number[] {
    return Array.from({ length: Math.ceil((to - from) / by) }, (_, i) => from + i * by);
  }
});

describe('a file that is no dump', () => {
  test.for<[string, () => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['text', () => Buffer.from('this is not the file that you look for\n')],
    ['zeros', () => Buffer.alloc(100_000)],
    [
      'an end of archive alone',
      () => Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]),
    ],
  ])('%s is refused', async ([, bytes]) => {
    writeFileSync(path('no.dump'), bytes());
    expect(await tryAll(path('no.dump'))).toBe('refused');
  });

  test('random bytes are refused, also behind a zip’s own first bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom('', 'PK\x03\x04', 'PK\x05\x06'),
        async (bytes, start) => {
          writeFileSync(path('random.dump'), Buffer.concat([Buffer.from(start, 'latin1'), bytes]));
          expect(await tryAll(path('random.dump'))).toBe('refused');
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a directory is refused', async () => {
    mkdirSync(path('directory.dump'));
    expect(await tryAll(path('directory.dump'))).toBe('refused');
  });

  test('none at all is said so', async () => {
    await expect(DumpFile.open(path('nowhere.dump'))).rejects.toMatchObject({
      code: 'DUMP_NOT_FOUND',
    });
  });
});

type Entries = Readonly<Record<string, unknown>>;
const GOOD: Entries = {
  'dump.json': { ...HEAD, image: { bytes: 8192, page: 4096 } },
  'threads.json': [PAGER],
  'locks.json': [],
  'types.json': [],
  'symbols.json': [],
  'pages.json': [[1, 1]],
  'image.bin': Buffer.alloc(4096, 7),
};

async function zipped(entries: Entries): Promise<string> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(entries)) {
    const bytes = Buffer.isBuffer(content)
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    zip.addBuffer(bytes, name);
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  writeFileSync(path('made.dump'), Buffer.concat(chunks));
  return path('made.dump');
}

/** What the reader says of a zip with these entries, without the file's name. */
async function complaint(entries: Entries): Promise<string> {
  const file = await zipped(entries);
  try {
    await readAll(file);
    return 'none';
  } catch (error) {
    return error instanceof Fail
      ? `${error.code}: ${error.message.replace(file, 'FILE')}`
      : String(error);
  }
}
const without = (name: string): Entries =>
  Object.fromEntries(Object.entries(GOOD).filter(([each]) => each !== name));
const head = (change: object): Entries => ({
  ...GOOD,
  'dump.json': { ...(GOOD['dump.json'] as object), ...change },
});
const thread = (change: object): Entries => ({
  ...GOOD,
  'threads.json': [PAGER, { ...PAGER, ...change }],
});
const says = (what: string, where: string): string =>
  `DUMP_UNREADABLE: FILE cannot be read as a dump: ${what}, at ${where}`;

describe('a zip', () => {
  test('control: with all that a dump needs is one, and with more', async () => {
    expect(await complaint(GOOD)).toBe('none');
    expect(
      await complaint({
        ...GOOD,
        'more.txt': 'more',
        'dump.json': { ...(GOOD['dump.json'] as object), more: 1 },
      }),
    ).toBe('none');
  });

  test.for(Object.keys(GOOD))('without %s is none', async (name) => {
    const what = 'is missing: this zip is no gridlock dump, or not all of one';
    expect(await complaint(without(name))).toBe(says(what, name));
  });

  test.for(Object.keys(GOOD).filter((name) => name.endsWith('.json')))(
    'with no JSON in %s is none',
    async (name) => {
      expect(await complaint({ ...GOOD, [name]: '{"a":' })).toContain(
        `FILE cannot be read as a dump: is not JSON: `,
      );
      expect(await complaint({ ...GOOD, [name]: '{"a":' })).toContain(`, at ${name}`);
      expect(await complaint({ ...GOOD, [name]: 'null' })).toContain(`, at ${name}`);
      expect(await complaint({ ...GOOD, [name]: '7' })).toContain(`, at ${name}`);
    },
  );

  test.for<[string, Entries, string]>([
    [
      'no format',
      head({ format: undefined }),
      says('says no format: format is no number', 'dump.json'),
    ],
    [
      'a later format',
      head({ format: DUMP_FORMAT + 1 }),
      says(`is format ${DUMP_FORMAT + 1}; this gridlock reads up to ${DUMP_FORMAT}`, 'dump.json'),
    ],
    [
      'a message that is no text',
      head({ message: 5 }),
      says('does not have its shape: message is no string', 'dump.json'),
    ],
    [
      'a cycle of names',
      head({ cycle: [1, 'pager'] }),
      says('does not have its shape: cycle[1] is no count', 'dump.json'),
    ],
    [
      'no reasons',
      head({ because: undefined }),
      says('does not have its shape: because is no list', 'dump.json'),
    ],
    [
      'no image',
      head({ image: null }),
      says('does not have its shape: image is no record', 'dump.json'),
    ],
    [
      'an image without pages',
      head({ image: { bytes: 4096 } }),
      says('does not have its shape: image.page is no number', 'dump.json'),
    ],
    [
      'a stack that is no list',
      thread({ stack: 'none' }),
      says('does not have its shape: [1].stack is no list', 'threads.json'),
    ],
    [
      'a frame without a function',
      thread({ stack: [{ file: 'x', line: 1, column: 1 }] }),
      says('does not have its shape: [1].stack[0].function is no string', 'threads.json'),
    ],
    [
      'a want that is a word',
      thread({ wants: 'much' }),
      says('does not have its shape: [1].wants is no record', 'threads.json'),
    ],
    [
      'a lock without a name',
      thread({ holds: [{ kind: 'mutex', address: '0', held_ms: 1 }] }),
      says('does not have its shape: [1].holds[0].name is no string', 'threads.json'),
    ],
    [
      'a type without fields',
      { ...GOOD, 'types.json': [{ name: 'x', size: 4 }] },
      says('does not have its shape: [0].fields is no list', 'types.json'),
    ],
    [
      'pages that are no list',
      { ...GOOD, 'pages.json': {} },
      says('does not have its shape: it is no list', 'pages.json'),
    ],
    [
      'too few bytes for its pages',
      { ...GOOD, 'image.bin': Buffer.alloc(4095) },
      says('holds 4095 bytes, its page list 4096', 'image.bin'),
    ],
    [
      'more bytes than pages',
      { ...GOOD, 'pages.json': [] },
      says('holds 4096 bytes, its page list 0', 'image.bin'),
    ],
  ])('with %s is refused by name', async ([, entries, expected]) => {
    expect(await complaint(entries)).toBe(expected);
  });

  test.for([
    [2 ** 40, 4096],
    [-4096, 4096],
    [8192, 0],
    [8192, -4096],
    [8192.5, 4096],
    [8192, 0.5],
    [8192, 1e300],
  ])('whose image claims to be %f bytes in pages of %f is refused', async ([bytes, page]) => {
    const what = `claims an image of ${bytes} bytes in pages of ${page}`;
    expect(await complaint(head({ image: { bytes, page } }))).toBe(says(what, 'dump.json'));
  });

  test.for([[[2, 1]], [[1, 2]], [[-1, 1]], [[0.5, 1]], [[0, -1]], [[0, 1e20]], [[1]], [[]]])(
    'with the page list %j is refused',
    async (pages) => {
      const what = `has a range outside the image: ${JSON.stringify(pages[0])}`;
      expect(await complaint({ ...GOOD, 'pages.json': pages })).toBe(says(what, 'pages.json'));
    },
  );

  test('that claims an entry too large to hold is refused before any of it is read', async () => {
    const file = await zipped(GOOD);
    const bytes = readFileSync(file);
    // The uncompressed size in the central directory's row for image.bin.
    const row = bytes.lastIndexOf(Buffer.from('image.bin')) - 46;
    expect(bytes.readUInt32LE(row)).toBe(0x02014b50);
    bytes.writeUInt32LE(0x7fff_0000, row + 24);
    writeFileSync(file, bytes);
    await expect(readAll(file)).rejects.toThrow('claims 2147418112 bytes, at image.bin');
  });

  test('that is a bomb stops at what it claims', async () => {
    const file = await zipped({ ...GOOD, 'image.bin': Buffer.alloc(8 << 20) });
    const bytes = readFileSync(file);
    const row = bytes.lastIndexOf(Buffer.from('image.bin')) - 46;
    bytes.writeUInt32LE(4096, row + 24);
    writeFileSync(file, bytes);
    await expect(readAll(file)).rejects.toMatchObject({ code: 'DUMP_UNREADABLE' });
  });
});

describe('a shape', () => {
  const SHAPE: Shape = {
    name: 'string',
    'size?': 'number',
    list: [{ on: 'boolean' }],
    maybe: [null, 'record'],
  };

  test.for<[unknown, string | undefined]>([
    [{ name: 'a', list: [], maybe: null }, undefined],
    [{ name: 'a', size: 1, list: [{ on: true }], maybe: {}, more: 1 }, undefined],
    [{ name: 1, list: [], maybe: null }, 'name is no string'],
    [{ name: 'a', size: '1', list: [], maybe: null }, 'size is no number'],
    [{ name: 'a', list: [{ on: true }, { on: 1 }], maybe: null }, 'list[1].on is no boolean'],
    [{ name: 'a', list: {}, maybe: null }, 'list is no list'],
    [{ name: 'a', list: [], maybe: [] }, 'maybe is no record'],
    [{ name: 'a', list: [] }, 'maybe is no record'],
    [null, 'it is no record'],
    [[], 'it is no record'],
  ])('%j: %s', ([value, wrong]) => {
    expect(misfit(value, SHAPE)).toBe(wrong);
  });

  test('is a verdict on any JSON, never an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(typeof (misfit(value, SHAPE) ?? '')).toBe('string');
      }),
    );
  });
});
