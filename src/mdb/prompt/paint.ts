/*
 * Colour, for people at a terminal: what they look for stands out, what they look past steps back.
 *
 *     error                         red
 *     an address before a line      dim
 *     the marked line of ::dis      bold
 *     heads of tables               bold
 *
 * It is put on finished lines, so that no dcmd knows of it and no width is counted wrong.
 */

import type { Colors } from '../../base/color.ts';

const ADDRESS = /^(\s*(?:\[ )?)([0-9a-f]{16})(?= |$)/;
const MARKED = /^\S+:\s*> /;
/** Words in capitals, two at least. */
const HEAD = /^\s*[A-Z][A-Z/%-]*(?:\s+[A-Z][A-Z/%-]*)+$/;

export function paint(text: string, colors: Colors): string {
  if (!colors.isColorSupported) return text;
  return text
    .split('\n')
    .map((line) => {
      if (MARKED.test(line) || HEAD.test(line)) return colors.bold(line);
      return line.replace(ADDRESS, (_, before: string, hex: string) => before + colors.dim(hex));
    })
    .join('\n');
}

export function paintError(text: string, colors: Colors): string {
  return text.replace(/[^\n]+/g, (line) => colors.red(line));
}
