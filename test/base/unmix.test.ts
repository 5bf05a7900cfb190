/*
 * Goal: the way back from a seed is the way back.  Method: both ways, by property, over all words and indices.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seedOf } from '../../src/base/prng.ts';
import { rootOf } from '../../src/base/unmix.ts';

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

test('a seed says under which root it is the first', () => {
  fc.assert(
    fc.property(seeds, seeds, fc.integer({ min: 0, max: 2 ** 31 }), (root, seed, k) => {
      expect(seedOf(rootOf(seed, k), k)).toBe(seed);
      expect(rootOf(seedOf(root, k), k)).toBe(root);
    }),
  );
});
