/*
 * detection: from the last wait to the verdict, to all threads stopped, to the dump on the disk.
 *
 * A real machine, warm, whose trials each end in a deadlock; every one is dumped.  No floor: these are times
 * that a person waits, and what bounds them is the watchdog's poll of 1 ms, the inspector, and the disk.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figure, type Figure } from './figure.ts';
import { microseconds } from './workloads/hang.ts';
import { benchMachine, benchTrial } from './trial.ts';

const THREADS = 16;

export async function detection({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  const trials = quick ? 10 : 40;
  const scratch = mkdtempSync(join(tmpdir(), 'gridlock-bench-'));
  const machine = await benchMachine('./workloads/hang.js', 'cycle', { threads: THREADS });
  const verdicts: number[] = [];
  const stops: number[] = [];
  const dumps: number[] = [];
  const reboots: number[] = [];
  try {
    for (let index = 0; index < trials; index++) {
      const began = performance.now();
      const { outcome, dump } = await benchTrial(machine, 'deadlock', {
        index,
        durationMs: 10_000,
        journal: join(scratch, 'journal.ndjson'),
        dump: join(scratch, `${index}.dump`),
      });
      const wallMs = performance.now() - began;
      if (dump === null) throw new Error('bench: a deadlock left no dump');
      verdicts.push((microseconds(outcome.at) - outcome.outcomes['closed_us']!) / 1000);
      stops.push(dump.stopMs);
      dumps.push(dump.ms);
      reboots.push(wallMs - dump.ms);
    }
  } finally {
    machine.kill();
    rmSync(scratch, { recursive: true, force: true });
  }
  const params = { threads: THREADS };
  const ms = { question: 'detection', params, unit: 'ms' } as const;
  return [
    figure({ ...ms, name: 'wait_to_verdict', values: verdicts }),
    figure({ ...ms, name: 'stop_all', values: stops }),
    figure({ ...ms, name: 'verdict_to_dump', values: dumps }),
    figure({ ...ms, name: 'rest_of_trial', values: reboots }),
    figure({ ...ms, name: 'machine_up', values: [machine.facts.bootMs] }),
  ];
}
