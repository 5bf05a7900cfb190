/*
 * minimal: what went wrong, and one line at the end.
 *
 *     once opposite: deadlock after 1.2 ms: saver/0 wants south; saver/1 wants north, which saver/0 holds
 *       dump dumps/once-opposite-340.dump
 *       gridlock replay ./once.js:opposite::0x7:5000:deadlock:s1.AgMBBQIB.x4k
 *     once opposite: declared pass, came to deadlock, pass
 *       gridlock replay ./once.js:opposite::0x7:5000:deadlock:s1.AgMBBQIB.x4k
 *     3 of 4 as declared, 12,345 trials: results/20260101T101010
 *
 * Of failures that are alike the first is shown; one that is declared is none.
 */

import { counted } from '../base/counted.ts';
import { formatDuration } from '../base/duration.ts';
import type { Fail } from '../base/fail.ts';
import { printable } from '../base/text.ts';
import type { Summary, TrialRecord } from '../run/campaign-records.ts';
import { noCommand, shown } from './escape.ts';
import { growthLine, type GrowthRecord } from '../run/growth.ts';
import { againOf } from './findings.ts';
import type { Ended, LiveReporter, Out } from './live.ts';

export class MinimalReporter implements LiveReporter {
  readonly statusMs: number = 0;
  protected readonly out: Out;
  private seed: number | undefined;
  private readonly shown = new Set<string>();

  constructor(out: Out) {
    this.out = out;
  }

  onHeader(header: Record<string, unknown>): void {
    this.seed = header['seed'] as number;
  }

  onTrial(record: TrialRecord): void {
    if (record.grade !== 'forbidden') return;
    const kind = `${record.workload}\n${record.variant}\n${record.signature}`;
    if (this.shown.has(kind)) return;
    this.shown.add(kind);
    this.failed(failureLines(record));
  }

  onGrowth(growth: GrowthRecord): void {
    this.failed([shown(growthLine(growth))]);
  }

  onLost({ message }: Fail, cell: string): void {
    this.failed([`${shown(cell)}: ${message}`]);
  }

  async end(ended: Ended): Promise<void> {
    for (const line of closingLines(ended, this.seed)) this.print(line);
  }

  close(): void {}

  protected failed(lines: readonly string[]): void {
    for (const line of lines) this.print(line);
  }

  protected print(line: string): void {
    this.out.write(`${noCommand(printable(line))}\n`);
  }
}

/** A failure; the last line runs it again. */
export function failureLines(record: TrialRecord): string[] {
  const { workload, variant, verdict, seconds, message, dump, replay } = record;
  return [
    shown(
      `${workload} ${variant}: ${verdict} after ${formatDuration(seconds * 1000)}: ${message ?? ''}`,
    ),
    ...(dump === null ? [] : [`  dump ${dump}`]),
    ...(replay === null ? [] : [`  ${replay}`]),
  ];
}

function closingLines({ summaries, results }: Ended, seed: number | undefined): string[] {
  const run = { directory: results.directory, seed };
  const forbidden = summaries.filter(({ grade }) => grade === 'forbidden');
  const trials = summaries.reduce((sum, each) => sum + each.trials, 0);
  const interesting = summaries.filter(({ grade }) => grade === 'interesting').length;
  const well = summaries.length - forbidden.length - interesting;
  const between = interesting === 0 ? '' : `, ${interesting} interesting`;
  return [
    ...forbidden.flatMap((each) => [cameTo(each), `  ${againOf(run, each)}`]),
    `${well} of ${summaries.length} as declared${between}, ${counted(trials, 'trial')}: ${results.directory}`,
  ];
}

function cameTo({ workload, variant, declared, verdicts }: Summary): string {
  return shown(
    `${workload} ${variant}: declared ${declared}, came to ${Object.keys(verdicts).join(', ')}`,
  );
}
