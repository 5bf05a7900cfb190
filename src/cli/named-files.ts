/*
 * Options that name a file to be written at the end: refused at the beginning where they name none.
 *
 * A script whose variable is empty says --export-csv ''.  What is measured takes minutes, and it should not take them to say so.
 * Whether the file can be written is not asked before: it could be another answer by then.
 */

import type { Argv } from 'yargs';
import { fail } from '../base/fail.ts';

/** @param names of options whose value is a path */
export function refusingNoFile<T>(yargs: Argv<T>, names: readonly string[]): Argv<T> {
  return yargs.check((args: Readonly<Record<string, unknown>>) => {
    const empty = names.find((name) => args[name] === '');
    if (empty !== undefined) throw fail('USAGE', { what: `--${empty} names no file` });
    return true;
  });
}
