/*
 * Text from outside, made fit for the formats of reports.
 *
 * A name may hold anything: `]]>`, a line break, `::error::`, half of a surrogate pair.  printable() (base/text.ts) has
 * spelled out what is no character to be seen, line breaks among it; what is left is escaped here, format by format,
 * so that the only structure in a report is its own.
 *
 *     format                      what would be structure            what stands for it
 *     -------------------------   --------------------------------   ------------------------------------------
 *     XML                         & < > " ', U+FFFE and U+FFFF       entities; the latter are spelled out
 *     Markdown, in a line         anything but letters and digits    entities, inside <code>
 *     Markdown, in a block        a run of back quotes               a fence that is longer
 *     a GitHub command, its data  %, line breaks                     %25, %0D, %0A
 *     the same, a property        those, and : and ,                 %3A, %2C
 *     a line of a CI's log        :: at its beginning, ##[           a space between
 *
 * The last is for lines that are no commands: GitHub's runner reads both streams of a step, and takes a line that begins
 * with :: for a command, whoever wrote it.  A document may be printed there, too: in XML such a line begins with an entity.
 */

import { fit } from '../base/table.ts';
import { printable } from '../base/text.ts';

/** Columns of a name or a message at most, where a report is for people. */
const SHOWN_MAX = 400;

/** One line of at most so many columns. */
export function shown(text: string, most = SHOWN_MAX): string {
  return fit(printable(text), most);
}

/** Text of an element or an attribute. */
export function xml(text: string): string {
  return printable(text)
    .replaceAll(/[\uFFFE\uFFFF]/g, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`)
    .replaceAll(/[&<>"']|(?<=^\s*):(?=:)|#(?=#\[)/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Text as code in a line of Markdown, or in a cell of its tables. */
export function markdownCode(text: string): string {
  const safe = shown(text).replaceAll(/[^\p{L}\p{N} ./-]/gu, (char) => `&#${char.codePointAt(0)};`);
  return `<code>${safe === '' ? ' ' : safe}</code>`;
}

/** Lines as a block of Markdown in which nothing is markup. */
export function fenced(language: string, lines: readonly string[]): string[] {
  const runs = lines.join('\n').match(/`+/g) ?? [];
  const fence = '`'.repeat(runs.reduce((most, run) => Math.max(most, run.length + 1), 3));
  return [fence + language, ...lines, fence];
}

/** The data of a GitHub command.  @param lines of any text */
export function githubData(...lines: readonly string[]): string {
  return lines.map((line) => printable(line).replaceAll('%', '%25')).join('%0A');
}

/** A property of a GitHub command. */
export function githubProperty(text: string): string {
  return githubData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Lines that no CI takes for a command. */
export function noCommand(lines: string): string {
  return lines.replaceAll(/^([^\S\n]*):(?=:)/gm, '$1: ').replaceAll('##[', '# #[');
}
