/*
 * Goal: a guess is made when it is nearly sure, and only then.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { distance, suggest } from '../../src/base/suggest.ts';

const workloads = ['illumos-9056', 'illumos-4997', 'dining', 'deadlock', 'lost-wakeup'];

test.for([
  ['9056', 'illumos-9056'],
  ['deadlok', 'deadlock'],
  ['DINING', 'dining'],
  ['dinign', 'dining'],
  ['lost-wakup', 'lost-wakeup'],
  ['illumos-4979', 'illumos-4997'],
  ['illumos', undefined], //  two contain it, and neither is near
  ['ps', undefined],
  ['starvation', undefined],
  ['', undefined],
] as const)('%s → %s', ([name, expected]) => {
  expect(suggest(name, workloads)).toBe(expected);
});

test('of nothing, nothing', () => {
  expect(suggest('run', [])).toBeUndefined();
});

test.for([
  ['kitten', 'sitting', 3],
  ['ca', 'abc', 3], //  optimal string alignment: no second edit inside a swap
  ['ab', 'ba', 1],
  ['', 'abc', 3],
] as const)('%s to %s takes %i slips', ([a, b, slips]) => {
  expect(distance(a, b)).toBe(slips);
});

test('a distance is symmetric, zero for equals alone, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const slips = distance(a, b);
      expect(slips).toBe(distance(b, a));
      expect(slips === 0).toBe(a === b);
      expect(slips).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
