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
 *     verdict            one, if no trial record of the same number came after it: the run was cut
 *     summary            what the campaign came to, in its own words
 *
 * The journal is read in one pass, a line at a time, and of the trials only those are kept that have something to say:
 * the first of each distinct failure.  So a journal of millions of lines takes no more memory than a short one.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign.ts';
import type { TrialOutcome } from '../run/protocol.ts';
import { eachRecord } from '../run/results.ts';
import { Tally, type Statistics } from '../run/tally.ts';

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
  /** what the variant declares; null where the run was cut before anybody said */
  readonly declared: string | null;
  readonly grade: string | null;
  readonly trials: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly statistics: Statistics;
  /** the first trial of each distinct failure, in the order of their numbers */
  readonly failures: readonly TrialRecord[];
  /** the campaign's own summary; null where the run was cut before it */
  readonly summary: Summary | null;
}

export interface RunModel {
  readonly directory: string;
  readonly id: string;
  readonly header: Header | null;
  readonly campaigns: readonly CampaignModel[];
  /** whether the run came to its end */
  readonly isDone: boolean;
  /** whether the last line of the journal was not whole */
  readonly isCut: boolean;
  readonly exit: number | null;
}

/** Distinct failures of a campaign that are kept. */
const FAILURES_MAX = 200;

/** @throws Error when there is no such directory, or what is there cannot be read */
export function readRun(directory: string): RunModel {
  const manifest = jsonOf(join(directory, 'manifest.json')) as { id?: string } | undefined;
  const done = jsonOf(join(directory, 'done.json')) as { exit?: number } | undefined;
  const campaigns = new Map<string, Building>();
  let header: Header | null = null;
  const isCut = eachRecord(join(directory, 'journal.ndjson'), (record) => {
    if (record['type'] === 'header') header ??= record as unknown as Header;
    else if (typeof record['workload'] === 'string') {
      const { workload, variant, strategy } = record as unknown as Summary;
      const key = `${workload}\n${variant}\n${strategy}`;
      const building = campaigns.get(key) ?? new Building(workload, variant, strategy);
      campaigns.set(key, building);
      building.add(record);
    }
  });
  return {
    directory,
    id: manifest?.id ?? '',
    header,
    campaigns: [...campaigns.values()]
      .map((each) => each.model())
      .filter(({ trials }) => trials > 0),
    isDone: done !== undefined,
    isCut,
    exit: done?.exit ?? null,
  };
}

function jsonOf(file: string): unknown {
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
  private readonly tally = new Tally();
  private readonly verdicts: Record<string, number> = {};
  private readonly outcomes: Record<string, number> = {};
  private readonly failures = new Map<string, TrialRecord>();
  /** verdicts of the watchdog whose trial did not come yet, by its number */
  private readonly early = new Map<number, TrialRecord>();
  private summary: Summary | null = null;

  constructor(workload: string, variant: string, strategy: string) {
    this.workload = workload;
    this.variant = variant;
    this.strategy = strategy;
  }

  add(record: Readonly<Record<string, unknown>>): void {
    if (record['type'] === 'series') this.passed(record as unknown as SeriesRecord);
    else if (record['type'] === 'trial') this.trial(record as unknown as TrialRecord);
    else if (record['type'] === 'summary') this.summary = record as unknown as Summary;
    else if (record['type'] === 'verdict') this.verdict(record as unknown as TrialOutcome);
  }

  model(): CampaignModel {
    for (const record of this.early.values()) this.trial(record);
    const { workload, variant, strategy, summary, tally } = this;
    return {
      workload,
      variant,
      strategy,
      declared: summary?.declared ?? null,
      grade: summary?.grade ?? null,
      trials: summary?.trials ?? tally.trials,
      verdicts: summary?.verdicts ?? this.verdicts,
      outcomes: summary?.outcomes ?? this.outcomes,
      statistics: summary ?? tally.statistics(),
      failures: [...this.failures.values()].toSorted((a, b) => a.index - b.index),
      summary,
    };
  }

  private passed(series: SeriesRecord): void {
    const { first, passed, given_up: givenUp, seconds, choices, preemptions, outcomes } = series;
    if (
      !this.once(() =>
        this.tally.passed({ first, trials: passed, givenUp, seconds, choices, preemptions }),
      )
    )
      return;
    this.count('pass', passed, outcomes);
  }

  private trial(record: TrialRecord): void {
    const { index, verdict, seconds, outcomes, signature } = record;
    this.early.delete(index);
    const isNew = this.once(() => {
      if (verdict === 'pass') this.tally.passed({ first: index, trials: 1, seconds });
      else this.tally.failed(record, record.schedule?.events);
    });
    if (!isNew) return;
    this.count(verdict, 1, outcomes);
    if (verdict === 'pass') return;
    const known = this.failures.get(signature);
    if (known === undefined ? this.failures.size < FAILURES_MAX : index < known.index)
      this.failures.set(signature, record);
  }

  /** The watchdog's word for a trial, to which the trial's own record is to come. */
  private verdict(outcome: TrialOutcome): void {
    const { workload, variant, strategy } = this;
    this.early.set(outcome.index, {
      ...outcome,
      type: 'trial',
      workload,
      variant,
      strategy,
      seed: 0,
      grade: 'interesting',
      dump: null,
      replay: null,
      dump_ms: null,
      dump_error: null,
    });
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

  private count(verdict: string, n: number, outcomes: Readonly<Record<string, number>>): void {
    this.verdicts[verdict] = (this.verdicts[verdict] ?? 0) + n;
    for (const [name, times] of Object.entries(outcomes ?? {}))
      this.outcomes[name] = (this.outcomes[name] ?? 0) + times;
  }
}
