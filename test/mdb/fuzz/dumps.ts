/*
 * Dumps for the fuzzer: a golden one, damaged in its bytes or made to lie.
 *
 *     damage       cut anywhere; bytes flipped; a piece copied over another; another zip inside; garbage
 *     lies         one value of its JSON, or a few, become what no dump has: huge, negative, fractional, empty,
 *                  long, of another type, repeated; its image is full of numbers that point anywhere; a source
 *                  is one long line, or nothing but brackets
 *
 * Damage is refused by the checksums, mostly; lies have good checksums, so they get to the debugger.
 */

import { buffer } from 'node:stream/consumers';

import { ZipFile } from 'yazl';

import type { Chance } from './random.ts';

const STRANGE: readonly unknown[] = [
  0,
  -1,
  1,
  1.5,
  7,
  64,
  4097,
  65_536,
  1_000_000,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  Number.MAX_SAFE_INTEGER,
  -(2 ** 53),
  null,
  true,
  '',
  'ffffffffffffffff',
  '0',
  '-1',
  'NaN',
  '__proto__',
  'constructor',
  '\u0000\u001b[2J\u202e',
  'x'.repeat(5000),
  'kmutex',
  'kthread',
  'struct',
  'ref',
  [],
  {},
  [[[[[[]]]]]],
];

export type Entries = ReadonlyMap<string, Buffer>;

export function damaged(chance: Chance, whole: Buffer): Buffer {
  const bytes = Buffer.from(whole);
  const at = chance.below(bytes.length);
  switch (chance.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return bytes.subarray(at);
    case 2: {
      for (let n = chance.below(8); n >= 0; n--)
        bytes[chance.below(bytes.length)] = chance.below(256);
      return bytes;
    }
    case 3: {
      bytes.copy(bytes, chance.below(bytes.length), at, at + chance.below(2000));
      return bytes;
    }
    case 4:
      return Buffer.concat([bytes.subarray(0, at), whole, bytes.subarray(at)]);
    default: {
      // The directory at the end of a zip is where sizes and offsets are.
      const back = 1 + chance.below(1200);
      bytes[Math.max(0, bytes.length - back)]! ^= 1 << chance.below(8);
      return bytes;
    }
  }
}

export async function lying(chance: Chance, entries: Entries): Promise<Buffer> {
  const names = [...entries.keys()];
  const json = names.filter((name) => name.endsWith('.json'));
  const lies = new Map(entries);
  for (let n = chance.below(4); n >= 0; n--) {
    const kind = chance.below(8);
    if (kind < 5) {
      const name = chance.of(json);
      lies.set(name, Buffer.from(JSON.stringify(bend(chance, parsed(lies.get(name)!)))));
    } else if (kind === 5) {
      const image = Buffer.from(lies.get('image.bin')!);
      for (let i = 0; i < 200 && image.length > 4; i++) {
        image.writeUInt32LE(chance.below(2 ** 32), chance.below(image.length - 4));
      }
      lies.set('image.bin', image);
    } else if (kind === 6) {
      lies.set(
        chance.of(names),
        Buffer.from(chance.of(['', '[]', '[]', '{}', 'null', '[1e999]', '[[0,1]]'])),
      );
    } else {
      const source = chance.of(names.filter((name) => name.startsWith('sources/')));
      const piece = chance.of([
        '(',
        'x=>',
        'function f(',
        'a:{',
        '`${',
        ' ',
        '\n',
        '/*',
        "'",
        'f (',
      ]);
      lies.set(source, Buffer.from(piece.repeat(1 + chance.below(20_000))));
    }
  }
  const zip = new ZipFile();
  for (const [name, bytes] of lies) zip.addBuffer(bytes, name, { compress: false });
  zip.end();
  return buffer(zip.outputStream);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return [];
  }
}

/** One value somewhere inside becomes strange. */
function bend(chance: Chance, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    // What has the right type gets furthest.
    const alike = STRANGE.filter((each) => typeof each === typeof value);
    return chance.of(chance.one(4) || alike.length === 0 ? STRANGE : alike);
  }
  if (chance.one(30)) return chance.of(STRANGE);
  if (Array.isArray(value)) {
    if (value.length === 0) return [chance.of(STRANGE)];
    const at = chance.below(value.length);
    if (chance.one(30)) return Array.from({ length: 300 }, () => value[at] as unknown);
    if (chance.one(30)) return value.slice(0, at);
    return value.map((each: unknown, i) => (i === at ? bend(chance, each) : each));
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return { [String(chance.of(STRANGE))]: 1 };
  const key = chance.of(keys);
  const before = (value as Record<string, unknown>)[key];
  return { ...value, [key]: bend(chance, before) };
}
