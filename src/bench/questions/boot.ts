/*
 * boot: how long before a trial can begin.
 *
 * `cold` is a machine from nothing: a process, an image, the watchdog, the pool, each thread with the
 * workload's modules evaluated, pinned, and known to the inspector.  Its floor is a process that starts
 * so many worker threads that do nothing.  `warm` is a whole trial of roles that return at once, on a
 * machine that has run before: what a campaign pays for each trial on top of the trial.
 */

import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { figure, type Asked, type Figure, type Tell } from '../figure.ts';
import { benchMachine, benchTrial } from '../trial.ts';

const WARM_TRIALS = 50;
const THREADS = [3, 16] as const;
export const BOOT_FIGURES = ['cold', 'warm'] as const;
const BARE = `
  const { Worker } = require('node:worker_threads');
  const workers = Array.from({ length: Number(process.argv[1]) }, () => new Worker('0', { eval: true }));
  Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))))
    .then(() => process.exit(0));
`;

/** Cold and warm, small and large. */
export async function boot(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const counts = asked.threads ?? THREADS;
  const figures: Figure[] = [];
  for (const [nth, threads] of counts.entries()) {
    tell?.(String(threads), nth, counts.length);
    figures.push(...(await machines(threads, asked)));
  }
  return figures;
}

async function machines(threads: number, { quick, pin }: Asked): Promise<Figure[]> {
  const rounds = quick ? 2 : 7;
  const cold: number[] = [];
  const bare: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await bareProcess(threads));
    const began = performance.now();
    const machine = await benchMachine('./workloads/empty.js', 'empty', { threads }, null, { pin });
    cold.push(performance.now() - began);
    try {
      for (let index = 0; index < WARM_TRIALS; index++) {
        const from = performance.now();
        await benchTrial(machine, 'pass', { index, durationMs: 1000 });
        if (index > 5) warm.push(performance.now() - from);
      }
    } finally {
      machine.kill();
    }
  }
  const common = { question: 'boot', params: { threads }, unit: 'ms' } as const;
  const [ofCold, ofWarm] = BOOT_FIGURES;
  return [
    figure({ ...common, name: ofCold, values: cold, floors: bare }),
    figure({ ...common, name: ofWarm, values: warm }),
  ];
}

/** Milliseconds for a process that starts so many threads and ends. */
async function bareProcess(threads: number): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', BARE, String(threads)], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - began;
}
