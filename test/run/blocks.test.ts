/*
 * Goal: what blocks come to is given out in the order of the trials, and the same whoever ran them first.
 *
 * Method: blocks of trials with failures at known numbers, run by one machine, or by several that finish in any order
 * that fast-check thinks of.  What is given out must be what one machine gives out.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Blocks, type Block } from '../../src/run/blocks.ts';

const SIZE = 10;
const TRIALS = 45;

/** Runs all blocks, each trial by itself; who is next is what `pick` says of those at work. */
function runAll(
  failing: ReadonlySet<number>,
  failuresMax: number,
  jobs: number,
  pick: (atWork: number) => number,
): number[] {
  const blocks = new Blocks<number>(TRIALS, SIZE, failuresMax);
  const out: number[] = [];
  const atWork: { block: Block; index: number }[] = [];
  for (;;) {
    while (atWork.length < jobs) {
      const block = blocks.take();
      if (block === undefined) break;
      atWork.push({ block, index: block.first });
    }
    if (atWork.length === 0) return [...out, ...blocks.rest()];
    const one = atWork[pick(atWork.length)]!;
    if (one.index >= one.block.end || !blocks.wants(one.index)) {
      out.push(...blocks.close(one.block));
      atWork.splice(atWork.indexOf(one), 1);
      continue;
    }
    if (failing.has(one.index)) blocks.failed(one.index);
    out.push(...blocks.put(one.block, one.index, one.index));
    one.index++;
  }
}

test('whoever is faster, what comes out is what one machine gives, in order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat({ max: TRIALS - 1 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 2, max: 4 }),
      fc.infiniteStream(fc.nat()),
      (failures, failuresMax, jobs, choices) => {
        const failing = new Set(failures);
        const one = runAll(failing, failuresMax, 1, () => 0);
        const several = runAll(failing, failuresMax, jobs, (n) => choices.next().value % n);
        expect(several).toEqual(one);
        const last = failures.toSorted((a, b) => a - b)[failuresMax - 1] ?? TRIALS - 1;
        expect(one).toEqual(Array.from({ length: last + 1 }, (_, i) => i));
      },
    ),
    { numRuns: 300 },
  );
});
