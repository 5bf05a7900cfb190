/*
 * Text and markup, told apart by their types: the one place where a page is escaped.
 *
 * Names come from workloads, messages from what they throw, and dumps from strangers.  If each place that writes HTML had to
 * remember to escape, one would forget.  So html`…` escapes whatever is put into it, unless it was made by html`…`
 * itself; and markup() below, for what is known to be markup, is called where a drawing comes from Graphviz alone.
 *
 *     put in        comes out as
 *     ----------    -------------------------------------------------------------------
 *     Markup        itself
 *     an array      its elements, one behind the other
 *     undefined     nothing
 *     a string      printable() text (base/text.ts) with & < > " ' as references
 *     a number      the same
 *
 * Escaped like that a text may stand between tags and in a quoted attribute, and nowhere else: not in a tag's name, not in
 * a script, not in a style.  Nothing that is read is ever put there.
 */

import { printable } from '../../base/text.ts';

/** Text that is markup already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Piece = Markup | string | number | undefined | readonly Piece[];

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup, with all that is put in escaped. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(strings.reduce((text, next, i) => text + written(pieces[i - 1]) + next));
}

/** What is known to be markup: of ours, or checked. */
export function markup(text: string): Markup {
  return new Markup(text);
}

/** As printable(), and the code points that no document may have, such as U+FFFE, spelled out too. */
export function spelled(text: string): string {
  return printable(text).replace(
    /\p{Noncharacter_Code_Point}/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
}

/** A text for HTML, in content and in quoted attributes. */
export function escaped(text: string): string {
  return references(spelled(text));
}

/** Text of several lines, as escaped(), but for its line ends: for <pre>. */
export function lines(text: string): Markup {
  return new Markup(
    text
      .split(/\r?\n/)
      .map((line) => escaped(line.replaceAll('\t', '  ')))
      .join('\n'),
  );
}

function written(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(written).join('');
  return escaped(String(piece));
}

function references(text: string): string {
  return text.replace(/[&<>"']/g, (char) => REFERENCES[char]!);
}
