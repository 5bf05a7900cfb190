/*
 * lock-contended: how many times a second threads get through one lock that all of them want.
 *
 * Ours against the plain futex mutex: a machine each, the same threads on the same CPUs, rounds that alternate
 * between the two.  Throughput is given as nanoseconds a section, so that the ratio reads like the others:
 * below 1 is faster than the plain futex.
 */

import { benchMachine, benchTrial } from './trial.ts';
import { figure, type Figure } from './figure.ts';

const ROUND_MS = 150;
/** Turns of the section's loop that take about 200 ns. */
const TURNS_200NS = 150;

export async function lockContended({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const threads of [2, 4]) {
    for (const section of [0, TURNS_200NS])
      figures.push(await cell(threads, section, quick ? 7 : 25));
  }
  return figures;
}

async function cell(threads: number, section: number, rounds: number): Promise<Figure> {
  const ours = await benchMachine('./workloads/contended.js', 'mutex', { threads, section });
  const theirs = await benchMachine('./workloads/contended.js', 'futex', { threads, section });
  const values: number[] = [];
  const floors: number[] = [];
  try {
    for (let index = 0; index < rounds; index++) {
      for (const [machine, times] of [
        [ours, values],
        [theirs, floors],
      ] as const) {
        const { outcome } = await benchTrial(machine, 'pass', { index, durationMs: ROUND_MS });
        times.push((outcome.seconds * 1e9) / Math.max(1, outcome.progress['contender'] ?? 0));
      }
    }
  } finally {
    ours.kill();
    theirs.kill();
  }
  const params = { threads, section: section === 0 ? '0' : '200ns' };
  return figure({ question: 'lock-contended', name: 'mutex', params, unit: 'ns', values, floors });
}
