/*
 * One campaign of a merge, while its records come by in order: which of them count, and what they come to.
 *
 * They come by the indices of their trials, so what was counted is everything below one index, and a record of less than
 * that says something again.  There is one exception: a trial that did not pass always counts, unless one of the same
 * number did; no pass can hide it.
 */

import { copyFileSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CampaignFacts, SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import type { Fields } from '../run/schema.ts';
import { gradeTotals } from '../run/grade.ts';
import { Tally } from '../run/tally.ts';
import { Totals } from '../run/totals.ts';
import { recordsOfVerdict } from '../run/verdict-record.ts';
import { KIND, type Row } from './contents.ts';
import type { Part } from './parts.ts';
import { fileWithin } from './within.ts';

type Counted = SeriesRecord | TrialRecord;

export class MergedCampaign {
  readonly number: number;
  private readonly facts: Partial<CampaignFacts>;
  private readonly stride: number;
  private readonly directory: string;
  /** names of files that are taken, of all campaigns */
  private readonly taken: Set<string>;
  private readonly tally = new Tally();
  private readonly totals = new Totals();
  /** signatures of failures whose dump is here */
  private readonly kept = new Set<string>();
  private dump: string | null = null;
  private givenUp = 0;
  /** all trials below it are counted, as far as they are known */
  private covered = 0;
  private failed = -1;

  /** @param stride shards of the run @param directory of the merge */
  constructor(
    number: number,
    facts: Partial<CampaignFacts>,
    stride: number,
    directory: string,
    taken: Set<string>,
  ) {
    this.number = number;
    this.facts = facts;
    this.stride = stride;
    this.directory = directory;
    this.taken = taken;
  }

  /** Whether a record says something new. */
  wants({ kind, index }: Row): boolean {
    return kind < KIND.series ? index !== this.failed : index >= this.covered;
  }

  /** Counts a record that is wanted.  @param from the directory that it is of @returns what is to be written */
  take(record: Fields, { kind, index, length }: Row, from: string): Counted[] {
    if (kind === KIND.series) return [this.passed(record as unknown as SeriesRecord, length)];
    if (kind !== KIND.verdict) return [this.trial(record as unknown as TrialRecord, from)];
    const { series, trial } = recordsOfVerdict(record, this.facts.declared);
    const isNew = series !== null && series.first >= this.covered;
    const before = isNew ? [this.passed(series, index - series.first)] : [];
    return [...before, this.trial(trial, from)];
  }

  /**
   * What all its trials come to; undefined where there are none, or nobody said what was declared.
   * @param mustHaveShown whether a declared failure that is in none of them is a finding, when all of them are here
   */
  summary(
    parts: readonly Part[],
    isComplete: boolean,
    mustHaveShown: (facts: Partial<CampaignFacts>) => boolean,
  ): Summary | undefined {
    const { tally, facts, number } = this;
    const { declared, settings } = facts;
    if (tally.trials === 0 || declared === undefined) return undefined;
    const told = parts.flatMap((part) => part.told.filter(({ campaign }) => campaign === number));
    const strayed = told.map((each) => each.strayed ?? null).find((each) => each !== null) ?? null;
    const preemptions = Number(settings?.['preemptions'] ?? -1);
    return {
      type: 'summary',
      workload: facts.workload!,
      variant: facts.variant!,
      declared,
      trials: tally.trials,
      verdicts: this.totals.verdicts,
      outcomes: this.totals.outcomes,
      ...this.totals.times.said,
      // A bug that did not show may have shown where a shard is missing.
      grade: gradeTotals(
        declared,
        this.totals,
        strayed !== null,
        isComplete && mustHaveShown(facts) ? 'forbidden' : 'interesting',
      ),
      machines: told.reduce((sum, { machines }) => sum + machines, 0),
      dump: this.dump,
      pinning: [...new Set(told.map(({ pinning }) => pinning))].join('; '),
      strategy: facts.strategy!,
      exhausted: isComplete && told.some(({ exhausted }) => exhausted),
      preemptions_max: preemptions < 0 ? null : preemptions,
      strayed,
      lost: told.map((each) => each.lost ?? null).find((each) => each !== null) ?? null,
      digest: null,
      given_up: this.givenUp,
      ...tally.statistics(),
    };
  }

  private passed(series: SeriesRecord, length: number): SeriesRecord {
    const { first, passed, given_up: givenUp, seconds, choices, preemptions, outcomes } = series;
    this.tally.passed({ first, trials: passed, givenUp, seconds, choices, preemptions });
    this.covered = first + length;
    this.givenUp += givenUp;
    this.totals.count('pass', passed, outcomes);
    return series;
  }

  private trial(record: TrialRecord, from: string): TrialRecord {
    const { index, verdict, seconds, outcomes, grade } = record;
    this.covered = Math.max(this.covered, index + 1);
    this.totals.grades.add(grade);
    this.totals.count(verdict, 1, outcomes);
    this.totals.times.add(record.times);
    if (verdict === 'pass') {
      this.tally.passed({ first: index, trials: 1, stride: this.stride, seconds });
      return record;
    }
    this.failed = index;
    const written = { ...record, dump: this.keep(record, from) };
    this.tally.failed(written);
    return written;
  }

  /** Copies the dump and the schedule of the first of each distinct failure.  @returns its name in the merge */
  private keep({ dump, signature }: TrialRecord, from: string): string | null {
    const file = dump === null ? undefined : fileWithin(from, dump);
    if (file === undefined || this.kept.has(signature)) return null;
    this.kept.add(signature);
    const base = basename(file);
    const name = this.taken.has(base) ? `${this.number}-${base}` : base;
    this.taken.add(name);
    const kept = `dumps/${name}`;
    copyFileSync(file, join(this.directory, kept));
    const [schedule, copy] = [file, join(this.directory, kept)].map((each) =>
      each.replace(/\.dump$/, '.sched'),
    );
    if (existsSync(schedule!)) copyFileSync(schedule!, copy!);
    this.dump ??= kept;
    return kept;
  }
}
