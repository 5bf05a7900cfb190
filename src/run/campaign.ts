/*
 * A campaign: many trials of one workload in one variant, on one machine for as long as it lasts.
 *
 * Trial k has the seed H(root seed, k) and is otherwise like every other.  The machine is rebooted warm
 * between trials; one that did not unwind, or died, is replaced.  A campaign ends after its trials, at
 * the first failure (--until-failure), after so many (--max-failures), or when it is told to stop.
 *
 * Grades.  What a verdict is worth depends on what the variant declares:
 *
 *     declared    the trial came to    graded          the campaign is satisfied if
 *     --------    -----------------    ------------    ---------------------------------------------
 *     pass        pass                 expected        every trial passed
 *     pass        anything else        forbidden
 *     a failure   that                 expected        the declared failure showed at least once
 *     a failure   pass                 interesting     (a bug that did not show this time)
 *     a failure   another failure      forbidden
 *
 * An outcome that the workload grades forbidden makes its trial forbidden, in a variant that declares
 * pass.  In one that declares a failure it is one of the ways in which the bug shows.
 */

import { seedOf } from '../base/prng.ts';
import { median, p90 } from '../base/stats.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { TrackLevel } from '../layout/records.ts';
import type { CatalogEntry } from './catalog.ts';
import { variantOf } from './catalog.ts';
import { SCHEDULE, withSchedule } from './protocol.ts';
import type {
  ControlSpec,
  DumpReport,
  MachineFacts,
  NoiseSpec,
  ParamRecord,
  TrialOutcome,
  TrialSchedule,
} from './protocol.ts';
import type { ResultsDir } from './results.ts';
import { Supervisor, type StatusListener } from './supervisor.ts';
import type { Grade } from './workload.ts';

export interface CampaignOptions {
  readonly entry: CatalogEntry;
  readonly variant: string;
  readonly params: ParamRecord;
  /** params that were given, for the command that reproduces a trial */
  readonly given: ReadonlyMap<string, string>;
  readonly trials: number;
  readonly rootSeed: number;
  readonly durationMs: number;
  readonly hangMs: number;
  readonly timeoutMs: number;
  readonly load: number;
  readonly track: TrackLevel;
  readonly pin: boolean;
  readonly untilFailure: boolean;
  readonly maxFailures: number;
  readonly expect: VerdictName | undefined;
  readonly results: ResultsDir;
  /** dumps kept: of the first failures of each kind */
  readonly dumps: boolean;
  readonly statusMs: number;
  /** who decides which thread runs; null: the operating system */
  readonly control: ControlSpec | null;
  /** delays in a free run; null: none */
  readonly noise: NoiseSpec | null;
  /** for the strategy replay: the thread of each choice */
  readonly schedule: readonly number[] | null;
  /** the seed of every trial, instead of one derived for each; for dfs and replay */
  readonly trialSeed: number | undefined;
}

/** A trial's line in the journal and in --json. */
export interface TrialRecord {
  readonly type: 'trial';
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  readonly index: number;
  readonly seed: number;
  readonly verdict: VerdictName;
  readonly grade: Grade;
  readonly seconds: number;
  readonly progress: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly dump: string | null;
  readonly replay: string | null;
  readonly message: string | null;
  readonly because: readonly string[];
  readonly exact: boolean;
  readonly signature: string;
  readonly dump_ms: number | null;
  readonly dump_error: string | null;
  /** the choices of a controlled trial */
  readonly schedule: TrialSchedule | null;
}

export interface Summary {
  readonly type: 'summary';
  readonly workload: string;
  readonly variant: string;
  readonly declared: VerdictName;
  readonly trials: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly grade: Grade;
  readonly time_to_failure_s: {
    readonly median: number;
    readonly p90: number;
    readonly n: number;
  } | null;
  readonly machines: number;
  readonly dump: string | null;
  readonly pinning: string;
  readonly strategy: string;
  /** which trial was the first to fail, the first trial being 1; null: none did */
  readonly schedules_to_failure: { readonly first: number; readonly of: number } | null;
  /** the strategy has tried every schedule within its bound */
  readonly exhausted: boolean;
  /** trials that it gave up because it had seen all that could come of them; not counted as trials */
  readonly given_up: number;
}

export interface CampaignListener {
  onMachine?(facts: MachineFacts, pid: number): void;
  onTrial?(record: TrialRecord): void;
  onStatus?: StatusListener;
  onRequested?(dump: DumpReport): void;
}

export class Campaign {
  readonly options: CampaignOptions;
  readonly records: TrialRecord[] = [];
  private readonly listener: CampaignListener;
  private readonly seen: string[] = [];
  private machine: Supervisor | undefined;
  private machines = 0;
  private pinning = '';
  private stopping = false;
  private exhausted = false;
  private givenUp = 0;

  constructor(options: CampaignOptions, listener: CampaignListener = {}) {
    this.options = options;
    this.listener = listener;
  }

  /** Ends the campaign: at once if a trial runs, whose machine is killed. */
  stop(): void {
    this.stopping = true;
    this.machine?.kill();
  }

  /** The process that runs the trials now, if any. */
  get pid(): number | undefined {
    return this.machine?.pid;
  }

  /** Runs the trials.  What was measured before an exception is in `records` and in the journal. */
  async run(): Promise<Summary> {
    const { trials, untilFailure, maxFailures } = this.options;
    let failures = 0;
    try {
      for (let index = 0; index < trials && !this.stopping; index++) {
        const record = await this.trial(index);
        if (record === undefined) break;
        if (record === 'given up') continue;
        if (record.verdict !== 'pass') failures++;
        if ((untilFailure && failures > 0) || failures >= maxFailures) break;
      }
    } finally {
      this.machine?.kill();
      this.machine = undefined;
    }
    return this.summary();
  }

  private async trial(index: number): Promise<TrialRecord | 'given up' | undefined> {
    const { entry, variant, params, load, track, pin, results, dumps, rootSeed, control, noise } =
      this.options;
    if (this.machine?.warm() !== true) {
      this.machine = await Supervisor.start(
        { type: 'spec', url: entry.url, variant, params, load, track, pin, control, noise },
        (dump) => this.listener.onRequested?.(dump),
      );
      this.machines++;
      this.pinning = this.machine.facts.pinning;
      this.listener.onMachine?.(this.machine.facts, this.machine.pid ?? 0);
    }
    const seed = this.options.trialSeed ?? seedOf(rootSeed, index);
    const replay = control === null ? this.replayLine(index) : this.scheduleLine(seed);
    const end = await this.machine.run(
      {
        type: 'trial',
        index,
        seed,
        durationMs: this.options.durationMs,
        hangMs: this.options.hangMs,
        timeoutMs: this.options.timeoutMs,
        journal: results.journal,
        dump: dumps ? results.dumpFile(entry.workload.name, variant, index) : null,
        seen: this.seen,
        replay,
        statusMs: this.options.statusMs,
        schedule: this.options.schedule,
      },
      this.listener.onStatus,
    );
    if (end === undefined) this.exhausted = true;
    if (this.stopping || end === undefined) return undefined;
    const { outcome, dump } = end;
    if (outcome.schedule?.givenUp === true) {
      this.givenUp++;
      return 'given up';
    }
    if (dump !== null && dump.file !== null) this.seen.push(outcome.signature);
    const again = withSchedule(replay, outcome.schedule);
    const record = this.record(outcome, seed, dump, again);
    this.records.push(record);
    results.append(record);
    this.listener.onTrial?.(record);
    return record;
  }

  private record(
    outcome: TrialOutcome,
    seed: number,
    dump: DumpReport | null,
    replay: string,
  ): TrialRecord {
    const { entry, variant, results } = this.options;
    const file = dump?.file ?? null;
    return {
      type: 'trial',
      workload: entry.workload.name,
      variant,
      strategy: this.strategy,
      index: outcome.index,
      seed,
      verdict: outcome.verdict,
      grade: this.grade(outcome),
      seconds: outcome.seconds,
      progress: outcome.progress,
      outcomes: outcome.outcomes,
      dump: file === null ? null : results.relative(file),
      replay: outcome.verdict === 'pass' ? null : replay,
      message: outcome.message === '' ? null : outcome.message,
      because: outcome.because,
      exact: outcome.exact,
      signature: outcome.signature,
      dump_ms: file === null ? null : (dump?.ms ?? null),
      dump_error: dump?.error ?? null,
      schedule: outcome.schedule,
    };
  }

  private get strategy(): string {
    const { control, noise } = this.options;
    return control?.strategy ?? (noise === null ? 'free' : 'noise');
  }

  private get declared(): VerdictName {
    return this.options.expect ?? variantOf(this.options.entry, this.options.variant).verdict;
  }

  private grade({ verdict, outcomes }: Pick<TrialOutcome, 'verdict' | 'outcomes'>): Grade {
    const { declared } = this;
    const declaredOutcomes = this.options.entry.workload.outcomes ?? {};
    const grades = new Set(
      Object.entries(outcomes)
        .filter(([, n]) => n > 0)
        .map(([name]) => declaredOutcomes[name]?.grade ?? 'expected'),
    );
    if (declared === 'pass') {
      if (verdict !== 'pass' || grades.has('forbidden')) return 'forbidden';
      return grades.has('interesting') ? 'interesting' : 'expected';
    }
    if (verdict === declared) return 'expected';
    return verdict === 'pass' ? 'interesting' : 'forbidden';
  }

  /** The command that runs a schedule again, which is not known yet. */
  private scheduleLine(seed: number): string {
    const { entry, variant, given, control } = this.options;
    return [
      'gridlock run',
      entry.given,
      `--variant ${variant}`,
      ...[...given].map(([name, value]) => `-P ${name}=${value}`),
      `-s replay --schedule ${SCHEDULE}`,
      `--steps ${control?.steps ?? 0}`,
      `--trial-seed ${seed}`,
    ].join(' ');
  }

  /** The command that runs the same again. */
  private replayLine(index: number): string {
    const { entry, variant, given, rootSeed, durationMs, hangMs, load, noise } = this.options;
    return [
      'gridlock run',
      entry.given,
      `--variant ${variant}`,
      ...[...given].map(([name, value]) => `-P ${name}=${value}`),
      ...(noise === null ? [] : [`-s noise --strength ${noise.longestUs / 1000}ms`]),
      `--seed ${rootSeed}`,
      `-n ${index + 1}`,
      `-d ${durationMs}ms`,
      `--hang-timeout ${hangMs}ms`,
      ...(load > 0 ? [`--load ${load}`] : []),
    ].join(' ');
  }

  summary(): Summary {
    const { entry, variant } = this.options;
    const verdicts: Record<string, number> = {};
    const outcomes: Record<string, number> = {};
    for (const record of this.records) {
      verdicts[record.verdict] = (verdicts[record.verdict] ?? 0) + 1;
      for (const [name, n] of Object.entries(record.outcomes))
        outcomes[name] = (outcomes[name] ?? 0) + n;
    }
    const times = this.records
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ seconds }) => seconds);
    const firstFailure = this.records.findIndex(({ verdict }) => verdict !== 'pass');
    return {
      type: 'summary',
      workload: entry.workload.name,
      variant,
      declared: this.declared,
      trials: this.records.length,
      verdicts,
      outcomes,
      grade: this.campaignGrade(),
      time_to_failure_s:
        times.length === 0 ? null : { median: median(times), p90: p90(times), n: times.length },
      machines: this.machines,
      dump: this.records.find(({ dump }) => dump !== null)?.dump ?? null,
      pinning: this.pinning,
      strategy: this.strategy,
      schedules_to_failure:
        firstFailure < 0 ? null : { first: firstFailure + 1, of: this.records.length },
      exhausted: this.exhausted,
      given_up: this.givenUp,
    };
  }

  private campaignGrade(): Grade {
    const grades = new Set(this.records.map(({ grade }) => grade));
    if (grades.has('forbidden')) return 'forbidden';
    const showed = this.records.some(({ verdict }) => verdict === this.declared);
    if (this.declared !== 'pass' && !showed) return 'forbidden';
    if (this.declared === 'pass' && grades.has('interesting')) return 'interesting';
    return 'expected';
  }
}
