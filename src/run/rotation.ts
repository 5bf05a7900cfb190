/*
 * The rotation of a soak: what has its turn when.
 *
 * A cell is one way of running one variant: its workload, who decides which thread runs, how much load is beside it, how
 * many threads it has.  The rotation goes round by round.  In a round every cell has one turn, in an order that is drawn
 * anew for each round from the root seed:
 *
 *     position    0 1 2 3   4 5 6 7   8 9 …
 *     round       0         1         2
 *     cell        c a d b   b d a c   a …
 *
 * What follows from that, and nothing else is needed for it:
 *
 *   (1) Fair: no cell has a second turn before each has had its first; so after any number of turns no two cells are apart
 *       by more than one.
 *   (2) What failed is neither favoured nor starved: what a turn came to does not enter.  A turn of a cell that fails
 *       at once ends at so many failures (soak.ts), so it takes less than its share of the time, never more.
 *   (3) A position says all.  A soak that is resumed goes on at a position, and has the order that it would have had.
 *   (4) Shards have the same rounds, and the i-th of n begins each of them (i - 1) / n of it later, and goes round.  So all
 *       of it has its turn in some shard after an n-th of the time that one alone would take, and (1) holds within each.
 *   (5) The order of a round is drawn, so that what runs first after something heavy is not the same each time.
 *
 * Rejected: giving more turns to what failed lately.  A soak looks for what is rare; what fails often was seen.
 *
 * Loads and delays are for runs that the operating system schedules.  A strategy that decides itself has one thread run at a
 * time, so load beside it says nothing, and the command line refuses it.
 *
 * The thread counts of a workload are found and not declared: a whole-number param is one if one more of it makes more
 * threads.  A cell has them as the variant says, or all of them twice.
 */

import { RNG_WORDS, nextBelow, seedOf, seedRng } from '../base/prng.ts';
import type { ParamRecord } from './protocol.ts';
import { makeRoster } from './roster.ts';
import type { Shard } from './shard.ts';
import type { Workload } from './workload.ts';

/** A strategy of the rotation. */
export interface Way {
  readonly strategy: string;
  /** whether it decides which thread runs */
  readonly isControlled: boolean;
}

/** One way of running one variant. */
export interface Cell<Of = string> {
  readonly of: Of;
  readonly variant: string;
  readonly way: Way;
  /** threads that only contend for CPU and memory */
  readonly load: number;
  /** params that differ from those of the variant, by name */
  readonly crowd: ReadonlyMap<string, string>;
}

/** A variant, and the numbers of threads that it is run with. */
export interface Subject<Of = string> {
  readonly of: Of;
  readonly variant: string;
  readonly crowds: readonly ReadonlyMap<string, string>[];
}

/** Turns of all its cells after which a failure that a variant declares should have shown. */
export const TURNS_TO_SHOW = 3;

/** More threads than this on one machine are no variation but another test. */
const THREADS_MAX = 64;

/** Every subject in every way, with every load that goes with it. */
export function cellsOf<Of>(
  subjects: readonly Subject<Of>[],
  ways: readonly Way[],
  loads: readonly number[],
): Cell<Of>[] {
  return subjects.flatMap(({ of, variant, crowds }) =>
    ways.flatMap((way) =>
      (way.isControlled ? [0] : loads).flatMap((load) =>
        crowds.map((crowd) => ({ of, variant, way, load, crowd })),
      ),
    ),
  );
}

/** Which of so many cells has its turn at this position. */
export function turnAt(
  rootSeed: number,
  cells: number,
  position: number,
  shard: Pick<Shard, 'index' | 'total'> | null = null,
): number {
  const { index, total } = shard ?? { index: 1, total: 1 };
  const begin = Math.floor(((index - 1) * cells) / total);
  return roundOf(rootSeed, cells, Math.floor(position / cells))[(begin + position) % cells]!;
}

/** The order of a round: a permutation of the cells. */
export function roundOf(rootSeed: number, cells: number, round: number): number[] {
  const words = new Uint32Array(RNG_WORDS);
  seedRng(words, seedOf(rootSeed, round));
  const order = Array.from({ length: cells }, (_, cell) => cell);
  // Fisher and Yates: each permutation is as likely.
  for (let last = cells - 1; last > 0; last--) {
    const drawn = nextBelow(words, last + 1);
    [order[last], order[drawn]] = [order[drawn]!, order[last]!];
  }
  return order;
}

/**
 * The numbers of threads to run a variant with: as it says, and each number twice, where that makes more threads.
 * @param fixed params that were given, and stay as they are
 */
export function crowdsOf(
  workload: Workload,
  variant: string,
  params: ParamRecord,
  fixed: ReadonlySet<string>,
): ReadonlyMap<string, string>[] {
  const asItIs = new Map<string, string>();
  const threads = (with_: ParamRecord): number => makeRoster(workload, variant, with_, 0).length;
  const twice = new Map<string, string>();
  for (const [name, param] of Object.entries(workload.params ?? {})) {
    const value = params[name];
    if (param.type !== 'int' || typeof value !== 'number' || fixed.has(name)) continue;
    if (value < 1 || value * 2 > param.max) continue;
    if (threads({ ...params, [name]: value + 1 }) > threads(params))
      twice.set(name, String(value * 2));
  }
  if (twice.size === 0) return [asItIs];
  const numbers = Object.fromEntries([...twice].map(([name, text]) => [name, Number(text)]));
  return threads({ ...params, ...numbers }) > THREADS_MAX ? [asItIs] : [asItIs, twice];
}

/** A cell in words: `once whole, noise, load 2, threads=16`. */
export function cellName(workload: string, { variant, way, load, crowd }: Cell<unknown>): string {
  const parts = [
    `${workload} ${variant}`,
    way.strategy,
    load > 0 ? `load ${load}` : '',
    [...crowd].map(([name, value]) => `${name}=${value}`).join(' '),
  ];
  return parts.filter((part) => part !== '').join(', ');
}
