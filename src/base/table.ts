/*
 * Plain tables, for eyes and for awk.
 *
 *      SCHEDULES   FREQ  GRADE      VERDICT    MEANING
 *          9,871  98.7%  expected   completed  pager and reaper took turns
 *            129   1.3%  FORBIDDEN  deadlock   each holds what the other wants
 *
 * Heads are capitals, numbers are right-aligned, two spaces stand between columns and none at the end
 * of a line, and '-' stands for nothing.  A space in a cell breaks `awk '{print $4}'`; keeping it out
 * of all but the last column is the caller's job, as is making foreign text printable (text.ts).
 *
 * A column is right-aligned when each of its cells is a number, with a unit or a sign or without, or
 * nothing.  Nobody has to say so, and the head follows its column.  A cell given as a number gets its
 * thousands separated; give the ids of processes and threads as text.
 *
 * Colours may be in cells: width() counts what a terminal shows, so escape sequences count nothing and
 * wide characters two.  With `widthMax` a line is cut, which is to say its last column unless the
 * terminal is narrower than the others, and ends in an ellipsis; the colour codes of the part that was
 * cut are kept, so no colour leaks into the next line.
 */

import { stripVTControlCharacters } from 'node:util';

export type Cell = string | number | null | undefined;

export interface TableOptions {
  /** Columns of the terminal, to which lines are cut.  Absent: never cut. */
  readonly widthMax?: number | undefined;
  /** Spaces before each line. */
  readonly indent?: number | undefined;
}

const GAP = '  ';
const ELLIPSIS = '…';

// 42  -1,234.5  98.7%  1.2s  4h30m  3.1M/s  ±5%  0x1a40.  Each character has one way to match, so a
// hostile name cannot make this slow.
const UNIT = '[a-zµ%]{1,3}';
const NUMBER = new RegExp(
  `^[-+~<>≤≥±]?(0x[0-9a-f]+|\\d[\\d,.]*(${UNIT}\\d[\\d.]*)*(${UNIT})?(/[a-z]{1,5})?)$`,
  'i',
);

// What a terminal shows as nothing, and what it shows in two columns.
const NO_COLUMN = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;
const TWO_COLUMNS =
  /[\p{Emoji_Presentation}\p{scx=Han}\p{scx=Hangul}\p{scx=Hiragana}\p{scx=Katakana}！-｠￠-￦]/u;

/** The lines of a table, joined; empty columns keep their head. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string {
  const cells = rows.map((row) => heads.map((_, i) => textOf(row[i])));
  const columns = heads.map((head, i) => {
    const column = cells.map((row) => row[i] ?? '');
    const isLast = i === heads.length - 1;
    return { right: isNumeric(column), size: widest([head, ...column]), isLast };
  });
  const indent = ' '.repeat(options.indent ?? 0);
  return [heads.map((head) => head.toUpperCase()), ...cells]
    .map((row) => {
      const line = columns.map(({ right, size, isLast }, i) => {
        const cell = row[i] ?? '';
        if (right) return pad(cell, size) + cell;
        return isLast ? cell : cell + pad(cell, size);
      });
      return fit(indent + line.join(GAP), options.widthMax).trimEnd();
    })
    .join('\n');
}

/** How many columns of a terminal the text takes. */
export function width(text: string): number {
  let columns = 0;
  for (const char of stripVTControlCharacters(text)) columns += columnsOf(char);
  return columns;
}

/** The text cut to so many columns, the last of them an ellipsis.  Escape sequences stay. */
export function fit(text: string, widthMax = Infinity): string {
  if (width(text) <= widthMax) return text;
  let room = Math.max(0, widthMax - 1);
  let isCut = widthMax < 1;
  // Escape sequences take no room, so they are copied whether the cut is behind or ahead.
  return splitEscapes(text)
    .map((piece) => {
      if (piece !== '' && stripVTControlCharacters(piece) === '') return piece;
      let kept = '';
      for (const char of piece) {
        if (isCut) break;
        room -= columnsOf(char);
        isCut = room < 0;
        kept += isCut ? ELLIPSIS : char;
      }
      return kept;
    })
    .join('');
}

function splitEscapes(text: string): string[] {
  return text.split(/(\u001b\[[0-9;]*m)/);
}

function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return '-';
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell;
}

function isNumeric(column: readonly string[]): boolean {
  const filled = column.map((cell) => stripVTControlCharacters(cell)).filter((c) => !isBlank(c));
  return filled.length > 0 && filled.every((cell) => NUMBER.test(cell));
}

function isBlank(cell: string): boolean {
  return cell === '' || cell === '-' || cell === '~';
}

function widest(cells: readonly string[]): number {
  return cells.reduce((most, cell) => Math.max(most, width(cell)), 0);
}

function pad(cell: string, size: number): string {
  return ' '.repeat(Math.max(0, size - width(cell)));
}

function columnsOf(char: string): number {
  if (NO_COLUMN.test(char)) return 0;
  return TWO_COLUMNS.test(char) ? 2 : 1;
}
