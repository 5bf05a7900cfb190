/*
 * Goal: each program of the gallery has the bug that it is there for, and its twin has none.
 *
 * Method: run as a user runs them, each with a seed, so nothing here waits for luck.  What is planted shows under pos
 * or pct within some hundred schedules, with the message that the program's header tells of; the twin, made as small
 * as it goes, is tried in every schedule of up to two preemptions, and there the same search of what is planted is not
 * in vain.  So a twin that passes passes where the bug would show.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, test } from 'vitest';
import type { Summary, TrialRecord } from '../../src/run/campaign.ts';

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const GALLERY = fileURLToPath(new URL('../../workloads/gallery', import.meta.url));
const results = mkdtempSync(join(tmpdir(), 'gridlock-gallery-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));
const SEED = 7;

interface Row {
  readonly program: string;
  readonly strategy: string;
  readonly verdict: string;
  readonly says: RegExp;
  /** params that make it small enough to try every schedule */
  readonly small?: string;
  readonly preemptions: number;
}

const PROGRAMS: readonly Row[] = [
  {
    program: 'account',
    strategy: 'pos',
    verdict: 'panic',
    says: /^account: the balance is -1$/,
    preemptions: 1,
  },
  {
    program: 'bluetooth-driver',
    strategy: 'pos',
    verdict: 'panic',
    says: /^bluetooth-driver: used after its stop$/,
    preemptions: 2,
  },
  {
    program: 'deadlock01',
    strategy: 'pos',
    verdict: 'deadlock',
    says: /^up wants lock_b; down wants lock_a, which up holds$/,
    preemptions: 2,
  },
  {
    program: 'late-clearer',
    strategy: 'pct',
    verdict: 'panic',
    says: /^late-clearer: counted 999 entries, and copied 1000$/,
    small: '-P entries=3',
    preemptions: 2,
  },
  {
    program: 'queue',
    strategy: 'pos',
    verdict: 'panic',
    says: /^queue: took \d+ where \d+ was stored$/,
    small: '-P size=3',
    preemptions: 2,
  },
  {
    program: 'reorder',
    strategy: 'pos',
    verdict: 'panic',
    says: /^reorder: the pair is half set$/,
    small: '-P setters=2',
    preemptions: 1,
  },
  {
    program: 'stringbuffer',
    strategy: 'pos',
    verdict: 'panic',
    says: /^stringbuffer: get_chars beyond the end$/,
    preemptions: 2,
  },
  {
    program: 'twostage',
    strategy: 'pos',
    verdict: 'panic',
    says: /^twostage: the datum is 1, and what is derived from it 0$/,
    preemptions: 2,
  },
  {
    program: 'work-steal-queue',
    strategy: 'pos',
    verdict: 'panic',
    says: /^check: item \d was taken [02] times$/,
    preemptions: 1,
  },
  {
    program: 'wronglock',
    strategy: 'pos',
    verdict: 'panic',
    says: /^wronglock: \d and one more is \d$/,
    small: '-P writers=2',
    preemptions: 1,
  },
];

interface Came {
  readonly summary: Summary;
  readonly last: TrialRecord;
}

async function run(program: string, variant: string, options: string): Promise<Came> {
  const cli = spawn(process.execPath, [
    CLI,
    'run',
    `gallery/${program}`,
    '--variant',
    variant,
    '--seed',
    String(SEED),
    '--json',
    '--no-dumps',
    '--results',
    results,
    ...options.split(' ').filter((word) => word !== ''),
  ]);
  let stdout = '';
  let stderr = '';
  cli.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  cli.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  await new Promise((resolve) => cli.on('close', resolve));
  const records = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });
  const summary = records.find(({ type }) => type === 'summary');
  const last = records.findLast(({ type }) => type === 'trial');
  if (summary === undefined || last === undefined) throw new Error(`no summary: ${stderr}`);
  return { summary: summary as unknown as Summary, last: last as unknown as TrialRecord };
}

test('every program is in the table', () => {
  const programs = readdirSync(GALLERY)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'));
  expect(PROGRAMS.map(({ program }) => program)).toEqual(programs.toSorted());
});

describe.concurrent.for(PROGRAMS)('$program', (row) => {
  const { program, strategy, verdict, says, small = '', preemptions } = row;
  const dfs = `-s dfs --preemptions ${preemptions} ${small}`;

  test(`what is planted shows, seed ${SEED}`, async () => {
    const { last } = await run(program, 'planted', `-s ${strategy} -n 300 -x`);
    expect(last).toMatchObject({ verdict, grade: 'expected' });
    expect(last.message).toMatch(says);
  });

  test(`and within ${preemptions} preemptions, where the twin shows nothing`, async () => {
    const planted = await run(program, 'planted', `${dfs} -x`);
    expect(planted.last).toMatchObject({ verdict });
    const { summary } = await run(program, 'fixed', dfs);
    expect(summary).toMatchObject({ exhausted: true, verdicts: { pass: summary.trials } });
  });
});
