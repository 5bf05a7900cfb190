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
import { figure, type Asked, type Figure } from '../figure.ts';
import { Handoff } from '../handoff.ts';
import { benchMachine, seriesOrder } from '../trial.ts';

const STRATEGIES = ['pct', 'random', 'pos'] as const;
/** Blocks before the first that counts: the compiler's. */
const WARMUP = 3;
const GOAL_US = 1e6 / 30_000;

/** For each strategy, schedules a second, beside the handoffs they needed. */
export async function schedules({ quick }: Asked): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const strategy of STRATEGIES) figures.push(...(await rateOf(strategy, quick ? 5 : 15)));
  return figures;
}

async function rateOf(strategy: string, rounds: number): Promise<Figure[]> {
  const pair = await Handoff.start();
  const control = { strategy, seed: 1, depth: 0, preemptions: -1, steps: 500, releases: false };
  const machine = await benchMachine('./workloads/three.js', 'ordered', {}, control);
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
  const beside = figure({ ...common, name: 'schedule', floors });
  if (strategy !== 'pct') return [beside];
  return [beside, figure({ ...common, name: 'at 30,000 a second', goal: GOAL_US })];
}
