/*
 * Does one fail sooner than the other, when not everything was watched until it failed?  The log-rank test of Mantel (1966).
 *
 * At each length at which something failed, those still watched of both are one urn, and as many failures are drawn from
 * it as there were: what of the first group is expected among them, and how much that varies, is known (hypergeometric).
 *
 *     z = sum of (failed of the first - expected) / root of (sum of variances)        about normal, if both fail alike
 *
 * Observations that were cut off are watched until they are cut, and then no longer.  To drop them, or to take them
 * for failures, is the mistake that survival.ts warns of, and the test's twins make it.
 *
 * `hazard` is how much sooner the first fails: (seen / expected) of the one over that of the other (Peto).  Above 1, it
 * fails sooner.  The interval is that of its logarithm, whose variance is 1/expected + 1/expected.  It would have no
 * width where one of them never failed; there half a failure is added to each number, as in rate-ratio.ts.
 *
 * The normal approximation wants some ten failures in all.  With fewer it says what it says, and `failures` how many.
 */

import type { Interval } from './bootstrap.ts';
import { normalBothTails } from './normal.ts';

const Z_95 = 1.959963984540054; //  the 0.975 quantile of the normal distribution

/** Lengths that ended with a failure, and lengths that were cut off. */
export interface Lengths {
  readonly failed: readonly number[];
  readonly cut: readonly number[];
}

export interface LogRank extends Interval {
  /** above 0: the first fails sooner */
  readonly z: number;
  /** of two sides; NaN where nothing failed */
  readonly p: number;
  /** how many times as soon the first fails, with `low` and `high` at 95% */
  readonly hazard: number;
  readonly failures: number;
}

/** Compares two groups. */
export function logRank(first: Lengths, second: Lengths): LogRank {
  const groups = [first, second].map(inOrder) as [Ordered, Ordered];
  const times = [...new Set([...first.failed, ...second.failed])].toSorted((a, b) => a - b);
  let seen = 0;
  let expected = 0;
  let variance = 0;
  let all = 0;
  for (const at of times) {
    const [mine, theirs] = groups.map((group) => watchedAt(group, at)) as [At, At];
    const failed = mine.failed + theirs.failed;
    const watched = mine.watched + theirs.watched;
    const share = mine.watched / watched;
    seen += mine.failed;
    all += failed;
    expected += failed * share;
    if (watched > 1)
      variance += (failed * share * (1 - share) * (watched - failed)) / (watched - 1);
  }
  // No variance: nothing failed while both were watched and one went on, so nothing speaks for a difference.
  const z = variance > 0 ? (seen - expected) / Math.sqrt(variance) : all > 0 ? 0 : NaN;
  return { z, p: normalBothTails(z), failures: all, ...hazardOf(seen, expected, all) };
}

function hazardOf(seen: number, expected: number, all: number): Interval & { hazard: number } {
  const others = all - expected;
  const more = seen === 0 || seen === all ? 0.5 : 0;
  const [mine, theirs] = [expected + more, others + more];
  const middle = (seen + more) / mine / ((all - seen + more) / theirs);
  const spread = Math.exp(Z_95 * Math.sqrt(1 / mine + 1 / theirs));
  const hazard = seen / expected / ((all - seen) / others);
  return { hazard, low: middle / spread, high: middle * spread };
}

interface Ordered {
  readonly failed: Float64Array;
  readonly cut: Float64Array;
  failedBefore: number;
  cutBefore: number;
}

interface At {
  readonly failed: number;
  readonly watched: number;
}

function inOrder({ failed, cut }: Lengths): Ordered {
  const sorted = (lengths: readonly number[]): Float64Array => Float64Array.from(lengths).sort();
  return { failed: sorted(failed), cut: sorted(cut), failedBefore: 0, cutBefore: 0 };
}

// Asked for one length after the other, in order.  What is cut at a length was watched at it.
function watchedAt(group: Ordered, at: number): At {
  const { failed, cut } = group;
  while (group.cutBefore < cut.length && cut[group.cutBefore]! < at) group.cutBefore++;
  const from = group.failedBefore;
  while (group.failedBefore < failed.length && failed[group.failedBefore] === at)
    group.failedBefore++;
  return {
    failed: group.failedBefore - from,
    watched: failed.length - from + (cut.length - group.cutBefore),
  };
}
