/*
 * dot: a character for each trial, and what went wrong at the end.
 *
 *     .    passed; of a series of trials that passed, one for all
 *     *    failed, as its variant declares
 *     ?    interesting
 *     F    forbidden
 */

import type { Grade } from '../run/workload.ts';
import type { TrialRecord } from '../run/campaign-records.ts';
import type { Ended } from './live.ts';
import { MinimalReporter } from './minimal.ts';

const COLUMNS = 80;
const MARKS: Readonly<Record<Grade, string>> = { expected: '*', interesting: '?', forbidden: 'F' };

export class DotReporter extends MinimalReporter {
  private column = 0;
  private readonly failures: string[] = [];

  onSeries(): void {
    this.mark('.');
  }

  override onTrial(record: TrialRecord): void {
    const { verdict, grade } = record;
    this.mark(verdict === 'pass' && grade === 'expected' ? '.' : MARKS[grade]);
    super.onTrial(record);
  }

  override async end(ended: Ended): Promise<void> {
    if (this.column > 0) this.out.write('\n');
    for (const line of this.failures) this.print(line);
    await super.end(ended);
  }

  protected override failed(lines: readonly string[]): void {
    this.failures.push(...lines);
  }

  private mark(character: string): void {
    this.out.write(character);
    if (++this.column < COLUMNS) return;
    this.out.write('\n');
    this.column = 0;
  }
}
