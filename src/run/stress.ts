/*
 * A stress run: the campaigns that a command line asks for, one after the other, into one results
 * directory.
 *
 * No workload named means every shipped workload in every variant that is not optional.  Selecting is
 * done, and everything that can be refused is refused, before the first thread starts.
 */

import { fail, type Fail } from '../base/fail.ts';
import { EXIT, type ExitCode } from '../base/exit.ts';
import type { Summary, TrialRecord } from './campaign-records.ts';
import { Campaign, type CampaignListener } from './campaign.ts';
import { loadWorkload, type CatalogEntry } from './catalog.ts';
import { strategyOf } from './control.ts';
import { factsOf, planCampaign, type CampaignPlan, type CampaignWish } from './plan.ts';
import { surroundings } from './here.ts';
import { ResultsDir, SCHEMA } from './results.ts';
import { formatShard, type Shard } from './shard.ts';
import { shippedNames } from './shipped.ts';
import { threadParams } from './thread-params.ts';

export interface StressOptions extends CampaignWish {
  /** names or paths; none: everything that is shipped */
  readonly workloads: readonly string[];
  readonly variants: readonly string[];
  readonly resultsRoot: string;
  /** asked when all summaries are written, and the exit code is not: what somebody who judges them came to */
  readonly judge?: (came: ExitCode, results: ResultsDir) => Promise<ExitCode>;
}

export interface StressResult {
  readonly summaries: readonly Summary[];
  readonly exit: ExitCode;
  readonly results: ResultsDir;
}

export interface StressListener extends CampaignListener {
  onHeader?(header: Record<string, unknown>, results: ResultsDir): void;
  onCampaign?(plan: CampaignPlan, number: number, of: number): void;
  onSummary?(summary: Summary, records: readonly TrialRecord[]): void;
  /** The disk failed, for the first time; the run goes on. */
  onTrouble?(trouble: Fail): void;
}

/** A run that can be told to stop. */
export class Stress {
  private readonly options: StressOptions;
  private readonly listener: StressListener;
  private current: Campaign | undefined;
  private stopped: 'SIGINT' | 'SIGTERM' | undefined;

  constructor(options: StressOptions, listener: StressListener) {
    this.options = options;
    this.listener = listener;
  }

  /** Ends the run after what is known so far is on the disk. */
  stop(signal: 'SIGINT' | 'SIGTERM'): void {
    this.stopped = signal;
    this.current?.stop();
  }

  get machinePid(): number | undefined {
    return this.current?.pid;
  }

  /** Refuses what cannot be run as asked, before anything is.  @throws Fail */
  async check(): Promise<void> {
    await this.plan();
  }

  /**
   * The param that says how many threads there are.
   * @throws Fail MATRIX_AXIS where several do, or none, or one in this workload and another in that
   */
  async threadParam(): Promise<string> {
    const names = new Set<string>();
    for (const { entry, variant, params } of await this.plan()) {
      const { workload } = entry;
      const found = threadParams(workload, variant, params);
      const own = found.includes('threads') ? ['threads'] : found;
      if (own.length !== 1) {
        const how = own.length === 0 ? 'has a fixed number of threads' : `has ${own.join(', ')}`;
        const what = `${workload.name} ${how}: name a param of it instead`;
        throw fail('MATRIX_AXIS', { text: 'threads', what });
      }
      names.add(own[0]!);
    }
    if (names.size === 1) return [...names][0]!;
    const what = `what is selected counts threads by ${[...names].join(', ')}: run one at a time`;
    throw fail('MATRIX_AXIS', { text: 'threads', what });
  }

  /** @throws Fail for whatever cannot be run as asked */
  async run(): Promise<StressResult> {
    const { options, listener } = this;
    const shard = options.shard ?? null;
    const plans = await this.plan();
    const header = headerOf(options.rootSeed, shard);
    const asked = plans.map(({ entry, variant }) => ({ workload: entry.given, variant }));
    const campaigns = plans.map(factsOf);
    const manifest = { ...header, type: undefined, asked, campaigns };
    const results = ResultsDir.create(options.resultsRoot, manifest);
    results.onTrouble = (trouble) => listener.onTrouble?.(trouble);
    results.append(header);
    listener.onHeader?.(header, results);
    const summaries: Summary[] = [];
    for (const [i, plan] of plans.entries()) {
      if (this.stopped !== undefined || results.isFull) break;
      const campaign = new Campaign({ ...plan, results }, listener);
      this.current = campaign;
      listener.onCampaign?.(campaign.options, i + 1, plans.length);
      const summary = await campaign.run();
      if (summary.trials === 0) continue;
      results.append(summary);
      summaries.push(summary);
      listener.onSummary?.(summary, campaign.records);
    }
    const found = this.exitOf(summaries);
    const judged = (await options.judge?.(found, results)) ?? EXIT.ok;
    const exit = results.end({ ...header, type: 'run', summaries }, found, [judged]);
    return { summaries, exit, results };
  }

  private exitOf(summaries: readonly Summary[]): ExitCode {
    if (this.stopped === 'SIGINT') return EXIT.sigint;
    if (this.stopped === 'SIGTERM') return EXIT.sigterm;
    if (summaries.length === 0) return EXIT.nothing;
    return summaries.some(({ grade }) => grade === 'forbidden') ? EXIT.finding : EXIT.ok;
  }

  /** What to run, with everything resolved and checked. */
  private async plan(): Promise<CampaignPlan[]> {
    const { options } = this;
    const { control } = options;
    const isSharded = (options.shard ?? null) !== null;
    if (isSharded && control !== null && strategyOf(control).isWhole === true)
      throw fail('SHARD_WHOLE', { strategy: control.strategy });
    const chosen = await selected(options.workloads, options.variants);
    return chosen.map(({ entry, variant }) => planCampaign(options, entry, variant));
  }
}

/** The first record of a journal. */
export function headerOf(rootSeed: number, shard: Shard | null): Record<string, unknown> {
  return {
    type: 'header',
    schema: SCHEMA,
    ...surroundings(),
    seed: rootSeed,
    shard: shard === null ? null : formatShard(shard),
    engine: shard?.engine ?? null,
  };
}

/**
 * What a command line names, in its order.
 * @param workloads names or paths; none: everything that is shipped
 * @param variants none: all that are not optional
 * @throws Fail for a workload that is none; NOTHING_SELECTED
 */
export async function selected(
  workloads: readonly string[],
  variants: readonly string[],
): Promise<{ entry: CatalogEntry; variant: string }[]> {
  const chosen: { entry: CatalogEntry; variant: string }[] = [];
  for (const given of workloads.length === 0 ? shippedNames() : workloads) {
    const entry = await loadWorkload(given);
    const known = entry.workload.variants;
    const names =
      variants.length > 0
        ? variants
        : Object.keys(known).filter((name) => known[name]?.optional !== true);
    for (const variant of names) chosen.push({ entry, variant });
  }
  if (chosen.length === 0)
    throw fail('NOTHING_SELECTED', { why: 'no workload is shipped with this build' });
  return chosen;
}
