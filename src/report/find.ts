/*
 * Which run is meant: a results directory, its name, or `latest`.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../base/fail.ts';
import { latestRun } from '../run/results.ts';

/** @throws Fail RUN_NOT_FOUND */
export function findRun(run: string, root: string): string {
  const directory =
    run === 'latest'
      ? latestRun(root)
      : [run, join(root, run)].find((each) => existsSync(join(each, 'manifest.json')));
  if (directory === undefined) throw fail('RUN_NOT_FOUND', { run, directory: root });
  return directory;
}
