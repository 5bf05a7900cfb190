/*
 * What a run came to, from its directory alone: whole, cut off, or still going.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../base/fail.ts';
import { table } from '../base/table.ts';
import { latestRun, readJournal } from '../run/results.ts';
import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign.ts';
import { colorsFor } from '../base/color.ts';
import { isCounted, statisticsLines } from './statistics.ts';
import { outcomeLines, verdictTable } from './verdicts.ts';

/** @throws Fail RUN_NOT_FOUND when there is no such run */
export function showRun(run: string, root: string, json: boolean): string {
  const directory =
    run === 'latest'
      ? latestRun(root)
      : [run, join(root, run)].find((each) => existsSync(join(each, 'manifest.json')));
  if (directory === undefined) throw fail('RUN_NOT_FOUND', { run, directory: root });
  const journal = join(directory, 'journal.ndjson');
  if (json) return existsSync(journal) ? readFileSync(journal, 'utf8') : '';
  const { records, cut } = readJournal(journal);
  const summaries = records.filter(({ type }) => type === 'summary') as unknown as Summary[];
  const trials = records.filter(({ type }) => type === 'trial') as unknown as TrialRecord[];
  const series = records.filter(({ type }) => type === 'series') as unknown as SeriesRecord[];
  const passed = series.reduce((sum, each) => sum + each.passed, 0);
  const lines = [`${directory}: ${(trials.length + passed).toLocaleString('en')} trials`];
  const judged = records.filter(({ type }) => type === 'verdict').length;
  const failed = trials.filter(
    ({ verdict, exact }) => verdict !== 'pass' && exact !== undefined,
  ).length;
  if (!existsSync(join(directory, 'done.json'))) {
    lines.push(`it was cut off${cut ? ' in the middle of a record' : ''}, or still runs`);
    if (judged > failed)
      lines.push(`${judged - failed} more verdicts were journalled without their trial's end`);
  }
  if (summaries.length > 0)
    lines.push(
      '',
      verdictTable(summaries, colorsFor('auto', process.stdout)),
      ...outcomeLines(summaries),
    );
  const counted = statisticsLines(summaries.filter(isCounted));
  if (counted.length > 0) lines.push('', ...counted);
  const open = trials.filter(
    ({ workload, variant }) =>
      !summaries.some((s) => s.workload === workload && s.variant === variant),
  );
  if (open.length > 0) {
    const rows = open.map((trial) => [
      trial.workload,
      trial.variant,
      String(trial.index),
      trial.verdict,
      trial.grade,
      trial.dump,
    ]);
    lines.push('', table(['workload', 'variant', 'trial', 'verdict', 'grade', 'dump'], rows));
  }
  return `${lines.join('\n')}\n`;
}
