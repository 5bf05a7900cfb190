/*
 * Goal: what is written is read, at the width it was written with, and nothing beside it is touched.
 *
 * Method: random values against a DataView over the same memory, which knows nothing of ours.
 */

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import { withImage } from '../../src/dump/census.ts';
import { char, embed, i32, ref, struct, u16, u32, u64, u8 } from '../../src/layout/struct.ts';
import type { Ref } from '../../src/layout/struct.ts';
import {
  add,
  addWord,
  bindWords,
  boundImage,
  cas,
  copyBytes,
  fillBytes,
  get,
  get16,
  get64,
  get8,
  getText,
  load,
  loadWord,
  notify,
  peek,
  peek8,
  poke,
  poke8,
  put,
  put16,
  put64,
  put8,
  putText,
  readUtf8,
  setBits,
  stamp,
  store,
  sub,
  swap,
  unstamp,
  wait,
  writeUtf8,
} from '../../src/layout/word.ts';

const inner = struct('word_inner', { a: u32, b: u32 });
const box = struct('word_box', {
  before: u32,
  tiny: u8,
  small: u16,
  word: i32,
  next: ref('word_box'),
  wide: u64,
  label: char(8),
  part: embed(inner),
  after: u32,
});
const LABEL = 8;
const SIZE = 256;
const here = 64 as Ref<'word_box'>;

let memory: SharedArrayBuffer;
let view: DataView;
beforeEach(() => {
  memory = new SharedArrayBuffer(SIZE);
  view = new DataView(memory);
  bindWords(memory);
});

/** The bytes that differ from what they were. */
function changed(body: () => void, from = 0xee): number[] {
  fillBytes(0, SIZE, from);
  body();
  return Array.from({ length: SIZE }, (_, i) => i).filter((i) => view.getUint8(i) !== from);
}
const span = (at: number, length: number): number[] => Array.from({ length }, (_, i) => at + i);

describe('plain access', () => {
  test('a byte, a half word, a word: as a DataView has them', () => {
    fc.assert(
      fc.property(fc.nat(0xff), fc.nat(0xffff), fc.integer(), (byte, half, word) => {
        put8(here, box.tiny, byte);
        put16(here, box.small, half);
        put(here, box.word, word);
        expect([get8(here, box.tiny), get16(here, box.small), get(here, box.word)]).toEqual([
          byte,
          half,
          word,
        ]);
        expect(view.getUint8(here + box.tiny)).toBe(byte);
        expect(view.getUint16(here + box.small, true)).toBe(half);
        expect(view.getInt32(here + box.word, true)).toBe(word);
      }),
    );
  });

  test('is cut to its width, and touches nothing beside it', () => {
    expect(changed(() => put8(here, box.tiny, 0x1ff))).toEqual([here + box.tiny]);
    expect(get8(here, box.tiny)).toBe(0xff);
    expect(changed(() => put16(here, box.small, 0x12345))).toEqual(span(here + box.small, 2));
    expect(get16(here, box.small)).toBe(0x2345);
    expect(changed(() => put(here, box.word, 0))).toEqual(span(here + box.word, 4));
    expect(changed(() => put64(here, box.wide, 0))).toEqual(span(here + box.wide, 8));
  });

  test('64 bits are exact up to 2^53', () => {
    const whole = fc.bigInt({ min: 0n, max: 2n ** 53n }).map(Number);
    const edges = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 1, 2 ** 53 - 1, 2 ** 53];
    fc.assert(
      fc.property(fc.oneof(whole, fc.constantFrom(...edges)), (value) => {
        put64(here, box.wide, value);
        expect(get64(here, box.wide)).toBe(value);
        expect(view.getBigUint64(here + box.wide, true)).toBe(BigInt(value));
      }),
    );
  });

  test('a raw word and a raw byte are where their address says', () => {
    poke(100, -2);
    expect([peek(100), view.getInt32(100, true)]).toEqual([-2, -2]);
    poke8(103, 0x7f);
    expect([peek8(103), peek(100)]).toEqual([0x7f, 0x7ffffffe]);
  });

  test('a part is an address', () => {
    const part = sub(here, box.part);
    put(part, inner.b, 7);
    expect(view.getInt32(here + box.part + 4, true)).toBe(7);
  });

  test('bytes are filled and copied, also onto themselves', () => {
    expect(changed(() => fillBytes(10, 5, 0))).toEqual(span(10, 5));
    for (let i = 0; i < 16; i++) poke8(i, i);
    copyBytes(0, 4, 8);
    expect(span(0, 13).map(peek8)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 12]);
  });
});

describe('text in a field', () => {
  const encoder = new TextEncoder();

  test('is read as it was written, cut to one byte less than the field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const plain = value.replaceAll('\0', '');
        putText(here, box.label, LABEL, plain);
        const bytes = encoder.encode(plain).slice(0, LABEL - 1);
        expect(getText(here, box.label, LABEL)).toBe(new TextDecoder().decode(bytes));
        expect(view.getUint8(here + box.label + LABEL - 1)).toBe(0);
      }),
    );
  });

  test.for([
    ['', ''],
    ['seven77', 'seven77'],
    ['eight888', 'eight88'],
    ['a\0b', 'a'],
    ['ab€cd€', 'ab€cd'],
    ['abcde€', 'abcde'],
  ] as const)(
    '%j reads %j, and perhaps a character that was cut in the middle',
    ([value, read]) => {
      putText(here, box.label, LABEL, value);
      expect(getText(here, box.label, LABEL).replace(/\ufffd+$/, '')).toBe(read);
    },
  );

  test('a field without a NUL ends where it ends', () => {
    fillBytes(here + box.label, LABEL, 0x78);
    expect(getText(here, box.label, LABEL)).toBe('x'.repeat(LABEL));
  });

  test('clears the rest of the field, and nothing beside it', () => {
    expect(changed(() => putText(here, box.label, LABEL, 'no'))).toEqual(
      span(here + box.label, LABEL),
    );
    expect(span(here + box.label, LABEL).map(peek8)).toEqual([0x6e, 0x6f, 0, 0, 0, 0, 0, 0]);
  });

  test('raw UTF-8', () => {
    const bytes = encoder.encode('größe');
    writeUtf8(20, bytes);
    expect(readUtf8(20, bytes.length)).toBe('größe');
  });
});

describe('atomic access', () => {
  test.for<[string, () => number, number, number]>([
    ['load', () => load(here, box.word), 5, 5],
    ['cas that meets what it expects', () => cas(here, box.word, 5, 9), 5, 9],
    ['cas that does not', () => cas(here, box.word, 4, 9), 5, 5],
    ['swap', () => swap(here, box.word, 9), 5, 9],
    ['add', () => add(here, box.word, -7), 5, -2],
    ['add past the end', () => add(here, box.word, 0x7fff_ffff), 5, -0x8000_0000 + 4],
    ['setBits', () => setBits(here, box.word, 0x18), 5, 0x1d],
    ['loadWord', () => loadWord(here + box.word), 5, 5],
    ['addWord', () => addWord(here + box.word, 2), 5, 7],
  ])('%s', ([, verb, returned, left]) => {
    store(here, box.word, 5);
    expect(verb()).toBe(returned);
    expect(get(here, box.word)).toBe(left);
  });

  test('touches nothing beside the word', () => {
    expect(changed(() => store(here, box.word, 0))).toEqual(span(here + box.word, 4));
    expect(changed(() => swap(here, box.word, 0))).toEqual(span(here + box.word, 4));
  });

  test('a wait ends at once when the word is another, and with its time when it is not', () => {
    store(here, box.word, 5);
    expect(wait(here, box.word, 4, Infinity)).toBe('not-equal');
    expect(wait(here, box.word, 5, 0)).toBe('timed-out');
    expect(notify(here, box.word, Infinity)).toBe(0);
  });

  test('stamp writes a value, and beside it a copy of another word; unstamp clears what it expects', () => {
    poke(100, 1234);
    stamp(40, 77, 100);
    expect([peek(40), peek(44)]).toEqual([77, 1234]);
    expect([unstamp(40, 76), peek(40)]).toEqual([false, 77]);
    expect([unstamp(40, 77), peek(40), peek(44)]).toEqual([true, 0, 1234]);
  });
});

describe('binding', () => {
  test('another image takes over, and withImage gives back, even after an exception', () => {
    poke(4, 1);
    const other = new SharedArrayBuffer(SIZE);
    withImage(other, () => {
      expect(peek(4)).toBe(0);
      poke(4, 2);
    });
    expect(peek(4)).toBe(1);
    expect(() =>
      withImage(other, () => {
        throw new Error(`at ${peek(4)}`);
      }),
    ).toThrow('at 2');
    expect(boundImage()).toBe(memory);
  });
});
