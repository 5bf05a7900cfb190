/*
 * A campaign: many trials of one workload in one variant, on one machine for as long as it lasts, or on several.
 *
 * Trial k of a free run has the seed H(root seed, k) and is otherwise like every other.  Under a strategy the trials of a
 * block are one program, of the seed H(root seed, number of the block), and differ in their schedules.  The machine is rebooted warm
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

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatSeed, seedOf } from '../base/prng.ts';
import { rootOf } from '../base/unmix.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { TrackLevel } from '../layout/records.ts';
import { hashEvent, NO_EVENTS } from '../sched/events.ts';
import { parseToken } from '../sched/schedule.ts';
import type { Program } from '../sched/token.ts';
import type { CatalogEntry } from './catalog.ts';
import { variantOf } from './catalog.ts';
import { Blocks, type Block } from './blocks.ts';
import { BLOCK, strategyOf } from './control.ts';
import { DumpBudget } from './dump-budget.ts';
import { Lane, type LaneListener, type Wear } from './lane.ts';
import { againLine, closeAgain } from './again.ts';
import { INDEX } from './protocol.ts';
import type {
  ControlSpec,
  DumpReport,
  NoiseSpec,
  ParamRecord,
  SeriesReport,
  TrialOutcome,
  TrialSchedule,
} from './protocol.ts';
import type { ResultsDir } from './results.ts';
import type { Shard } from './shard.ts';
import type { TrialEnd } from './supervisor.ts';
import { writeScheduleFile } from './schedule-file.ts';
import { Tally, type Statistics } from './tally.ts';
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
  /** machines side by side, where a strategy decides */
  readonly jobs: number;
  /** milliseconds after which no further trial begins; Infinity: as many as there are to be */
  readonly budgetMs: number;
  /** the part of the trials that is ours; null: all */
  readonly shard?: Shard | null;
  /** the index of the first trial, 0 by default; in a controlled run, the first of a block */
  readonly first?: number;
  /** what is kept of this campaign and of others together; by default, what this one alone finds */
  readonly dumpBudget?: DumpBudget;
  /** when a machine is replaced though it works */
  readonly wear?: Wear;
}

/** What a manifest says of a campaign: it tells one from another, where several runs are put together. */
export interface CampaignFacts {
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  readonly params: ParamRecord;
  /** of the run, as far as trials depend on them */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly declared: VerdictName;
  /** of all shards, at most */
  readonly trials: number;
  /** of a matrix (matrix.ts) */
  readonly configuration?: string;
}

export function factsOf(options: Omit<CampaignOptions, 'results'>): CampaignFacts {
  const { entry, variant, params, control, noise } = options;
  const { durationMs, hangMs, load, trialSeed } = options;
  return {
    workload: entry.workload.name,
    variant,
    strategy: strategyName(options),
    params,
    settings: {
      ...(control === null
        ? { duration_ms: durationMs, load }
        : {
            depth: control.depth,
            preemptions: control.preemptions,
            steps: control.steps,
            trial_seed: trialSeed ?? null,
          }),
      ...(noise === null ? {} : { strength_us: noise.longestUs }),
      hang_ms: hangMs,
    },
    declared: declaredBy(options),
    trials: options.trials,
  };
}

function strategyName({ control, noise }: Pick<CampaignOptions, 'control' | 'noise'>): string {
  return control?.strategy ?? (noise === null ? 'free' : 'noise');
}

function declaredBy({
  expect,
  entry,
  variant,
}: Pick<CampaignOptions, 'expect' | 'entry' | 'variant'>): VerdictName {
  return expect ?? variantOf(entry, variant).verdict;
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

/** Trials of a controlled run in a row, of which there is nothing to say but that they passed. */
export interface SeriesRecord {
  readonly type: 'series';
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  /** the index of the first */
  readonly first: number;
  readonly seed: number;
  readonly passed: number;
  /** more that the strategy gave up, since it had seen all that could come of them */
  readonly given_up: number;
  /** of all of them */
  readonly choices: number;
  readonly preemptions: number;
  /** counted over all of them; where a trial behind them has a record, they are in that */
  readonly outcomes: Readonly<Record<string, number>>;
  /** of real time */
  readonly seconds: number;
  /** of each, what tells its interleaving from others; not in the journal */
  readonly hashes: readonly number[];
}

export interface Summary extends Statistics {
  readonly type: 'summary';
  readonly workload: string;
  readonly variant: string;
  readonly declared: VerdictName;
  readonly trials: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly grade: Grade;
  readonly machines: number;
  readonly dump: string | null;
  readonly pinning: string;
  readonly strategy: string;
  /** the strategy has tried every schedule within its bound */
  readonly exhausted: boolean;
  /** preemptions in a schedule at most; null: no bound */
  readonly preemptions_max: number | null;
  /**
   * the trial and the choice at which the program did not do what it had done, scheduled the same; the campaign ended
   * there, and what it tried proves nothing
   */
  readonly strayed: { readonly trial: number; readonly choice: number } | null;
  /** the trial whose machine was lost, with what a search knew; it cannot go on, and what it tried proves nothing */
  readonly lost: number | null;
  /** of the interleavings of all trials, in order: the same for the same seed, however many machines ran them */
  readonly digest: string | null;
  /** trials that it gave up because it had seen all that could come of them; not counted as trials */
  readonly given_up: number;
}

export interface CampaignListener extends LaneListener {
  onTrial?(record: TrialRecord, outcome: TrialOutcome): void;
  onSeries?(record: SeriesRecord): void;
}

/** What one order to a machine came to. */
interface Came {
  readonly series: SeriesRecord | null;
  readonly record: TrialRecord | null;
  readonly outcome: TrialOutcome;
  /** names, by place in the roster */
  readonly threads: readonly string[];
  /** of real time, of the record's trial */
  readonly seconds: number;
  /** of the trials of the series, and of the last one */
  readonly grades: readonly Grade[];
}

/** Records of a campaign that are handed over at its end; the journal has all. */
const RECORDS_MAX = 1_000;

const NONE: SeriesReport = {
  trials: 0,
  givenUp: 0,
  choices: 0,
  preemptions: 0,
  outcomes: {},
  hashes: [],
  handoffs: 0,
};

/** A series, and the trial that ended it and passed, too. */
function withLast(
  before: SeriesReport,
  last: TrialSchedule,
  happened: Readonly<Record<string, number>>,
): SeriesReport {
  const { trials, givenUp, choices, preemptions, hashes, handoffs } = before;
  const outcomes = summed(before.outcomes, happened);
  if (last.givenUp) return { ...before, trials: trials + 1, givenUp: givenUp + 1, outcomes };
  return {
    trials: trials + 1,
    givenUp,
    choices: choices + last.choices,
    preemptions: preemptions + last.preemptions,
    outcomes,
    hashes: [...hashes, last.events],
    handoffs,
  };
}

function summed(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...one };
  for (const [name, n] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}

export class Campaign {
  readonly options: CampaignOptions;
  /** the first trials that did not pass, or that are looked at one by one; in the order of their indices */
  readonly records: TrialRecord[] = [];
  private readonly listener: CampaignListener;
  private readonly budget: DumpBudget;
  /** signatures of failures that need no further dump */
  private readonly seen: string[];
  /** dumps that were written */
  private readonly dumped: string[] = [];
  /** those of them that a record names */
  private readonly dumpsKept = new Set<string>();
  private readonly lanes: readonly Lane[];
  private readonly blocks: Blocks<Came>;
  private readonly tally = new Tally();
  private readonly verdicts: Partial<Record<VerdictName, number>> = {};
  private firstDump: string | null = null;
  private stopping = false;
  private deadline = Infinity;
  private exhausted = false;
  private givenUp = 0;
  private digest = NO_EVENTS;
  private strayed: Summary['strayed'] = null;
  private lost: number | null = null;
  private readonly grades = new Set<Grade>();
  /** whether the strategy goes on from what it learned in all trials before */
  private readonly searches: boolean;
  private outcomes: Readonly<Record<string, number>> = {};

  constructor(options: CampaignOptions, listener: CampaignListener = {}) {
    this.options = options;
    this.listener = listener;
    const { entry, variant, params, load, track, pin, control, noise, trials } = options;
    const shard = options.shard ?? null;
    const url = entry.url;
    const spec = { type: 'spec', url, variant, params, load, track, pin, control, noise } as const;
    this.budget = options.dumpBudget ?? new DumpBudget({ count: Infinity, bytes: Infinity });
    this.seen = this.budget.signatures(this.key);
    // What a search has learned is in its one machine; and free machines would only take CPUs from each other.
    this.searches = control !== null && strategyOf(control).isWhole === true;
    const isDivisible = control !== null && !this.searches;
    const failuresMax = options.untilFailure ? 1 : options.maxFailures;
    const whole = shard === null ? trials : 1;
    this.blocks = new Blocks(trials, isDivisible ? BLOCK : whole, failuresMax, shard);
    const lanes = isDivisible ? options.jobs : 1;
    this.lanes = Array.from(
      { length: lanes },
      (_, cpu) => new Lane({ ...spec, cpu }, listener, options.wear),
    );
  }

  /** Ends the campaign: at once if a trial runs, whose machine is killed. */
  stop(): void {
    this.stopping = true;
    for (const lane of this.lanes) lane.close();
  }

  /** The index of the first trial. */
  private get first(): number {
    return this.options.first ?? 0;
  }

  private get key(): Pick<TrialRecord, 'workload' | 'variant' | 'strategy'> {
    const { entry, variant } = this.options;
    return { workload: entry.workload.name, variant, strategy: this.strategy };
  }

  /** The process that runs the trials now, if any; of several, the first. */
  get pid(): number | undefined {
    return this.lanes.find(({ pid }) => pid !== undefined)?.pid;
  }

  /** Runs the trials.  What was measured before an exception is in `records` and in the journal. */
  async run(): Promise<Summary> {
    this.deadline = performance.now() + this.options.budgetMs;
    const failures: Error[] = [];
    await Promise.all(
      this.lanes.map(async (lane) => {
        try {
          await this.work(lane);
        } catch (error) {
          // What the others have so far is counted; none of them goes on.
          failures.push(error as Error);
          this.stop();
        }
        lane.close();
      }),
    );
    for (const came of this.blocks.rest()) this.count(came);
    this.tidy();
    if (failures[0] !== undefined) throw failures[0];
    return this.summary();
  }

  /** Dumps that no record names: of trials that did not count in the end, or of failures that had one. */
  private tidy(): void {
    for (const file of this.dumped) {
      if (!this.dumpsKept.has(this.options.results.relative(file))) rmSync(file, { force: true });
    }
  }

  /** One lane's part: block after block, each from its first trial to its last. */
  private async work(lane: Lane): Promise<void> {
    for (
      let block = this.blocks.take();
      block !== undefined && this.goesOn(this.first + block.first);
      block = this.blocks.take()
    ) {
      await this.block(lane, block);
      for (const came of this.blocks.close(block)) this.count(came);
    }
  }

  private async block(lane: Lane, block: Block): Promise<void> {
    // Whether a block before it has a dump of the same failure is not known yet, so each has its own (tidy()).
    const dumped = new Set(this.seen);
    let alone = 0;
    const behind = this.first + block.end;
    for (let index = this.first + block.first; index < behind && this.goesOn(index);) {
      const trials = index < alone ? 1 : behind - index;
      const begin = performance.now();
      const end = await this.trials(lane, index, trials, dumped);
      if (end === undefined) return;
      const seconds = (performance.now() - begin) / 1000;
      const { outcome, dump } = end;
      const isGone = this.options.control !== null && outcome.schedule === null;
      if (isGone && trials > 1 && !this.searches) {
        // The machine died in one of them, and nobody knows in which: so one after the other, on another machine.
        alone = behind;
        continue;
      }
      if (dump !== null && dump.file !== null) {
        dumped.add(outcome.signature);
        this.dumped.push(dump.file);
      }
      const came = this.came(end, index, seconds, lane.threads);
      for (const each of this.blocks.put(block, index - this.first, came)) this.count(each);
      index = outcome.index + 1;
      if (this.searches && !lane.isWarm) this.lost ??= outcome.index;
    }
  }

  private goesOn(index: number): boolean {
    const isOver = this.stopping || this.exhausted || this.strayed !== null || this.lost !== null;
    return !isOver && performance.now() < this.deadline && this.blocks.wants(index - this.first);
  }

  /** A trial, or as many as need no look. */
  private async trials(
    lane: Lane,
    index: number,
    trials: number,
    dumped: ReadonlySet<string>,
  ): Promise<TrialEnd | undefined> {
    const { entry, variant, results, dumps, control } = this.options;
    const seed = this.seedAt(index);
    const isReplay = control?.strategy === 'replay';
    const end = await lane.run({
      type: 'trial',
      index,
      trials: control === null || isReplay ? 1 : trials,
      seed,
      durationMs: this.options.durationMs,
      hangMs: this.options.hangMs,
      timeoutMs: this.options.timeoutMs,
      journal: results.journal,
      dump:
        dumps && this.budget.isOpen ? results.dumpFile(entry.workload.name, variant, INDEX) : null,
      seen: [...dumped],
      replay: this.again(index, seed),
      statusMs: this.options.statusMs,
      schedule: this.options.schedule,
      log: isReplay,
    });
    if (this.stopping) return undefined;
    if (end === undefined || end.exhausted) this.exhausted = true;
    return end;
  }

  /** The seed of a trial.  Those of a block are one program, and differ in their schedules. */
  private seedAt(index: number): number {
    const { rootSeed, trialSeed, control } = this.options;
    return trialSeed ?? seedOf(rootSeed, control === null ? index : Math.floor(index / BLOCK));
  }

  /** What a machine said of the trials from `first` on, in the campaign's terms. */
  private came(
    { outcome, dump }: TrialEnd,
    first: number,
    seconds: number,
    threads: readonly string[],
  ): Came {
    const { schedule, before } = outcome;
    const seed = this.seedAt(first);
    // Whoever replays is told where the program strayed; whoever searches has nothing to go on from.
    if (schedule !== null && schedule.strayed >= 0 && this.options.schedule === null)
      this.strayed = { trial: outcome.index, choice: schedule.strayed };
    const grade = this.grade(outcome);
    const isPlain =
      schedule !== null &&
      this.options.schedule === null &&
      schedule.strayed < 0 &&
      outcome.verdict === 'pass' &&
      grade !== 'forbidden';
    const passed = isPlain
      ? withLast(before ?? NONE, schedule, outcome.outcomes)
      : (before ?? NONE);
    const grades = [grade, this.grade({ verdict: 'pass', outcomes: passed.outcomes })];
    const share = passed.trials / (passed.trials + (isPlain ? 0 : 1));
    const series = passed.trials === 0 ? null : this.series(first, seed, passed, seconds * share);
    if (isPlain) return { series, record: null, outcome, threads: [], seconds: 0, grades };
    if (outcome.verdict !== 'pass') this.blocks.failed(outcome.index - this.first);
    const replay = closeAgain(this.again(outcome.index, seed), outcome.verdict, schedule);
    const record = this.record(outcome, seed, dump, replay);
    return {
      series,
      record,
      outcome,
      threads,
      seconds: schedule === null ? outcome.seconds : seconds * (1 - share),
      grades,
    };
  }

  private series(
    first: number,
    seed: number,
    { trials, givenUp, choices, preemptions, outcomes, hashes }: SeriesReport,
    seconds: number,
  ): SeriesRecord {
    return {
      type: 'series',
      workload: this.options.entry.workload.name,
      variant: this.options.variant,
      strategy: this.strategy,
      first,
      seed,
      passed: trials - givenUp,
      given_up: givenUp,
      choices,
      preemptions,
      outcomes,
      seconds,
      hashes,
    };
  }

  /** Enters what is known now, in the order of the indices. */
  private count({ series, record, outcome, threads, seconds, grades }: Came): void {
    const { results } = this.options;
    this.outcomes = summed(this.outcomes, summed(series?.outcomes ?? {}, record?.outcomes ?? {}));
    for (const grade of grades) this.grades.add(grade);
    if (series !== null) {
      const { hashes, ...line } = series;
      this.givenUp += series.given_up;
      for (const hash of hashes) this.digest = hashEvent(this.digest, 0, 0, hash);
      this.tally.passed({
        first: series.first,
        trials: series.passed,
        givenUp: series.given_up,
        seconds: series.seconds,
        choices: series.choices,
        preemptions: series.preemptions,
        interleavings: hashes.map((hash) => [hash, 1] as const),
      });
      results.append(line);
      this.listener.onSeries?.(series);
    }
    if (record !== null) this.enter(this.withDump(record), outcome, threads, seconds);
  }

  /** The dump of a failure counts if none before it had one of the same. */
  private withDump(record: TrialRecord): TrialRecord {
    const { dump, verdict, signature } = record;
    if (dump === null) {
      if (verdict !== 'pass' && !this.budget.isOpen) this.budget.refused(this.key, signature);
      return record;
    }
    if (this.seen.includes(signature)) return { ...record, dump: null, dump_ms: null };
    this.seen.push(signature);
    this.budget.took(join(this.options.results.directory, dump));
    this.dumpsKept.add(dump);
    return record;
  }

  private enter(
    record: TrialRecord,
    outcome: TrialOutcome,
    threads: readonly string[],
    seconds: number,
  ): void {
    const { index, verdict, schedule } = record;
    if (this.records.length < RECORDS_MAX) this.records.push(record);
    if (verdict !== 'pass') this.verdicts[verdict] = (this.verdicts[verdict] ?? 0) + 1;
    this.firstDump ??= record.dump;
    this.digest = hashEvent(this.digest, 0, 0, schedule?.events ?? 0);
    const stride = this.options.shard?.total ?? 1;
    if (schedule?.givenUp === true) this.givenUp++;
    else if (verdict === 'pass')
      this.tally.passed({ first: index, trials: 1, stride, seconds: record.seconds });
    else this.tally.failed({ ...record, seconds }, schedule?.events);
    this.options.results.append(record);
    this.keep(record, threads);
    this.listener.onTrial?.(record, outcome);
  }

  private record(
    outcome: TrialOutcome,
    seed: number,
    dump: DumpReport | null,
    replay: string,
  ): TrialRecord {
    const { entry, variant, results } = this.options;
    const file = dump?.file ?? null;
    // What a machine that died had chosen died with it.
    const isUnknown = this.options.control !== null && outcome.schedule === null;
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
      replay: outcome.verdict === 'pass' || isUnknown ? null : replay,
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
    return strategyName(this.options);
  }

  private get declared(): VerdictName {
    return declaredBy(this.options);
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

  /** The command that runs a trial again; of a controlled one with a gap, until its schedule is known. */
  private again(index: number, seed: number): string {
    const { control } = this.options;
    if (control === null) return this.replayLine(index);
    return againLine({ ...this.program(seed), ...pointsOf(control) });
  }

  private program(seed: number): Omit<Program, 'steps'> {
    const { entry, variant, given } = this.options;
    return { workload: entry.given, variant, params: given, seed };
  }

  /** The schedule of a failure that is none of those before, in a file of its own. */
  private keep(
    { index, seed, verdict, message, signature, schedule }: TrialRecord,
    threads: readonly string[],
  ): void {
    const { entry, variant, results, control } = this.options;
    if (control === null || schedule === null || verdict === 'pass') return;
    if (!this.budget.takesSchedule(this.key, signature)) return;
    results.attempt(results.scheduleFile(entry.workload.name, variant, index), (file) =>
      writeScheduleFile(file, {
        ...this.program(seed),
        ...pointsOf(control),
        verdict,
        message: message ?? '',
        threads,
        schedule: parseToken(schedule.token),
      }),
    );
  }

  /** The command that runs the same again. */
  private replayLine(index: number): string {
    const { entry, variant, given, rootSeed, durationMs, hangMs, load, noise } = this.options;
    // Nobody should have to run a million trials for the next one.
    const isFar = this.first > 0;
    return [
      'gridlock run',
      entry.given,
      `--variant ${variant}`,
      ...[...given].map(([name, value]) => `-P ${name}=${value}`),
      ...(noise === null ? [] : [`-s noise --strength ${noise.longestUs / 1000}ms`]),
      `--seed ${isFar ? rootOf(this.seedAt(index)) : rootSeed}`,
      `-n ${isFar ? 1 : index + 1}`,
      `-d ${durationMs}ms`,
      `--hang-timeout ${hangMs}ms`,
      ...(load > 0 ? [`--load ${load}`] : []),
    ].join(' ');
  }

  summary(): Summary {
    const { entry, variant } = this.options;
    const passed = this.tally.trials - this.tally.failures;
    const verdicts = { ...this.verdicts, ...(passed > 0 ? { pass: passed } : {}) };
    return {
      type: 'summary',
      workload: entry.workload.name,
      variant,
      declared: this.declared,
      trials: this.tally.trials,
      verdicts,
      outcomes: this.outcomes,
      grade: this.campaignGrade(passed),
      machines: this.lanes.reduce((sum, { machines }) => sum + machines, 0),
      dump: this.firstDump,
      pinning: this.lanes[0]?.pinning ?? '',
      strategy: this.strategy,
      exhausted: this.exhausted,
      preemptions_max: boundOf(this.options.control),
      given_up: this.givenUp,
      strayed: this.strayed,
      lost: this.lost,
      digest: this.options.control === null ? null : formatSeed(this.digest),
      ...this.tally.statistics(),
    };
  }

  private campaignGrade(passed: number): Grade {
    const { grades } = this;
    if (grades.has('forbidden') || this.strayed !== null) return 'forbidden';
    const showed =
      (this.verdicts[this.declared] ?? 0) > 0 || (this.declared === 'pass' && passed > 0);
    if (this.declared !== 'pass' && !showed) return 'forbidden';
    if (this.declared === 'pass' && grades.has('interesting')) return 'interesting';
    return 'expected';
  }
}

/** What a replay must know of the scheduling points. */
function pointsOf({ steps, releases }: ControlSpec): Pick<Program, 'steps' | 'releases'> {
  return { steps, ...(releases ? { releases } : {}) };
}

/** Preemptions in a schedule at most, where there is a bound. */
function boundOf(control: ControlSpec | null): number | null {
  return control === null || control.preemptions < 0 ? null : control.preemptions;
}
