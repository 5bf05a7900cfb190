/*
 * Reporters that speak while a run goes on.
 *
 * Each hears the run as a StressListener, of a soak as its listener, and is told its end; several hear it through one Chorus.  The same reporters
 * speak of a run that is long over: replayTo() tells them what its directory knows, in the order in which it
 * happened.  What is not known any more, such as status reports and trials that passed, they are not told.
 */

import type { Fail } from '../base/fail.ts';
import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import type { CampaignPlan } from '../run/plan.ts';
import type { GrowthRecord } from '../run/growth.ts';
import type { DumpReport, MachineFacts, TrialOutcome, WatchReport } from '../run/protocol.ts';
import type { ResultsDir } from '../run/results.ts';
import type { TurnRecord } from '../run/soak-state.ts';
import type { StressListener } from '../run/stress.ts';
import type { RunModel } from './model.ts';
import { tellTrouble } from './trouble.ts';

/** Where lines go: a stream, or a test. */
export interface Out {
  write(text: string): unknown;
}

/** What a reporter needs of a results directory. */
export type Place = Pick<ResultsDir, 'directory'>;

/** How a run ended; a StressResult is one. */
export interface Ended {
  readonly summaries: readonly Summary[];
  /** null: it did not come to its end */
  readonly exit: number | null;
  readonly results: Place;
}

export interface LiveReporter extends Omit<StressListener, 'onHeader' | 'onTrial'> {
  /** milliseconds between the status reports that it wants; 0: none */
  readonly statusMs: number;
  onHeader?(header: Record<string, unknown>, results: Place): void;
  onTrial?(record: TrialRecord, outcome?: TrialOutcome): void;
  /** of a soak */
  onRotation?(cells: number, turnMs: number, position: number): void;
  onTurn?(turn: TurnRecord): void;
  onGrowth?(growth: GrowthRecord): void;
  onLost?(failure: Fail, cell: string): void;
  /** of a replay: whether it was one */
  onReplayed?(record: object): void;
  end(ended: Ended): Promise<void>;
  /** leaves the terminal as it was found, whatever happened */
  close(): void;
}

/** Many reporters as one. */
export class Chorus implements LiveReporter {
  private readonly voices: readonly LiveReporter[];
  /** the results directory of the run, once there is one */
  directory: string | undefined;

  constructor(voices: readonly LiveReporter[]) {
    this.voices = voices;
  }

  get statusMs(): number {
    return this.voices.reduce(
      (least, { statusMs }) =>
        statusMs > 0 && (least === 0 || statusMs < least) ? statusMs : least,
      0,
    );
  }

  onHeader(header: Record<string, unknown>, results: Place): void {
    this.directory = results.directory;
    for (const each of this.voices) each.onHeader?.(header, results);
  }

  onCampaign(plan: CampaignPlan, number: number, of: number): void {
    for (const each of this.voices) each.onCampaign?.(plan, number, of);
  }

  onMachine(facts: MachineFacts, pid: number): void {
    for (const each of this.voices) each.onMachine?.(facts, pid);
  }

  onStatus = (status: Extract<WatchReport, { type: 'status' }>): void => {
    for (const each of this.voices) each.onStatus?.(status);
  };

  /** What could not be written is said, whoever speaks: no voice may be too terse for it. */
  onTrouble(trouble: Fail): void {
    const told = this.voices.filter(({ onTrouble }) => onTrouble !== undefined);
    for (const each of told) each.onTrouble?.(trouble);
    if (told.length > 0) return;
    tellTrouble(trouble, 'the run');
  }

  onRequested(dump: DumpReport): void {
    for (const each of this.voices) each.onRequested?.(dump);
  }

  onSeries(record: SeriesRecord): void {
    for (const each of this.voices) each.onSeries?.(record);
  }

  onTrial(record: TrialRecord, outcome?: TrialOutcome): void {
    for (const each of this.voices) each.onTrial?.(record, outcome);
  }

  onSummary(summary: Summary, records: readonly TrialRecord[]): void {
    for (const each of this.voices) each.onSummary?.(summary, records);
  }

  onRotation(cells: number, turnMs: number, position: number): void {
    for (const each of this.voices) each.onRotation?.(cells, turnMs, position);
  }

  onTurn(turn: TurnRecord): void {
    for (const each of this.voices) each.onTurn?.(turn);
  }

  onGrowth(growth: GrowthRecord): void {
    for (const each of this.voices) each.onGrowth?.(growth);
  }

  onLost(failure: Fail, cell: string): void {
    for (const each of this.voices) each.onLost?.(failure, cell);
  }

  onReplayed(record: object): void {
    for (const each of this.voices) each.onReplayed?.(record);
  }

  async end(ended: Ended): Promise<void> {
    for (const each of this.voices) await each.end(ended);
  }

  close(): void {
    for (const each of this.voices) each.close();
  }
}

/** Tells a reporter of a run that is over, or was cut. */
export async function replayTo(reporter: LiveReporter, model: RunModel): Promise<void> {
  const { directory, header, campaigns, growth, exit } = model;
  const results = { directory };
  const summaries: Summary[] = [];
  try {
    if (header !== null) reporter.onHeader?.({ type: 'header', ...header }, results);
    for (const { failures, summary } of campaigns) {
      for (const record of failures) reporter.onTrial?.(record);
      if (summary === null) continue;
      reporter.onSummary?.(summary, failures);
      summaries.push(summary);
    }
    for (const each of growth) reporter.onGrowth?.(each);
    await reporter.end({ summaries, exit, results });
  } finally {
    reporter.close();
  }
}
