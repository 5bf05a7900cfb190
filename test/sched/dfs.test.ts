/*
 * Goal: within a bound on preemptions dfs leaves schedules out, and no outcome.
 *
 * Method: small programs, drawn by chance: threads of reads, writes, assertions, and locks that may be taken in any order,
 * over objects of their own and of all; who wants a lock that is taken cannot run, or finds that out first.  All their
 * schedules are run, each one (every.ts), and what dfs finds must be the same, and take no more trials.  A dfs that
 * is shown too little, so that it takes rivals for strangers, must lose outcomes.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dfs } from '../../src/sched/dfs.ts';
import { OP, type StrategyKind, type View } from '../../src/sched/strategy.ts';
import { every } from './every.ts';
import {
  acquire,
  explore,
  Panic,
  read,
  release,
  write,
  type Program,
  type Thread,
} from './machine.ts';

/** Objects of all; each thread has one more that no other touches. */
const OBJECTS = 3;
const LOCKS = 2;
const OWN = 100;
const LOCK = 200;

type Do =
  | { readonly what: 'read' | 'write' | 'assert'; readonly object: number }
  /** the rest up to the matching end is under a lock; `keeps`: it is never given up */
  | { readonly what: 'under'; readonly lock: number; readonly keeps: boolean; readonly body: Do[] };

/** A thread writes what it has seen, so that each order of two rivals can be told from the other. */
function programOf(threads: readonly (readonly Do[])[], tries = false): Program {
  const cells = new Map<number, number>();
  const seen = threads.map((_, t) => t + 1);
  const at = (object: number, t: number): number => (object < OBJECTS ? object + 1 : OWN + t);
  function* doing(t: number, list: readonly Do[]): Thread {
    for (const one of list) {
      if (one.what === 'under') {
        yield acquire(LOCK + one.lock);
        yield* doing(t, one.body);
        if (!one.keeps) yield release(LOCK + one.lock);
      } else if (one.what === 'assert') {
        // Somebody must have written it.
        yield read(at(one.object, t));
        if (!cells.has(at(one.object, t))) throw new Panic(`panic of ${t}, who saw ${seen[t]}`);
      } else if (one.what === 'read') {
        yield read(at(one.object, t));
        seen[t] = (seen[t]! * 31 + (cells.get(at(one.object, t)) ?? 0)) % 99_991;
      } else {
        yield write(at(one.object, t));
        const before = cells.get(at(one.object, t)) ?? 0;
        cells.set(at(one.object, t), (before * 17 + seen[t]!) % 99_991);
      }
    }
  }
  return {
    tries,
    threads: threads.map((list, t) => () => doing(t, list)),
    outcome: () => `${seen.join()} ${[...cells].toSorted(([a], [b]) => a - b).join()}`,
  };
}

const access = fc.record({
  what: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('read' as const, 'write' as const) },
    { weight: 1, arbitrary: fc.constant('assert' as const) },
  ),
  object: fc.nat({ max: OBJECTS }),
});
const under = (body: fc.Arbitrary<Do[]>): fc.Arbitrary<Do> =>
  fc.record({
    what: fc.constant('under' as const),
    lock: fc.nat({ max: LOCKS - 1 }),
    keeps: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    body,
  });
const inner = fc.array(fc.oneof(access, under(fc.array(access, { maxLength: 1 }))), {
  maxLength: 2,
});
const thread = fc.array(fc.oneof(access, under(inner)), { minLength: 1, maxLength: 3 });
const programs = fc.oneof(
  fc.array(thread, { minLength: 2, maxLength: 2 }),
  fc.array(thread, { minLength: 3, maxLength: 3 }),
);

/** What dfs finds within a bound, deadlocks too; a lock that its own thread takes again is one. */
function found(kind: StrategyKind, make: () => Program, preemptions: number): Set<string> {
  const all = explore(make, kind, 1_000_000, { preemptions, steps: 64 });
  expect(all.exhausted).toBe(true);
  return new Set(all.outcomes.keys());
}

/** dfs, shown something else than there is. */
function blind(show: (view: View) => Partial<View>, isWhole?: boolean): StrategyKind {
  return {
    ...dfs,
    make(words, shape) {
      const strategy = dfs.make(words, shape);
      return {
        name: 'blind dfs',
        begin: () => strategy.begin(),
        choose: (view) => strategy.choose({ ...view, ...show(view) }),
        end: (steps, really) => strategy.end(steps, isWhole ?? really),
      };
    },
  };
}

/** Preemptions, programs; and a seed where those are too few for their share of schedules to be the same for all. */
describe.for<[number, number, number?]>([
  [0, 300],
  [1, 400],
  [2, 150],
  [3, 40, 9056],
])('within %i preemptions', ([preemptions, numRuns, seed]) => {
  test('the outcomes are those of all schedules, and the trials no more', () => {
    let [trials, schedules] = [0, 0];
    fc.assert(
      fc.property(programs, fc.boolean(), (lists, tries) => {
        const make = (): Program => programOf(lists, tries);
        const all = every(make, preemptions);
        const some = explore(make, dfs, 1_000_000, { preemptions, steps: 64 });
        expect(some.exhausted).toBe(true);
        expect([...some.outcomes.keys()].toSorted()).toEqual([...all.outcomes].toSorted());
        expect(some.trials).toBeLessThanOrEqual(all.schedules);
        trials += some.trials;
        schedules += all.schedules;
      }),
      seed === undefined ? { numRuns } : { numRuns, seed },
    );
    expect(trials / schedules).toBeLessThan(preemptions === 0 ? 1.001 : 0.9);
  });
});

test('what is under one lock costs nothing', () => {
  const guarded = (n: number): Program => {
    let sum = 0;
    function* adder(): Thread {
      yield acquire(LOCK);
      for (let i = 0; i < n; i++) {
        yield read(1);
        yield write(1);
        sum++;
      }
      yield release(LOCK);
    }
    return { threads: [adder, adder, adder], outcome: () => String(sum) };
  };
  const trials = (n: number): number =>
    explore(() => guarded(n), dfs, 100_000, { preemptions: 2 }).trials;
  expect(trials(8)).toBe(trials(1));
  expect(every(() => guarded(8), 2).schedules).toBeGreaterThan(3 * trials(8));
});

test('nothing is withheld where a deadline may be near, or somebody polls', () => {
  const apart = (): Program => {
    const thread = (object: number) =>
      function* (): Thread {
        for (let i = 0; i < 3; i++) yield write(object);
      };
    return { threads: [thread(1), thread(2)], outcome: () => 'done' };
  };
  const trials = (kind: StrategyKind): number =>
    explore(apart, kind, 100_000, { preemptions: 2 }).trials;
  const all = every(apart, 2).schedules;
  expect(trials(dfs)).toBe(2);
  expect(trials(blind(() => ({ isTimed: true })))).toBe(all);
  expect(trials(blind(({ op }) => ({ op: op.map(() => OP.poll) })))).toBe(all);
  expect(trials(blind(({ object }) => ({ object: object.map(() => 0) })))).toBe(all);
});

describe('outcomes are lost by a dfs that is shown', () => {
  test.for<[string, StrategyKind]>([
    [
      'objects of each thread alone',
      blind(({ object }) => ({ object: object.map((o, t) => o * 8 + t) })),
    ],
    ['writes as reads', blind(({ op }) => ({ op: op.map((o) => (o === OP.write ? OP.read : o)) }))],
    ['all at their ends', blind(() => ({}), true)],
  ])('%s', ([, kind]) => {
    const same = fc.property(programs, (lists) => {
      const make = (): Program => programOf(lists);
      expect(found(kind, make, 1)).toEqual(every(make, 1).outcomes);
    });
    expect(fc.check(same, { numRuns: 5_000, seed: 1 }).failed).toBe(true);
  });
});
