/*
 * Shrinking a failure of real threads: one machine, and a trial for each schedule that is tried.
 *
 * The first trial runs the schedule that was given, and what that comes to is what is looked for: the same verdict
 * with the same signature (signature.ts).  sched/shrink.ts decides what to try; here it is tried.  The shortest is run
 * once more, with a dump: what is shown is what was seen again.
 *
 * A failure can cost the machine: a thread that loops for ever does not unwind.  The next trial is another machine's then.
 */

import { fail } from '../base/fail.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { EventLog } from '../sched/events.ts';
import { choicesOf, parseToken, type Schedule } from '../sched/schedule.ts';
import { shrink, type Shrunk, type Tried } from '../sched/shrink.ts';
import type { CatalogEntry } from './catalog.ts';
import type { ControlSpec, ParamRecord, TrialOutcome } from './protocol.ts';
import { strayOf } from './replaying.ts';
import { Supervisor, type TrialEnd } from './supervisor.ts';

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
  /** where a dump of the shortest failure goes, if the watchdog sees it; null: none is wanted */
  readonly dump: string | null;
}

export interface ShrunkFailure extends Shrunk {
  readonly first: Tried;
  readonly verdict: VerdictName;
  readonly message: string;
  /** by their place in the roster, as the schedule has them */
  readonly threads: readonly string[];
  /** of the shortest failure; null where none was wanted or could be taken */
  readonly dump: string | null;
  /** what was done at each choice of it; undefined where there are too many */
  readonly log: EventLog | undefined;
}

const TRIAL_MS_MAX = 60_000;

/**
 * @throws Fail REPLAY_PASSES when the schedule does not fail, or strays; NOT_REPEATED when the shortest does not come
 * to the same once more
 */
export async function shrinkFailure(options: ShrinkOptions): Promise<ShrunkFailure> {
  const { seed, hangMs } = options;
  let machine = await boot(options);
  let index = 0;
  const attempt = async (schedule: Schedule, file: string | null = null): Promise<TrialEnd> => {
    if (!machine.warm()) machine = await boot(options);
    const end = await machine.run({
      type: 'trial',
      index: index++,
      trials: 1,
      seed,
      durationMs: TRIAL_MS_MAX,
      hangMs,
      timeoutMs: TRIAL_MS_MAX,
      journal: null,
      dump: file,
      seen: [],
      replay: '',
      statusMs: 0,
      schedule: choicesOf(schedule),
      log: file !== null,
    });
    if (end === undefined) throw fail('INTERNAL', { what: 'replay has no end' });
    return end;
  };
  try {
    const { outcome: wanted } = await attempt(options.schedule);
    const strayed = strayedFrom(options.schedule, wanted);
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
      async (schedule) => triedOf((await attempt(schedule)).outcome),
      options.trialsMax,
    );
    const { outcome, dump } = await attempt(shrunk.schedule, options.dump);
    const { verdict, message } = outcome;
    if (!triedOf(outcome).fails || strayedFrom(shrunk.schedule, outcome) >= 0) {
      throw fail('NOT_REPEATED', { verdict: wanted.verdict, other: verdict });
    }
    const threads = machine.facts.threads.map(({ name }) => name);
    return {
      ...shrunk,
      first,
      verdict,
      message,
      threads,
      dump: dump?.file ?? null,
      log: outcome.log,
    };
  } finally {
    machine.kill();
  }
}

async function boot({ entry, variant, params, control, pin }: ShrinkOptions): Promise<Supervisor> {
  return Supervisor.start({
    type: 'spec',
    url: entry.url,
    variant,
    params,
    load: 0,
    track: 'held',
    pin,
    cpu: 0,
    control,
    noise: null,
  });
}

/** The first choice of a trial that was not as given; -1: none. */
function strayedFrom(given: Schedule, { verdict, schedule }: TrialOutcome): number {
  const made = schedule === null ? [] : choicesOf(parseToken(schedule.token));
  return strayOf(choicesOf(given), made, verdict);
}
