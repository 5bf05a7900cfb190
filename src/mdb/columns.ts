/*
 * How numbers and columns look: the few formats of mdb_printf that all commands share.
 *
 *     %?p     an address, right-aligned in 16       pointer(a)
 *     %0?p    the same, filled with zeros           pointer0(a)
 *     %-?s    text, left-aligned in 16              left(text, WIDE)
 *     %?s     text, right-aligned in 16             right(text, WIDE)
 */

import { printable } from '../base/text.ts';

/** Columns of an address: `?` of mdb's formats, on a machine of 64 bits. */
export const WIDE = 16;

export function hex(value: bigint | number): string {
  return value.toString(16);
}

export function pointer(value: bigint | number): string {
  return hex(value).padStart(WIDE);
}

export function pointer0(value: bigint | number): string {
  return hex(value).padStart(WIDE, '0');
}

export function left(text: string, columns: number): string {
  return printable(text).padEnd(columns);
}

export function right(text: string | number | bigint, columns: number): string {
  return printable(String(text)).padStart(columns);
}

/** A line of columns, without blanks at its end. */
export function columns(...cells: readonly string[]): string {
  return cells.join(' ').trimEnd();
}

/** Words in lines of so many columns, each after the same indentation. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && indent.length + line.length + 1 + word.length > width) {
        lines.push(indent + line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push((indent + line).trimEnd());
  }
  return lines;
}
