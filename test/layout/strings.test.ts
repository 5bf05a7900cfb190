/*
 * Goal: a text reads back as the string that it was made of, in every thread; two threads never write to
 * the same place; a full table yields '' and harms nothing; a damaged address is '?'.
 *
 * Method: random strings on this thread; every schedule of two threads that add strings at once, with
 * the table's end among the places, near the end of the table too.
 */

import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { kernel_boot } from '../../src/kernel/startup.ts';
import { header, image_header } from '../../src/layout/records.ts';
import { intern, textOf } from '../../src/layout/strings.ts';
import { createImage } from '../../src/layout/image.ts';
import { bindWords, boundImage, get, poke, put } from '../../src/layout/word.ts';
import { openCast, play, type Call } from '../kernel/scene.ts';

const cast = openCast(2);
afterAll(async () => cast.close());

const ours = boundImage();
const boot = (): void => kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
const next = (): number => get(header, image_header.strings_next);
const end = (): number => get(header, image_header.strings_end);

/** Leaves room for so many bytes, of those that are not kept for a panic. */
function fill(left: number): void {
  let i = 0;
  while (intern(`${i}`.padEnd(1000, '.')) !== 0) i++;
  while (intern(`${i}`) !== 0) i++;
  put(header, image_header.strings_next, next() - left);
}

describe('on one thread', () => {
  beforeEach(() => {
    bindWords(ours);
    boot();
  });

  test('a text reads back as its string, the same string is the same text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 })), (list) => {
        const texts = list.map((value) => intern(value));
        expect(texts.map(textOf)).toEqual(list);
        expect(list.map((value) => intern(value))).toEqual(texts);
        expect(new Set(texts).size).toBe(new Set(list).size);
      }),
      { numRuns: 50 },
    );
  });

  test('the empty string is 0, and 0 is the empty string', () => {
    const before = next();
    expect([intern(''), textOf(0), next()]).toEqual([0, '', before]);
  });

  test('a string that is too long is cut, and says so', () => {
    const read = textOf(intern('x'.repeat(5000)));
    expect(read).toBe(`${'x'.repeat(2048)}…`);
    expect(textOf(intern('x'.repeat(2048)))).toBe('x'.repeat(2048));
  });

  test('a full table yields 0, and what was there stays', () => {
    const first = intern('first');
    fill(0);
    expect([intern('no room'), textOf(first), intern('first')]).toEqual([0, 'first', first]);
    expect(next()).toBeLessThanOrEqual(end());
  });

  test('the last of it is kept for what a panic says', () => {
    fill(0);
    const said = intern('a panic', true);
    expect(textOf(said)).toBe('a panic');
    expect(said).toBeGreaterThan(next() - 64);
    for (const length of [1000, 1]) {
      for (let i = 0; intern(`${i}`.padEnd(length, '.'), true) !== 0; i++);
    }
    expect([intern('another', true), next() <= end()]).toEqual([0, true]);
  });

  test('a boot forgets: the same string may be another text, and reads the same', () => {
    intern('before');
    const text = intern('here');
    boot();
    const again = intern('here');
    expect(again).not.toBe(text);
    expect(textOf(again)).toBe('here');
  });

  test('another image has texts of its own', () => {
    const names = ['boot', 'one', 'two'];
    names.forEach((name) => intern(name));
    bindWords(createImage({ threads: 1, heapBytes: 4096 }));
    boot();
    expect(names.map((name) => textOf(intern(name)))).toEqual(names);
  });

  test.for<[string, () => number]>([
    ['below the table', () => get(header, image_header.strings) - 4],
    ['behind it', end],
    ['at its last word', () => end() - 3],
    ['negative', () => -4],
    ['with a length that is negative', () => damaged(-1)],
    ['with a length that runs out of the table', () => damaged(1 << 20)],
  ])('an address %s reads as ?', ([, address]) => {
    expect(textOf(address())).toBe('?');
  });

  function damaged(length: number): number {
    const text = intern('soon damaged');
    poke(text, length);
    return text;
  }
});

describe('two threads at once', () => {
  const places = [header + image_header.strings_next];
  const list: Call[] = [
    ['intern', 'both say this'],
    ['intern', 'one'],
  ];
  const other: Call[] = [
    ['intern', 'both say this'],
    ['intern', 'the other says more'],
  ];

  test('never write to the same place', () => {
    const read = (results: readonly unknown[]): string =>
      results
        .flat()
        .map((text) => textOf(text as number))
        .join('|');
    const table = { 'both say this|one|both say this|the other says more': 'each its own' };
    expect(
      cast.surprises(play([list, other], { observe: read, places }), table, { preemptions: 4 }),
    ).toEqual([]);
  });

  test('nor past the end: who finds no room has none', () => {
    const read = (results: readonly unknown[]): string => {
      const texts = results.flat() as number[];
      const clash =
        texts.filter((text) => text !== 0).length !==
        new Set(texts.filter((text) => text !== 0)).size;
      return `${texts.map(textOf).join('|')}${clash ? ' clash' : ''}`;
    };
    const one: Call[] = [['intern', '12345678']]; // 4 + 8 bytes
    const tight = { boot: () => fill(20), observe: read, places };
    const table = {
      '12345678|': 'the first had room',
      '|12345678': 'the second had',
      '|': 'each was in the other’s way',
    };
    const { counts } = cast.explore(play([one, one], tight), { preemptions: 4 });
    expect([...counts.keys()].every((each) => each in table)).toBe(true);
    expect([...counts.keys()]).toContain('12345678|');
  });
});
