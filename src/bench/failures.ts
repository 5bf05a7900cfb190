/*
 * What failed, in words: a line for each figure that has no value, and the command that opens its dump.
 */

import { join } from 'node:path';
import { printable } from '../base/text.ts';
import type { Figure } from './figure.ts';

/** @param directory that of the results, which dumps are named from; undefined: nothing was kept, so no dump was taken */
export function failuresOf(figures: readonly Figure[], directory: string | undefined): string[] {
  return figures.flatMap(({ question, params, failure }) => {
    if (failure === undefined) return [];
    const { what, message, dump } = failure;
    const said = `${question} ${Object.values(params).join(' ')}: ${what}: ${message}`;
    if (directory === undefined) return [printable(said), '  no dump: no results are kept'];
    return [printable(said), ...(dump === null ? [] : [`  gridlock mdb ${join(directory, dump)}`])];
  });
}
