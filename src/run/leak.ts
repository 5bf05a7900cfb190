/*
 * Leaks: whether something grows without end, said of samples taken over time.
 *
 * Memory of a process that leaks nothing goes up and down with its garbage collector, takes a step when a buffer
 * doubles, and climbs while code is warmed up.  None of that is a leak, and a straight line by least squares takes each
 * of them for one.  So:
 *
 *     the slope is Theil's and Sen's: the median of the slopes between all pairs of samples, which nearly a third of
 *       wild samples cannot move
 *     its interval of 95% is Sen's (1968), from the variance of Kendall's statistic; it must lie above 0
 *     samples of the warm-up are left out: the first fifth, and a minute at least
 *     what is left is cut into thirds, and each must grow by itself: a step is in one of them, a curve that flattens
 *       out is in the first
 *     what was seen must be worth a word: so much per hour, and so much in all
 *
 * Neighbours say the same twice, and Sen's interval takes samples for independent.  So of all neighbours that fall into one
 * of sixty stretches the lowest alone is looked at: what is left of the heap when garbage was collected.
 *
 *     samples                          whole slope    thirds          judged
 *     -----------------------------    -----------    ------------    ----------
 *     flat, with noise                 about 0        any             steady
 *     a line, with noise               s              s, s, s         grows by s
 *     a step in the middle             above 0        0, high, 0      steady
 *     a warm-up that flattens out      above 0        s, 0, 0         steady
 *
 * Pure: numbers in, a judgement out.  Who samples what, and when, is gauge.ts.
 */

import { median } from '../base/stats.ts';

export interface Sample {
  /** in hours, from any time on */
  readonly at: number;
  readonly value: number;
}

/** What makes growth worth a word. */
export interface Rule {
  readonly warmUpHours: number;
  /** fewer hours of samples, or fewer samples, are not judged */
  readonly hoursMin: number;
  readonly samplesMin: number;
  /** of the unit, per hour */
  readonly perHourMin: number;
  /** of the unit, over all the time that is judged */
  readonly seenMin: number;
}

export interface Growth {
  readonly grows: boolean;
  readonly perHour: number;
  /** of 95% */
  readonly low: number;
  readonly high: number;
  readonly samples: number;
  readonly hours: number;
}

const WARM_UP_SHARE = 0.2;
const PARTS = 3;
const STRETCHES = 60;
/** Half the width of an interval of 95%, in standard deviations. */
const Z = 1.96;

/** @returns undefined where there is too little to judge by */
export function judgeGrowth(samples: readonly Sample[], rule: Rule): Growth | undefined {
  const begin = samples[0]?.at ?? 0;
  const whole = (samples.at(-1)?.at ?? 0) - begin;
  const warmUp = Math.max(rule.warmUpHours, whole * WARM_UP_SHARE);
  const kept = samples.filter(({ at }) => at - begin >= warmUp);
  const hours = (kept.at(-1)?.at ?? 0) - (kept[0]?.at ?? 0);
  if (kept.length < Math.max(rule.samplesMin, 2 * PARTS) || hours < rule.hoursMin) return undefined;
  const lowest = inParts(kept, STRETCHES).map((part) =>
    part.reduce((a, b) => (b.value < a.value ? b : a)),
  );
  const { slope, low, high } = slopeOf(lowest);
  const grows =
    low > 0 &&
    slope >= rule.perHourMin &&
    slope * hours >= rule.seenMin &&
    inParts(lowest, PARTS).every((part) => slopeOf(part).slope >= slope / 2);
  return { grows, perHour: slope, low, high, samples: kept.length, hours };
}

/** So many parts of about one size; fewer where there are not as many samples. */
function inParts(samples: readonly Sample[], parts: number): Sample[][] {
  const { length } = samples;
  const n = Math.min(parts, length);
  const at = (i: number): number => Math.round((i * length) / n);
  return Array.from({ length: n }, (_, i) => samples.slice(at(i), at(i + 1)));
}

/** The median of all pairs' slopes, and its interval. */
export function slopeOf(samples: readonly Sample[]): { slope: number; low: number; high: number } {
  const slopes: number[] = [];
  for (const [i, a] of samples.entries())
    for (const b of samples.slice(i + 1))
      if (b.at !== a.at) slopes.push((b.value - a.value) / (b.at - a.at));
  const sorted = Float64Array.from(slopes).sort();
  const n = samples.length;
  const spread = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const middle = sorted.length / 2;
  const at = (place: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(place)))] ?? NaN;
  return {
    slope: median(sorted),
    low: at(middle - spread / 2 - 0.5),
    high: at(middle + spread / 2 - 0.5),
  };
}
