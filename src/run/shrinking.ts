/*
 * Shrinking a failure of real threads: one machine, and a trial for each schedule that is tried.
 *
 * The first trial runs the schedule that was given, and what that comes to is what is looked for: the same verdict
 * with the same signature (watchdog.ts).  sched/shrink.ts decides what to try; here it is tried.
 */

import { fail } from '../base/fail.ts';
import { choicesOf, parseToken, type Schedule } from '../sched/schedule.ts';
import { shrink, type Shrunk, type Tried } from '../sched/shrink.ts';
import type { CatalogEntry } from './catalog.ts';
import type { ControlSpec, ParamRecord, TrialOutcome } from './protocol.ts';
import { Supervisor } from './supervisor.ts';

export interface ShrinkOptions {
  readonly entry: CatalogEntry;
  readonly variant: string;
  readonly params: ParamRecord;
  readonly control: ControlSpec;
  readonly schedule: Schedule;
  readonly seed: number;
  readonly hangMs: number;
  readonly pin: boolean;
  readonly trialsMax: number;
}

export interface ShrunkFailure extends Shrunk {
  readonly first: Tried;
  readonly verdict: string;
  readonly message: string;
  /** by their place in the roster, as the schedule has them */
  readonly threads: readonly string[];
}

const TRIAL_MS_MAX = 60_000;

/** @throws Fail REPLAY_PASSES when the schedule does not fail, or strays */
export async function shrinkFailure(options: ShrinkOptions): Promise<ShrunkFailure> {
  const { entry, variant, params, control, seed, hangMs } = options;
  const machine = await Supervisor.start({
    type: 'spec',
    url: entry.url,
    variant,
    params,
    load: 0,
    track: 'held',
    pin: options.pin,
    cpu: 0,
    control,
    noise: null,
  });
  let index = 0;
  const attempt = async (schedule: Schedule): Promise<TrialOutcome> => {
    if (!machine.warm()) throw fail('INTERNAL', { what: 'a machine was lost while shrinking' });
    const end = await machine.run({
      type: 'trial',
      index: index++,
      trials: 1,
      seed,
      durationMs: TRIAL_MS_MAX,
      hangMs,
      timeoutMs: TRIAL_MS_MAX,
      journal: null,
      dump: null,
      seen: [],
      replay: '',
      statusMs: 0,
      schedule: choicesOf(schedule),
    });
    if (end === undefined) throw fail('INTERNAL', { what: 'replay has no end' });
    return end.outcome;
  };
  try {
    const wanted = await attempt(options.schedule);
    const strayed = wanted.schedule?.strayed ?? -1;
    if (wanted.verdict === 'pass' || strayed >= 0) {
      throw fail('REPLAY_PASSES', {
        verdict: wanted.verdict,
        strayed: strayed < 0 ? '' : strayed,
      });
    }
    const triedOf = ({ verdict, signature, schedule }: TrialOutcome): Tried => ({
      fails: verdict === wanted.verdict && signature === wanted.signature,
      schedule: parseToken(schedule?.token ?? ''),
      preemptions: schedule?.preemptions ?? 0,
    });
    const first = triedOf(wanted);
    const shrunk = await shrink(
      first,
      async (schedule) => triedOf(await attempt(schedule)),
      options.trialsMax,
    );
    const threads = machine.facts.threads.map(({ name }) => name);
    return { ...shrunk, first, verdict: wanted.verdict, message: wanted.message, threads };
  } finally {
    machine.kill();
  }
}
