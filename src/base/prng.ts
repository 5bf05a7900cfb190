/*
 * Random numbers that can be drawn again.
 *
 * Everything that a run decides by chance follows from one root seed, a u32.  Run k of a campaign gets
 * seedOf(root, k), so it can be run alone, on another machine, in another order, and decide the same.
 *
 * Why the runs of a campaign do not repeat each other
 *
 *   (1) mix() is a bijection of the 32-bit words: each of its steps can be undone.
 *   (2) seedOf(root, k) is mix(mix(k + c) ^ mix(root)).  For one root this is a chain of bijections
 *       of k, so 2^32 runs have 2^32 different seeds, and shards of them are disjoint.
 *   (3) Two roots do not give one sequence shifted, as mix(root + k) would: where root 1 is at k,
 *       root 2 is at a k' that depends on all the bits of k.
 *
 * A generator is four words of an integer array, xoshiro128** by Blackman and Vigna.  The words
 * belong to the caller.  A thread that draws hands in words of the image, so the next thread goes on
 * where it stopped, and the dump shows where the sequence was.  Nothing here is on the JavaScript heap.
 *
 * Only 32-bit integer operations: no BigInt, no doubles, no allocation on the path of a lock.
 *
 * Not here: cryptography.  Four outputs tell all the others.
 */

import { fail } from './fail.ts';

/** Words of a generator's state. */
export const RNG_WORDS = 4;

/** Where a generator lives: words of its own, or of the image, from an index on. */
export type RngWords = Uint32Array | Int32Array;

const GOLDEN = 0x9e3779b9; //  2^32 / phi, odd: the increment of splitmix

/** A 32-bit word, well mixed: Wellons' triple32, a bijection with 0 ↦ 0. */
export function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 17), 0xed5ad4bb);
  x = Math.imul(x ^ (x >>> 11), 0xac4c1b51);
  x = Math.imul(x ^ (x >>> 15), 0x31848bab);
  return (x ^ (x >>> 14)) >>> 0;
}

/** H(root, k): the seed of run k. */
export function seedOf(root: number, k: number): number {
  return mix(mix(k + GOLDEN) ^ mix(root));
}

/** A root seed from words that name an occasion, such as a commit and the id of a CI run. */
export function seedOfText(text: string): number {
  let hash = 0x811c9dc5; //  FNV-1a over UTF-16 units, then mixed
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return mix(hash);
}

/** Start a generator in words[at … at + 3]. */
export function seedRng(words: RngWords, seed: number, at = 0): void {
  // Splitmix: four different inputs to a bijection, so at most one word is 0, and all four never are.
  for (let i = 0; i < RNG_WORDS; i++) {
    words[at + i] = mix(seed + Math.imul(i + 1, GOLDEN));
  }
}

/** The next 32 bits. */
export function nextU32(words: RngWords, at = 0): number {
  const s0 = words[at]!;
  const s1 = words[at + 1]!;
  const s2 = words[at + 2]! ^ s0;
  const s3 = words[at + 3]! ^ s1;
  words[at] = s0 ^ s3;
  words[at + 1] = s1 ^ s2;
  words[at + 2] = s2 ^ (s1 << 9);
  words[at + 3] = rotl(s3, 11);
  return Math.imul(rotl(Math.imul(s1, 5), 7), 9) >>> 0;
}

/** A whole number from 0 to n - 1, each as likely; n from 1 to 2^32. */
export function nextBelow(words: RngWords, n: number, at = 0): number {
  // Keep as many bits as n - 1 has, and draw again above it: less than two draws on average, and
  // no number is favoured, as the remainder of a division would favour the small ones.
  if (!(n >= 1)) throw new RangeError(`nextBelow: n is ${n}, and must be at least 1`);
  const spare = Math.clz32(n - 1);
  for (;;) {
    const drawn = spare === 32 ? 0 : nextU32(words, at) >>> spare;
    if (drawn < n) return drawn;
  }
}

/** '0x51f0' or '20976' → 20976.  `where` is the option that holds the text, for the error. */
export function parseSeed(text: string, where = '--seed'): number {
  const seed = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : NaN;
  if (!(seed <= 0xffff_ffff)) {
    const wanted = 'a seed: a whole number of 32 bits, 0 to 0xffffffff';
    throw fail('BAD_NUMBER', { where, text, wanted, example: '0x51f0 or 20976' });
  }
  return seed;
}

/** 20976 → '0x51f0'. */
export function formatSeed(seed: number): string {
  return `0x${(seed >>> 0).toString(16)}`;
}

function rotl(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
