/*
 * What a run came to, from its directory alone: whole, cut off, or still going.
 *
 * It is the model of report/model.ts, in tables; so a journal of hours is read in one pass, and no list of its trials is made.
 */

import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { colorsFor } from '../base/color.ts';
import { counted } from '../base/counted.ts';
import { fail } from '../base/fail.ts';
import { table } from '../base/table.ts';
import { printable } from '../base/text.ts';
import { growthLine } from '../run/growth.ts';
import { latestRun } from '../run/results.ts';
import { noCommand, shown } from './escape.ts';
import { matrixLines, readMatrix } from './matrix.ts';
import { readRun } from './model.ts';
import { isCounted, statisticsLines } from './statistics.ts';
import { NAME_MAX, outcomeLines, verdictTable } from './verdicts.ts';

/** @throws Fail RUN_NOT_FOUND when there is no such run */
export function findRun(run: string, root: string): string {
  const directory =
    run === 'latest'
      ? latestRun(root)
      : [run, join(root, run)].find((each) => existsSync(join(each, 'manifest.json')));
  if (directory === undefined) throw fail('RUN_NOT_FOUND', { run, directory: root });
  return directory;
}

/** The journal as it is; undefined where there is none yet. */
export function journalOf(directory: string): Readable | undefined {
  const file = join(directory, 'journal.ndjson');
  return existsSync(file) ? createReadStream(file) : undefined;
}

/** A run in words and tables. */
export function showRun(directory: string): string {
  const { campaigns, growth, isDone, isCut, exit } = readRun(directory);
  const trials = campaigns.reduce((sum, each) => sum + each.trials, 0);
  const came = exit === null ? '' : `, exit code ${exit}`;
  const lines = [`${printable(directory)}: ${counted(trials, 'trial')}${came}`];
  if (!isDone) {
    lines.push(`it was cut off${isCut ? ' in the middle of a record' : ''}, or still runs`);
    const early = campaigns
      .flatMap(({ failures }) => failures)
      .filter(({ seed, grade }) => seed === 0 && grade === 'interesting').length;
    if (early > 0) lines.push(`${early} more verdicts were journalled without their trial's end`);
  }
  const matrix = readMatrix(directory);
  if (matrix !== undefined) {
    const colors = colorsFor('auto', process.stdout);
    return `${[...lines, '', ...matrixLines(matrix, colors)].join('\n').trimEnd()}\n`;
  }
  const summaries = campaigns.flatMap(({ summary }) => summary ?? []);
  if (summaries.length > 0)
    lines.push(
      '',
      verdictTable(summaries, colorsFor('auto', process.stdout)),
      ...outcomeLines(summaries),
    );
  const blocks = statisticsLines(summaries.filter(isCounted));
  if (blocks.length > 0) lines.push('', ...blocks);
  if (growth.length > 0) lines.push('', ...growth.map((each) => shown(growthLine(each))));
  const open = campaigns.filter(({ summary }) => summary === null);
  if (open.length > 0) {
    const rows = open.flatMap((campaign) => {
      const { workload, variant, strategy, failures } = campaign;
      const name = [workload, variant, strategy].map((each) => shown(each, NAME_MAX));
      const passed = campaign.verdicts['pass'] ?? 0;
      return [
        ...(passed === 0 ? [] : [[...name, null, `pass×${passed}`, null, null]]),
        ...failures.map(({ index, verdict, grade, dump }) => [
          ...name,
          String(index),
          shown(verdict, NAME_MAX),
          shown(grade, NAME_MAX),
          dump === null ? null : printable(dump),
        ]),
      ];
    });
    lines.push(
      '',
      table(['workload', 'variant', 'strategy', 'trial', 'verdict', 'grade', 'dump'], rows),
    );
  }
  return noCommand(`${lines.join('\n')}\n`);
}
