/*
 * Goal: a tally says what its trials say, however they were cut, and whoever ran them.
 *
 * Method: rows of trials written as in the header of tally.ts, '.' passed and 'F' failed, against numbers worked out
 * by hand; then random rows, told trial by trial, in random stretches, and by random shards, which must
 * all come to the same.  The twin numbers the trials of each shard from 0, as one that ignored indices would.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tally, type FailedTrial, type Statistics } from '../../src/run/tally.ts';

/** One trial, of which everything follows from its index and its letter. */
interface Trial {
  readonly index: number;
  readonly letter: string;
}

const CHOICES = 10;

function rowOf(letters: string): Trial[] {
  return Array.from(letters, (letter, index) => ({ index, letter }));
}

function secondsOf({ index }: Trial): number {
  return 1 + (index % 3);
}

function wayOf({ index }: Trial): number {
  return (index * 7) % 11;
}

function failure(trial: Trial): FailedTrial {
  const { index, letter } = trial;
  return {
    index,
    seconds: secondsOf(trial),
    verdict: letter === 'P' ? 'panic' : 'deadlock',
    message: `trial ${index}`,
    signature: letter,
    dump: index % 2 === 0 ? `dumps/${index}.dump` : null,
    replay: `replay ${index}`,
    schedule: { choices: CHOICES, preemptions: index % 4 },
  };
}

/** Tells trials that passed, which stand in a row with this stride. */
function tellPassed(tally: Tally, trials: readonly Trial[], stride = 1): void {
  if (trials.length === 0) return;
  tally.passed({
    first: trials[0]!.index,
    trials: trials.length,
    stride,
    seconds: trials.reduce((sum, trial) => sum + secondsOf(trial), 0),
    choices: trials.length * CHOICES,
    preemptions: trials.reduce((sum, { index }) => sum + (index % 4), 0),
    interleavings: trials.map((trial) => [wayOf(trial), 1] as const),
  });
}

/** Tells a row in stretches that end at failures, and where `isCut` says. */
function tell(
  tally: Tally,
  trials: readonly Trial[],
  {
    stride = 1,
    isCut = (): boolean => false,
  }: { stride?: number; isCut?: (at: number) => boolean },
): Tally {
  let stretch: Trial[] = [];
  for (const [at, trial] of trials.entries()) {
    if (trial.letter !== '.' || isCut(at)) {
      tellPassed(tally, stretch, stride);
      stretch = [];
    }
    if (trial.letter === '.') stretch.push(trial);
    else tally.failed(failure(trial), wayOf(trial));
  }
  tellPassed(tally, stretch, stride);
  return tally;
}

function tallyOf(letters: string): Tally {
  return tell(new Tally(), rowOf(letters), {});
}

describe('the row of the header', () => {
  const statistics = tallyOf('...F..FF..').statistics();

  test('schedules: 4, 3 and 1 to failure, and 2 without', () => {
    // At 1 of 4 one falls: 3/4.  At 3 of 2 that are left one: 3/8.  At 4 the last: 0.
    expect(statistics.survival.map(([at, survival]) => [at, survival])).toEqual([
      [1, 0.75],
      [3, 0.375],
      [4, 0],
    ]);
    expect(statistics.schedules_to_failure).toEqual({ first: 4, of: 10, median: 3, p90: 4, n: 3 });
  });

  test('seconds: the same trials, which took 1, 2, 3, 1, 2, 3, …', () => {
    // 1+2+3+1, 2+3+1 and 2 to failure; 3+1 without.
    expect(statistics.time_to_failure_s).toEqual({ first: 7, of: 19, median: 6, p90: 7, n: 3 });
  });

  test('the rate, with its exact interval', () => {
    expect(statistics.rate.value).toBe(0.3);
    expect(statistics.rate.low).toBeCloseTo(0.0667, 4); //  3 of 10: Clopper and Pearson's chart
    expect(statistics.rate.high).toBeCloseTo(0.6525, 4);
  });

  test('choices and preemptions are means of a trial', () => {
    expect(statistics.choices).toBe(CHOICES);
    expect(statistics.preemptions).toBe((0 + 1 + 2 + 3 + 0 + 1 + 2 + 3 + 0 + 1) / 10);
  });
});

test('of no trials nothing is said, of no failures a bound', () => {
  expect(new Tally().statistics()).toMatchObject({
    rate: { low: 0, high: 1 },
    time_to_failure_s: null,
    schedules_to_failure: null,
    survival: [],
    failures: [],
    coverage: null,
    choices: null,
  });
  const clean = new Tally();
  clean.passed({ first: 0, trials: 59, seconds: 1 });
  const { rate, schedules_to_failure: schedules, coverage } = clean.statistics();
  expect(rate).toMatchObject({ value: 0, low: 0 });
  expect(rate.high).toBeCloseTo(1 - 0.05 ** (1 / 59), 12);
  expect(schedules).toBeNull();
  expect(coverage).toBeNull();
});

test('a clock that never ticked says nothing', () => {
  const tally = new Tally();
  tally.passed({ first: 0, trials: 3, seconds: 0 });
  tally.failed({ ...failure({ index: 3, letter: 'F' }), seconds: 0 });
  const { time_to_failure_s: time, schedules_to_failure: schedules } = tally.statistics();
  expect(time).toBeNull();
  expect(schedules).toMatchObject({ first: 4, n: 1 });
});

test('two failures, then a long time without: nine in ten are not known', () => {
  const row = `F${'.'.repeat(5)}F${'.'.repeat(500)}`;
  // Lengths 1 and 6, and 500 that are cut off: the curve stays at a third.
  const { schedules_to_failure: schedules } = tallyOf(row).statistics();
  expect(schedules).toEqual({ first: 1, of: 507, median: 6, p90: null, n: 2 });
});

test('failures with one signature are one, known by the first', () => {
  const { failures } = tallyOf('.F.PF.F').statistics();
  expect(failures).toEqual([
    {
      signature: 'F',
      verdict: 'deadlock',
      message: 'trial 1',
      count: 3,
      first: 1,
      dump: 'dumps/4.dump', //  the first had none
      replay: 'replay 1',
    },
    {
      signature: 'P',
      verdict: 'panic',
      message: 'trial 3',
      count: 1,
      first: 3,
      dump: null,
      replay: 'replay 3',
    },
  ]);
});

test('trials that were given up have indices, and are not counted', () => {
  const tally = new Tally();
  tally.passed({ first: 0, trials: 3, givenUp: 5, seconds: 4 });
  tally.failed(failure({ index: 8, letter: 'F' }));
  expect(tally.trials).toBe(4);
  expect(tally.statistics().schedules_to_failure).toMatchObject({ first: 4, of: 4 });
});

test('a failure of another within a stretch shares its seconds', () => {
  const tally = new Tally();
  tally.passed({ first: 0, trials: 10, stride: 2, seconds: 20 });
  tally.failed(failure({ index: 5, letter: 'F' })); //  behind 0, 2 and 4, and takes 3 seconds
  expect(tally.statistics().schedules_to_failure).toMatchObject({ first: 4, of: 11 });
  expect(tally.statistics().time_to_failure_s).toMatchObject({ first: 9, of: 23 });
});

test('interleavings: counted, and what is unseen estimated', () => {
  const tally = new Tally(4);
  const ways = (hashes: readonly (readonly [number, number])[]): void => {
    const trials = hashes.reduce((sum, [, times]) => sum + times, 0);
    tally.passed({ first: tally.trials, trials, seconds: 1, interleavings: hashes });
  };
  ways([
    [1, 1],
    [2, 5],
  ]);
  ways([
    [3, 2],
    [4, 1],
    [2, 1],
  ]);
  expect(tally.statistics().coverage).toEqual({
    interleavings: 10,
    distinct: 4,
    unseen_estimate: 0, //  9/10 * 2/(2 * 2), rounded
    next_is_new: 0.2,
    exact: true,
  });
  ways([[5, 1]]);
  expect(tally.statistics().coverage).toMatchObject({ interleavings: 11, exact: false });
});

test.for([
  ['a failure twice', (tally: Tally) => tally.failed(failure({ index: 3, letter: 'F' }))],
  ['a stretch twice', (tally: Tally) => tally.passed({ first: 2, trials: 1, seconds: 1 })],
  ['a stretch over another', (tally: Tally) => tally.passed({ first: 5, trials: 9, seconds: 1 })],
  ['a merge with itself', (tally: Tally) => tally.merge(tallyOf('...F..'))],
] as const)('%s is refused', ([, again]) => {
  expect(() => again(tallyOf('...F.....'))).toThrow(/counted before/);
});

describe('random rows', () => {
  const letters = fc
    .array(fc.constantFrom('.', '.', '.', '.', 'F', 'P'), { maxLength: 60 })
    .map((each) => each.join(''));
  const cuts = fc.func(fc.boolean());

  /** The same numbers, but for the last digits of seconds. */
  function expectSame(a: Statistics, b: Statistics, secondsMayDiffer = false): void {
    const { time_to_failure_s: secondsA, ...restA } = a;
    const { time_to_failure_s: secondsB, ...restB } = b;
    expect(restA).toEqual(restB);
    if (!secondsMayDiffer) expect(secondsA).toEqual(secondsB);
    else {
      expect(secondsA?.n).toBe(secondsB?.n);
      expect(secondsA?.of ?? 0).toBeCloseTo(secondsB?.of ?? 0, 9);
    }
  }

  test('cut in any way come to the same', () => {
    fc.assert(
      fc.property(letters, cuts, (row, isCut) => {
        const whole = tallyOf(row).statistics();
        expectSame(tell(new Tally(), rowOf(row), { isCut: () => true }).statistics(), whole);
        expectSame(tell(new Tally(), rowOf(row), { isCut }).statistics(), whole);
      }),
    );
  });

  /** By blocks, as machines side by side take them. */
  function blocks(row: string, of: number, size: number): Tally[] {
    const tallies = Array.from({ length: of }, () => new Tally());
    for (let at = 0; at < row.length; at += size)
      tell(tallies[(at / size) % of]!, rowOf(row).slice(at, at + size), {});
    return tallies;
  }

  /** By every n-th, as shards take them. */
  function shards(row: string, of: number, isCut: (at: number) => boolean): Tally[] {
    return Array.from({ length: of }, (_, i) => {
      const mine = rowOf(row).filter(({ index }) => index % of === i);
      return tell(new Tally(), mine, { stride: of, isCut });
    });
  }

  function merged(tallies: readonly Tally[]): Tally {
    const all = new Tally();
    for (const tally of tallies) all.merge(tally);
    return all;
  }

  const some = fc.integer({ min: 1, max: 4 });

  test('run side by side come to the same, merged in any order', () => {
    fc.assert(
      fc.property(letters, some, some, (row, of, size) => {
        const whole = tallyOf(row).statistics();
        expectSame(merged(blocks(row, of, size)).statistics(), whole);
        expectSame(merged(blocks(row, of, size).toReversed()).statistics(), whole);
      }),
    );
  });

  test('run in shards come to the same, merged in any order and any grouping', () => {
    fc.assert(
      fc.property(letters, some, cuts, (row, of, isCut) => {
        const whole = tallyOf(row).statistics();
        const [first = new Tally(), ...others] = shards(row, of, isCut);
        const right = merged(others);
        expectSame(merged(shards(row, of, isCut).toReversed()).statistics(), whole, true);
        first.merge(right);
        expectSame(first.statistics(), whole, true);
      }),
    );
  });

  test('merging leaves the other as it was', () => {
    fc.assert(
      fc.property(letters, (row) => {
        const [even, odd] = shards(row, 2, () => false);
        const before = odd!.statistics();
        even!.merge(odd!);
        // Right behind the other's last stretch, which must not grow.
        const next = row.length + ((row.length + 1) % 2);
        even!.passed({ first: next, trials: 10, stride: 2, seconds: 1 });
        expect(odd!.statistics()).toEqual(before);
      }),
    );
  });

  test('twin: shards that number their trials from 0 come to something else', () => {
    const row = '...F......F...F.';
    const whole = tallyOf(row).statistics().schedules_to_failure;
    const wrong = new Tally();
    for (const [i, half] of [row.slice(0, 8), row.slice(8)].entries())
      // Even and odd, so that none is counted twice: their order is what is lost.
      for (const { index, letter } of rowOf(half)) {
        const trial = { index: 2 * index + i, letter };
        if (letter === '.') tellPassed(wrong, [trial], 2);
        else wrong.failed(failure(trial));
      }
    expect(wrong.statistics().schedules_to_failure).not.toEqual(whole);
    expect(merged(shards(row, 2, () => false)).statistics().schedules_to_failure).toEqual(whole);
  });
});

test('a long curve is thinned to its first, its last and a hundred in all', () => {
  const tally = new Tally();
  let index = 0;
  for (let length = 1; length <= 300; length++) {
    if (length > 1) tally.passed({ first: index, trials: length - 1, seconds: 1 });
    index += length;
    tally.failed(failure({ index: index - 1, letter: 'F' }));
  }
  const { survival } = tally.statistics();
  expect(survival).toHaveLength(100);
  expect(survival[0]![0]).toBe(1);
  expect(survival.at(-1)).toEqual([300, 0, null, null]);
});
