/*
 * NDJSON: the records of --json, one a line, and nothing for people.
 */

import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import type { GrowthRecord } from '../run/growth.ts';
import type { TurnRecord } from '../run/soak-state.ts';
import type { Ended, LiveReporter, Out } from './live.ts';

export class NdjsonReporter implements LiveReporter {
  readonly statusMs = 0;
  private readonly out: Out;

  constructor(out: Out) {
    this.out = out;
  }

  onHeader(header: Record<string, unknown>): void {
    this.write(header);
  }

  onSeries(record: SeriesRecord): void {
    this.write({ ...record, hashes: undefined });
  }

  onTrial(record: TrialRecord): void {
    this.write(record);
  }

  onSummary(summary: Summary): void {
    this.write(summary);
  }

  onTurn(turn: TurnRecord): void {
    this.write(turn);
  }

  onGrowth(growth: GrowthRecord): void {
    this.write(growth);
  }

  onReplayed(record: object): void {
    this.write(record);
  }

  async end({ exit }: Ended): Promise<void> {
    if (exit !== null) this.write({ type: 'end', exit });
  }

  close(): void {}

  private write(record: object): void {
    this.out.write(`${JSON.stringify(record)}\n`);
  }
}
