/*
 * analyze --markdown: the page as a comment on a pull request.
 *
 *     ### deadlock in `workload`, variant `x`
 *     **the sentence**, and why
 *     the picture, fenced
 *     of a controlled run, <details> with who went on at the last choices, folded
 *     <details> with the stack of each thread, folded
 *     the lines that look further and that run it again, fenced
 *
 * Names come from the dump and may hold anything: between back quotes and in fences nothing is markup, so that is
 * where they stand, and a fence is longer than any run of back quotes inside it.
 */

import { printable } from '../base/text.ts';
import type { Dump, DumpThread } from '../dump/format.ts';
import {
  contendedLocks,
  courseLines,
  describeRun,
  frameLines,
  lockLines,
  nextCommand,
  pictureOf,
  shownThreads,
  storyOf,
  type PageOptions,
} from './analyze.ts';

export function analyzeMarkdown(dump: Dump, file: string, options: PageOptions = {}): string[] {
  const { head } = dump;
  const lines = [
    `### ${escaped(head.verdict)} in ${code(head.workload)}, variant ${code(head.variant)}`,
    '',
    `**${escaped(head.message)}**`,
  ];
  if (head.because.length > 0) {
    lines.push('', ...head.because.map((sentence) => `- ${escaped(sentence)}`));
  }
  const picture = pictureOf(dump);
  if (picture.length > 0) lines.push('', ...fenced('text', picture));
  for (const paragraph of storyOf(dump)) lines.push('', escaped(paragraph));
  const course = courseLines(file, options);
  if (course.length > 0) lines.push('', ...folded('The schedule', fenced('text', course)));
  for (const thread of shownThreads(dump, options)) lines.push('', ...details(thread));
  const contended = contendedLocks(dump, options);
  if (contended !== undefined) {
    lines.push('', ...folded('Contended locks', fenced('text', contended.split('\n'))));
  }
  const commands = [nextCommand(dump, file), printable(head.replay)];
  lines.push('', 'Look further, and run it again:', '', ...fenced('sh', commands));
  lines.push('', `<sub>${escaped(describeRun(dump))}</sub>`);
  return lines;
}

/** A thread's whole stack, folded away under what it holds and wants. */
function details(thread: DumpThread): string[] {
  const { name, psargs, wants, stack } = thread;
  const waits = wants === null ? '' : ` wants <code>${html(wants.name)}</code>`;
  const body = [
    printable(psargs).trim(),
    ...lockLines(thread),
    '',
    ...frameLines(thread, { full: true }),
  ];
  const summary = `<code>${html(name)}</code>${waits} (${stack.length} frames)`;
  return folded(summary, fenced('text', body));
}

/** @param summary HTML */
function folded(summary: string, body: readonly string[]): string[] {
  return ['<details>', `<summary>${summary}</summary>`, '', ...body, '', '</details>'];
}

function fenced(language: string, lines: readonly string[]): string[] {
  const runs = lines.join('\n').match(/`+/g) ?? [];
  const fence = '`'.repeat(runs.reduce((most, run) => Math.max(most, run.length + 1), 3));
  return [fence + language, ...lines, fence];
}

/** Text as code in a line; a back quote cannot be written there, so it is shown as an apostrophe. */
function code(text: string): string {
  return `\`${printable(text).replaceAll('`', "'") || ' '}\``;
}

/** Text in which nothing is markup, and nobody is called by name. */
function escaped(text: string): string {
  return html(text)
    .replaceAll(/[\\`*_[\]#|~!]/g, String.raw`\$&`)
    .replaceAll('@', '@<!-- -->');
}

function html(text: string): string {
  return printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
