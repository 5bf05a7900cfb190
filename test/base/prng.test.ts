/*
 * Goal: the sequences are the published ones, are drawn again from their seeds, and do not overlap.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  formatSeed,
  mix,
  nextBelow,
  nextU32,
  parseSeed,
  RNG_WORDS,
  seedOf,
  seedOfText,
  seedRng,
} from '../../src/base/prng.ts';
import { nextUnit } from '../unit.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

function draw(words: Uint32Array | Int32Array, n: number): number[] {
  return Array.from({ length: n }, () => nextU32(words));
}

function rngOf(seed: number): Uint32Array {
  const words = new Uint32Array(RNG_WORDS);
  seedRng(words, seed);
  return words;
}

test('xoshiro128** from the state 1 2 3 4, as its authors print it', () => {
  const published = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
  expect(draw(Uint32Array.of(1, 2, 3, 4), 8)).toEqual(published);
  expect(draw(Int32Array.of(1, 2, 3, 4), 8)).toEqual(published);
});

test('a generator in the middle of an image leaves the words around it alone', () => {
  const image = new Int32Array(8).fill(-1);
  seedRng(image, 7, 2);
  const drawn = [nextU32(image, 2), nextU32(image, 2)];
  expect(drawn).toEqual(draw(rngOf(7), 2));
  expect([image[0], image[1], image[6], image[7]]).toEqual([-1, -1, -1, -1]);
});

test('mix is triple32: it agrees with the same steps done in whole numbers', () => {
  fc.assert(
    fc.property(u32, (word) => {
      expect(mix(word)).toBe(Number(tripleOf(BigInt(word))));
    }),
  );
});

function tripleOf(word: bigint): bigint {
  let x = word;
  x = ((x ^ (x >> 17n)) * 0xed5ad4bbn) & 0xffff_ffffn;
  x = ((x ^ (x >> 11n)) * 0xac4c1b51n) & 0xffff_ffffn;
  x = ((x ^ (x >> 15n)) * 0x31848babn) & 0xffff_ffffn;
  return x ^ (x >> 14n);
}

test('no two runs of a campaign share a seed', () => {
  fc.assert(
    fc.property(u32, fc.nat(), (root, first) => {
      const seeds = new Set(Array.from({ length: 2000 }, (_, i) => seedOf(root, first + i)));
      expect(seeds.size).toBe(2000);
    }),
    { numRuns: 25 },
  );
});

test('the campaigns of two roots are not one sequence shifted', () => {
  const first = new Map(Array.from({ length: 20_000 }, (_, k) => [seedOf(1, k), k]));
  const shifts = Array.from({ length: 20_000 }, (_, k) => [k, first.get(seedOf(2, k))] as const)
    .filter((pair): pair is [number, number] => pair[1] !== undefined)
    .map(([k2, k1]) => k1 - k2);
  // 20,000 of 2^32 each: 0.09 seeds in common are to be expected, and a shift would give thousands.
  expect(shifts.length).toBeLessThan(4);
});

test('one bit of the root or of k changes about half the bits of the seed', () => {
  const changed: number[] = [];
  for (let k = 0; k < 64; k++) {
    for (let bit = 0; bit < 32; bit++) {
      const seed = seedOf(0x51f0, k);
      changed.push(bitsOf(seed ^ seedOf(0x51f0 ^ (1 << bit), k)));
      changed.push(bitsOf(seed ^ seedOf(0x51f0, (k ^ (1 << bit)) >>> 0)));
    }
  }
  const mean = changed.reduce((sum, bits) => sum + bits, 0) / changed.length;
  expect(mean).toBeGreaterThan(15.5);
  expect(mean).toBeLessThan(16.5);
});

function bitsOf(word: number): number {
  return (word >>> 0).toString(2).replaceAll('0', '').length;
}

test('neighbouring seeds start unlike sequences, and no seed the one of zeros', () => {
  fc.assert(
    fc.property(u32, (seed) => {
      expect(rngOf(seed).some((word) => word !== 0)).toBe(true);
      expect(draw(rngOf(seed), 4)).not.toEqual(draw(rngOf((seed + 1) >>> 0), 4));
    }),
  );
});

test('nextBelow stays below, reaches everything, and favours nothing', () => {
  const words = rngOf(1);
  const counts = new Uint32Array(6);
  for (let i = 0; i < 60_000; i++) counts[nextBelow(words, 6)]! += 1;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chiSquare).toBeLessThan(20.5); //  five degrees of freedom, 99.9%

  fc.assert(
    fc.property(u32, fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
      const drawn = nextBelow(rngOf(seed), n);
      expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true);
    }),
  );
});

test.for([0, -1, NaN])('nextBelow of %d is refused, not waited for', (n) => {
  expect(() => nextBelow(rngOf(1), n)).toThrow(RangeError);
});

test('nextUnit stays from 0 to below 1', () => {
  expect(nextUnit(Uint32Array.of(0, 0, 0, 1))).toBe(0);
  const words = rngOf(3);
  const mean =
    Array.from({ length: 10_000 }, () => nextUnit(words)).reduce((a, b) => a + b) / 10_000;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.015);
});

test('a seed is read in both bases, and written in one', () => {
  expect(parseSeed('0x51f0')).toBe(20976);
  expect(parseSeed('20976')).toBe(20976);
  expect(parseSeed('4294967295')).toBe(0xffff_ffff);
  fc.assert(
    fc.property(u32, (seed) => {
      expect(parseSeed(formatSeed(seed))).toBe(seed);
      expect(parseSeed(String(seed))).toBe(seed);
    }),
  );
});

test.for(['', '-1', '1.5', '4294967296', '0x100000000', '0x', '1e3', 'abc', ' 1'])(
  'the seed "%s" is refused',
  (text) => {
    expect(() => parseSeed(text)).toThrow(/^--seed: .* is not a seed/);
  },
);

test('words that name an occasion give a seed of 32 bits', () => {
  const seeds = ['', 'a', 'b', '4f2a9c0 run 17', '4f2a9c0 run 18', 'ü'].map((text) =>
    seedOfText(text),
  );
  expect(new Set(seeds).size).toBe(seeds.length);
  for (const seed of seeds) expect(seed).toBe(seed >>> 0);
});
