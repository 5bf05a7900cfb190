/*
 * What people are told of a disk that fails, while a run goes on, or ends by it.
 *
 * It goes to stderr at once, whatever is printed where, and however little was asked for: a terminal may be all that is left
 * of a run whose disk is full.
 */

import { explain, type Fail } from '../base/fail.ts';

/** @param what goes on, where it does: 'the run' */
export function tellTrouble(trouble: Fail, what: string): void {
  const next =
    trouble.code === 'JOURNAL_FULL' ? '' : `  ${what} goes on, and tries again with each trial\n`;
  process.stderr.write(`${explain(trouble)}\n${next}`);
}
