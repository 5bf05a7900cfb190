/*
 * Goal: noise is made where the table of sched/noise.ts says and as often, is as long as the program needs, and leaves
 * the program room.
 *
 * Method: the decisions alone, on a clock of the test's own; all draws follow from seeds, so every run is the same.
 * Who is met is a rule that the test makes up, since a strength that settles where it should is all there is to know.
 */

import { describe, expect, test } from 'vitest';
import { LEAST_US, Noise, noiseMade, noiseWords, strengthOf } from '../../src/sched/noise.ts';
import { OP } from '../../src/sched/strategy.ts';

const LONGEST_US = 5_000;
const SEED = 7;

/** Two threads' noise, and a clock in microseconds. */
function made(longestUs = LONGEST_US) {
  const words = new Int32Array(noiseWords(2));
  const clock = { us: 0 };
  const [first, second] = [0, 1].map((slot) => {
    const noise = new Noise(words, slot, longestUs, () => clock.us);
    noise.begin(SEED + slot);
    return noise;
  }) as [Noise, Noise];
  return { words, clock, first, second };
}

/** Delays before inner acquires, each of which meets somebody or not. */
function delays(
  count: number,
  isMet: (us: number) => boolean | undefined,
  longestUs = LONGEST_US,
): { readonly words: Int32Array; readonly strengths: number[] } {
  const { words, clock, first } = made(longestUs);
  const strengths: number[] = [];
  while (strengths.length < count) {
    clock.us += 10;
    const us = first.delay(OP.acquire, 1);
    if (us === 0) continue;
    clock.us += us;
    first.over(OP.acquire, us, isMet(us));
    strengths.push(strengthOf(words));
  }
  return { words, strengths };
}

describe('how often', () => {
  test.for([
    ['an inner acquire', OP.acquire, 1, 32],
    ['a signal', OP.signal, 0, 16],
    ['a read', OP.read, 0, 4],
    ['a write', OP.write, 2, 4],
    ['a release', OP.release, 1, 4],
    ['an outer acquire', OP.acquire, 0, 2],
    ['a start', OP.start, 0, 0],
    ['a wait', OP.wait, 1, 0],
  ] as const)('before %s', ([, op, held, of64]) => {
    const { first } = made();
    let n = 0;
    for (let i = 0; i < 64_000; i++) if (first.delay(op, held) > 0) n++;
    // Four standard deviations of the binomial, and nothing at all of nothing.
    const p = of64 / 64;
    expect(Math.abs(n - 64_000 * p)).toBeLessThanOrEqual(4 * Math.sqrt(64_000 * p * (1 - p)));
  });
});

describe('how long', () => {
  test('any length up to the strength, which no delay exceeds', () => {
    const { words, first } = made();
    const seen = new Set<number>();
    for (let i = 0; i < 10_000; i++) seen.add(first.delay(OP.acquire, 1));
    seen.delete(0);
    expect(seen.size).toBe(strengthOf(words));
    expect(Math.min(...seen)).toBe(1);
    expect(Math.max(...seen)).toBe(strengthOf(words));
  });

  test('no longer than the longest that is allowed, even at first', () => {
    const { first } = made(30);
    for (let i = 0; i < 1_000; i++) expect(first.delay(OP.acquire, 1)).toBeLessThanOrEqual(30);
  });

  test.for([40, 400, 2_000])('as long as it takes to meet somebody: %i us', (needed) => {
    const { words, strengths } = delays(4_000, (us) => us > needed);
    const settled = strengths.slice(400);
    const typical = Math.exp(settled.reduce((sum, us) => sum + Math.log(us), 0) / settled.length);
    expect(typical).toBeGreaterThan(1.2 * needed);
    expect(typical).toBeLessThan(2.4 * needed);
    const { met, delays: all } = noiseMade(words, 0);
    expect(met / all).toBeGreaterThan(0.35);
    expect(met / all).toBeLessThan(0.5);
  });

  test('as long as it may be if nobody is ever met, as short if somebody always is', () => {
    expect(delays(100, () => false).strengths.at(-1)).toBe(LONGEST_US);
    expect(delays(100, () => true).strengths.at(-1)).toBe(LEAST_US);
  });

  test('control: what held nothing says nothing about it', () => {
    expect(new Set(delays(100, () => undefined).strengths).size).toBe(1);
  });
});

/** The share of its time that a thread spends in delays, if each operation takes 1 us. */
function share(isTold: boolean): number {
  const { clock, first } = made();
  let spent = 0;
  while (clock.us < 1_000_000) {
    clock.us++;
    const us = first.delay(OP.acquire, 1);
    clock.us += us;
    spent += us;
    if (us > 0 && isTold) first.over(OP.acquire, us, false);
  }
  return spent / clock.us;
}

test('no thread spends more than three quarters of its time in delays', () => {
  expect(share(true)).toBeLessThan(0.755);
  expect(share(true)).toBeGreaterThan(0.7);
});

test('control: one that is never told that a delay is over has no rest', () => {
  expect(share(false)).toBeGreaterThan(0.9);
});

test('the clock may wrap', () => {
  const { clock, first } = made();
  clock.us = 2 ** 31 - 10;
  first.begin(SEED);
  first.over(OP.acquire, 300, true);
  const tries = (): boolean =>
    Array.from({ length: 99 }).some(() => first.delay(OP.acquire, 1) > 0);
  expect(tries()).toBe(false);
  clock.us += 99;
  expect(tries()).toBe(false);
  clock.us += 1;
  expect(tries()).toBe(true);
});

describe('what is drawn', () => {
  const draw = (noise: Noise): number[] =>
    Array.from({ length: 50 }, () => noise.delay(OP.acquire, 1));

  test('follows from the seed, whatever the other threads draw', () => {
    const [alone, together] = [made(), made()];
    const expected = draw(alone.first);
    const interleaved = expected.map(() => {
      together.second.delay(OP.acquire, 1);
      return together.first.delay(OP.acquire, 1);
    });
    expect(interleaved).toEqual(expected);
    expect(draw(alone.second)).not.toEqual(expected);
  });

  test('begins anew with a trial', () => {
    const { first } = made();
    const expected = draw(first);
    expect(draw(first)).not.toEqual(expected);
    first.begin(SEED);
    expect(draw(first)).toEqual(expected);
  });

  test('control: strength and counts do not', () => {
    const { words, first } = made();
    const before = strengthOf(words);
    first.over(OP.acquire, 40, false);
    const strength = strengthOf(words);
    expect(strength).toBeGreaterThan(before);
    first.begin(SEED);
    expect(strengthOf(words)).toBe(strength);
    expect(noiseMade(words, 0)).toEqual({ delays: 1, inner: 1, met: 0, spent: 40 });
    expect(noiseMade(words, 1)).toEqual({ delays: 0, inner: 0, met: 0, spent: 0 });
  });
});
