/*
 * Goal: a global has one address in every thread that links the same, on lines of its own; a thread that
 * links anything else is refused before it can touch the image.
 *
 * Method: real threads link the same globals, or others, or the same in another order, and attach to one
 * image.  The orders that give the same end are the ones that a careless check would let through.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { describe, expect, test } from 'vitest';

import { createImage } from '../../src/layout/image.ts';
import { BSS_BASE, BSS_BYTES, global, linkedEnd, linkedSymbols } from '../../src/layout/linker.ts';
import { kcondvar, kmutex, kthread } from '../../src/layout/records.ts';
import { struct, u32, u8 } from '../../src/layout/struct.ts';

const odd = struct('linker_odd', { a: u8, b: u32 });

const lock = global('lock', kmutex);
const cv = global('cv', kcondvar);
const table = global('table', kmutex, 3);
const image = createImage({ threads: 1, heapBytes: 4096 });

type Link = readonly [name: string, type: string, count?: number];
const SAME: readonly Link[] = [
  ['lock', 'kmutex'],
  ['cv', 'kcondvar'],
  ['table', 'kmutex', 3],
];

async function link(names: readonly Link[], of: SharedArrayBuffer = image): Promise<unknown> {
  const thread = new Worker(new URL('linker.thread.mjs', import.meta.url), {
    workerData: { image: of, names },
  });
  const [answer] = (await once(thread, 'message')) as [unknown];
  await thread.terminate();
  return answer;
}

describe('threads', () => {
  test('that link the same agree on every address', async () => {
    const answers = await Promise.all([link(SAME), link(SAME)]);
    expect(answers).toEqual([
      [lock, cv, table],
      [lock, cv, table],
    ]);
  });

  test.for<[string, readonly Link[]]>([
    ['nothing', []],
    ['less', SAME.slice(0, 2)],
    ['more', [...SAME, ['more', 'kmutex']]],
    ['two in another order, of one size', [SAME[1]!, SAME[0]!, SAME[2]!]],
    ['another name', [SAME[0]!, ['cw', 'kcondvar'], SAME[2]!]],
    [
      'one longer and one shorter',
      [
        ['lock', 'kmutex', 3],
        ['cv', 'kcondvar'],
        ['table', 'kmutex'],
      ],
    ],
  ])('that link %s are refused', async ([, names]) => {
    expect(await link(names)).toMatch(
      /^Error: attach: .*globals of this thread end at \d+.* imported in another order/,
    );
  });

  test.for<[string, SharedArrayBuffer]>([
    ['of zeros', new SharedArrayBuffer(1 << 16)],
    ['that is too small', new SharedArrayBuffer(64)],
    ['of nothing', new SharedArrayBuffer(0)],
  ])('that are given a buffer %s are refused', async ([, buffer]) => {
    expect(await link(SAME, buffer)).toBe(
      `Error: attach: this buffer of ${buffer.byteLength} bytes is no gridlock image`,
    );
  });
});

describe('globals', () => {
  test('begin a line each, in the data segment, and do not overlap', () => {
    const small = [global('odd1', odd), global('odd2', odd), global('odds', odd, 20)];
    for (const address of [lock, cv, table, ...small]) expect(address % 64).toBe(0);
    const symbols = linkedSymbols();
    expect(symbols[0]!.address).toBe(BSS_BASE);
    for (const [i, symbol] of symbols.entries()) {
      const before = symbols[i - 1];
      if (before !== undefined)
        expect(symbol.address).toBeGreaterThanOrEqual(before.address + before.size);
    }
    expect(linkedEnd()).toBe(small[2]! + 20 * odd.$.size);
  });

  test('have a name, a size and a type in the link map', () => {
    expect(linkedSymbols().slice(0, 3)).toEqual([
      { name: 'lock', address: lock, size: 64, type: 'kmutex' },
      { name: 'cv', address: cv, size: 64, type: 'kcondvar' },
      { name: 'table', address: table, size: 192, type: 'kmutex' },
    ]);
  });

  test('are defined once', () => {
    expect(() => global('lock', kcondvar)).toThrow('linker: lock is multiply defined');
  });

  test('that do not fit are refused by name, and leave no trace', () => {
    const end = linkedEnd();
    const rows = Math.floor(BSS_BYTES / kthread.$.size) + 1;
    expect(() => global('too_many', kthread, rows)).toThrow(
      `linker: no room for too_many (${rows * kthread.$.size} bytes): the data segment holds ${BSS_BYTES}`,
    );
    expect(linkedEnd()).toBe(end);
    expect(linkedSymbols().at(-1)!.name).not.toBe('too_many');
    expect(global('too_many', kthread)).toBe(Math.ceil(end / 64) * 64);
  });

  test('fill the data segment to its last byte, and no further', () => {
    const left = BSS_BASE + BSS_BYTES - Math.ceil(linkedEnd() / 64) * 64;
    global('last', kmutex, left / 64);
    expect(linkedEnd()).toBe(BSS_BASE + BSS_BYTES);
    expect(() => global('one_more', odd)).toThrow('no room for one_more');
  });
});
