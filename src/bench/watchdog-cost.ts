/*
 * watchdog-cost: what being watched costs the threads that are.
 *
 * A machine runs threads that take locks without a pause, one on each CPU, and its watchdog polls every
 * millisecond.  Measured is the CPU time of the watchdog's host thread, as a share of all CPU time there is:
 * what the others cannot have.  Linux only; elsewhere there is no figure.
 *
 * The watchdog is found among the process's threads by its habit: nobody else gives up the CPU a thousand
 * times a second.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, platform } from 'node:os';
import { figure, type Figure } from './figure.ts';
import { benchMachine, benchTrial } from './trial.ts';

/** /proc counts CPU time in ticks of 10 ms. */
const TICK_MS = 10;

interface Sample {
  readonly cpuMs: number;
  readonly switches: number;
}

export async function watchdogCost({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  if (platform() !== 'linux') return [];
  const rounds = quick ? 3 : 8;
  const cpus = availableParallelism();
  const machine = await benchMachine('./workloads/busy.js', 'busy', { threads: cpus });
  const shares: number[] = [];
  try {
    for (let index = 0; index < rounds; index++) {
      const before = sampleThreads(machine.pid!);
      const began = performance.now();
      await benchTrial(machine, 'pass', { index, durationMs: 2_000 });
      const elapsedMs = performance.now() - began;
      const spent = [...sampleThreads(machine.pid!)].map(([tid, { cpuMs, switches }]) => ({
        cpuMs: cpuMs - (before.get(tid)?.cpuMs ?? 0),
        switches: switches - (before.get(tid)?.switches ?? 0),
      }));
      const watchdog = spent.toSorted((a, b) => b.switches - a.switches)[0]!;
      shares.push((100 * watchdog.cpuMs) / (elapsedMs * cpus));
    }
  } finally {
    machine.kill();
  }
  return [
    figure({
      question: 'watchdog-cost',
      name: 'share_of_cpu',
      params: { cpus },
      unit: '%',
      values: shares,
    }),
  ];
}

/** CPU time and voluntary context switches of each thread of a process. */
function sampleThreads(pid: number): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
      const switches = Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0);
      samples.set(tid, { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, switches });
    } catch {
      // It ended between the listing and the reading.
    }
  }
  return samples;
}
