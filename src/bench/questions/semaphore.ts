/*
 * semaphore: how many units go through a bounded buffer under two semaphores?
 *
 * Ours beside the plain number of permits (peers/plain.ts) and whoever else is named, each in a machine of its own (arena.ts).
 * Half of the threads fill the buffer, half empty it.  With room for one unit nobody does anything without the other
 * sort, so a unit is a handoff there and back; with room for sixteen they go side by side, and a unit is four operations on
 * words that everybody wants.
 */

import type { TrialOutcome } from '../../run/protocol.ts';
import { Arena } from '../arena.ts';
import { besideFigures, besideTable } from '../beside.ts';
import type { Asked, Figure, Tell } from '../figure.ts';
import { contenders } from '../peers.ts';
import { seedOfUnits } from '../unit-cells.ts';

const QUESTION = 'semaphore';
const UNIT = 'unit';
export const SEMAPHORE_FIGURES = [UNIT];
const THREADS = [2, 4, 8] as const;
const ROOMS = [1, 16] as const;
const FULL = { rounds: 20, ms: 100 } as const;
const QUICK = { rounds: 5, ms: 50 } as const;

export async function semaphore(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { rounds, ms } = asked.quick ? QUICK : FULL;
  const { against, threads: counts = THREADS } = asked;
  const cells = counts.flatMap((threads) => ROOMS.map((room) => [threads, room] as const));
  const figures: Figure[] = [];
  const arena = new Arena({
    question: QUESTION,
    module: './workloads/units.js',
    variant: 'bounded',
    params: { threads: Math.max(...counts) },
    contenders: await contenders('semaphore', against, ['plain']),
    asked,
  });
  try {
    for (const [nth, [threads, room]] of cells.entries()) {
      const seed = seedOfUnits(threads, room);
      const order = { cell: `${threads}x${room}`, rounds, durationMs: ms, seed };
      tell?.(order.cell, nth, cells.length);
      const lanes = await arena.rounds(order, usOf);
      figures.push(
        ...besideFigures(QUESTION, { threads, room }, lanes, [
          { name: UNIT, unit: 'us', pick: (us) => us },
        ]),
      );
    }
  } finally {
    arena.stop();
  }
  return figures;
}

function usOf({ seconds, outcomes }: TrialOutcome): number {
  return (seconds * 1e6) / Math.max(1, outcomes['used'] ?? 0);
}

/** A row a number of threads and room: the semaphores beside each other. */
export function semaphoreTable(figures: readonly Figure[]): string {
  return besideTable(figures, ['threads', 'room'], [UNIT]);
}
