/*
 * lock-fairness: how long does a thread wait for a lock that others want, and who gets it?
 *
 * Every acquire is timed, from wanting the lock to having it, into a histogram of the thread's own in the
 * image (layout/histogram.ts); a round's histograms are added up, and what is reported is the median of the
 * rounds' quantiles.  The lock is held for 200 ns.  Reading the clock twice is in each figure.
 *
 *     acquire_p50 … _max   half of the acquires took at most so long, 99 of 100, 999 of 1,000, all of them
 *     least_share          the share of the thread with the fewest sections, of what an even division gives
 *
 * A lock that whoever is on a CPU may take at once has a small median and a long tail; one that is handed
 * from waiter to waiter has neither.  Ours is held against the best peer in each figure, whichever it is.
 */

import { availableParallelism } from 'node:os';
import { quantile } from '../../base/stats.ts';
import { table, type Cell } from '../../base/table.ts';
import type { TrialOutcome } from '../../run/protocol.ts';
import { Arena, type Lane } from '../arena.ts';
import { turnsOf } from '../calibrate.ts';
import {
  failed,
  figure,
  isNoisy,
  valueText,
  type Asked,
  type Figure,
  type Tell,
} from '../figure.ts';
import { contenders, OURS } from '../peers.ts';
import { cellSeed } from '../workloads/contended.ts';

const QUESTION = 'lock-fairness';
const THREADS = [2, 4, 8];
const SECTION_NS = 200;

type Round = Readonly<Record<(typeof FAIRNESS_FIGURES)[number], number>>;
export const FAIRNESS_FIGURES = [
  'acquire_p50',
  'acquire_p99',
  'acquire_p99.9',
  'acquire_max',
  'least_share',
] as const;

export async function lockFairness(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { quick, against, threads: counts = THREADS } = asked;
  const all = await contenders('mutex', against, ['futex']);
  const figures: Figure[] = [];
  const arena = new Arena({
    question: QUESTION,
    module: './workloads/contended.js',
    variant: 'timed',
    params: { threads: Math.max(...counts) },
    contenders: all,
    asked,
  });
  try {
    for (const [nth, threads] of counts.entries()) {
      const order = {
        cell: String(threads),
        rounds: quick ? 5 : 20,
        durationMs: quick ? 100 : 200,
        seed: cellSeed(threads, turnsOf(SECTION_NS)),
      };
      tell?.(order.cell, nth, counts.length);
      const lanes = await arena.rounds(order, (outcome) => roundOf(outcome, threads));
      figures.push(...lanes.flatMap((lane) => figuresOf(lane, lanes, threads)));
    }
  } finally {
    arena.stop();
  }
  return figures;
}

function roundOf({ outcomes }: TrialOutcome, threads: number): Round {
  const { entries = 0, least = 0, p50_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0 } = outcomes;
  return {
    acquire_p50: p50_ns / 1000,
    acquire_p99: p99_ns / 1000,
    'acquire_p99.9': p999_ns / 1000,
    acquire_max: max_ns / 1000,
    least_share: (least * threads) / Math.max(1, entries),
  };
}

function figuresOf(
  { contender, rounds, failure }: Lane<Round>,
  lanes: readonly Lane<Round>[],
  threads: number,
): Figure[] {
  const common = { question: QUESTION, params: { threads, lock: contender.name } };
  if (failure !== null) return [failed({ ...common, name: 'acquire_p50', unit: 'us' }, failure)];
  return FAIRNESS_FIGURES.map((name) => {
    const isShare = name === 'least_share';
    const best = contender === OURS && !isShare ? bestOf(name, lanes) : undefined;
    return figure({
      ...common,
      name,
      unit: isShare ? '' : 'us',
      values: rounds.map((round) => round[name]),
      ...(best === undefined ? {} : { floors: best.rounds.map((round) => round[name]) }),
    });
  });
}

/** The peer that is best in this. */
function bestOf(name: keyof Round, lanes: readonly Lane<Round>[]): Lane<Round> | undefined {
  const median = ({ rounds }: Lane<Round>): number =>
    quantile(
      rounds.map((round) => round[name]),
      0.5,
    );
  return lanes
    .filter(({ contender, failure }) => contender !== OURS && failure === null)
    .toSorted((a, b) => median(a) - median(b))[0];
}

/** A row a lock, ours first, for each number of threads. */
export function fairnessTable(figures: readonly Figure[]): string {
  const keys = [...new Set(figures.map(({ params }) => `${params['threads']} ${params['lock']}`))];
  const rows = keys.map((key): Cell[] => {
    const own = figures.filter(({ params }) => `${params['threads']} ${params['lock']}` === key);
    const cells = FAIRNESS_FIGURES.map((name) => own.find((each) => each.name === name));
    const [p50, p99] = cells;
    return [
      ...key.split(' '),
      ...cells.map((each) => (each === undefined ? '-' : valueText(each))),
      p50?.ratio?.toFixed(2),
      p99?.ratio?.toFixed(2),
      p99 !== undefined && isNoisy(p99) ? 'noisy' : null,
    ];
  });
  const heads = ['threads', 'lock', 'p50', 'p99', 'p99.9', 'max', 'least', 'p50×', 'p99×', 'note'];
  const cpus = availableParallelism();
  return [
    table(heads, rows, { indent: 2 }),
    '  p50× and p99×: ours over the best peer; least: the share of the thread with the fewest sections',
    ...(figures.some(({ params }) => Number(params['threads']) > cpus)
      ? [
          `  ${cpus} CPUs: with more threads than that, they also wait for a CPU, whichever the lock`,
        ]
      : []),
  ].join('\n');
}
