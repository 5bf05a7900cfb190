/*
 * Goal: a histogram says of many values what their sorted list would say, but for a sixteenth.
 *
 * Method: random values, small and large, against the exact quantile of the same rank.  Twins that count the
 * halves of the values, or that merge by overwriting, must be told from it.
 */

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { histogram, mergeInto, quantileOf, record, total } from '../../src/layout/histogram.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { bindWords, fillBytes } from '../../src/layout/word.ts';

const SIZE = histogram.$.size;
const one = 64 as Ref<'histogram'>;
const other = (64 + SIZE + 64) as Ref<'histogram'>;

beforeEach(() => bindWords(new SharedArrayBuffer(4 * 4096)));

// Of every size alike: uniform numbers are nearly all large.
const value = fc
  .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }))
  .map(([power, n]) => (n % 2 ** power) + 2 ** power - 1);
const values = fc.array(value, { minLength: 1, maxLength: 200 });
const share = fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 0.999, 1);

function clear(): void {
  fillBytes(0, 4 * 4096, 0);
}

/** Whether it is the value of that rank, or larger by less than a sixteenth. */
function isRight(answer: number, all: readonly number[], q: number): boolean {
  const sorted = all.toSorted((a, b) => a - b);
  const exact = sorted[Math.max(1, Math.ceil(q * all.length)) - 1]!;
  return answer >= exact && answer <= exact + exact / 16;
}

function holds(
  put: (at: Ref<'histogram'>, value: number) => void,
  merge: (at: Ref<'histogram'>, from: Ref<'histogram'>) => void,
): boolean {
  const property = fc.property(values, values, share, (mine, theirs, q) => {
    clear();
    for (const each of mine) put(one, each);
    for (const each of theirs) put(other, each);
    merge(one, other);
    const all = [...mine, ...theirs];
    return total(one) === all.length && isRight(quantileOf(one, q), all, q);
  });
  return !fc.check(property, { seed: 7 }).failed;
}

describe('quantiles', () => {
  test('are those of the sorted values, but for a sixteenth', () => {
    expect(holds(record, mergeInto)).toBe(true);
  });

  test('are not, of a twin that counts halves', () => {
    expect(holds((at, each) => record(at, Math.floor(each / 2)), mergeInto)).toBe(false);
  });

  test('are not, of a twin that forgets what it had when it merges', () => {
    const forget = (at: Ref<'histogram'>, from: Ref<'histogram'>): void => {
      fillBytes(at, SIZE, 0);
      mergeInto(at, from);
    };
    expect(holds(record, forget)).toBe(false);
  });
});

test.for([
  [[], 0.5, 0],
  [[0], 1, 0],
  [[7], 0.5, 7],
  [[1e12], 1, 0xffff_ffff],
  [[-5], 1, 0],
  [[15, 16, 17], 0.5, 16],
  [[2 ** 31], 0.99, 2 ** 31],
] as const)('of %j, the share %d is at most %d', ([all, q, expected]) => {
  for (const each of all) record(one, each);
  expect(quantileOf(one, q)).toBe(expected);
});
