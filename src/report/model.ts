/*
 * What is known of a run, read from its results directory: the one thing that every report is made of.
 *
 * A report is made from what lies on the disk, and from nothing else, so it can be made of a run that was killed, of one
 * that still goes on, on another machine, or a year later.  The journal says all; manifest.json says what was
 * asked for, done.json that the run came to its end.  Where a run did come to its end its own summaries are taken as they
 * are; where it did not, they are made of the trials that were journalled.
 *
 *     journal record     counts as
 *     ---------------    ---------------------------------------------------------------------------
 *     header, end        what ran the trials; the exit code
 *     series             so many trials that passed
 *     trial              one
 *     verdict            one, and the trials of its series before it, if no trial record of the same number came: the run
 *                        was cut
 *     summary            what the campaign came to, in its own words
 *     growth             a finding of a soak, of no campaign
 *
 * A line may be there twice, and one may be torn (run/journal.ts): what was counted is not counted again.  A directory that
 * several were merged into (merge.ts) has its campaigns numbered, since one of other params may have the same names.
 *
 * The journal is read in one pass, a line at a time, and of the trials only those are kept that have something to say:
 * the first of each distinct failure.  So a journal of millions of lines takes no more memory than a short one.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../base/fail.ts';
import type { CampaignFacts, SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import type { GrowthRecord } from '../run/growth.ts';
import { BENCH_KIND } from '../run/figures.ts';
import { eachRecord } from '../run/results.ts';
import { migrated, MIGRATIONS, schemaOf, type Fields } from '../run/schema.ts';
import { recordsOfVerdict } from '../run/verdict-record.ts';
import { Tally, type Statistics } from '../run/tally.ts';
import { TimesSum, type TimesByMetric } from '../run/times.ts';
import { Totals } from '../run/totals.ts';

/** What the first record of a journal says. */
export interface Header {
  readonly schema: number;
  readonly gridlock: string;
  readonly node: string;
  readonly os: string;
  readonly cpus: number;
  readonly memory_mb: number;
  readonly seed: number;
  readonly shard: string | null;
}

/** Trials of one workload, variant and strategy. */
export interface CampaignModel {
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  /** of a matrix: `node=22.23.3,v8=jitless`; null elsewhere */
  readonly configuration: string | null;
  /** as the manifest has them; null where it says nothing of campaigns */
  readonly params: Readonly<Record<string, unknown>> | null;
  /** what the variant declares; null where nobody said */
  readonly declared: string | null;
  readonly grade: string | null;
  readonly trials: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  /** how long things took; {} where nobody counted */
  readonly times: TimesByMetric;
  readonly statistics: Statistics;
  /** the first trial of each distinct failure, in the order of their numbers */
  readonly failures: readonly TrialRecord[];
  /** how long it took to fail, and to be cut off: what the statistics are made of */
  readonly lengths: Tally['lengths'];
  /** the campaign's own summary; null where the run was cut before it */
  readonly summary: Summary | null;
}

export interface RunModel {
  readonly directory: string;
  readonly id: string;
  readonly header: Header | null;
  readonly campaigns: readonly CampaignModel[];
  /** of a soak: what grew, and should not */
  readonly growth: readonly GrowthRecord[];
  /** whether the run came to its end */
  readonly isDone: boolean;
  /** whether the last line of the journal was not whole */
  readonly isCut: boolean;
  readonly exit: number | null;
}

/** Distinct failures of a campaign that are kept. */
const FAILURES_MAX = 200;

/** @throws Fail SCHEMA_UNKNOWN, NOT_A_RUN, and Error when there is no such directory, or what is there cannot be read */
export function readRun(directory: string, migrations = MIGRATIONS): RunModel {
  const manifest = readManifest(directory, migrations);
  refuseBench(manifest, directory);
  const done = jsonOf(join(directory, 'done.json')) as { exit?: number } | undefined;
  const campaigns = new Map<string, Building>();
  const growth: GrowthRecord[] = [];
  let header: Header | null = null;
  const hear = (record: Fields): void => {
    if (record['type'] === 'header') header ??= record as unknown as Header;
    else if (record['type'] === 'growth') growth.push(record as unknown as GrowthRecord);
    else if (typeof record['workload'] === 'string') {
      const facts = factsOfRecord(record, manifest?.campaigns ?? []);
      const key = campaignKey(record);
      const building = campaigns.get(key) ?? new Building(record, facts, strideOf(manifest));
      campaigns.set(key, building);
      building.add(record);
    }
  };
  const isCut = eachRecord(join(directory, 'journal.ndjson'), hear, migrations);
  return {
    directory,
    id: manifest?.id ?? '',
    header,
    campaigns: [...campaigns.values()]
      .map((each) => each.model())
      .filter(({ trials }) => trials > 0),
    growth,
    isDone: done !== undefined,
    isCut,
    exit: done?.exit ?? null,
  };
}

/** What a manifest says, as far as reports need it. */
export interface Manifest {
  readonly id: string;
  readonly seed: number;
  readonly shard: string | null;
  readonly campaigns?: readonly CampaignFacts[];
  /** of a merge: how many shards there are */
  readonly total?: number;
}

/** @returns undefined where there is none that can be read @throws Fail SCHEMA_UNKNOWN */
export function readManifest(
  directory: string,
  migrations = MIGRATIONS,
): (Manifest & Fields) | undefined {
  const file = join(directory, 'manifest.json');
  const json = jsonOf(file) as Fields | undefined;
  if (json === undefined) return undefined;
  return migrated(json, schemaOf(json, file), file, migrations) as unknown as Manifest & Fields;
}

/** A bench has figures and no trials: whoever wants trials would find none, and take it for a run in which nothing ran. */
export function refuseBench(manifest: Fields | undefined, directory: string): void {
  if (manifest?.['kind'] === BENCH_KIND) throw fail('NOT_A_RUN', { directory });
}

/** Shards of the run: the free trials of one lie so far apart. */
export function strideOf(manifest: Manifest | undefined): number {
  return manifest?.total ?? Number(manifest?.shard?.split('/')[1] ?? 1);
}

/** Records with the same are of one campaign of a directory. */
export function campaignKey(record: Fields): string {
  const { workload, variant, strategy, campaign } = record;
  return typeof campaign === 'number'
    ? String(campaign)
    : `${String(workload)}\n${String(variant)}\n${String(strategy)}`;
}

/** What the manifest says of a record's campaign. */
export function factsOfRecord(
  record: Fields,
  campaigns: readonly CampaignFacts[],
): CampaignFacts | undefined {
  const { campaign } = record;
  if (typeof campaign === 'number') return campaigns[campaign];
  return campaigns.find((facts) => campaignKey({ ...facts }) === campaignKey(record));
}

/** What a directory has in a file; undefined where it has none, or none that is whole. */
export function jsonOf(file: string): unknown {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A campaign, as far as it was read. */
class Building {
  private readonly workload: string;
  private readonly variant: string;
  private readonly strategy: string;
  private readonly facts: CampaignFacts | undefined;
  private readonly stride: number;
  private readonly totals = new Totals();
  private readonly tally = new Tally();
  private readonly failures = new Map<string, TrialRecord>();
  /** verdicts of the watchdog whose trial did not come yet, by its number */
  private readonly early = new Map<number, Fields>();
  private summary: Summary | null = null;

  constructor(record: Fields, facts: CampaignFacts | undefined, stride: number) {
    const { workload, variant, strategy } = record as unknown as Summary;
    this.workload = workload;
    this.variant = variant;
    this.strategy = strategy;
    this.facts = facts;
    this.stride = stride;
  }

  add(record: Readonly<Record<string, unknown>>): void {
    if (record['type'] === 'series') this.passed(record as unknown as SeriesRecord);
    else if (record['type'] === 'trial') this.trial(record as unknown as TrialRecord);
    else if (record['type'] === 'summary') this.summary = record as unknown as Summary;
    else if (record['type'] === 'verdict') this.early.set(Number(record['index']), record);
  }

  model(): CampaignModel {
    // Where the campaign has summed up, a verdict without a trial is one that did not count.
    for (const record of this.summary === null ? this.early.values() : []) {
      const { series, trial } = recordsOfVerdict(record, this.facts?.declared);
      if (series !== null) this.passed(series);
      this.trial(trial);
    }
    const { workload, variant, strategy, summary, tally } = this;
    return {
      workload,
      variant,
      strategy,
      configuration: this.facts?.configuration ?? null,
      params: this.facts?.params ?? null,
      declared: summary?.declared ?? this.facts?.declared ?? null,
      grade: summary?.grade ?? null,
      trials: summary?.trials ?? tally.trials,
      verdicts: summary?.verdicts ?? this.totals.verdicts,
      outcomes: summary?.outcomes ?? this.totals.outcomes,
      times: this.times(),
      statistics: summary ?? tally.statistics(),
      failures: [...this.failures.values()].toSorted((a, b) => a.index - b.index),
      lengths: () => tally.lengths(),
      summary,
    };
  }

  private times(): TimesByMetric {
    const { summary, totals } = this;
    const sum = summary === null ? totals.times : new TimesSum().add(summary.times);
    return sum.said.times ?? {};
  }

  private passed(series: SeriesRecord): void {
    const { first, passed, given_up: givenUp, seconds, choices, preemptions, outcomes } = series;
    if (
      !this.once(() =>
        this.tally.passed({ first, trials: passed, givenUp, seconds, choices, preemptions }),
      )
    )
      return;
    this.totals.count('pass', passed, outcomes ?? {});
    // It sums up what was before it.
    this.summary = null;
  }

  private trial(record: TrialRecord): void {
    const { index, verdict, seconds, outcomes, signature } = record;
    this.early.delete(index);
    const isNew = this.once(() => {
      if (verdict === 'pass')
        this.tally.passed({ first: index, trials: 1, stride: this.stride, seconds });
      // Without its interleaving: those of the trials that passed are not in the journal, so nothing is known of coverage.
      else this.tally.failed(record);
    });
    if (!isNew) return;
    this.totals.count(verdict, 1, outcomes ?? {});
    this.totals.times.add(record.times);
    this.summary = null;
    if (verdict === 'pass') return;
    const known = this.failures.get(signature);
    if (known === undefined ? this.failures.size < FAILURES_MAX : index < known.index)
      this.failures.set(signature, record);
  }

  /** @returns false when it was counted before: a journal that was written to twice says it twice */
  private once(count: () => void): boolean {
    try {
      count();
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}
