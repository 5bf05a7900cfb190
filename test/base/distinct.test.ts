/*
 * Goal: exact counts within the bound, honest ones beyond it, and the same whoever counted what.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DistinctCounter } from '../../src/base/distinct.ts';
import { mix, nextBelow, RNG_WORDS, seedRng } from '../../src/base/prng.ts';

function counterOf(hashes: Iterable<number>, max?: number): DistinctCounter {
  const counter = new DistinctCounter(max);
  for (const hash of hashes) counter.add(hash);
  return counter;
}

test('what was seen once and twice tells what was not seen', () => {
  // 3 once, 2 twice, 1 three times: n = 10, f1 = 3, f2 = 2.
  expect(counterOf([1, 2, 3, 4, 4, 5, 5, 6, 6, 6]).estimate()).toEqual({
    counted: 10,
    distinct: 6,
    nextIsNew: 0.3,
    unseen: (9 / 10) * ((3 * 2) / (2 * 3)),
    exact: true,
  });
  expect(counterOf([]).estimate()).toEqual({
    counted: 0,
    distinct: 0,
    nextIsNew: 1,
    unseen: 0,
    exact: true,
  });
});

describe('draws from 1,000 ways, 2,000 times', () => {
  const SEED = 0x51f0;
  const words = new Uint32Array(RNG_WORDS);
  seedRng(words, SEED);
  const draws = Array.from({ length: 2_000 }, () => nextBelow(words, 1_000));
  const { distinct, nextIsNew, unseen } = counterOf(draws).estimate();

  test(`the estimates are near what is true (seed ${SEED})`, () => {
    // The chance that the next is new is the share of ways that were not seen.
    expect(Math.abs(nextIsNew - (1_000 - distinct) / 1_000)).toBeLessThan(0.03);
    expect(Math.abs(distinct + unseen - 1_000)).toBeLessThan(40);
    // The twin, that what was seen is all there is, is further off.
    expect(Math.abs(distinct - 1_000)).toBeGreaterThan(100);
  });
});

test('beyond the bound: a sample, near the truth, even of hashes that count up', () => {
  const max = 1 << 10;
  for (const step of [1, 64, 2 ** 32, 12_345_679]) {
    const hashes = Array.from({ length: 50_000 }, (_, i) => i * step);
    const { distinct, nextIsNew, exact } = counterOf(hashes, max).estimate();
    expect(exact).toBe(false);
    expect(Math.abs(distinct / 50_000 - 1), `step ${step}`).toBeLessThan(0.15); //  4 in sqrt(2^10)
    expect(nextIsNew).toBeGreaterThan(0.85);
  }
  expect(
    counterOf(
      Array.from({ length: max }, (_, i) => i),
      max,
    ).estimate().exact,
  ).toBe(true);
});

test('hashes that are alike in all mixed bits end the sampling, not the program', () => {
  const alike = Array.from({ length: 40 }, (_, high) => high * 2 ** 32 + mix(high));
  expect(counterOf(alike, 8).estimate()).toMatchObject({ counted: 40, exact: false });
});

test('merged or added, in any order: the same', () => {
  const hash = fc.integer({ min: 0, max: 60 });
  const parts = fc.array(fc.array(hash, { maxLength: 60 }), { maxLength: 5 });
  fc.assert(
    fc.property(parts, fc.constantFrom(4, 16, 1 << 20), (lists, max) => {
      const whole = counterOf(lists.flat(), max).estimate();
      const merged = new DistinctCounter(max);
      for (const list of lists.toReversed()) merged.merge(counterOf(list, max));
      expect(merged.estimate()).toEqual(whole);
      expect(counterOf(lists.flat().toReversed(), max).estimate()).toEqual(whole);
      if (max > 60) expect(whole.distinct).toBe(new Set(lists.flat()).size);
    }),
  );
});
