/*
 * The ledger of a soak: what all turns of one workload, variant and strategy came to together.
 *
 * A turn is a campaign of its own, and says at its end what it came to.  The ledger hears the same records and says what all
 * of them came to so far, as one campaign would have: that is what goes into the journal behind each turn, so that the last
 * summary of a journal is the whole.  Loads and numbers of threads are not told apart: their trials have indices of one row.
 *
 * It hears records that were just made, or those of a journal: a soak that is resumed reads itself up to where it was.
 *
 * Memory is bounded.  What a trial that passed leaves behind is a number (tally.ts).  Failures leave lengths and kinds, and
 * of those there may be millions: after so many failures only counts go on, and what is said of lengths is said of the
 * trials up to there.
 *
 * Grades are those of a campaign (grade.ts), but for one: a declared failure that has not shown is `interesting` here, for
 * another strategy may show it.  Whether none did is asked at the end, of all ledgers of a variant (soak.ts).
 */

import { rateOf } from '../base/interval.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { CampaignKey, SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import { gradeTotals } from './grade.ts';
import { Tally, type DistinctFailure, type Statistics } from './tally.ts';
import { Totals } from './totals.ts';

/** Failures whose lengths and order are known. */
const FAILURES_MAX = 5_000;
/** Interleavings that are told apart without sampling. */
const HASHES_MAX = 1 << 14;
/** Kinds of failures that a summary lists. */
const KINDS_MAX = 200;

export class Ledger {
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  private readonly declared: VerdictName;
  private readonly totals = new Totals();
  private readonly tally = new Tally(HASHES_MAX);
  /** signatures that the tally knows */
  private readonly early = new Set<string>();
  private readonly late = new Map<string, DistinctFailure>();
  /** kinds of failures of those that the tally does not know */
  private lateKinds = 0;
  private lateTrials = 0;
  private lateFailures = 0;
  private firstDump: string | null = null;
  private machines = 0;
  private givenUp = 0;
  private pinning = '';
  private strayed: Summary['strayed'] = null;
  private end = 0;

  constructor({ workload, variant, strategy }: CampaignKey, declared: VerdictName) {
    this.workload = workload;
    this.variant = variant;
    this.strategy = strategy;
    this.declared = declared;
  }

  /** The index behind the last one that was heard of. */
  get next(): number {
    return this.end;
  }

  get trials(): number {
    return this.tally.trials + this.lateTrials;
  }

  /** Trials that did not pass. */
  get failures(): number {
    return this.tally.failures + this.lateFailures;
  }

  /** Whether the declared verdict has shown. */
  get showed(): boolean {
    return (this.totals.verdicts[this.declared] ?? 0) > 0;
  }

  /** Trials that passed in a row; their hashes where they are known. */
  passed({
    first,
    passed,
    given_up: givenUp,
    ...series
  }: Omit<SeriesRecord, 'hashes'> & Partial<Pick<SeriesRecord, 'hashes'>>): void {
    this.end = Math.max(this.end, first + passed + givenUp);
    this.givenUp += givenUp;
    this.totals.count('pass', passed, series.outcomes);
    if (this.isFull) {
      this.lateTrials += passed;
      return;
    }
    this.tally.passed({
      first,
      trials: passed,
      givenUp,
      seconds: series.seconds,
      choices: series.choices,
      preemptions: series.preemptions,
      interleavings: (series.hashes ?? []).map((hash) => [hash, 1] as const),
    });
  }

  /** A trial with a record of its own. */
  trial(record: TrialRecord): void {
    const { index, verdict, seconds, outcomes, dump, grade } = record;
    this.end = Math.max(this.end, index + 1);
    this.totals.grades.add(grade);
    this.totals.count(verdict, 1, outcomes);
    this.totals.times.add(record.times);
    this.firstDump ??= dump;
    if (this.isFull) this.tooLate(record);
    else if (verdict === 'pass') this.tally.passed({ first: index, trials: 1, seconds });
    else {
      this.early.add(record.signature);
      this.tally.failed(record, record.schedule?.events);
    }
  }

  /** An index that was begun, and of which nothing more came. */
  begun(index: number): void {
    this.end = Math.max(this.end, index + 1);
  }

  /** A turn is over.  @param summary what it says of itself alone */
  turn({ machines, pinning, strayed }: Summary): void {
    this.machines += machines;
    this.pinning = pinning;
    this.strayed ??= strayed;
  }

  /** All turns so far, as one campaign. */
  summary(): Summary {
    return {
      type: 'summary',
      workload: this.workload,
      variant: this.variant,
      declared: this.declared,
      trials: this.trials,
      verdicts: { ...this.totals.verdicts },
      outcomes: { ...this.totals.outcomes },
      ...this.totals.times.said,
      // Another strategy may show what this one has not.
      grade: gradeTotals(this.declared, this.totals, this.strayed !== null, 'interesting'),
      machines: this.machines,
      dump: this.firstDump,
      pinning: this.pinning,
      strategy: this.strategy,
      exhausted: false,
      preemptions_max: null,
      given_up: this.givenUp,
      strayed: this.strayed,
      lost: null,
      digest: null,
      ...this.statistics(),
    };
  }

  private get isFull(): boolean {
    return this.tally.failures >= FAILURES_MAX;
  }

  private tooLate({ index, verdict, signature, message, dump, replay }: TrialRecord): void {
    this.lateTrials++;
    if (verdict === 'pass') return;
    this.lateFailures++;
    const known = this.late.get(signature);
    if (known === undefined && !this.early.has(signature) && ++this.lateKinds > KINDS_MAX) return;
    const kind = known ?? { signature, verdict, message, count: 0, first: index, dump, replay };
    this.late.set(signature, { ...kind, count: kind.count + 1, dump: kind.dump ?? dump });
  }

  private statistics(): Statistics {
    const early = this.tally.statistics();
    const kinds = new Map(early.failures.map((kind) => [kind.signature, kind] as const));
    for (const [signature, kind] of this.late) {
      const known = kinds.get(signature);
      kinds.set(
        signature,
        known === undefined ? kind : { ...known, count: known.count + kind.count },
      );
    }
    return {
      ...early,
      rate: rateOf(this.failures, this.trials),
      failures: [...kinds.values()]
        .toSorted((a, b) => b.count - a.count || a.first - b.first)
        .slice(0, KINDS_MAX),
    };
  }
}
