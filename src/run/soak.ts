/*
 * A soak: hours of short campaigns in turn, within a time that is given, into one results directory.
 *
 *     soak-plan.ts      what is in it, and whether it fits into the time
 *     soak-results.ts   its directory, when it begins, or goes on
 *     soak-state.ts     where it was, when it is resumed
 *     rotation.ts       whose turn it is
 *     campaign.ts       what a turn is: trials of one cell, until its share of the time is over, or it failed so often
 *     ledger.ts         what all turns of one workload, variant and strategy came to
 *     dump-budget.ts    what may be kept
 *     growth.ts         what grows, though nothing should
 *     soak-end.ts       what it came to
 *
 * Indices.  Turns of one workload, variant and strategy share one row of indices, in the order in which they came, so no
 * trial is run twice and the turns are parts of one campaign.  A turn of a strategy begins at a block (control.ts), since
 * its machine has learned nothing; what is left of the block before is not used.
 *
 * Of several shards each begins its rounds at another cell (rotation.ts), so what one has no time for, another has.
 *
 * When it ends.  After its time no trial begins.  Should something take longer than it may, a boot on a machine that is too
 * busy, it is cut off before the limit of the job above, and said to be.  It also ends when no cell of a whole round
 * could have a machine, and when the disk has failed for so long that no more of the journal may wait in memory (results.ts).
 *
 * Told to stop, it has the machine that runs write a dump, which is bounded, ends it, and writes what it came to.  That is
 * not the end of it: --resume goes on.
 */

import { exactDuration } from '../base/duration.ts';
import { Fail, fail } from '../base/fail.ts';
import { Campaign } from './campaign.ts';
import { BLOCK } from './control.ts';
import { DumpBudget } from './dump-budget.ts';
import { sizeOf } from './gauge.ts';
import { GrowthWatch, type GrowthRecord } from './growth.ts';
import type { Wear } from './lane.ts';
import type { Ledger } from './ledger.ts';
import type { DumpReport } from './protocol.ts';
import type { ResultsDir } from './results.ts';
import { turnAt } from './rotation.ts';
import { endSoak, type SoakResult } from './soak-end.ts';
import { declaredIn, planSoak, turnMsOf, type SoakCell, type SoakOptions } from './soak-plan.ts';
import { beginSoak, type SoakStart } from './soak-results.ts';
import { Ledgers, type TurnRecord } from './soak-state.ts';
import type { StressListener } from './stress.ts';

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

const SAMPLE_MS = 1_000;
/** How long the dump of a soak that is told to stop may take. */
const LAST_DUMP_MS = 3_000;
/** What is left of the job's time for that, and for what is written last. */
const END_MS = 10_000;
const TIMER_MS_MAX = 2 ** 31 - 1;
const WEAR: Wear = { trials: 1_000_000, growthBytes: 512 * 2 ** 20 };

export class Soak {
  private readonly options: SoakOptions;
  private readonly listener: SoakListener;
  private readonly budget: DumpBudget;
  private readonly growth = new GrowthWatch();
  private readonly ledgers: Ledgers;
  /** turns of each cell */
  private readonly turned = new Map<number, number>();
  private readonly began = performance.now();
  private cells: readonly SoakCell[] = [];
  private usedBefore = 0;
  private current: { readonly campaign: Campaign; readonly cell: string } | undefined;
  private stopped: 'SIGINT' | 'SIGTERM' | undefined;
  private overdue: Fail | undefined;
  /** the last machine that could not be had */
  private lost: Fail | undefined;
  private onDumped: () => void = () => undefined;

  constructor(options: SoakOptions, listener: SoakListener) {
    this.options = options;
    this.listener = listener;
    this.budget = new DumpBudget(options.dumpsMax);
    this.ledgers = new Ledgers((key) => declaredIn(this.cells, key));
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
    this.cells = await planSoak(this.options);
    const { cells, options, ledgers, budget, listener } = this;
    const start = beginSoak(options, cells, ledgers, budget, (trouble) =>
      listener.onTrouble?.(trouble),
    );
    const { results, header } = start;
    this.usedBefore = start.usedMs;
    listener.onHeader?.(header, results);
    const turns = await this.takeTurns(start);
    const { stopped, lost, overdue, turned, growth, usedMs } = this;
    const troubles = [lost, overdue].flatMap((each) => (each === undefined ? [] : [each.exit]));
    const asked = { options, results, header, cells };
    const came = { turned, turns, ledgers, growth, usedMs, dumps: budget.used, stopped, troubles };
    return endSoak({ ...asked, ...came }, (each) => listener.onGrowth?.(each));
  }

  /** All turns that there is time for.  @returns how many began */
  private async takeTurns({ results, position }: SoakStart): Promise<number> {
    const { length } = this.cells;
    const turnMs = turnMsOf(this.options, length);
    this.listener.onRotation?.(length, turnMs, position);
    const timer = setInterval(() => this.sample(), SAMPLE_MS);
    const deadline = this.untilCutOff();
    for (let before = 0; before < position; before++) this.hadTurn(this.turnAt(before));
    let next = position;
    try {
      for (let lostInARow = 0; this.goesOn(results) && lostInARow < length; next++) {
        const failure = await this.turn(next, turnMs, results);
        this.lost = failure ?? this.lost;
        lostInARow = failure === undefined ? 0 : lostInARow + 1;
      }
    } finally {
      clearInterval(timer);
      clearTimeout(deadline);
    }
    return next - position;
  }

  private get usedMs(): number {
    return this.usedBefore + performance.now() - this.began;
  }

  private goesOn(results: ResultsDir): boolean {
    const isCut = this.stopped !== undefined || this.overdue !== undefined;
    return !isCut && !results.isFull && this.usedMs < this.options.soakMs;
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

  /** One turn.  @returns why there was none, where its machine was lost */
  private async turn(
    position: number,
    turnMs: number,
    results: ResultsDir,
  ): Promise<Fail | undefined> {
    const { cells } = this;
    const at = this.turnAt(position);
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

  private turnAt(position: number): number {
    const { rootSeed, shard } = this.options;
    return turnAt(rootSeed, this.cells.length, position, shard);
  }

  private hadTurn(cell: number): void {
    this.turned.set(cell, (this.turned.get(cell) ?? 0) + 1);
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
