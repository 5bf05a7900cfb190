/*
 * Trials for questions: a machine of a bench workload, and one order like another.
 */

import { Supervisor, type TrialEnd } from '../run/supervisor.ts';

export interface BenchTrial {
  readonly index: number;
  readonly durationMs: number;
  /** the trial's number by default */
  readonly seed?: number;
  readonly journal?: string;
  readonly dump?: string;
}

/** A machine of the workload in this folder's build. */
export async function benchMachine(
  module: string,
  variant: string,
  params: Readonly<Record<string, number>>,
): Promise<Supervisor> {
  const url = new URL(module, import.meta.url).href;
  return Supervisor.start({
    type: 'spec',
    url,
    variant,
    params,
    load: 0,
    track: 'held',
    pin: true,
    control: null,
    noise: null,
  });
}

/** Runs one trial that must come to the verdict.  @throws Error when it does not */
export async function benchTrial(
  machine: Supervisor,
  verdict: string,
  { index, durationMs, seed, journal, dump }: BenchTrial,
): Promise<TrialEnd> {
  const end = await machine.run({
    type: 'trial',
    index,
    seed: seed ?? index,
    durationMs,
    hangMs: 30_000,
    timeoutMs: durationMs + 60_000,
    journal: journal ?? null,
    dump: dump ?? null,
    seen: [],
    replay: '',
    statusMs: 0,
    schedule: null,
  });
  if (end?.outcome.verdict !== verdict)
    throw new Error(`bench: ${end?.outcome.verdict}: ${end?.outcome.message}`);
  return end;
}
