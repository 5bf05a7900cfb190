/*
 * schedules: how many schedules a second, of three threads with three locks and one round each?
 *
 * About 35 choices a trial, as in the programs that other tools give their rates for (workloads/three.ts).  The threads
 * are real ones, so what no strategy can do without is to hand the baton from one to another.  The floor is that and
 * nothing else: two threads on one CPU that wake each other in turn, as often as the baton changed hands in
 * the trials of the same round.  What is above it are the choices, the locks and the rewinds.
 *
 * The goal is a rate, turned round: 30,000 schedules a second are 33 us a schedule.
 */

import { BLOCK } from '../../run/control.ts';
import { figure, type Asked, type Figure, type Tell } from '../figure.ts';
import { Handoff } from '../handoff.ts';
import { benchMachine, seriesOrder } from '../trial.ts';

const STRATEGIES = ['pct', 'random', 'pos'] as const;
/** Blocks before the first that counts: the compiler's. */
const WARMUP = 3;
const GOAL_US = 1e6 / 30_000;
export const SCHEDULES_FIGURES = ['schedule', 'at 30,000 a second'] as const;

/** For each strategy, schedules a second, beside the handoffs they needed. */
export async function schedules(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [nth, strategy] of STRATEGIES.entries()) {
    tell?.(strategy, nth, STRATEGIES.length);
    figures.push(...(await rateOf(strategy, asked)));
  }
  return figures;
}

async function rateOf(strategy: string, { quick, pin = true }: Asked): Promise<Figure[]> {
  const rounds = quick ? 5 : 15;
  const pair = await Handoff.start(pin);
  const control = { strategy, seed: 1, depth: 0, preemptions: -1, steps: 500, releases: false };
  const machine = await benchMachine('./workloads/three.js', 'ordered', {}, control, { pin });
  const values: number[] = [];
  const floors: number[] = [];
  let handoffs = 0;
  try {
    for (let round = -WARMUP; round < rounds; round++) {
      const index = (round + WARMUP) * BLOCK;
      const began = performance.now();
      const end = await machine.run(seriesOrder(index, BLOCK));
      const took = (performance.now() - began) * 1000;
      if (end?.outcome.verdict !== 'pass')
        throw new Error(`bench: ${end?.outcome.verdict}: ${end?.outcome.message}`);
      const trials = end.outcome.index - index + 1;
      const perTrial = (end.outcome.before?.handoffs ?? 0) / trials;
      const floor = (await pair.microseconds()) * perTrial;
      if (round < 0) continue;
      values.push(took / trials);
      floors.push(floor);
      handoffs += perTrial / rounds;
    }
  } finally {
    machine.kill();
    await pair.stop();
  }
  const params = { strategy, handoffs: handoffs.toFixed(2) };
  const common = { question: 'schedules', params, unit: 'us', values, seen: ['handoffs'] } as const;
  const [ofSchedule, ofRate] = SCHEDULES_FIGURES;
  const beside = figure({ ...common, name: ofSchedule, floors });
  if (strategy !== 'pct') return [beside];
  return [beside, figure({ ...common, name: ofRate, goal: GOAL_US })];
}
