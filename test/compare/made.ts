/*
 * Benches and runs that nobody ran: sides and directories with known samples.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RNG_WORDS, seedRng } from '../../src/base/prng.ts';
import { createBenchResults, finishBenchResults } from '../../src/bench/bench.ts';
import { failed, figure, type Figure, type FigureInput } from '../../src/bench/figure.ts';
import { sideOfFigures, type Side } from '../../src/compare/side.ts';
import type { TimesByMetric } from '../../src/run/times.ts';
import { nextUnit } from '../unit.ts';

export const HEADER = {
  type: 'header',
  schema: 1,
  gridlock: '0.1.0',
  commit: 'abc',
  node: '20.20.2',
  os: 'linux 6',
  arch: 'x64',
  cpu: 'made up',
  cpus: 2,
  quick: false,
  against: [],
} as const;

/** A figure of each process, whose rounds are all the same. */
export function processesOf(
  values: readonly number[],
  given: Partial<FigureInput> = {},
  floor?: number,
): Figure[] {
  return values.map((value, process) => {
    const rounds = [value, value, value];
    const floors = floor === undefined ? {} : { floors: rounds.map(() => floor) };
    const common = { question: 'q', name: 'n', unit: 'ns', values: rounds, ...floors };
    return { ...figure({ ...common, ...given }), process };
  });
}

/** In a process of its own, what failed in place of a value. */
export function failedIn(process: number, what: string, given: Partial<FigureInput> = {}): Figure {
  const failure = { what, message: `check: ${what}`, dump: null };
  return { ...failed({ question: 'q', name: 'n', unit: 'ns', ...given }, failure), process };
}

export function sideOf(label: string, figures: readonly Figure[], header: object = HEADER): Side {
  return sideOfFigures(label, label, header as Record<string, unknown>, figures);
}

/** A results directory of a bench.  @returns its path */
export function benchDirectory(root: string, figures: readonly Figure[], header = HEADER): string {
  const results = createBenchResults(root, header, { processes: 1 });
  for (const each of figures) results.append(each);
  finishBenchResults(results, figures);
  return results.directory;
}

export interface MadeRun {
  readonly name: string;
  readonly declared?: string;
  readonly variant?: string;
  readonly strategy?: string;
  readonly node?: string;
  /** after each: how many trials passed, and then one that failed */
  readonly failures: readonly number[];
  /** trials that passed at the end */
  readonly passed: number;
  /** of one trial */
  readonly seconds?: number;
  readonly outcomes?: Readonly<Record<string, number>>;
  /** of each trial that failed */
  readonly times?: TimesByMetric;
}

/** A results directory of a run. */
export function runDirectory(root: string, given: MadeRun): string {
  const { name, declared = 'deadlock', variant = 'planted', strategy = 'random' } = given;
  const { failures, passed, seconds = 0.001, node = '20.20.2', outcomes = {} } = given;
  const timed = given.times === undefined ? {} : { times: given.times };
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  const campaign = { workload: 'made-up', variant, strategy };
  const facts = { ...campaign, params: { n: 2 }, settings: {}, declared, trials: 1_000 };
  const header = { ...HEADER, node, type: undefined, seed: 7, shard: null };
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({ ...header, id: name, campaigns: [facts] }),
  );
  const records: object[] = [{ ...header, type: 'header' }];
  let index = 0;
  const series = (trials: number): void => {
    if (trials === 0) return;
    records.push({
      type: 'series',
      ...campaign,
      first: index,
      seed: 7,
      passed: trials,
      given_up: 0,
      choices: trials,
      preemptions: 0,
      outcomes,
      seconds: trials * seconds,
    });
    index += trials;
  };
  for (const before of failures) {
    series(before);
    records.push({
      type: 'trial',
      ...campaign,
      index: index++,
      seed: 7,
      verdict: 'deadlock',
      grade: 'expected',
      seconds,
      progress: {},
      outcomes: {},
      ...timed,
      dump: null,
      replay: null,
      message: 'stuck',
      signature: 's',
      schedule: null,
    });
  }
  series(passed);
  records.push({ type: 'end', exit: 0 });
  writeFileSync(
    join(directory, 'journal.ndjson'),
    records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  );
  writeFileSync(join(directory, 'done.json'), '{"exit":0}\n');
  return directory;
}

/** Draws with a seed of its own. */
export class Chance {
  private readonly words = new Uint32Array(RNG_WORDS);

  constructor(seed: number) {
    seedRng(this.words, seed);
  }

  unit(): number {
    return nextUnit(this.words);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  /** Processes of one code: a few hundredths apart, now and then one that was disturbed. */
  processes(n: number, middle: number, spread = 0.02): number[] {
    return Array.from({ length: n }, () => {
      const disturbed = this.unit() < 0.1 ? 0.05 * this.unit() : 0;
      return middle * Math.exp(spread * this.normal() + disturbed);
    });
  }
}
