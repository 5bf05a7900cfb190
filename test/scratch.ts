/*
 * Where tests write: one directory of a run of the tests, which is gone afterwards, whatever a test forgot, and whichever
 * of its processes was killed before it could clean up.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What os.tmpdir() looks at: the first on POSIX, the others on Windows. */
const NAMES = ['TMPDIR', 'TEMP', 'TMP'];

/** Runs before the tests, in the process that starts theirs.  @returns what runs after them */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'gridlock-tests-'));
  for (const name of NAMES) process.env[name] = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
