/*
 * Goal: a strategy finds what it promises to find, and nothing that is not there.  This comes before any lock is
 * tested with one: a schedule that cannot happen, or one that is never tried, would be blamed on the lock.
 *
 * Method: programs whose set of outcomes is known (programs.ts), run without threads (machine.ts).  What
 * exhausts must give exactly that set; what samples must give no more, and all of it given enough trials; each
 * program has a twin that lacks the outcome.  Probabilities are compared with what the papers prove.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kchoice } from '../../src/layout/control-records.ts';
import { auto, portfolio } from '../../src/sched/auto.ts';
import { dfs, type Dfs } from '../../src/sched/dfs.ts';
import { pct } from '../../src/sched/pct.ts';
import { pos } from '../../src/sched/pos.ts';
import { random } from '../../src/sched/random.ts';
import { loadSchedule, replay, type Replay } from '../../src/sched/replay.ts';
import { rff } from '../../src/sched/rff.ts';
import {
  choicesOf,
  formatToken,
  lengthOf,
  parseToken,
  scheduleOf,
} from '../../src/sched/schedule.ts';
import { shrink, type Tried } from '../../src/sched/shrink.ts';
import { STRATEGIES } from '../../src/sched/strategies.ts';
import { OP, type StrategyKind } from '../../src/sched/strategy.ts';
import { surw } from '../../src/sched/surw.ts';
import { every } from './every.ts';
import { explore, runTrial, shapeOf, type Program, type Thread, type Trial } from './machine.ts';
import {
  adders,
  apart,
  deadlock01,
  deep,
  philosophers,
  reorder,
  storeBuffering,
  twostage,
} from './programs.ts';

const names = (outcomes: ReadonlyMap<string, number>): string[] => [...outcomes.keys()].toSorted();

interface Known {
  readonly name: string;
  readonly make: () => Program;
  /** all that can come of it */
  readonly outcomes: readonly string[];
}

const KNOWN: readonly Known[] = [
  { name: 'two adders without a lock', make: () => adders(false), outcomes: ['1', '2'] },
  { name: 'two adders with a lock', make: () => adders(true), outcomes: ['2'] },
  { name: 'store buffering', make: storeBuffering, outcomes: ['01', '10', '11'] },
  {
    name: 'three philosophers',
    make: () => philosophers(3, false),
    outcomes: ['deadlock', 'done'],
  },
  { name: 'three philosophers in order', make: () => philosophers(3, true), outcomes: ['done'] },
  { name: 'deadlock01', make: () => deadlock01(), outcomes: ['deadlock', 'done'] },
  { name: 'deadlock01 in order', make: () => deadlock01(true), outcomes: ['done'] },
  { name: 'reorder_2', make: () => reorder(2), outcomes: ['bug', 'ok'] },
  { name: 'reorder_2 in one', make: () => reorder(2, 1, true), outcomes: ['ok'] },
  { name: 'twostage', make: () => twostage(), outcomes: ['bug', 'ok'] },
  { name: 'twostage nested', make: () => twostage(true), outcomes: ['ok'] },
];

describe('dfs', () => {
  test.for(KNOWN)('gives exactly the outcomes of $name, and ends', ({ make, outcomes }) => {
    const all = explore(make, dfs, 1_000_000);
    expect(all.exhausted).toBe(true);
    expect(names(all.outcomes).filter((name) => name !== 'pruned')).toEqual(outcomes);
  });

  test.for(KNOWN)(
    'within two preemptions gives those of $name that need no more',
    ({ make, outcomes }) => {
      const bounded = explore(make, dfs, 1_000_000, { preemptions: 2 });
      expect(bounded.exhausted).toBe(true);
      expect(names(bounded.outcomes)).toEqual(outcomes);
    },
  );

  test('within none, a thread runs to its end or until it is stuck', () => {
    expect(names(explore(() => adders(false), dfs, 1_000, { preemptions: 0 }).outcomes)).toEqual([
      '2',
    ]);
    expect(names(explore(storeBuffering, dfs, 1_000, { preemptions: 0 }).outcomes)).toEqual([
      '01',
      '10',
    ]);
  });

  test('tries every interleaving of what conflicts, none of them twice', () => {
    // Two threads of three choices each, the start and two writes: 6! / (3! 3!).
    expect(every(conflicting, 1_000).schedules).toBe(20);
    // The writes conflict and the starts do not, so with sleep sets there are 4! / (2! 2!) left.
    expect(explore(conflicting, dfs, 1_000).outcomes.get('done')).toBe(6);
    const seen = new Set<string>();
    const bounded = explore(conflicting, dfs, 1_000, { preemptions: 1_000 }, ({ schedule }) => {
      seen.add(formatToken(schedule));
      return false;
    });
    expect(bounded.exhausted).toBe(true);
    expect(seen.size).toBe(bounded.trials);
    expect(bounded.trials).toBeLessThanOrEqual(20);
  });

  test('with sleep sets does not tell apart what commutes', () => {
    const pruned = explore(() => apart(4), dfs, 100_000);
    expect(pruned).toMatchObject({ exhausted: true });
    expect(names(pruned.outcomes).filter((name) => name !== 'pruned')).toEqual(['12']);
    // 10! / (5! 5!) interleavings, one of which is enough.
    expect(pruned.outcomes.get('12')).toBe(1);
    expect(every(() => apart(4), 1_000).schedules).toBe(252);
    // Who starts first is a switch without a preemption, and those are not left out.
    expect(explore(() => apart(4), dfs, 100_000, { preemptions: 1_000 }).trials).toBe(2);
  });

  test('a program that does another thing when it is scheduled the same is said to stray', () => {
    let made = 0;
    const fickle = (): Program => (made++ === 0 ? philosophers(3, false) : deadlock01());
    const shape = shapeOf(3);
    const words = new Int32Array(dfs.words(shape));
    const strategy = dfs.make(words, shape) as Dfs;
    let trials = 0;
    for (; trials < 1_000 && strategy.strayed < 0 && strategy.begin(); trials++)
      runTrial(fickle(), strategy);
    expect(strategy.strayed).toBeGreaterThanOrEqual(0);
    const steady = dfs.make(new Int32Array(dfs.words(shape)), shape) as Dfs;
    for (trials = 0; trials < 100_000 && steady.begin(); trials++)
      runTrial(philosophers(3, false), steady);
    expect(steady.strayed).toBe(-1);
  });

  test('needs few enough threads to tell them apart', () => {
    expect(() => dfs.make(new Int32Array(0), shapeOf(33))).toThrow(/33 threads/);
  });
});

const SAMPLERS: readonly StrategyKind[] = [random, pct, pos, surw, rff, auto];

describe.for(SAMPLERS)('$name', (kind) => {
  test.for(KNOWN)('gives the outcomes of $name and no other', ({ make, outcomes }) => {
    for (const seed of [1, 2, 3]) {
      expect(names(explore(make, kind, 3_000, { seed }).outcomes)).toEqual(outcomes);
    }
  });

  test('decides the same for the same seed, and not for another', () => {
    const schedules = (seed: number): string => {
      const all: string[] = [];
      explore(
        () => philosophers(3, false),
        kind,
        50,
        { seed },
        ({ schedule }) => {
          all.push(formatToken(schedule));
          return false;
        },
      );
      return all.join(' ');
    };
    expect(schedules(7)).toBe(schedules(7));
    expect(schedules(7)).not.toBe(schedules(8));
  });

  test('remembers nothing but in its words', () => {
    // explore() makes an instance for each trial; one for all must decide the same.
    const shape = shapeOf(3, { seed: 5 });
    const one = kind.make(new Int32Array(kind.words(shape)), shape);
    const own: string[] = [];
    const shared: string[] = [];
    for (let i = 0; i < 50; i++) {
      one.begin();
      own.push(formatToken(runTrial(philosophers(3, false), one).schedule));
    }
    explore(
      () => philosophers(3, false),
      kind,
      50,
      { seed: 5 },
      ({ schedule }) => {
        shared.push(formatToken(schedule));
        return false;
      },
    );
    expect(own).toEqual(shared);
  });
});

describe('a block of trials', () => {
  const samplers = STRATEGIES.filter((kind) => kind.isWhole !== true && kind !== replay);

  /** The schedules of a block, by words that are all 0 but for the number of its first trial. */
  function block(kind: StrategyKind, first: number, trials: number): string[] {
    const shape = shapeOf(6, { seed: 3, depth: 0 });
    const words = new Int32Array(kind.words(shape));
    words[0] = first;
    return Array.from({ length: trials }, () => {
      const strategy = kind.make(words, shape);
      strategy.begin();
      return formatToken(runTrial(reorder(5), strategy).schedule);
    });
  }

  test('goes on from any trial by all strategies but those that try everything', () => {
    expect(samplers).toContain(portfolio);
    expect(STRATEGIES.filter(({ isWhole }) => isWhole === true)).toEqual([dfs]);
  });

  test.for(samplers)('$name: is the same wherever it is run, and no other', (kind) => {
    const [first, other] = [block(kind, 0, 100), block(kind, 1_024, 100)];
    expect(block(kind, 1_024, 100)).toEqual(other);
    const seen = new Set(first);
    expect(other.filter((token) => seen.has(token)).length).toBeLessThan(10);
  });
});

describe('pct', () => {
  test.for([
    [2, 6],
    [3, 6],
    [4, 5],
  ])('finds a bug of depth %i in %i steps at least as often as is proven', ([d, steps]) => {
    const trials = 20_000;
    const { outcomes } = explore(() => deep(d!, steps!), pct, trials, { depth: d! });
    const rate = (outcomes.get('bug') ?? 0) / trials;
    // Two threads; the start of each is a step too.
    expect(rate).toBeGreaterThanOrEqual(1 / (2 * (2 * (steps! + 1)) ** (d! - 1)));
  });

  test('with d = 1 changes nothing: each thread runs to its end', () => {
    const { outcomes } = explore(() => adders(false), pct, 1_000, { depth: 1 });
    expect(names(outcomes)).toEqual(['2']);
  });

  test('reaches a thread that must be far behind, where random does not', () => {
    const toFind = (kind: StrategyKind, seed: number, trials: number): number => {
      let hit = false;
      const { trials: n } = explore(late, kind, trials, { seed, depth: 0 }, ({ outcome }) => {
        hit = outcome === 'bug';
        return hit;
      });
      return hit ? n : Infinity;
    };
    expect(toFind(random, 1, 1_000)).toBe(Infinity);
    for (const [kind, most] of [
      [pct, 20],
      [auto, 100],
    ] as const) {
      const seeds = Array.from({ length: 21 }, (_, i) => toFind(kind, i + 1, 400));
      expect(
        seeds.toSorted((a, b) => a - b)[10],
        `${kind.name}: ${seeds.join()}`,
      ).toBeLessThanOrEqual(most);
    }
  });
});

describe('two rivals, one of them after 20 steps of its own', () => {
  const lopsided = (): Program => {
    const order: string[] = [];
    function* long(): Thread {
      for (let i = 0; i < 20; i++) yield [OP.write, 2];
      yield [OP.write, 1];
      order.push('long');
    }
    function* short(): Thread {
      yield [OP.write, 1];
      order.push('short');
    }
    return { threads: [long, short], outcome: () => order[0]! };
  };
  const rate = (kind: StrategyKind): number =>
    (explore(lopsided, kind, 4_000).outcomes.get('long') ?? 0) / 4_000;

  test('random nearly always runs it second', () => {
    expect(rate(random)).toBeLessThan(0.001);
  });

  test('pos runs it first more often', () => {
    expect(rate(pos)).toBeGreaterThan(0.02);
  });

  test('surw runs it first as often as second', () => {
    expect(Math.abs(rate(surw) - 0.5)).toBeLessThan(0.05);
  });
});

describe('surw', () => {
  test('takes each order of three operations and one as often as another', () => {
    // Four orders.  random takes the last of them once in eight trials or less.
    const orders = (): Program => {
      let [done, at] = [0, -1];
      function* thrice(): Thread {
        for (; done < 3; done++) yield [OP.write, 1];
      }
      function* once(): Thread {
        yield [OP.write, 1];
        at = done;
      }
      return { threads: [thrice, once], outcome: () => String(at) };
    };
    const { outcomes } = explore(orders, surw, 8_000);
    for (const name of ['0', '1', '2', '3']) {
      expect(Math.abs(outcomes.get(name)! / 8_000 - 0.25), name).toBeLessThan(0.03);
    }
    expect(explore(orders, random, 8_000).outcomes.get('3')! / 8_000).toBeLessThan(0.2);
  });
});

test('operations are called in the image what they are called here', () => {
  const field = kchoice.$.fields.find(({ name }) => name === 'op');
  expect(field?.names).toEqual(
    Object.fromEntries(Object.entries(OP).map(([name, value]) => [value, name])),
  );
});

describe('a schedule', () => {
  test('survives its token', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 200 }), { maxLength: 300 }), (threads) => {
        const schedule = scheduleOf(threads);
        expect(parseToken(formatToken(schedule))).toEqual(schedule);
        expect(choicesOf(schedule)).toEqual(threads);
        expect(lengthOf(schedule)).toBe(threads.length);
      }),
    );
  });

  test('a token that lost or changed a letter is refused', () => {
    const token = formatToken(scheduleOf([0, 0, 1, 2, 2, 2, 0]));
    for (let at = 0; at < token.length; at++) {
      const cut = token.slice(0, at) + token.slice(at + 1);
      const bent = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(() => parseToken(cut), cut).toThrow(/replay token/);
      expect(() => parseToken(bent), bent).toThrow(/replay token/);
    }
  });

  test('is run again by replay, and gives the same', () => {
    for (const kind of SAMPLERS) {
      explore(
        () => reorder(3),
        kind,
        200,
        {},
        (trial) => {
          const again = again_(() => reorder(3), trial);
          expect(again.trial.outcome).toBe(trial.outcome);
          expect(again.trial.schedule).toEqual(trial.schedule);
          expect(again.strayed).toBe(-1);
          return false;
        },
      );
    }
  });

  test('that does not fit is said to stray, and where', () => {
    const trial = firstOf(() => deadlock01(), random, 'deadlock');
    const { strayed } = again_(() => deadlock01(true), trial);
    expect(strayed).toBeGreaterThan(0);
    expect(strayed).toBeLessThanOrEqual(trial.steps);
  });
});

describe('shrinking', () => {
  test.for<[string, () => Program, string, number, number]>([
    ['deadlock01', () => deadlock01(), 'deadlock', 1, 3],
    ['three philosophers', () => philosophers(3, false), 'deadlock', 1, 5],
    ['reorder_5', () => reorder(5), 'bug', 1, 8],
    ['two adders', () => adders(false), '1', 1, 3],
  ])('%s: to the fewest preemptions that there can be', async ([, make, outcome, fewest, runs]) => {
    // What dfs says is the least.
    for (let bound = 0; bound <= fewest; bound++) {
      const found = explore(make, dfs, 100_000, { preemptions: bound }).outcomes.has(outcome);
      expect(found, `${outcome} within ${bound}`).toBe(bound >= fewest);
    }
    for (const seed of [1, 2, 3, 4, 5]) {
      const first = firstOf(make, random, outcome, seed);
      const shrunk = await shrink(tried(first, outcome), (schedule) => {
        const { trial } = again_(make, { ...first, schedule });
        return tried(trial, outcome);
      });
      expect(shrunk.fails).toBe(true);
      expect(shrunk.preemptions).toBe(fewest);
      expect(shrunk.schedule.length).toBeLessThanOrEqual(runs);
      expect(again_(make, { ...first, schedule: shrunk.schedule }).trial.outcome).toBe(outcome);
    }
  });

  test('gives back what it was given when nothing is better', async () => {
    const first = firstOf(() => deadlock01(), random, 'deadlock');
    const same = await shrink(tried(first, 'deadlock'), () => ({
      ...tried(first, 'deadlock'),
      fails: false,
    }));
    expect(same.schedule).toEqual(first.schedule);
  });
});

function tried({ outcome, schedule, preemptions }: Trial, wanted: string): Tried {
  return { fails: outcome === wanted, schedule, preemptions };
}

/** The first trial with an outcome. */
function firstOf(make: () => Program, kind: StrategyKind, outcome: string, seed = 1): Trial {
  let found: Trial | undefined;
  explore(make, kind, 10_000, { seed }, (trial) => {
    if (trial.outcome === outcome) found = trial;
    return found !== undefined;
  });
  if (found === undefined) throw new Error(`no ${outcome} in 10,000 trials`);
  return found;
}

/** The same schedule again. */
function again_(
  make: () => Program,
  { schedule }: Pick<Trial, 'schedule'>,
): { trial: Trial; strayed: number } {
  const program = make();
  const shape = shapeOf(program.threads.length);
  const words = new Int32Array(replay.words(shape));
  loadSchedule(words, choicesOf(schedule));
  const strategy = replay.make(words, shape) as Replay;
  strategy.begin();
  const trial = runTrial(program, strategy);
  return { trial, strayed: strategy.strayed };
}

/** Who clears comes too late if it does so only when the other has made its 1,000 steps. */
function late(): Program {
  let [steps, isLate] = [0, false];
  function* worker(): Thread {
    for (; steps < 1_000; steps++) yield [OP.write, 1];
  }
  function* clearer(): Thread {
    yield [OP.write, 2];
    if (steps === 1_000) isLate = true;
  }
  return { threads: [worker, clearer], outcome: () => (isLate ? 'bug' : 'ok') };
}

/** Two threads of two writes to one object. */
function conflicting(): Program {
  function* twice(): Thread {
    yield [OP.write, 1];
    yield [OP.write, 1];
  }
  return { threads: [twice, twice], outcome: () => 'done' };
}
