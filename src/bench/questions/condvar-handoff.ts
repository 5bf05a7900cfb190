/*
 * condvar-handoff: what does it take to hand a token to the next thread through a condition variable?
 *
 * Ours beside the plain generation (peers/plain.ts) and whoever else is named, each in a machine of its own (arena.ts), and
 * beside what no condition variable can beat: the bare handoff, each thread asleep on a word of its own until the
 * one before it stores it.  The bare one is measured right before the others of its cell.
 *
 * A handoff is a wakeup of the host, so that is what all of them are made of.  With two threads one is woken, and the
 * rest of the price is the mutex that it has to take first.  With more, all who wait are woken and all but one wait again:
 * one condition cannot say whom it means.  So that is a matter of what waking and lining up again cost, each time: with four
 * threads 1.9 waits a handoff, with eight 3.6, ours and the plain one's alike.
 *
 * Ours is above the best peer, for it keeps a line: each who waits joins it under its chain and is taken off it under the same,
 * and is woken on a word of its own.  A generation is one word and one call, and leaves no trace of who waits.
 *
 *     threads                                           2              4              8         (Node 20, 2 CPUs)
 *     a broadcast moves all to the mutex, as it does    1.16 to 1.31   1.04 to 1.18   1.21 to 1.35
 *     it wakes each, with the mutex held                1.12 to 1.24   1.73 to 1.93   1.64 to 1.88
 *     it wakes the first, and moves the others          1.2            1.15 to 1.27   1.50 to 1.58
 *     a signal moves too                                1.45 to 1.49   1.13 to 1.17   1.22 to 1.35
 *     all are moved, and each wakes the next            as the last but with four and eight 2 to 3 times as slow
 *     a spin of 20 us before each sleep                 0.7 and 2.3    2.4            2.7
 *
 * The last two are of short runs on a busy machine, the others of full ones.  V8's Atomics.Condition (--against v8) is the best
 * peer with more than two: it keeps a queue as we do, but in its own heap and without a line of JavaScript, and ours takes
 * 1.1 to 1.5 times as long with two, 1.3 to 2 with four, 1.2 to 1.5 with eight threads (quick runs).
 */

import type { TrialOutcome } from '../../run/protocol.ts';
import { Arena, type ArenaSpec } from '../arena.ts';
import { besideFigures, besideTable } from '../beside.ts';
import { figure, type Asked, type Figure, type Tell } from '../figure.ts';
import { seedOfHandoff } from '../handoff-cells.ts';
import { contenders, OURS } from '../peers.ts';

const QUESTION = 'condvar-handoff';
const HANDOFF = 'handoff';
export const HANDOFF_FIGURES = [HANDOFF];
const THREADS = [2, 4, 8] as const;
const FULL = { rounds: 20, ms: 100 } as const;
const QUICK = { rounds: 5, ms: 50 } as const;
/** A thread of eight gets the token ten thousand times in that long, at 30 us each. */
const WARM_MS = 2_500;
/** At least the best peer. */
const GOAL = 1;
const BARE = 'bare';

export async function condvarHandoff(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { rounds, ms } = asked.quick ? QUICK : FULL;
  const { against, threads: counts = THREADS } = asked;
  const spec: Omit<ArenaSpec, 'contenders'> = {
    question: QUESTION,
    module: './workloads/handoffs.js',
    variant: 'token',
    params: { threads: Math.max(...counts) },
    asked,
  };
  const arena = new Arena({ ...spec, contenders: await contenders('condvar', against, ['plain']) });
  const floor = new Arena({ ...spec, contenders: [OURS] });
  const figures: Figure[] = [];
  try {
    for (const [nth, threads] of counts.entries()) {
      tell?.(String(threads), nth, counts.length);
      const order = (isBare: boolean) => ({
        cell: `${threads}${isBare ? '-bare' : ''}`,
        rounds,
        durationMs: ms,
        warmMs: WARM_MS,
        seed: seedOfHandoff(threads, isBare),
      });
      const bare = await floor.rounds(order(true), usOf);
      const lanes = await arena.rounds(order(false), usOf);
      figures.push(
        ...bare.map((lane) =>
          figure({
            question: QUESTION,
            name: HANDOFF,
            params: { threads, lock: BARE },
            unit: 'us',
            values: lane.rounds,
          }),
        ),
        ...besideFigures(QUESTION, { threads }, lanes, [
          { name: HANDOFF, unit: 'us', pick: (us) => us, goal: GOAL },
        ]),
      );
    }
  } finally {
    arena.stop();
    floor.stop();
  }
  return figures;
}

function usOf({ seconds, outcomes }: TrialOutcome): number {
  return (seconds * 1e6) / Math.max(1, outcomes['passed'] ?? 0);
}

/** A row a number of threads: the bare handoff, and the condition variables beside each other. */
export function handoffTable(figures: readonly Figure[]): string {
  return besideTable(figures, ['threads'], [HANDOFF]);
}
