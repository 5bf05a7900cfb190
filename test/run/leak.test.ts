/*
 * Goal: what grows without end is found, and what is only restless is not.
 * Method: samples that are made: noise, lines, steps, warm-ups, all from seeds.  Whole rates are counted over many seeds, so
 * that a rule which cries wolf, or sleeps, is seen.  Control: least squares, the rule that was rejected, is fooled by the
 * step that ours sees through.
 */

import { describe, expect, test } from 'vitest';
import { RNG_WORDS, seedRng } from '../../src/base/prng.ts';
import { Track } from '../../src/run/gauge.ts';
import { GrowthWatch, growthLine } from '../../src/run/growth.ts';
import { judgeGrowth, slopeOf, type Rule, type Sample } from '../../src/run/leak.ts';
import { nextUnit } from '../unit.ts';

const MIB = 2 ** 20;
const HOURS = 2;
const N = 240;
const SEEDS = 60;
const RULE: Rule = {
  warmUpHours: 1 / 60,
  hoursMin: 0.1,
  samplesMin: 60,
  perHourMin: 16,
  seenMin: 24,
};

/** Noise that remembers: each value has half of the one before in it, as garbage has. */
function made(seed: number, noise: number, shape: (share: number) => number): Sample[] {
  const words = new Uint32Array(RNG_WORDS);
  seedRng(words, seed);
  let before = 0;
  return Array.from({ length: N }, (_, i) => {
    before = before / 2 + (nextUnit(words) - 0.5) * 2 * noise;
    return { at: (i / N) * HOURS, value: 100 + shape(i / N) + before };
  });
}

function found(noise: number, shape: (share: number) => number): number {
  const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);
  return seeds.filter((seed) => judgeGrowth(made(seed, noise, shape), RULE)?.grows === true).length;
}

describe('what is judged', () => {
  test('flat noise is steady', () => {
    expect(found(20, () => 0)).toBe(0);
  });

  test('a planted slope is found, and told with an interval around it', () => {
    const slope = (share: number): number => 40 * HOURS * share;
    expect(found(8, slope)).toBe(SEEDS);
    const growth = judgeGrowth(made(1, 8, slope), RULE)!;
    expect(growth.low).toBeLessThan(40);
    expect(growth.high).toBeGreaterThan(40);
    expect(growth.perHour).toBeCloseTo(40, -1);
  });

  test.for([0.3, 0.5, 0.6, 0.8])('a step at %s of the time is not a slope', (when) => {
    expect(found(8, (share) => (share < when ? 0 : 200))).toBe(0);
  });

  test('control: least squares takes the same step for a slope', () => {
    const samples = made(1, 8, (share) => (share < 0.6 ? 0 : 200));
    const mean = (of: (sample: Sample) => number): number =>
      samples.reduce((sum, sample) => sum + of(sample), 0) / N;
    const [at, value] = [mean((s) => s.at), mean((s) => s.value)];
    const slope = mean((s) => (s.at - at) * (s.value - value)) / mean((s) => (s.at - at) ** 2);
    expect(slope).toBeGreaterThan(RULE.perHourMin);
  });

  test('a warm-up that flattens out is steady', () => {
    expect(found(8, (share) => 300 * (1 - Math.exp(-share * 12)))).toBe(0);
  });

  test('what shrinks is steady', () => {
    expect(found(8, (share) => -100 * share)).toBe(0);
  });

  test('growth that is not worth a word is steady', () => {
    expect(found(1, (share) => 5 * HOURS * share)).toBe(0);
  });

  test('too little to judge by: undefined', () => {
    const samples = made(1, 8, (share) => 1_000 * share);
    expect(judgeGrowth([], RULE)).toBeUndefined();
    expect(judgeGrowth(samples.slice(0, 20), RULE)).toBeUndefined();
    expect(judgeGrowth(samples, { ...RULE, hoursMin: 3 })).toBeUndefined();
  });
});

test('the slope is the median of those of all pairs, and a wild sample does not move it', () => {
  // By hand: pairs of (0,0) (1,1) (2,4) (3,3) have slopes 1, 2, 1, 3, 1, -1.
  const samples = [0, 1, 4, 3].map((value, at) => ({ at, value }));
  expect(slopeOf(samples).slope).toBe(1);
  const line = Array.from({ length: 30 }, (_, at) => ({ at, value: 2 * at }));
  const wild = line.map((each) => (each.at === 20 ? { at: 20, value: 1e9 } : each));
  expect(slopeOf(wild).slope).toBe(2);
});

describe('a track', () => {
  test('is bounded, and keeps the lower edge and the whole of the time', () => {
    const track = new Track();
    for (let i = 0; i < 100_000; i++) track.add({ at: i, value: i % 10 });
    expect(track.samples.length).toBeLessThanOrEqual(512);
    expect(track.samples.length).toBeGreaterThanOrEqual(256);
    expect(track.samples[0]!.at).toBe(0);
    expect(track.samples.at(-1)!.at).toBeGreaterThan(99_000);
    expect(new Set(track.samples.map(({ value }) => value))).toEqual(new Set([0]));
  });

  test('finds a slope below a saw: garbage is no growth, what it leaves is', () => {
    const saw = (perHour: number): GrowthWatch => {
      const watch = new GrowthWatch();
      for (let s = 0; s < 3_600; s++)
        watch.self(s / 3_600, {
          rss: (100 + 4 * (s % 17) + (perHour * s) / 3_600) * MIB,
          open: 20 + (s % 3),
          threads: 11,
        });
      return watch;
    };
    expect(saw(0).isJudged).toBe(true);
    expect(saw(0).findings()).toEqual([]);
    const [growth, ...more] = saw(60).findings();
    expect(more).toEqual([]);
    expect(growth).toMatchObject({ process: 'gridlock', quantity: 'memory', grade: 'forbidden' });
    expect(growthLine(growth!)).toMatch(/^gridlock grew by (5\d|6\d) MiB of memory an hour/);
  });
});

describe('machines', () => {
  /** Lives of 50 seconds, a sample a second; every such machine grows by so many MiB a second. */
  function lives(n: number, grows: (life: number) => number): GrowthWatch {
    const watch = new GrowthWatch();
    for (let life = 0; life < n; life++)
      for (let s = 0; s < 50; s++)
        watch.running((life * 60 + s) / 3_600, 1_000 + life, 'once whole, free', {
          rss: (80 + grows(life) * s + (s % 5)) * MIB,
          open: undefined,
          threads: undefined,
        });
    return watch;
  }

  test('what most of them do is a finding that names their cell', () => {
    expect(lives(4, () => 0).findings()).toEqual([]);
    expect(lives(4, () => 2).findings()).toMatchObject([
      { process: 'machines of once whole, free', quantity: 'memory' },
    ]);
  });

  test.for([
    ['open', (n: number) => ({ open: 20 + n, threads: 9 })],
    ['threads', (n: number) => ({ open: 20, threads: 9 + n })],
  ] as const)('%s, too: one every other second is found, a restless one is not', ([what, size]) => {
    const watch = (of: (s: number) => number): GrowthWatch => {
      const made = new GrowthWatch();
      for (let life = 0; life < 3; life++)
        for (let s = 0; s < 50; s++)
          made.running((life * 60 + s) / 3_600, 1_000 + life, 'once whole, free', {
            rss: 80 * MIB,
            ...size(of(s)),
          });
      return made;
    };
    expect(watch((s) => Math.floor(s / 2)).findings()).toMatchObject([
      { process: 'machines of once whole, free', quantity: what, unit: 'count' },
    ]);
    expect(watch((s) => (s * 7) % 11).findings()).toEqual([]);
    // A step: a pool that was made once.
    expect(watch((s) => (s < 25 ? 0 : 12)).findings()).toEqual([]);
  });

  test('one of many, or one alone, is none', () => {
    expect(lives(4, (life) => (life === 2 ? 2 : 0)).findings()).toEqual([]);
    expect(lives(1, () => 2).findings()).toEqual([]);
  });
});
