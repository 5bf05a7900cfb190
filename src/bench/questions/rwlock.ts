/*
 * rwlock: what does a lock for readers and writers let through, by how much is read and how much written?
 *
 * Ours beside the plain reader count (peers/plain.ts) and whoever else is named, each in a machine of its own (arena.ts).
 * The threads do all the same: so many reads and then so many writes, each a tenth of a microsecond under the lock.
 * A section is one of either, of all threads together; below the floor is faster.
 *
 * Beside it what it costs: the longest that any thread was without a batch of them.  A reader count has no line, so it
 * wastes no time on order, and who comes for the second time may pass who came first.
 *
 * What got it there.  Ours used to pass the lock on to the next in line, who is asleep, and as all come back at once,
 * somebody always was: every section with a writer in sight cost a wakeup of the host.  Now it is free until the woken one
 * gets there (kernel/rwlock.ts), and the same machine said, in ns a section:
 *
 *     threads  mix      passed on    free    reader count     (Node 20, 2 CPUs, two quick runs one after the other)
 *     2        10:1         1,971     385         262 to 272
 *     2        1:1          5,145     420         377 to 417
 *     8        10:1        24,878     346         348 to 393
 *     8        1:1         45,946     457         550 to 565
 *
 * Where it still falls short: reads alone, by two threads or more.  All of them change the one word, and ours looks at it
 * before it does, since it says who may not; and it notes the hold, which the reader count cannot name.
 */

import type { TrialOutcome } from '../../run/protocol.ts';
import { Arena } from '../arena.ts';
import { besideFigures, besideTable, type Measure } from '../beside.ts';
import type { Asked, Figure, Tell } from '../figure.ts';
import { contenders } from '../peers.ts';
import { MIXES, mixName, seedOfMix } from '../rw-cells.ts';

const QUESTION = 'rwlock';
const FULL = { threads: [1, 2, 4, 8, 16], rounds: 20, ms: 100 } as const;
const QUICK = { threads: [1, 2, 8], rounds: 5, ms: 50 } as const;
/** At least the best peer. */
const GOAL = 1;

interface Round {
  readonly ns: number;
  readonly gapMs: number;
}

const SECTION: Measure<Round> = { name: 'section', unit: 'ns', pick: ({ ns }) => ns, goal: GOAL };
const GAP: Measure<Round> = { name: 'longest_gap', unit: 'ms', pick: ({ gapMs }) => gapMs };
export const RWLOCK_FIGURES = [SECTION.name, GAP.name];

export async function rwlock(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { threads: own, rounds, ms } = asked.quick ? QUICK : FULL;
  const { against, threads: counts = own } = asked;
  const cells = counts.flatMap((threads) => MIXES.map((mix) => [threads, mix] as const));
  const figures: Figure[] = [];
  const arena = new Arena({
    question: QUESTION,
    module: './workloads/rwlocks.js',
    variant: 'mixed',
    params: { threads: Math.max(...counts) },
    contenders: await contenders('rwlock', against, ['plain']),
    asked,
  });
  try {
    for (const [nth, [threads, mix]] of cells.entries()) {
      const cell = `${threads}x${mix.reads}-${mix.writes}`;
      tell?.(cell, nth, cells.length);
      const seed = seedOfMix(threads, mix);
      const lanes = await arena.rounds({ cell, rounds, durationMs: ms, seed }, roundOf);
      const params = { threads, mix: mixName(mix) };
      figures.push(...besideFigures(QUESTION, params, lanes, [SECTION, GAP]));
    }
  } finally {
    arena.stop();
  }
  return figures;
}

function roundOf({ seconds, outcomes }: TrialOutcome): Round {
  const { sections = 0, gap_us: gapUs = 0 } = outcomes;
  return { ns: (seconds * 1e9) / Math.max(1, sections), gapMs: gapUs / 1000 };
}

/** A row a number of threads and mix: the locks beside each other. */
export function rwlockTable(figures: readonly Figure[]): string {
  return besideTable(figures, ['threads', 'mix'], ['section', 'longest_gap']);
}
