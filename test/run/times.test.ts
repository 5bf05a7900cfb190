/*
 * Goal: times at rest say what the histograms said: adding is all that many trials need, in any order, by whoever adds; what is no
 * count is left out; nothing is there where nobody counted.
 *
 * Method: random values in histograms of an image, apart and together.  A twin that keeps the larger of two counts must be told
 * from adding.  Records that are made go through each of those who add: totals, ledger, a journal, a verdict without its trial.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomeLines } from '../../src/report/verdicts.ts';
import { kernel_boot, thread_create } from '../../src/kernel/startup.ts';
import { countsOf, maxOf, record } from '../../src/layout/histogram.ts';
import { acquiresAt, attachImage, createImage } from '../../src/layout/image.ts';
import { readRun } from '../../src/report/model.ts';
import { acquireTimes } from '../../src/run/counts.ts';
import { Ledger } from '../../src/run/ledger.ts';
import {
  timeAt,
  timeMean,
  timesCounted,
  TimesSum,
  type Times,
  type TimesByMetric,
} from '../../src/run/times.ts';
import { recordsOfVerdict } from '../../src/run/verdict-record.ts';
import { inScratch } from '../cli/gridlock.ts';
import { runOf, summaryOf, trialOf } from '../report/made.ts';

function boot(acquires: boolean): void {
  attachImage(createImage({ threads: 3, heapBytes: 4096, acquires }));
  kernel_boot({ seed: 1, track: 'events', panicOnCycle: false });
  for (const name of ['a', 'b', 'c']) thread_create({ name, role: name, psargs: name, flags: 0 });
}

const values = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 60 });

function timesOf(all: readonly number[], row = 1): Times {
  boot(true);
  for (const value of all) record(acquiresAt(row), value);
  return { max: maxOf(acquiresAt(row)), counts: countsOf(acquiresAt(row)) };
}

type Add = (all: readonly Times[]) => TimesByMetric | undefined;

function addsUp(add: Add): boolean {
  const property = fc.property(values, values, values, (a, b, c) => {
    const parts = [a, b, c].map((each) => timesOf(each));
    const whole = timesOf([...a, ...b, ...c]);
    expect(add(parts)).toEqual({ acquire_ns: whole });
    expect(add(parts.toReversed())).toEqual({ acquire_ns: whole });
  });
  return !fc.check(property, { seed: 3, numRuns: 50 }).failed;
}

describe('to merge is to add', () => {
  test('in any order', () => {
    expect(
      addsUp((all) => {
        const sum = new TimesSum();
        for (const each of all) sum.add({ acquire_ns: each });
        return sum.said.times;
      }),
    ).toBe(true);
  });

  test('and not to keep the larger of two counts', () => {
    expect(
      addsUp((all) => {
        const counts = new Map<number, number>();
        for (const each of all)
          for (const [value, n] of each.counts)
            counts.set(value, Math.max(n, counts.get(value) ?? 0));
        const max = Math.max(...all.map((each) => each.max));
        return { acquire_ns: { max, counts: [...counts].toSorted(([a], [b]) => a - b) } };
      }),
    ).toBe(false);
  });

  test('of the threads of an image, too', () => {
    boot(true);
    for (const [row, value] of [
      [1, 100],
      [2, 100],
      [3, 51_230],
    ] as const)
      record(acquiresAt(row), value);
    expect(acquireTimes()).toEqual({
      times: {
        acquire_ns: {
          max: 51_230,
          counts: [
            [103, 2],
            [53_247, 1],
          ],
        },
      },
    });
  });
});

test('where nobody counts there is nothing; where somebody does there may be none', () => {
  boot(false);
  expect(acquireTimes()).toEqual({});
  boot(true);
  expect(acquireTimes()).toEqual({ times: { acquire_ns: { max: 0, counts: [] } } });
  expect(new TimesSum().add(undefined).said).toEqual({});
});

const A: TimesByMetric = { acquire_ns: { max: 100, counts: [[103, 9]] } };
const B: TimesByMetric = {
  acquire_ns: {
    max: 51_230,
    counts: [
      [103, 89],
      [1023, 1],
      [53_247, 1],
    ],
  },
};
const BOTH = {
  acquire_ns: {
    max: 51_230,
    counts: [
      [103, 98],
      [1023, 1],
      [53_247, 1],
    ],
  },
};

test('what is read back: ranks, the mean, and the largest as it was', () => {
  const times = BOTH.acquire_ns as unknown as Times;
  expect([0, 0.5, 0.98, 0.99, 1].map((q) => timeAt(times, q))).toEqual([
    103, 103, 103, 1023, 51_230,
  ]);
  expect([timesCounted(times), timeMean(times)]).toEqual([100, (103 * 98 + 1023 + 51_230) / 100]);
});

test('people are told', () => {
  const [line] = outcomeLines([summaryOf([trialOf()], { times: BOTH } as object)]);
  expect(line).toBe('once opposite: acquire_ns p50 103ns, p99 1us, p99.9 51us, max 51us of 100');
  const none = { times: { acquire_ns: { max: 0, counts: [] } }, outcomes: { hit: 2 } };
  expect(outcomeLines([summaryOf([trialOf()], none)])).toEqual([
    'once opposite: hit 2',
    'once opposite: acquire_ns: none',
  ]);
});

test.for([
  null,
  'fast',
  { acquire_ns: null },
  { acquire_ns: { max: 'x', counts: [[1, 1]] } },
  { acquire_ns: { max: 1, counts: 'x' } },
  { other_ns: { max: 1, counts: [[1, 1]] } },
])('%j is no times', (given) => {
  expect(new TimesSum().add(given).said).toEqual({});
});

test('of counts, what is none is left out', () => {
  const counts = [[103, 2], [NaN, 1], [5, -1], 'x', [7], [111, 1, 9], null];
  expect(new TimesSum().add({ acquire_ns: { max: 109, counts } }).said.times).toEqual({
    acquire_ns: {
      max: 109,
      counts: [
        [103, 2],
        [111, 1],
      ],
    },
  });
});

describe('from trials to what is said of all', () => {
  const trials = [
    trialOf({ index: 0, verdict: 'pass', signature: 'pass', times: A }),
    trialOf({ index: 1, times: B }),
    trialOf({ index: 2, verdict: 'pass', signature: 'pass' }),
  ];

  test('a ledger', () => {
    const ledger = new Ledger({ workload: 'once', variant: 'opposite', strategy: 'free' }, 'pass');
    for (const each of trials) ledger.trial(each);
    expect(ledger.summary().times).toEqual(BOTH);
    const untimed = new Ledger({ workload: 'o', variant: 'v', strategy: 'free' }, 'pass');
    untimed.trial(trials[2]!);
    expect('times' in untimed.summary()).toBe(false);
  });

  test('a journal that was cut, one with its summary, and one in which nobody counted', () => {
    inScratch((root) => {
      const read = (name: string, records: readonly object[]): unknown =>
        readRun(runOf(`${root}/${name}`, records)).campaigns[0]!.times;
      expect(read('cut', trials)).toEqual(BOTH);
      expect(read('whole', [...trials, summaryOf([trials[1]!], { times: A })])).toEqual(A);
      expect(read('none', [trials[2]!])).toEqual({});
    });
  });

  test('a verdict whose trial never came', () => {
    const { trial } = recordsOfVerdict({ ...trials[1], type: 'verdict', before: null }, 'pass');
    expect(trial.times).toEqual(B);
  });
});
