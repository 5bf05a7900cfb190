/*
 * What people are told of a merge: what it was made of, what was missing, and what it came to.
 */

import type { Colors } from '../base/color.ts';
import { counted } from '../base/counted.ts';
import { printable } from '../base/text.ts';
import { noCommand, shown } from './escape.ts';
import { growthLine } from '../run/growth.ts';
import type { Merged } from './merge.ts';
import { statisticsLines } from './statistics.ts';
import { outcomeLines, verdictTable } from './verdicts.ts';

export function mergeLines(
  { directory, parts, missing, growth, summaries }: Merged,
  colors: Colors,
): string {
  const trials = summaries.reduce((sum, each) => sum + each.trials, 0);
  const blocks = statisticsLines(summaries);
  return [
    `${printable(directory)}: ${counted(trials, 'trial')} of ${counted(parts.length, 'run')}`,
    ...missing.map((line) => colors.yellow(printable(line))),
    ...(summaries.length === 0 ? [] : ['', verdictTable(summaries, colors)]),
    ...(blocks.length === 0 ? [] : ['', ...blocks]),
    ...outcomeLines(summaries),
    ...growth.map((each) => colors.red(shown(growthLine(each)))),
  ]
    .map((line) => `${noCommand(line)}\n`)
    .join('');
}
