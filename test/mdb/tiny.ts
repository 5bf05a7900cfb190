/*
 * A target made by hand: small enough to know every byte of.
 *
 *     address   what
 *     -------   -----------------------------------------------------------------
 *     0x40      thread 1, a `kthread`: name at 0x100, state 1 (TS_SLEEP)
 *     0x60      thread 2
 *     0x80      the global `pool`, two `bucket`s of 8 bytes
 *     0x90      the named lock `my lock`, a `kmutex` owned by thread 1, with waiters
 *     0x100     the string "pager"
 */

import type { DumpFrame, DumpThread, StructInfo } from '../../src/dump/format.ts';
import { sessionOf, type OpenOptions } from '../../src/mdb/open.ts';
import type { Session } from '../../src/mdb/session.ts';
import { Target } from '../../src/mdb/target/target.ts';
import { HEAD, PAGER } from '../dump/sample.ts';

export const A_TS = [
  '/* A file. */',
  'export function outer(a: number, b: number): number {',
  '  return inner(a) + b;',
  '}',
  '',
  'function inner(a: number): number {',
  '  // deep',
  '  return a;',
  '}',
  '',
].join('\n');

export const B_TS = 'export function inner() { return 1; }\nexport const pool = () => 2;\n';

const field = (
  name: string,
  kind: string,
  offset: number,
  size: number,
  more: object = {},
): StructInfo['fields'][number] => ({ name, kind, offset, size, ...more });

export const TYPES: StructInfo[] = [
  {
    name: 'kthread',
    size: 32,
    align: 4,
    fields: [
      field('name', 'text', 0, 4),
      field('state', 'enum', 4, 4, { names: { 1: 'TS_SLEEP', 4: 'TS_ONPROC' } }),
      field('flags', 'bits', 8, 4, { names: { 1: 'DAEMON', 2: 'PANICKED' } }),
      field('proc', 'ref', 12, 4, { target: 'bucket' }),
      field('wchan', 'ref', 16, 4, { target: 'kmutex' }),
      field('since', 'time', 20, 4),
      field('delta', 'i32', 24, 4),
    ],
  },
  {
    name: 'bucket',
    size: 8,
    align: 4,
    fields: [field('count', 'u16', 0, 2), field('tag', 'char', 4, 4, { count: 4 })],
  },
  {
    name: 'kmutex',
    size: 16,
    align: 4,
    fields: [
      field('owner', 'ref', 0, 4, { target: 'kthread' }),
      field('kind', 'enum', 4, 4, { names: { 1: 'mutex' } }),
      field('part', 'struct', 8, 8, { target: 'bucket' }),
    ],
  },
  {
    name: 'table',
    size: 16,
    align: 4,
    fields: [field('rows', 'struct', 0, 16, { target: 'bucket', count: 2 })],
  },
];

export const FRAMES: DumpFrame[] = [
  {
    function: 'inner',
    file: 'src/a.ts',
    line: 8,
    column: 3,
    locals: [
      { name: 'a', value: '26' },
      { name: 'text', value: '"x"' },
    ],
  },
  { function: 'outer', file: 'src/a.ts', line: 3, column: 10 },
  { function: 'node_thing', file: 'node:internal/x', line: 7, column: 5 },
];

export function tinyTarget(threads: readonly DumpThread[] = THREADS): Target {
  const image = new Uint8Array(0x200);
  const view = new DataView(image.buffer);
  const put = (at: number, ...words: number[]): void =>
    words.forEach((word, i) => view.setUint32(at + 4 * i, word, true));
  put(0x40, 0x100, 1, 1, 0x80, 0x90, 418, -2);
  put(0x60, 0, 9, 2, 0, 0, 0, 0);
  put(0x80, 0x1642, 0x00636261, 0, 0);
  put(0x90, 0x41, 1, 7, 0);
  put(0x100, 5);
  image.set(new TextEncoder().encode('pager'), 0x104);
  return new Target(
    'tiny.dump',
    {
      head: { ...HEAD, cycle: [1], image: { bytes: image.length, page: 0x100 } },
      threads,
      locks: [],
      symbols: [
        { name: 'pool', address: 0x80, size: 16, type: 'bucket' },
        { name: 'my lock', address: 0x90, size: 16, type: 'kmutex' },
      ],
    },
    TYPES,
    image,
    new Map([
      ['src/a.ts', A_TS],
      ['src/b.ts', B_TS],
    ]),
  );
}

export const THREADS: readonly DumpThread[] = [
  { ...PAGER, id: 1, address: '40', stack: FRAMES },
  { ...PAGER, id: 2, address: '60', name: 'reaper', stack: [] },
];

export function tinySession(options?: OpenOptions): Session {
  return sessionOf(tinyTarget(), options);
}
