/*
 * What a campaign says: in its journal, in --json, in the manifest, and to whoever listens.
 *
 *     CampaignFacts   before it begins: what tells it from others, where several runs are put together
 *     TrialRecord     a trial that is looked at alone: of a free run each, of a controlled one those that did not pass
 *     SeriesRecord    trials of a controlled run in a row, of which there is nothing to say but that they passed
 *     Summary         at its end: what all of them came to
 *
 * The names of the fields are a public contract (schema.ts says how they change), so they are written as in JSON.  Reports
 * are made of these and of nothing else; who makes them is recording.ts, and campaign.ts for the summary.
 */

import type { VerdictName } from '../base/verdict.ts';
import type { ParamRecord, TrialSchedule } from './protocol.ts';
import type { Statistics } from './tally.ts';
import type { Timed } from './times.ts';
import type { Grade } from './workload.ts';

/** What its records have in common; of one directory, no two campaigns have the same. */
export interface CampaignKey {
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
}

/** What a manifest says of a campaign: it tells one from another, where several runs are put together. */
export interface CampaignFacts extends CampaignKey {
  readonly params: ParamRecord;
  /** of the run, as far as trials depend on them */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly declared: VerdictName;
  /** of all shards, at most */
  readonly trials: number;
  /** of a matrix (matrix.ts) */
  readonly configuration?: string;
}

/** A trial's line in the journal and in --json. */
export interface TrialRecord extends CampaignKey, Timed {
  readonly type: 'trial';
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
export interface SeriesRecord extends CampaignKey {
  readonly type: 'series';
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

/** What all trials of a campaign came to. */
export interface Summary extends CampaignKey, Statistics, Timed {
  readonly type: 'summary';
  readonly declared: VerdictName;
  readonly trials: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly grade: Grade;
  readonly machines: number;
  readonly dump: string | null;
  readonly pinning: string;
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
