/*
 * Runs a variant of a workload as a user does, without dumps, and reads what it says with --json.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Summary, TrialRecord } from '../../src/run/campaign-records.ts';

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Came {
  readonly summary: Summary;
  /** the last trial that there is something to say of, which with -x is the one that failed */
  readonly last: TrialRecord | undefined;
}

export async function run(
  workload: string,
  variant: string,
  seed: number,
  options: string,
): Promise<Came> {
  const results = mkdtempSync(join(tmpdir(), 'gridlock-workload-'));
  const args = ['--seed', String(seed), '--json', '--no-dumps', '--results', results];
  const more = options.split(' ').filter((word) => word !== '');
  const cli = spawn(process.execPath, [
    CLI,
    'run',
    workload,
    '--variant',
    variant,
    ...args,
    ...more,
  ]);
  let stdout = '';
  let stderr = '';
  cli.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  cli.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  await new Promise((resolve) => cli.on('close', resolve));
  rmSync(results, { recursive: true, force: true });
  const records = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });
  const summary = records.find(({ type }) => type === 'summary');
  const last = records.findLast(({ type }) => type === 'trial');
  if (summary === undefined) throw new Error(`no summary: ${stderr}`);
  return {
    summary: summary as unknown as Summary,
    last: last as unknown as TrialRecord | undefined,
  };
}
