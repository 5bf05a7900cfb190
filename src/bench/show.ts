/*
 * What a bench came to, from its results directory alone: its tables, or as many of them as there are.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../base/text.ts';
import { grouped } from '../base/grouped.ts';
import { readFigures } from '../run/figures.ts';
import { failuresOf } from './failures.ts';
import { pooled } from './figure.ts';
import { questionTable } from './question-list.ts';

/** A bench in words and tables. */
export function showBench(directory: string): string {
  const { header, figures, failed, isCut } = readFigures(directory);
  const processes = new Set(figures.map(({ process }) => process)).size;
  const isDone = existsSync(join(directory, 'done.json'));
  const many = processes > 1 ? ` of ${processes} processes` : '';
  const lines = [`${directory}: ${figures.length} figures${many}`];
  if (header !== null) {
    const { gridlock, commit, node, cpus, cpu } = header;
    const at = typeof commit === 'string' ? ` (${commit})` : '';
    lines.push(
      printable(
        `gridlock ${String(gridlock)}${at}  node ${String(node)}  ${String(cpus)} CPUs: ${String(cpu)}`,
      ),
    );
  }
  for (const { question, message } of failed)
    lines.push(printable(`${question} broke off: ${message}`));
  if (!isDone && failed.length === 0)
    lines.push(`it was cut off${isCut ? ' in the middle of a record' : ''}, or still runs`);
  for (const [question, group] of grouped(figures, (each) => each.question))
    lines.push('', printable(question), questionTable(question, group));
  const failures = failuresOf(pooled(figures), directory);
  if (failures.length > 0) lines.push('', ...failures);
  return `${lines.join('\n')}\n`;
}
