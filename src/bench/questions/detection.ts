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
 *
 * That is for 16 threads and no locks but their own.  Then the same with more of both, up to 256 threads and 100,000
 * locks, by which it is seen what grows: nothing of it was promised.  Asked of other numbers of threads, each is
 * measured without locks, as the sixteen are, and with 100,000.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figure, type Asked, type Figure, type Tell } from '../figure.ts';
import { benchMachine, benchTrial } from '../trial.ts';
import { microseconds } from '../workloads/hang.ts';

interface Cell {
  readonly threads: number;
  readonly locks: number;
}
interface Extent {
  readonly machines: number;
  readonly trials: number;
}

/** The one that goals are for. */
const USUAL: Cell = { threads: 16, locks: 0 };
const LARGER: readonly Cell[] = [
  { threads: 16, locks: 10_000 },
  { threads: 16, locks: 100_000 },
  { threads: 64, locks: 0 },
  { threads: 64, locks: 100_000 },
  { threads: 256, locks: 0 },
  { threads: 256, locks: 100_000 },
];
const LARGER_QUICK: readonly Cell[] = [{ threads: 32, locks: 100_000 }];
const MANY_LOCKS = 100_000;
/** What the issue asks for, in milliseconds. */
const GOAL = { verdict: 10, stop: 30, dump: 150 } as const;

const STEPS = ['wait_to_verdict', 'stop_all', 'verdict_to_dump'] as const;
const REST = 'rest_of_trial';
export const DETECTION_FIGURES = [...STEPS, ...STEPS.map(ofFirst), REST];

function ofFirst(name: string): string {
  return `first_${name}`;
}

interface Times {
  readonly verdict: number[];
  readonly stop: number[];
  readonly dump: number[];
  readonly rest: number[];
}

function noTimes(): Times {
  return { verdict: [], stop: [], dump: [], rest: [] };
}

/** Deadlocks of machines of 16 threads, and of larger ones; or of as many as were asked for. */
export async function detection(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { quick, threads } = asked;
  const small = threads?.map((count) => ({ threads: count, locks: 0 })) ?? [USUAL];
  const own = quick ? LARGER_QUICK : LARGER;
  const large = threads?.map((count) => ({ threads: count, locks: MANY_LOCKS })) ?? own;
  const figures: Figure[] = [];
  for (const [nth, cell] of [...small, ...large].entries()) {
    tell?.(`${cell.threads}, ${cell.locks} locks`, nth, small.length + large.length);
    if (nth >= small.length) {
      const { later } = await measure(cell, { machines: 1, trials: quick ? 4 : 6 }, asked);
      figures.push(...figuresOf(cell, false, later));
      continue;
    }
    const extent = quick ? { machines: 2, trials: 5 } : { machines: 5, trials: 11 };
    const { first, later } = await measure(cell, extent, asked);
    const goal = cell.threads === USUAL.threads ? GOAL : {};
    figures.push(...figuresOf(cell, false, later, goal), ...figuresOf(cell, true, first, goal));
  }
  return figures;
}

function figuresOf(
  cell: Cell,
  isFirst: boolean,
  times: Times,
  goal: Partial<typeof GOAL> = {},
): Figure[] {
  const [verdict, stop, dump] = STEPS;
  const of = (name: string, values: readonly number[], most?: number): Figure =>
    figure({
      question: 'detection',
      params: { ...cell },
      unit: 'ms',
      name: isFirst ? ofFirst(name) : name,
      values,
      ...(most === undefined ? {} : { goal: most }),
    });
  return [
    of(verdict, times.verdict, goal.verdict),
    of(stop, times.stop, goal.stop),
    of(dump, times.dump, goal.dump),
    ...(isFirst ? [] : [of(REST, times.rest)]),
  ];
}

/** The first trial of each machine, and the others. */
async function measure(
  cell: Cell,
  { machines, trials }: Extent,
  { pin }: Asked,
): Promise<{ first: Times; later: Times }> {
  const scratch = mkdtempSync(join(tmpdir(), 'gridlock-bench-'));
  const first = noTimes();
  const later = noTimes();
  try {
    for (let i = 0; i < machines; i++)
      await campaign(cell, pin, join(scratch, String(i)), trials, first, later);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { first, later };
}

/** One machine's trials: the first into one set of times, the others into the other. */
async function campaign(
  cell: Cell,
  pin: Asked['pin'],
  scratch: string,
  trials: number,
  first: Times,
  later: Times,
): Promise<void> {
  const machine = await benchMachine('./workloads/hang.js', 'cycle', { ...cell }, null, { pin });
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
