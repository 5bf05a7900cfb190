/*
 * A soak: hours of short campaigns in turn, within a time that is given, into one results directory.
 *
 *     rotation.ts       whose turn it is
 *     campaign.ts       what a turn is: trials of one cell, until its share of the time is over, or it failed so often
 *     ledger.ts         what all turns of one workload, variant and strategy came to
 *     dump-budget.ts    what may be kept
 *     growth.ts         what grows, though nothing should
 *     soak-state.ts     where it was, when it is resumed
 *
 * Indices.  Turns of one workload, variant and strategy share one row of indices, in the order in which they came, so no
 * trial is run twice and the turns are parts of one campaign.  A turn of a strategy begins at a block (control.ts), since
 * its machine has learned nothing; what is left of the block before is not used.
 *
 * What is in it.  By default everything that is shipped, free and with noise, and the programs of the gallery, by strategies.
 *
 * Time.  No trial begins after the end.  One that has begun may take what a trial may take, so the limit of the job above
 * must leave room for the longest and its dump: what cannot fit is refused before the first thread starts.  Should something
 * take longer than it may, a boot on a machine that is too busy, it is cut off before that limit, and said to be.
 *
 * Last of all each campaign's summary is written once more: it is the last that is said of it, whoever reads on from there.
 *
 * Of several shards each begins its rounds at another cell (rotation.ts), so what one has no time for, another has.
 *
 * Its exit says more than that of its trials: a finding is also that something grew, and that a declared failure has
 * shown in no cell of its variant, though each had three turns.
 *
 * Told to stop, it has the machine that runs write a dump, which is bounded, ends it, and writes what it came to.  That is
 * not the end of it: --resume goes on.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { exactDuration } from '../base/duration.ts';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { Fail, fail } from '../base/fail.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { Summary } from './campaign-records.ts';
import { Campaign } from './campaign.ts';
import { variantOf, resolveParams, type CatalogEntry } from './catalog.ts';
import { BLOCK } from './control.ts';
import { DumpBudget, type DumpsMax } from './dump-budget.ts';
import { sizeOf } from './gauge.ts';
import { GrowthWatch, type GrowthRecord } from './growth.ts';
import type { Wear } from './lane.ts';
import type { Ledger } from './ledger.ts';
import { factsOf, planCampaign, type CampaignPlan } from './plan.ts';
import type { ControlSpec, DumpReport, NoiseSpec } from './protocol.ts';
import { ResultsDir } from './results.ts';
import {
  cellName,
  cellsOf,
  crowdsOf,
  turnAt,
  TURNS_TO_SHOW,
  type Cell,
  type Way,
} from './rotation.ts';
import { Ledgers, readSoak, refuseChanged, resumable, type TurnRecord } from './soak-state.ts';
import { galleryNames, shippedNames } from './shipped.ts';
import type { Shard } from './shard.ts';
import {
  headerOf,
  selected,
  type StressListener,
  type StressOptions,
  type StressResult,
} from './stress.ts';

/** A strategy of the rotation, as a campaign needs it. */
export interface SoakWay extends Way {
  readonly control: ControlSpec | null;
  readonly noise: NoiseSpec | null;
}

export interface SoakOptions extends Pick<
  StressOptions,
  | 'workloads'
  | 'variants'
  | 'params'
  | 'durationMs'
  | 'hangMs'
  | 'rootSeed'
  | 'track'
  | 'pin'
  | 'resultsRoot'
  | 'dumps'
  | 'statusMs'
  | 'judge'
> {
  readonly ways: readonly SoakWay[];
  /** whether somebody chose these; else each workload has those of them that suit it */
  readonly areWaysGiven: boolean;
  readonly loads: readonly number[];
  /** of the whole soak */
  readonly soakMs: number;
  /** of the job that it runs in; undefined: there is no limit */
  readonly jobMs: number | undefined;
  /** of a turn; undefined: a share of the whole */
  readonly turnMs: number | undefined;
  readonly dumpsMax: DumpsMax;
  /** as it was asked for, to be asked for again by --resume */
  readonly asked: object;
  /** the part of all trials that is ours; null: all */
  readonly shard: Shard | null;
  /** the directory of a soak to go on with */
  readonly resume: string | undefined;
}

export interface SoakListener extends StressListener {
  /** The rotation, before its first turn. */
  onRotation?(cells: number, turnMs: number, position: number): void;
  onTurn?(turn: TurnRecord): void;
  onGrowth?(growth: GrowthRecord): void;
  /** A machine could not be had; its turn is over. */
  onLost?(failure: Fail, cell: string): void;
}

/** What is known while it goes on. */
export interface SoakFigures {
  readonly trials: number;
  readonly failures: number;
  readonly usedMs: number;
  readonly dumps: DumpBudget['used'];
  readonly dumpsOpen: boolean;
  readonly machineBytes: number | undefined;
}

export interface SoakResult extends StressResult {
  readonly growth: readonly GrowthRecord[];
  /** whether it went on for long enough to say so, where nothing grew */
  readonly isGrowthJudged: boolean;
  readonly turns: number;
  /** cells that had none */
  readonly unturned: number;
  /** `workload variant`, where the declared failure did not show */
  readonly shy: readonly string[];
  readonly usedMs: number;
  readonly dumps: DumpBudget['used'];
}

/** Failures after which a turn is over: what fails at once must not fill the journal. */
const FAILURES_A_TURN = 16;
/** Blocks of trials in a turn at most: more than a machine does in a minute. */
const BLOCKS_A_TURN = 1_000;
/** Turns that each cell should have, and how long one may be, in milliseconds. */
const TURNS_EACH = 4;
const TURN_MS = { min: 5_000, max: 60_000 } as const;
/** On top of what a trial may take: its dump. */
const DUMP_MS = 30_000;
const SAMPLE_MS = 1_000;
/** How long the dump of a soak that is told to stop may take. */
const LAST_DUMP_MS = 3_000;
/** What is left of the job's time for that, and for what is written last. */
const END_MS = 10_000;
const TIMER_MS_MAX = 2 ** 31 - 1;
const WEAR: Wear = { trials: 1_000_000, growthBytes: 512 * 2 ** 20 };

interface Planned {
  readonly cell: Cell<CatalogEntry>;
  readonly name: string;
  readonly plan: CampaignPlan;
}

export class Soak {
  private readonly options: SoakOptions;
  private readonly listener: SoakListener;
  private readonly budget: DumpBudget;
  private readonly growth = new GrowthWatch();
  private readonly entries = new Map<string, CatalogEntry>();
  private readonly ledgers: Ledgers;
  /** turns of each cell */
  private readonly turned = new Map<number, number>();
  private readonly began = performance.now();
  private usedBefore = 0;
  private current: { readonly campaign: Campaign; readonly cell: string } | undefined;
  private stopped: 'SIGINT' | 'SIGTERM' | undefined;
  private overdue: Fail | undefined;
  private onDumped: () => void = () => undefined;

  constructor(options: SoakOptions, listener: SoakListener) {
    this.options = options;
    this.listener = listener;
    this.budget = new DumpBudget(options.dumpsMax);
    this.ledgers = new Ledgers(({ workload, variant }) => this.declared(workload, variant));
  }

  /** Ends the soak after a dump of what runs, and after what is known so far is on the disk. */
  stop(signal: 'SIGINT' | 'SIGTERM'): void {
    this.stopped = signal;
    this.halt();
  }

  private halt(): void {
    const { campaign } = this.current ?? {};
    if (campaign === undefined) return;
    const end = (): void => {
      clearTimeout(timer);
      campaign.stop();
    };
    this.onDumped = end;
    const timer = setTimeout(end, this.askForDump(campaign.pid) ? LAST_DUMP_MS : 0);
  }

  get figures(): SoakFigures {
    const ledgers = this.ledgers.list();
    const sum = (of: (ledger: Ledger) => number): number =>
      ledgers.reduce((all, ledger) => all + of(ledger), 0);
    const pid = this.current?.campaign.pid;
    return {
      trials: sum(({ trials }) => trials),
      failures: sum(({ failures }) => failures),
      usedMs: this.usedMs,
      dumps: this.budget.used,
      dumpsOpen: this.budget.isOpen,
      machineBytes: pid === undefined ? undefined : sizeOf(pid)?.rss,
    };
  }

  /** @throws Fail for whatever cannot be run as asked */
  async run(): Promise<SoakResult> {
    const cells = await this.plan();
    const { results, header, position } = this.begin(cells);
    const turnMs = this.options.turnMs ?? shareOf(this.options.soakMs, cells.length);
    this.listener.onRotation?.(cells.length, turnMs, position);
    const timer = setInterval(() => this.sample(), SAMPLE_MS);
    const deadline = this.untilCutOff();
    for (let before = 0; before < position; before++)
      this.hadTurn(this.turnAt(cells.length, before));
    let next = position;
    let lost: Fail | undefined;
    try {
      for (let lostInARow = 0; this.goesOn() && lostInARow < cells.length; next++) {
        const failure = await this.turn(cells, next, turnMs, results);
        lost = failure ?? lost;
        lostInARow = failure === undefined ? 0 : lostInARow + 1;
      }
    } finally {
      clearInterval(timer);
      clearTimeout(deadline);
    }
    return this.end(cells, results, header, next - position, lost);
  }

  private get usedMs(): number {
    return this.usedBefore + performance.now() - this.began;
  }

  private goesOn(): boolean {
    const isCut = this.stopped !== undefined || this.overdue !== undefined;
    return !isCut && this.usedMs < this.options.soakMs;
  }

  /** Ends what does not end by itself, before whoever started us does. */
  private untilCutOff(): NodeJS.Timeout | undefined {
    const { jobMs } = this.options;
    if (jobMs === undefined) return undefined;
    const leftMs = jobMs - END_MS - performance.now();
    // Longer than a timer can be is longer than anybody waits.
    if (leftMs > TIMER_MS_MAX) return undefined;
    return setTimeout(() => {
      const cell = this.current?.cell ?? 'the soak';
      this.overdue = fail('OVERDUE', { timeout: exactDuration(jobMs) });
      this.listener.onLost?.(this.overdue, cell);
      this.halt();
    }, leftMs);
  }

  /** What there is to run, and whether it fits. */
  private async plan(): Promise<Planned[]> {
    const { workloads, variants, params, loads } = this.options;
    const all = workloads.length === 0 ? [...shippedNames(), ...galleryNames()] : workloads;
    const chosen = await selected(all, variants);
    const subjects = chosen.map(({ entry, variant }) => {
      this.entries.set(entry.workload.name, entry);
      const values = resolveParams(entry, variantOf(entry, variant), params);
      const fixed = new Set(params.keys());
      return { of: entry, variant, crowds: crowdsOf(entry.workload, variant, values, fixed) };
    });
    const each = subjects.flatMap((subject) => cellsOf([subject], this.waysOf(subject.of), loads));
    return each.map((cell) => ({
      cell,
      name: cellName(cell.of.workload.name, cell),
      plan: this.planOne(cell),
    }));
  }

  /** @throws Fail BUDGET where what is left of the soak does not fit into the job */
  private refuseLong(cells: readonly Planned[]): void {
    const { soakMs, jobMs } = this.options;
    if (jobMs === undefined) return;
    const leftMs = Math.max(0, soakMs - this.usedBefore);
    const longest = Math.max(...cells.map(({ plan }) => plan.timeoutMs)) + DUMP_MS;
    if (leftMs + longest <= jobMs) return;
    const left = this.usedBefore === 0 ? '' : ` of which ${exactDuration(leftMs)} are left,`;
    throw fail('BUDGET', {
      option: '--duration',
      value: `${exactDuration(soakMs)},${left} and ${exactDuration(longest)} for its last trial and its dump,`,
      timeout: exactDuration(jobMs),
    });
  }

  /**
   * A strategy that decides is for programs of some hundred choices.  The shipped workloads are systems of many thousand: such
   * a trial would be cut off, and that would be taken for a hang.  The programs of the gallery are made for strategies.
   */
  private waysOf({ given }: CatalogEntry): readonly SoakWay[] {
    const { ways, areWaysGiven, workloads } = this.options;
    if (areWaysGiven) return ways;
    if (shippedNames().includes(given)) return ways.filter(({ isControlled }) => !isControlled);
    return workloads.length === 0 ? ways.filter(({ isControlled }) => isControlled) : ways;
  }

  private planOne({ of, variant, way, load, crowd }: Cell<CatalogEntry>): CampaignPlan {
    const { options } = this;
    const { control, noise } = options.ways.find(({ strategy }) => strategy === way.strategy)!;
    return planCampaign(
      {
        ...options,
        params: new Map([...options.params, ...crowd]),
        trials: BLOCKS_A_TURN * BLOCK,
        // Where a strategy decides, a trial has as many choices as it takes.
        durationMs: control === null ? options.durationMs : undefined,
        timeoutMs: undefined,
        load,
        untilFailure: false,
        maxFailures: FAILURES_A_TURN,
        expect: undefined,
        control,
        noise,
        schedule: null,
        trialSeed: undefined,
        jobs: 1,
        budgetMs: Infinity,
      },
      of,
      variant,
    );
  }

  /** The results directory: a new one, or that of before. */
  private begin(cells: readonly Planned[]): {
    results: ResultsDir;
    header: Record<string, unknown>;
    position: number;
  } {
    const { options } = this;
    const header = headerOf(options.rootSeed, options.shard);
    const names = [...new Set(cells.map(({ plan }) => `${plan.entry.given}\n${plan.variant}`))];
    const asked = names
      .map((name) => name.split('\n'))
      .map(([workload, variant]) => ({ workload, variant }));
    const rotation = cells.map(({ name }) => name);
    if (options.resume === undefined) {
      this.refuseLong(cells);
      // All cells of one workload, variant and strategy are one campaign: the ledger's.
      const facts = cells.map(({ plan }) => ({ ...factsOf(plan), params: {}, settings: {} }));
      const campaigns = [...new Map(facts.map((each) => [JSON.stringify(each), each])).values()];
      const manifest = {
        ...header,
        type: undefined,
        asked,
        campaigns,
        cells: rotation,
        soak: options.asked,
      };
      const results = ResultsDir.create(options.resultsRoot, manifest);
      results.onTrouble = (trouble) => this.listener.onTrouble?.(trouble);
      results.append(header);
      this.listener.onHeader?.(header, results);
      return { results, header, position: 0 };
    }
    const before = resumable(options.resume);
    refuseChanged(options.resume, before.cells, rotation);
    const results = ResultsDir.open(options.resume, before.id);
    results.onTrouble = (trouble) => this.listener.onTrouble?.(trouble);
    const { position, usedMs, unsaid } = readSoak(options.resume, this.ledgers, this.budget);
    this.usedBefore = usedMs;
    this.refuseLong(cells);
    rmSync(join(options.resume, 'done.json'), { force: true });
    for (const record of unsaid) results.append(record);
    this.listener.onHeader?.(header, results);
    return { results, header, position };
  }

  /** One turn.  @returns why there was none, where its machine was lost */
  private async turn(
    cells: readonly Planned[],
    position: number,
    turnMs: number,
    results: ResultsDir,
  ): Promise<Fail | undefined> {
    const at = this.turnAt(cells.length, position);
    const { name, plan, cell } = cells[at]!;
    const { workload, variant, strategy } = {
      workload: plan.entry.workload.name,
      variant: plan.variant,
      strategy: cell.way.strategy,
    };
    const ledger = this.ledgers.of({ workload, variant, strategy });
    const { shard } = this.options;
    // Each turn begins where all shards have as much of it.
    const unit = (cell.way.isControlled ? BLOCK : 1) * (shard?.total ?? 1);
    const first = Math.ceil(ledger.next / unit) * unit;
    const record: TurnRecord = {
      type: 'turn',
      position,
      cell: name,
      first,
      at_s: Math.round(this.usedMs) / 1000,
    };
    results.append(record);
    this.listener.onTurn?.(record);
    const budgetMs = Math.min(turnMs, this.options.soakMs - this.usedMs);
    const options = {
      ...plan,
      shard,
      results,
      first,
      budgetMs,
      wear: WEAR,
      dumpBudget: this.budget,
    };
    const campaign = new Campaign(options, this.listening(ledger));
    this.current = { campaign, cell: name };
    this.listener.onCampaign?.(options, position + 1, cells.length);
    try {
      const summary = await campaign.run();
      this.hadTurn(at);
      if (summary.trials === 0 && summary.strayed === null) return undefined;
      ledger.turn(summary);
      const soFar = ledger.summary();
      results.append(soFar);
      this.listener.onSummary?.(soFar, campaign.records);
    } catch (thrown) {
      if (!(thrown instanceof Fail) || thrown.code !== 'MACHINE_LOST') throw thrown;
      this.listener.onLost?.(thrown, name);
      return thrown;
    } finally {
      this.current = undefined;
    }
    return undefined;
  }

  private listening(ledger: Ledger): SoakListener {
    const { listener } = this;
    return {
      onMachine: (facts, pid) => listener.onMachine?.(facts, pid),
      onStatus: (status) => listener.onStatus?.(status),
      onTrial: (record, outcome) => {
        ledger.trial(record);
        listener.onTrial?.(record, outcome);
      },
      onSeries: (record) => {
        ledger.passed(record);
        listener.onSeries?.(record);
      },
      onRequested: (dump: DumpReport) => {
        listener.onRequested?.(dump);
        this.onDumped();
      },
    };
  }

  /** Everything that is written last. */
  private async end(
    cells: readonly Planned[],
    results: ResultsDir,
    header: Record<string, unknown>,
    turns: number,
    lost: Fail | undefined,
  ): Promise<SoakResult> {
    const unturned = cells.filter((_, at) => !this.turned.has(at));
    const shy = this.shyVariants(
      cells.filter((_, at) => (this.turned.get(at) ?? 0) < TURNS_TO_SHOW),
    );
    const summaries = this.ledgers
      .list()
      .filter(({ trials }) => trials > 0)
      .map((ledger) => {
        const summary = ledger.summary();
        const judged: Summary = shy.has(nameOf(ledger))
          ? { ...summary, grade: 'forbidden' }
          : summary;
        results.append(judged);
        return judged;
      });
    const growth = this.growth.findings();
    for (const each of growth) {
      results.append(each);
      this.listener.onGrowth?.(each);
    }
    const found = this.exitOf(summaries, growth, lost);
    const came = (await this.options.judge?.(found, results)) ?? found;
    const { dumps, usedMs } = this.figures;
    const end = { turns, dumps, growth };
    results.writeJson('run.json', {
      id: results.id,
      ...header,
      type: 'run',
      summaries,
      ...end,
      exit: came,
    });
    results.append({ type: 'end', exit: came });
    // Who finds it takes the journal for whole.
    if (results.unwritten.length === 0) results.writeJson('done.json', { exit: came });
    const exit = results.isWhole ? came : worstExit([came, EXIT.environment]);
    return {
      summaries,
      exit,
      results,
      growth,
      isGrowthJudged: this.growth.isJudged,
      turns,
      unturned: unturned.length,
      shy: [...shy],
      usedMs,
      dumps,
    };
  }

  private turnAt(cells: number, position: number): number {
    return turnAt(this.options.rootSeed, cells, position, this.options.shard);
  }

  private hadTurn(cell: number): void {
    this.turned.set(cell, (this.turned.get(cell) ?? 0) + 1);
  }

  /** Variants that declare a failure which has shown in none of their cells, though each had its turns. */
  private shyVariants(young: readonly Planned[]): Set<string> {
    const spared = new Set(young.map(({ plan }) => `${plan.entry.workload.name} ${plan.variant}`));
    const ledgers = this.ledgers.list().filter(({ trials }) => trials > 0);
    const shown = new Set(ledgers.filter(({ showed }) => showed).map(nameOf));
    return new Set(
      ledgers
        .filter(({ workload, variant }) => this.declared(workload, variant) !== 'pass')
        .map(nameOf)
        .filter((name) => !shown.has(name) && !spared.has(name)),
    );
  }

  private exitOf(
    summaries: readonly Summary[],
    growth: readonly GrowthRecord[],
    lost: Fail | undefined,
  ): ExitCode {
    if (this.stopped === 'SIGINT') return EXIT.sigint;
    if (this.stopped === 'SIGTERM') return EXIT.sigterm;
    const isFinding = growth.length > 0 || summaries.some(({ grade }) => grade === 'forbidden');
    return worstExit([
      summaries.length === 0 ? EXIT.nothing : EXIT.ok,
      isFinding ? EXIT.finding : EXIT.ok,
      lost?.exit ?? EXIT.ok,
      this.overdue?.exit ?? EXIT.ok,
    ]);
  }

  private sample(): void {
    const at = performance.now() / 3_600_000;
    const own = sizeOf(process.pid);
    if (own !== undefined) this.growth.self(at, own);
    const { campaign, cell } = this.current ?? {};
    const pid = campaign?.pid;
    const size = pid === undefined ? undefined : sizeOf(pid);
    if (pid !== undefined && size !== undefined) this.growth.running(at, pid, cell!, size);
  }

  private declared(workload: string, variant: string): VerdictName {
    const entry = this.entries.get(workload);
    // Of what is no longer there nothing is known; such a soak is not gone on with, but its journal is read.
    return entry?.workload.variants[variant]?.verdict ?? 'pass';
  }

  /** @returns whether a dump is to come */
  private askForDump(pid: number | undefined): boolean {
    if (pid === undefined || !this.options.dumps || process.platform === 'win32') return false;
    try {
      return process.kill(pid, 'SIGUSR2');
    } catch {
      return false;
    }
  }
}

/** How long a turn is, so that each cell has several. */
function shareOf(soakMs: number, cells: number): number {
  return Math.min(TURN_MS.max, Math.max(TURN_MS.min, soakMs / (cells * TURNS_EACH)));
}

function nameOf({ workload, variant }: { workload: string; variant: string }): string {
  return `${workload} ${variant}`;
}
