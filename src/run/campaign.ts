/*
 * A campaign: many trials of one workload in one variant, on one machine for as long as it lasts, or on several.
 *
 *     plan.ts         what is to be run; the seed of each trial
 *     blocks.ts       how the trials are divided among machines, and put in order again
 *     lane.ts         a machine, and the next when it is lost: rebooted warm between trials, replaced when one did not
 *                     unwind, or died
 *     recording.ts    what a machine reports, as the records of a campaign
 *     keeping.ts      which dumps and schedules stay
 *     grade.ts        what it is worth
 *
 * Each lane takes block after block and orders its machine to run the trials of it.  What came of an order is counted as
 * soon as nothing before it is missing: entered into the tally, written to the journal, told to the listener.  So what a
 * campaign says, it says in the order of the indices, and lanes meet nowhere but at the blocks.
 *
 * It ends after its trials, at the first failure (--until-failure), after so many (--max-failures), when its time is
 * over, when it is told to stop, or when no more of its journal may wait for a disk that fails.  It also ends when a strategy has tried everything, or can no longer rely on what it
 * learned: the program strayed, or the machine that knew it was lost.
 */

import { formatSeed } from '../base/prng.ts';
import { hashEvent, NO_EVENTS } from '../sched/events.ts';
import { Blocks, type Block } from './blocks.ts';
import type { SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import { BLOCK, strategyOf } from './control.ts';
import { DumpBudget } from './dump-budget.ts';
import { gradeTotals } from './grade.ts';
import { Keeping } from './keeping.ts';
import { Lane, type LaneListener, type Wear } from './lane.ts';
import { againOf, declaredBy, keyOf, seedAt, type CampaignPlan } from './plan.ts';
import type { ControlSpec, TrialOutcome } from './protocol.ts';
import { recorded, type Came } from './recording.ts';
import type { ResultsDir } from './results.ts';
import type { TrialEnd } from './supervisor.ts';
import { Tally } from './tally.ts';
import { Totals } from './totals.ts';

export interface CampaignOptions extends CampaignPlan {
  readonly results: ResultsDir;
  /** what is kept of this campaign and of others together; by default, what this one alone finds */
  readonly dumpBudget?: DumpBudget;
  /** when a machine is replaced though it works */
  readonly wear?: Wear;
}

export interface CampaignListener extends LaneListener {
  onTrial?(record: TrialRecord, outcome: TrialOutcome): void;
  onSeries?(record: SeriesRecord): void;
}

/** Records of a campaign that are handed over at its end; the journal has all. */
const RECORDS_MAX = 1_000;

export class Campaign {
  readonly options: CampaignOptions;
  /** the first trials that did not pass, or that are looked at one by one; in the order of their indices */
  readonly records: TrialRecord[] = [];
  private readonly listener: CampaignListener;
  private readonly first: number;
  /** whether the strategy goes on from what it learned in all trials before */
  private readonly searches: boolean;
  private readonly lanes: readonly Lane[];
  private readonly blocks: Blocks<Came>;
  private readonly keeping: Keeping;

  // What ends it before its trials are run.
  private stopping = false;
  private deadline = Infinity;
  private exhausted = false;
  private strayed: Summary['strayed'] = null;
  private lost: number | null = null;

  // What its trials came to.
  private readonly tally = new Tally();
  private readonly totals = new Totals();
  private givenUp = 0;
  private digest = NO_EVENTS;
  private firstDump: string | null = null;

  constructor(options: CampaignOptions, listener: CampaignListener = {}) {
    this.options = options;
    this.listener = listener;
    this.first = options.first ?? 0;
    const { entry, variant, params, load, track, pin, control, noise, trials } = options;
    const shard = options.shard ?? null;
    // What a search has learned is in its one machine; and free machines would only take CPUs from each other.
    this.searches = control !== null && strategyOf(control).isWhole === true;
    const isDivisible = control !== null && !this.searches;
    const failuresMax = options.untilFailure ? 1 : options.maxFailures;
    const whole = shard === null ? trials : 1;
    this.blocks = new Blocks(trials, isDivisible ? BLOCK : whole, failuresMax, shard);
    const url = entry.url;
    const spec = { type: 'spec', url, variant, params, load, track, pin, control, noise } as const;
    this.lanes = Array.from(
      { length: isDivisible ? options.jobs : 1 },
      (_, cpu) => new Lane({ ...spec, cpu }, listener, options.wear),
    );
    const budget = options.dumpBudget ?? new DumpBudget({ count: Infinity, bytes: Infinity });
    this.keeping = new Keeping(options, options.results, budget);
  }

  /** Ends the campaign: at once if a trial runs, whose machine is killed. */
  stop(): void {
    this.stopping = true;
    for (const lane of this.lanes) lane.close();
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
    this.keeping.tidy();
    if (failures[0] !== undefined) throw failures[0];
    return this.summary();
  }

  // --- running ----------------------------------------------------------------------------------

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
    // Whether a block before it has a dump of the same failure is not known yet, so each has its own (keeping.ts).
    const dumped = new Set(this.keeping.signatures);
    let alone = 0;
    const behind = this.first + block.end;
    for (let first = this.first + block.first; first < behind && this.goesOn(first);) {
      const trials = first < alone ? 1 : behind - first;
      const begin = performance.now();
      const end = await this.order(lane, first, trials, dumped);
      if (end === undefined) return;
      const seconds = (performance.now() - begin) / 1000;
      const { outcome } = end;
      const isGone = this.options.control !== null && outcome.schedule === null;
      if (isGone && trials > 1 && !this.searches) {
        // The machine died in one of them, and nobody knows in which: so one after the other, on another machine.
        alone = behind;
        continue;
      }
      const dump = this.keeping.wrote(end.dump);
      if (dump !== null && dump.file !== null) dumped.add(outcome.signature);
      const { threads } = lane;
      this.put(block, first, recorded(this.options, { first, outcome, dump, seconds, threads }));
      if (this.searches && !lane.isWarm) this.lost ??= outcome.index;
      first = outcome.index + 1;
    }
  }

  private goesOn(index: number): boolean {
    const isOver = this.stopping || this.exhausted || this.strayed !== null || this.lost !== null;
    if (this.options.results.isFull) return false;
    return !isOver && performance.now() < this.deadline && this.blocks.wants(index - this.first);
  }

  /** Runs a trial, or as many as need no look.  @returns undefined when there is nothing to count */
  private async order(
    lane: Lane,
    index: number,
    trials: number,
    dumped: ReadonlySet<string>,
  ): Promise<TrialEnd | undefined> {
    const { options } = this;
    const { control, durationMs, hangMs, timeoutMs, statusMs, schedule } = options;
    const seed = seedAt(options, index);
    const isReplay = control?.strategy === 'replay';
    const end = await lane.run({
      type: 'trial',
      index,
      trials: control === null || isReplay ? 1 : trials,
      seed,
      durationMs,
      hangMs,
      timeoutMs,
      journal: options.results.journal,
      dump: this.keeping.dumpFile,
      seen: [...dumped],
      replay: againOf(options, index, seed),
      statusMs,
      schedule,
      log: isReplay,
    });
    if (this.stopping) return undefined;
    if (end === undefined || end.exhausted) this.exhausted = true;
    return end;
  }

  /** What an order came to is known; it is counted when its turn has come. */
  private put(block: Block, first: number, came: Came): void {
    const { outcome, strayed } = came;
    if (strayed !== null) this.strayed = strayed;
    if (outcome.verdict !== 'pass') this.blocks.failed(outcome.index - this.first);
    for (const each of this.blocks.put(block, first - this.first, came)) this.count(each);
  }

  // --- counting, in the order of the indices ----------------------------------------------------

  private count(came: Came): void {
    for (const grade of came.grades) this.totals.grades.add(grade);
    if (came.series !== null) this.countSeries(came.series);
    if (came.record !== null) this.countTrial(this.keeping.dump(came.record), came);
  }

  private countSeries(series: SeriesRecord): void {
    const { hashes, ...line } = series;
    this.totals.count('pass', series.passed, series.outcomes);
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
    this.options.results.append(line);
    this.listener.onSeries?.(series);
  }

  private countTrial(record: TrialRecord, { outcome, threads, seconds }: Came): void {
    const { index, verdict, schedule } = record;
    const isGivenUp = schedule?.givenUp === true;
    if (this.records.length < RECORDS_MAX) this.records.push(record);
    this.totals.count(verdict, isGivenUp && verdict === 'pass' ? 0 : 1, record.outcomes);
    this.totals.times.add(record.times);
    this.firstDump ??= record.dump;
    this.digest = hashEvent(this.digest, 0, 0, schedule?.events ?? 0);
    const stride = this.options.shard?.total ?? 1;
    if (isGivenUp) this.givenUp++;
    else if (verdict === 'pass')
      this.tally.passed({ first: index, trials: 1, stride, seconds: record.seconds });
    else this.tally.failed({ ...record, seconds }, schedule?.events);
    this.options.results.append(record);
    this.keeping.schedule(record, threads);
    this.listener.onTrial?.(record, outcome);
  }

  summary(): Summary {
    const { workload, variant, strategy } = keyOf(this.options);
    const { control } = this.options;
    const declared = declaredBy(this.options);
    // What failed is said first.
    const { pass, ...failed } = this.totals.verdicts;
    return {
      type: 'summary',
      workload,
      variant,
      declared,
      trials: this.tally.trials,
      verdicts: pass === undefined ? failed : { ...failed, pass },
      outcomes: this.totals.outcomes,
      ...this.totals.times.said,
      // No other campaign has seen what this one has not.
      grade: gradeTotals(declared, this.totals, this.strayed !== null, 'forbidden'),
      machines: this.lanes.reduce((sum, { machines }) => sum + machines, 0),
      dump: this.firstDump,
      pinning: this.lanes[0]?.pinning ?? '',
      strategy,
      exhausted: this.exhausted,
      preemptions_max: boundOf(control),
      given_up: this.givenUp,
      strayed: this.strayed,
      lost: this.lost,
      digest: control === null ? null : formatSeed(this.digest),
      ...this.tally.statistics(),
    };
  }
}

/** Preemptions in a schedule at most, where there is a bound. */
function boundOf(control: ControlSpec | null): number | null {
  return control === null || control.preemptions < 0 ? null : control.preemptions;
}
