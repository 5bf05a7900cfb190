/*
 * detection: from the last wait to the verdict, to all threads stopped, to the dump on the disk.
 *
 * A real machine whose trials each end in a deadlock; every one is dumped.  No floor: these are times that a
 * person waits, and what bounds them is the watchdog's poll of 1 ms, the inspector, and the 40 ms in which
 * the others are watched before the dump is written.
 *
 * The first dump of a machine is a figure of its own.  It is the one that most people get, and it runs code
 * that never ran before: source maps are parsed, and everything is interpreted.
 *
 *     16 threads, Node 20      wait to verdict 2.4 ms    stop 16 ms    dump 75 ms, the first 120 ms
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figure, type Asked, type Figure } from './figure.ts';
import { benchMachine, benchTrial } from './trial.ts';
import { microseconds } from './workloads/hang.ts';

const THREADS = 16;
/** What the issue asks for, in milliseconds. */
const GOAL = { verdict: 10, stop: 30, dump: 150 } as const;

interface Times {
  readonly verdict: number[];
  readonly stop: number[];
  readonly dump: number[];
  readonly rest: number[];
}

function noTimes(): Times {
  return { verdict: [], stop: [], dump: [], rest: [] };
}

/** Deadlocks of a machine of 16 threads. */
export async function detection({ quick }: Asked): Promise<Figure[]> {
  const machines = quick ? 2 : 5;
  const trials = quick ? 6 : 11;
  const scratch = mkdtempSync(join(tmpdir(), 'gridlock-bench-'));
  const first = noTimes();
  const later = noTimes();
  try {
    for (let i = 0; i < machines; i++)
      await campaign(join(scratch, String(i)), trials, first, later);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const ms = { question: 'detection', params: { threads: THREADS }, unit: 'ms' } as const;
  return [
    figure({ ...ms, name: 'wait_to_verdict', values: later.verdict, goal: GOAL.verdict }),
    figure({ ...ms, name: 'stop_all', values: later.stop, goal: GOAL.stop }),
    figure({ ...ms, name: 'verdict_to_dump', values: later.dump, goal: GOAL.dump }),
    figure({ ...ms, name: 'rest_of_trial', values: later.rest }),
    figure({ ...ms, name: 'first_wait_to_verdict', values: first.verdict, goal: GOAL.verdict }),
    figure({ ...ms, name: 'first_stop_all', values: first.stop, goal: GOAL.stop }),
    figure({ ...ms, name: 'first_verdict_to_dump', values: first.dump, goal: GOAL.dump }),
  ];
}

/** One machine's trials: the first into one set of times, the others into the other. */
async function campaign(
  scratch: string,
  trials: number,
  first: Times,
  later: Times,
): Promise<void> {
  const machine = await benchMachine('./workloads/hang.js', 'cycle', { threads: THREADS });
  try {
    for (let index = 0; index < trials; index++) {
      const times = index === 0 ? first : later;
      const began = performance.now();
      const { outcome, dump } = await benchTrial(machine, 'deadlock', {
        index,
        durationMs: 10_000,
        journal: `${scratch}.ndjson`,
        dump: `${scratch}-${index}.dump`,
      });
      const wallMs = performance.now() - began;
      if (dump === null || dump.file === null)
        throw new Error(`bench: a deadlock left no dump: ${dump?.error ?? 'none was wanted'}`);
      times.verdict.push((microseconds(outcome.at) - outcome.outcomes['closed_us']!) / 1000);
      times.stop.push(dump.stopMs);
      times.dump.push(dump.ms);
      times.rest.push(wallMs - dump.ms);
    }
  } finally {
    machine.kill();
  }
}
