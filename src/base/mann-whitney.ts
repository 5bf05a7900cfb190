/*
 * Are the values of one sample larger than those of the other?  Mann and Whitney (1947).
 *
 * U counts the pairs in which the first sample's value is the larger, a tie as a half.  Nothing is assumed of how the
 * values are distributed, and one that is far out counts no more than one that is out; times have a long tail, so
 * a comparison of means would ask about the worst disturbance and not about the code.
 *
 *     values in all    p is
 *     -------------    ------------------------------------------------------------------------------------
 *     up to 50         exact: the share of all ways to deal these very values out, ties and all, that are as far out
 *     more             the normal approximation, with its variance corrected for ties, and U for continuity
 *
 * The exact one counts subsets by the sum of their ranks, twice over so that a tie's middle rank is whole: at most
 * 126,410,606,437,752 of them, which a double counts exactly.  Without ties it is the p of every table.  Both are of
 * two sides: twice the smaller one, as R and SciPy have it.
 *
 * With 3 values a side the smallest p there can be is 0.1.  leastP() says it, so that "no difference was found" need not be
 * taken for "there is none" where none could have been found.
 */

import { normalTail } from './normal.ts';

const EXACT_MAX = 50;

export interface RankTest {
  /** pairs in which the first sample's value is the larger, a tie as a half */
  readonly u: number;
  /** of two sides; NaN where a sample is empty */
  readonly p: number;
  readonly exact: boolean;
}

/** Compares two samples. */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const n = first.length;
  const m = second.length;
  if (n === 0 || m === 0) return { u: NaN, p: NaN, exact: true };
  const ranks = doubledRanks([...first, ...second]);
  const sum = ranks.slice(0, n).reduce((total, rank) => total + rank, 0);
  const u = sum / 2 - (n * (n + 1)) / 2;
  const exact = n + m <= EXACT_MAX;
  return { u, p: exact ? exactP(ranks, n, sum) : approximateP(ranks, n, m, u), exact };
}

/** The smallest p that samples of these sizes can come to. */
export function leastP(n: number, m: number): number {
  let ways = 1;
  for (let i = 1; i <= n; i++) ways *= (m + i) / i;
  return Math.min(1, 2 / ways);
}

// Twice the rank of each value, those that are equal at the middle of theirs.
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).toSorted((a, b) => values[a]! - values[b]!);
  const ranks: number[] = [];
  for (let from = 0; from < order.length;) {
    let end = from + 1;
    while (end < order.length && values[order[end]!] === values[order[from]!]) end++;
    for (let i = from; i < end; i++) ranks[order[i]!] = from + end + 1;
    from = end;
  }
  return ranks;
}

function exactP(ranks: readonly number[], n: number, sum: number): number {
  const most = ranks.reduce((total, rank) => total + rank, 0);
  // ways[k][s]: subsets of k of the ranks so far that sum to s.
  const ways = Array.from({ length: n + 1 }, () => new Float64Array(most + 1));
  ways[0]![0] = 1;
  for (const rank of ranks)
    for (let k = n; k > 0; k--)
      for (let s = most; s >= rank; s--) ways[k]![s]! += ways[k - 1]![s - rank]!;
  let all = 0;
  let below = 0;
  let above = 0;
  for (const [s, count] of ways[n]!.entries()) {
    all += count;
    if (s <= sum) below += count;
    if (s >= sum) above += count;
  }
  return Math.min(1, (2 * Math.min(below, above)) / all);
}

function approximateP(ranks: readonly number[], n: number, m: number, u: number): number {
  const all = n + m;
  const tied = new Map<number, number>();
  for (const rank of ranks) tied.set(rank, (tied.get(rank) ?? 0) + 1);
  const ties = [...tied.values()].reduce((sum, t) => sum + (t ** 3 - t), 0);
  const variance = ((n * m) / 12) * (all + 1 - ties / (all * (all - 1)));
  if (variance === 0) return 1; //  all values are equal
  const off = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5);
  return Math.min(1, 2 * normalTail(off / Math.sqrt(variance)));
}
