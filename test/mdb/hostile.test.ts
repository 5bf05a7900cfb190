/*
 * Goal: a dump that was made to hurt is refused, or looked into in bounded time and memory.
 *
 * Method: a golden dump, with one entry replaced by hand: structs that hold each other twice over, sources that are
 * one line or nothing but beginnings, very many threads, frames and symbols, JSON as deep as can be, a zip in the
 * place of another.  What opens gets lines that touch what was replaced.  The control is the dump as it was.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ZipFile } from 'yazl';

import { Fail } from '../../src/base/fail.ts';
import type { DumpThread, StructInfo } from '../../src/dump/format.ts';
import { DumpFile } from '../../src/dump/read.ts';
import { analyzeText } from '../../src/mdb/analyze.ts';
import { openSession } from '../../src/mdb/open.ts';
import { entriesOf } from './fuzz/inputs.ts';
import type { Entries } from './fuzz/dumps.ts';
import { dumpPath, say } from './session.ts';

const WHOLE = dumpPath('read-hold.planted');
const SOURCE = 'sources/src/kernel/mutex.ts';
const BOUND_MS = 20_000;

const directory = mkdtempSync(join(tmpdir(), 'gridlock-hostile-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let entries: Entries;
beforeAll(async () => {
  entries = await entriesOf(WHOLE);
});

function json(name: string): unknown {
  return JSON.parse(entries.get(name)!.toString());
}

/** What comes of opening it, and of the lines: the error's code and what it says, or the errors of the lines. */
async function lookInto(
  lies: Readonly<Record<string, string>>,
  lines: readonly string[],
): Promise<string> {
  const zip = new ZipFile();
  for (const [name, bytes] of new Map([
    ...entries,
    ...Object.entries(lies).map(([name, text]) => [name, Buffer.from(text)] as const),
  ])) {
    zip.addBuffer(bytes, name, { compress: false });
  }
  zip.end();
  const path = join(directory, 'x.dump');
  writeFileSync(path, await buffer(zip.outputStream));
  const begin = performance.now();
  try {
    const file = await DumpFile.open(path);
    const session = await openSession(file);
    file.close();
    analyzeText(session.target.dump, path, { full: true });
    let errors = '';
    for (const line of lines) errors += (await say(session, line)).error;
    return errors === '' ? 'opened' : errors.trimEnd();
  } catch (error) {
    if (!(error instanceof Fail)) throw error;
    return `${error.code}: ${error.message.slice(error.message.indexOf(': ') + 2)}`;
  } finally {
    expect(performance.now() - begin).toBeLessThan(BOUND_MS);
  }
}

const LOOK = ['::status', '::walk thread | ::findstack', 'mutex_enter=X', '<rip::dis -n 1'];
const half = (name: string): string => entries.get(name)!.toString().slice(0, 100);

test('control: the dump as it was opens, and all lines go well', async () => {
  expect(await lookInto({}, LOOK)).toBe('opened');
});

test.for<[string, () => Record<string, string>, string[], RegExp]>([
  [
    'structs that hold each other twice, 30 deep',
    () => {
      const twice = (target: string): StructInfo['fields'] =>
        ['a', 'b'].map((name) => ({ name, kind: 'struct', target, offset: 0, size: 4 }));
      const types = Array.from({ length: 31 }, (_, i) => ({
        name: `t${i}`,
        size: 4,
        align: 4,
        fields: i === 30 ? [] : twice(`t${i + 1}`),
      }));
      return { 'types.json': JSON.stringify([...(json('types.json') as StructInfo[]), ...types]) };
    },
    ['41500::print -s 60 t0', '41500::print -s 60 t0 | ::json'],
    /^(mdb: that is more than 50000 fields: .*\n?){2}$/,
  ],
  [
    'a struct inside itself',
    () => {
      const fields = [{ name: 'a', kind: 'struct', target: 'me', offset: 0, size: 4 }];
      return { 'types.json': JSON.stringify([{ name: 'me', size: 4, align: 4, fields }]) };
    },
    [],
    /^DUMP_UNREADABLE: me is a part of itself, at types\.json$/,
  ],
  [
    'a struct of no bytes',
    () => ({ 'types.json': JSON.stringify([{ name: 'no', size: 0, align: 4, fields: [] }]) }),
    [],
    /^DUMP_UNREADABLE: no has 0 bytes, at types\.json$/,
  ],
  [
    'a source of one long line',
    () => ({ [SOURCE]: 'f('.repeat(5_000_000) }),
    LOOK,
    /unknown symbol/,
  ],
  ['a source of arrows', () => ({ [SOURCE]: 'a=(b)=>'.repeat(1_000_000) }), LOOK, /unknown symbol/],
  ['a source of slashes', () => ({ [SOURCE]: '=/['.repeat(1_000_000) }), LOOK, /unknown symbol/],
  ['a source of blanks', () => ({ [SOURCE]: `function${' '.repeat(5_000_000)}` }), LOOK, /unknown/],
  [
    'sixty thousand threads',
    () => {
      const [thread] = json('threads.json') as DumpThread[];
      const threads = Array.from({ length: 60_000 }, (_, i) => ({ ...thread, id: i, stack: [] }));
      return { 'threads.json': JSON.stringify(threads) };
    },
    ['::walk thread ! true', '::status'],
    /^opened$/,
  ],
  [
    'more threads than there can be',
    () => ({ 'threads.json': `[${'0,'.repeat(70_000)}0]` }),
    [],
    /^DUMP_UNREADABLE: does not have its shape: \[0\] is no record, at threads\.json$/,
  ],
  [
    'a cycle of a hundred thousand',
    () => {
      const head = json('dump.json') as object;
      return { 'dump.json': JSON.stringify({ ...head, cycle: Array(100_000).fill(1) }) };
    },
    [],
    /^DUMP_UNREADABLE: names 100\d\d\d threads, at dump\.json$/,
  ],
  [
    'a stack of a hundred thousand frames, each with a file of its own',
    () => {
      const [thread] = json('threads.json') as DumpThread[];
      const [frame] = thread!.stack;
      const stack = Array.from({ length: 100_000 }, (_, i) => ({ ...frame, file: `f${i}` }));
      return { 'threads.json': JSON.stringify([{ ...thread, stack }]) };
    },
    ['::walk thread | ::findstack'],
    /^opened$/,
  ],
  [
    'JSON a hundred thousand deep',
    () => {
      const head = JSON.stringify(json('dump.json'));
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      return { 'dump.json': `${head.slice(0, -1)},"deep":${deep}}` };
    },
    ['::status | ::json'],
    /^mdb: failed to print as JSON: Maximum call stack size exceeded$/,
  ],
  [
    'addresses that are none',
    () => ({
      'threads.json': entries.get('threads.json')!.toString().replaceAll('"41500"', '"-0x1"'),
    }),
    [],
    /^DUMP_UNREADABLE: does not have its shape: \[0\]\.address is no hex, at threads\.json$/,
  ],
  [
    'numbers that are none',
    () => ({
      'symbols.json': '[{"name":"x","address":1e999,"size":1,"type":"kmutex"}]',
    }),
    [],
    /^DUMP_UNREADABLE: does not have its shape: \[0\]\.address is no count, at symbols\.json$/,
  ],
  [
    'half of its JSON',
    () => ({ 'threads.json': half('threads.json') }),
    [],
    /^DUMP_UNREADABLE: is not JSON: .*, at threads\.json$/,
  ],
  [
    'a zip in the place of its image',
    () => ({ 'image.bin': readFileSync(WHOLE, 'latin1') }),
    [],
    /^DUMP_UNREADABLE: holds \d+ bytes, its page list \d+, at image\.bin$/,
  ],
])('%s', { timeout: 60_000 }, async ([, lies, lines, comes]) => {
  expect(await lookInto(lies(), lines)).toMatch(comes);
});
