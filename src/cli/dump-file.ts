/*
 * Which dump is meant: a file, or `latest`, the newest that a run left.
 */

import { existsSync } from 'node:fs';
import { fail } from '../base/fail.ts';
import type { DumpFile } from '../dump/read.ts';

export const DUMP_DESCRIBED = 'a .dump file, or latest: the newest of --results';

/** @throws Fail DUMP_NOT_FOUND, DUMP_UNREADABLE */
export async function openDump(given: string, results: string): Promise<DumpFile> {
  const { DumpFile: Files } = await import('../dump/read.ts');
  if (existsSync(given)) return Files.open(given);
  const { latestDump } = await import('../run/results.ts');
  const newest = latestDump(results);
  if (given === 'latest' && newest !== undefined) return Files.open(newest);
  throw fail('DUMP_NOT_FOUND', { file: given, newest });
}
