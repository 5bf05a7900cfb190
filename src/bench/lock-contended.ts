/*
 * lock-contended: how fast threads get through one lock that all of them want, and how evenly.
 *
 * Ours against the plain futex mutex, in one machine: the same threads on the same CPUs take turns with the
 * one and the other, trial by trial.  Throughput is given as nanoseconds a section, so that the ratio reads
 * like the others: below 1 is faster.  Beside it the price: the longest that any thread was kept out, and
 * how much more the luckiest thread got than the unluckiest.
 *
 *     threads  section    ns a section, × futex    longest gap, × futex     (Node 20, 2 CPUs, quiet)
 *     2        0          0.3                      2.5 ms, 0.3 ms
 *     2        200 ns     0.5                      2.7 ms, 0.5 ms
 *     4        0          0.5                      8 ms, 6 ms
 *     4        200 ns     0.7                      13 ms, 7 ms
 *
 * Nobody does anything but take the lock, so a single thread with the lock to itself sets the pace, and
 * what is measured is how little the others disturb it.  A mutex that lets them disturb it more is fairer.
 */

import { fail } from '../base/fail.ts';
import { quantile } from '../base/stats.ts';
import { figure, type Asked, type Figure } from './figure.ts';
import { benchMachine, benchTrial } from './trial.ts';
import { OURS, THEIRS, work } from './workloads/contended.ts';

const ROUND_MS = 100;
const CELLS = [
  { threads: 2, sectionNs: 0 },
  { threads: 2, sectionNs: 200 },
  { threads: 4, sectionNs: 0 },
  { threads: 4, sectionNs: 200 },
] as const;
/** At least the plain futex: no more nanoseconds than it. */
const GOAL = 1;

interface Round {
  readonly ns: number;
  readonly gapMs: number;
  readonly unevenness: number;
}

export async function lockContended({ quick }: Asked): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { threads, sectionNs } of CELLS)
    figures.push(...(await cell(threads, sectionNs, quick ? 9 : 30)));
  return figures;
}

async function cell(threads: number, sectionNs: number, rounds: number): Promise<Figure[]> {
  const turns = Math.round(sectionNs / nsPerTurn());
  const machine = await benchMachine('./workloads/contended.js', 'contended', { threads, turns });
  const ours: Round[] = [];
  const theirs: Round[] = [];
  async function round(index: number, which: number): Promise<Round> {
    const { outcome } = await benchTrial(machine, 'pass', {
      index,
      seed: index * 2 + which,
      durationMs: ROUND_MS,
    });
    const { entries = 0, least = 0, most = 0, gap_us: gapUs = 0 } = outcome.outcomes;
    const claimed = outcome.progress['contender'] ?? 0;
    if (entries !== claimed) {
      throw fail('INTERNAL', {
        what: `two threads were in one section: ${claimed} entries, ${entries} counted`,
      });
    }
    return {
      ns: (outcome.seconds * 1e9) / Math.max(1, entries),
      gapMs: gapUs / 1000,
      unevenness: most / Math.max(1, least),
    };
  }
  try {
    for (const which of [OURS, THEIRS]) await round(0, which); // the compiler's
    for (let index = 1; index <= rounds; index++) {
      ours.push(await round(index, OURS));
      theirs.push(await round(index, THEIRS));
    }
  } finally {
    machine.kill();
  }
  const params = { threads, section: sectionNs === 0 ? '0' : `${sectionNs}ns` };
  const common = { question: 'lock-contended', params } as const;
  const both = (pick: (round: Round) => number) => ({
    values: ours.map(pick),
    floors: theirs.map(pick),
  });
  return [
    figure({ ...common, name: 'section', unit: 'ns', goal: GOAL, ...both(({ ns }) => ns) }),
    figure({ ...common, name: 'longest_gap', unit: 'ms', ...both(({ gapMs }) => gapMs) }),
    figure({ ...common, name: 'most_to_least', unit: '', ...both(({ unevenness }) => unevenness) }),
  ];
}

/** How long a turn of the section's loop takes here and now. */
function nsPerTurn(): number {
  const turns = 100_000;
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const began = performance.now();
    work(turns);
    times.push(performance.now() - began);
  }
  return (quantile(times, 0.1) * 1e6) / turns;
}
