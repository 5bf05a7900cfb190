/*
 * Goal: what finds a bug elsewhere finds it here, in about as many schedules.
 *
 * Method: the programs of peers.ts, each strategy with several seeds: the median of the schedules to the first bug.
 * A bug that is found must be one: dfs, where it ends, finds it too.
 */

import { describe, expect, test } from 'vitest';
import { auto } from '../../src/sched/auto.ts';
import { dfs } from '../../src/sched/dfs.ts';
import { pct } from '../../src/sched/pct.ts';
import { pos } from '../../src/sched/pos.ts';
import { random } from '../../src/sched/random.ts';
import { rff } from '../../src/sched/rff.ts';
import type { StrategyKind } from '../../src/sched/strategy.ts';
import { surw } from '../../src/sched/surw.ts';
import { explore } from './machine.ts';
import { PEERS, type Peer } from './peers.ts';

/** Schedules to the first bug, by seed, ascending; Infinity: none in so many. */
function toFind(kind: StrategyKind, { make, bug }: Peer, trialsMax: number, seeds = 21): number[] {
  return Array.from({ length: seeds }, (_, seed) => {
    let isFound = false;
    const { trials } = explore(make, kind, trialsMax, { seed, depth: 0 }, ({ outcome }) => {
      isFound = outcome === bug;
      return isFound;
    });
    return isFound ? trials : Infinity;
  }).toSorted((a, b) => a - b);
}

function peer(name: string): Peer {
  const found = PEERS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
}

/** Who goes on where nobody is preempted is tried in all orders, and eight threads have 40,320. */
const SMALL = PEERS.filter(({ make }) => make().threads.length <= 6);

test.for(SMALL)('dfs shows that $name has its bug', ({ make, bug }) => {
  let isFound = false;
  explore(make, dfs, 200_000, { preemptions: 2, steps: 400 }, ({ outcome }) => {
    isFound = outcome === bug;
    return isFound;
  });
  expect(isFound).toBe(true);
});

test.for(PEERS)('auto finds the bug of $name', (program) => {
  const found = toFind(auto, program, 1_000);
  expect(found[10], found.join()).toBeLessThan(100);
  expect(found.at(-1), found.join()).toBeLessThan(Infinity);
});

test('surw finds the bug of WorkStealQueue in a third of what random and pos need', () => {
  const program = peer('WorkStealQueue');
  const own = toFind(surw, program, 1_000)[10]!;
  for (const kind of [random, pos]) {
    expect(toFind(kind, program, 1_000)[10]!, kind.name).toBeGreaterThanOrEqual(3 * own);
  }
});

describe('rff', () => {
  test.for(PEERS)('finds the bug of $name', (program) => {
    const found = toFind(rff, program, 1_000);
    expect(found[10], found.join()).toBeLessThan(100);
    expect(found.at(-1), found.join()).toBeLessThan(Infinity);
  });

  test.for(['reorder_3', 'reorder_5', 'reorder_10', 'reorder_100'])(
    'finds %s in a few schedules, however many do the same',
    (name) => {
      const found = toFind(rff, peer(name), 200);
      expect(found[10], found.join()).toBeLessThanOrEqual(10);
    },
  );

  test('where others need many times as many, or do not find it', () => {
    const many = peer('reorder_100');
    const theirs = toFind(rff, many, 200)[10]!;
    expect(toFind(pos, many, 100, 5)[2]!).toBeGreaterThan(5 * theirs);
    expect(toFind(pct, many, 100, 5)[2]!).toBe(Infinity);
  });

  test('gives up nobody: demands that cannot hold do not keep a program from its end', () => {
    for (const { make } of SMALL) {
      expect(explore(make, rff, 300).outcomes.has('pruned')).toBe(false);
    }
  });
});
