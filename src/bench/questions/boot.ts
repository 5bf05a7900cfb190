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
import { figure, type Asked, type Figure } from '../figure.ts';
import { benchMachine, benchTrial } from '../trial.ts';

const WARM_TRIALS = 50;
const BARE = `
  const { Worker } = require('node:worker_threads');
  const workers = Array.from({ length: Number(process.argv[1]) }, () => new Worker('0', { eval: true }));
  Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))))
    .then(() => process.exit(0));
`;

/** Cold and warm, small and large. */
export async function boot({ quick }: Asked): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const threads of [3, 16]) figures.push(...(await machines(threads, quick ? 2 : 7)));
  return figures;
}

async function machines(threads: number, rounds: number): Promise<Figure[]> {
  const cold: number[] = [];
  const bare: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await bareProcess(threads));
    const began = performance.now();
    const machine = await benchMachine('./workloads/empty.js', 'empty', { threads });
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
  return [
    figure({ ...common, name: 'cold', values: cold, floors: bare }),
    figure({ ...common, name: 'warm', values: warm }),
  ];
}

/** Milliseconds for a process that starts so many threads and ends. */
async function bareProcess(threads: number): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', BARE, String(threads)], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - began;
}
