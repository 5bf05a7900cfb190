/*
 * Goal: every cell gets its turn before any gets a second, in an order that follows from the seed and the position alone.
 * Method: properties over seeds and sizes, by fast-check.  Control: a rotation that draws a cell for each turn, as one would
 * first write it, must fail the property that ours holds.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seedOf } from '../../src/base/prng.ts';
import { cellName, cellsOf, crowdsOf, roundOf, turnAt, type Way } from '../../src/run/rotation.ts';
import type { Workload } from '../../src/run/workload.ts';

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

/** After each turn, whether no two cells are apart by more than one. */
function isFair(cells: number, turns: readonly number[]): boolean {
  const counts = Array<number>(cells).fill(0);
  return turns.every((cell) => {
    counts[cell]!++;
    return Math.max(...counts) - Math.min(...counts) <= 1;
  });
}

function turns(seed: number, cells: number, n: number, at = turnAt): number[] {
  return Array.from({ length: n }, (_, position) => at(seed, cells, position));
}

describe('the order', () => {
  test('no cell has a second turn before each has had its first, at any time', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), (seed, cells) =>
        isFair(cells, turns(seed, cells, cells * 5)),
      ),
    );
  });

  test('control: a cell drawn for each turn is not fair, and the check says so', () => {
    const drawn = (seed: number, cells: number, position: number): number =>
      seedOf(seed, position) % cells;
    expect(isFair(8, turns(7, 8, 40, drawn))).toBe(false);
  });

  test('a round is a permutation, and the next is another one', () => {
    const rounds = Array.from({ length: 4 }, (_, round) => roundOf(7, 12, round));
    for (const round of rounds)
      expect(round.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(new Set(rounds.map(String)).size).toBe(4);
  });

  test('a position says all: it is the same, whatever was asked before', () => {
    const forwards = turns(0x51f0, 9, 100);
    const backwards = Array.from({ length: 100 }, (_, i) => turnAt(0x51f0, 9, 99 - i));
    expect(backwards.toReversed()).toEqual(forwards);
    expect(turns(0x51f1, 9, 100)).not.toEqual(forwards);
  });

  test('shards take turns at different cells: together they have had all after an n-th of a round', () => {
    const sizes = [fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 12 })] as const;
    fc.assert(
      fc.property(seeds, ...sizes, (seed, cells, total) => {
        const shards = Array.from({ length: total }, (_, i) =>
          turns(seed, cells, cells * 3, (...[root, n, at]) =>
            turnAt(root, n, at, { index: i + 1, total }),
          ),
        );
        const early = shards.flatMap((each) => each.slice(0, Math.ceil(cells / total)));
        return shards.every((each) => isFair(cells, each)) && new Set(early).size === cells;
      }),
    );
    expect(
      turns(7, 12, 40, (...[root, n, at]) => turnAt(root, n, at, { index: 1, total: 5 })),
    ).toEqual(turns(7, 12, 40));
  });

  test('over many rounds each cell is as often the first', () => {
    const firsts = Array.from({ length: 4_000 }, (_, round) => roundOf(3, 4, round)[0]!);
    for (const cell of [0, 1, 2, 3]) {
      const times = firsts.filter((first) => first === cell).length;
      // 1,000 expected, with a deviation of 27.
      expect(Math.abs(times - 1_000)).toBeLessThan(140);
    }
  });
});

const free: Way = { strategy: 'free', isControlled: false };
const auto: Way = { strategy: 'auto', isControlled: true };
const asItIs = new Map<string, string>();

describe('the cells', () => {
  test('load is for those whom the system schedules', () => {
    const subject = { of: 'once', variant: 'whole', crowds: [asItIs, new Map([['n', '4']])] };
    const names = cellsOf([subject], [free, auto], [0, 2]).map((cell) => cellName('once', cell));
    expect(names).toEqual([
      'once whole, free',
      'once whole, free, n=4',
      'once whole, free, load 2',
      'once whole, free, load 2, n=4',
      'once whole, auto',
      'once whole, auto, n=4',
    ]);
  });

  const int = { type: 'int', default: 3, min: 1, max: 40, title: 'a number' } as const;
  const workload = {
    name: 'crowd',
    title: 'a crowd',
    variants: { one: { title: 'the one', verdict: 'pass' } },
    params: { n: int, rounds: int, kind: { type: 'flag', default: true, title: 'a flag' } },
    roles: [
      { name: 'guest', psargs: '', count: (params: { n: number }) => params.n, run() {} },
      { name: 'host', psargs: '', run() {} },
    ],
  } as unknown as Workload;

  test.for([
    ['twice as many, of what is a number of threads', { n: 3, rounds: 3, kind: true }, [], 6],
    ['not what was given', { n: 3, rounds: 3, kind: true }, ['n'], undefined],
    ['not beyond the range of the param', { n: 21, rounds: 3, kind: true }, [], undefined],
    ['not what is none', { n: 0, rounds: 3, kind: true }, [], undefined],
  ] as const)('thread counts: %s', ([, params, fixed, twice]) => {
    const crowds = crowdsOf(workload, 'one', params, new Set<string>(fixed));
    expect(crowds.map((crowd) => [...crowd])).toEqual(
      twice === undefined ? [[]] : [[], [['n', String(twice)]]],
    );
  });
});
