/*
 * Trials for questions: a machine of a bench workload, and one order like another.
 */

import type { TrackLevel } from '../layout/records.ts';
import type {
  ControlSpec,
  MachineSpec,
  NoiseSpec,
  ParamRecord,
  TrialOrder,
} from '../run/protocol.ts';
import { Supervisor, type TrialEnd } from '../run/supervisor.ts';

export interface BenchTrial {
  readonly index: number;
  readonly durationMs: number;
  /** the trial's number by default */
  readonly seed?: number;
  readonly journal?: string;
  readonly dump?: string;
}

export interface MachineOptions {
  /** as the question was asked (figure.ts); no default, so that none forgets it */
  readonly pin: boolean | undefined;
  /** options of node */
  readonly execArgv?: readonly string[];
  readonly track?: TrackLevel;
  /** delays in a free run */
  readonly noise?: NoiseSpec | null;
  /** how long it may say nothing before it is ready, in milliseconds */
  readonly silenceMs?: number;
}

/** A machine of a workload of the bench.  @param module its path from this folder: ./workloads/empty.js */
export async function benchMachine(
  module: string,
  variant: string,
  params: ParamRecord,
  control: ControlSpec | null,
  { pin = true, execArgv = [], track = 'held', noise = null, ...options }: MachineOptions,
): Promise<Supervisor> {
  const url = new URL(module, import.meta.url).href;
  const spec: MachineSpec = {
    type: 'spec',
    url,
    variant,
    params,
    load: 0,
    track,
    pin,
    cpu: 0,
    control,
    noise,
    execArgv,
  };
  return Supervisor.start(spec, options);
}

/** Runs one trial that must come to the verdict.  @throws Error when it does not */
export async function benchTrial(
  machine: Supervisor,
  verdict: string,
  { index, durationMs, seed, journal, dump }: BenchTrial,
): Promise<TrialEnd> {
  const end = await machine.run({
    ...seriesOrder(index, 1),
    seed: seed ?? index,
    durationMs,
    timeoutMs: durationMs + 60_000,
    journal: journal ?? null,
    dump: dump ?? null,
  });
  if (end?.outcome.verdict !== verdict)
    throw new Error(`bench: ${end?.outcome.verdict}: ${end?.outcome.message}`);
  return end;
}

/** Trials of a controlled machine in a row, of which nothing is kept. */
export function seriesOrder(index: number, trials: number): TrialOrder {
  return {
    type: 'trial',
    index,
    trials,
    seed: 1,
    durationMs: 60_000,
    hangMs: 30_000,
    timeoutMs: 120_000,
    journal: null,
    dump: null,
    seen: [],
    replay: '',
    statusMs: 0,
    schedule: null,
    log: false,
  };
}
