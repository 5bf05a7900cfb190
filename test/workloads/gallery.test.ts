/*
 * Goal: each program of the gallery has the bug that it is there for, and its twin has none.
 *
 * Method: run as a user runs them, made as small as they go, in every schedule of up to two preemptions.  What is planted
 * shows there, with the message that the program's header tells of, and the twin does not: it passes where the bug would
 * show.  How soon other strategies find it is for bench gallery.
 */

import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { gridlock, records } from '../cli/gridlock.ts';
import { run } from './run.ts';

const GALLERY = fileURLToPath(new URL('../../workloads/gallery', import.meta.url));
const SEED = 7;

interface Row {
  readonly program: string;
  readonly verdict: string;
  readonly says: RegExp;
  /** params that make it small enough to try every schedule */
  readonly small?: string;
  readonly preemptions: number;
}

const PROGRAMS: readonly Row[] = [
  {
    program: 'account',
    verdict: 'panic',
    says: /^account: the balance is -1$/,
    preemptions: 1,
  },
  {
    program: 'bluetooth-driver',
    verdict: 'panic',
    says: /^bluetooth-driver: used after its stop$/,
    preemptions: 2,
  },
  {
    program: 'deadlock01',
    verdict: 'deadlock',
    says: /^up wants lock_b; down wants lock_a, which up holds$/,
    preemptions: 2,
  },
  {
    program: 'late-clearer',
    verdict: 'panic',
    says: /^late-clearer: counted \d+ entries, and copied \d+$/,
    small: '-P entries=3',
    preemptions: 2,
  },
  {
    program: 'queue',
    verdict: 'panic',
    says: /^queue: took \d+ where \d+ was stored$/,
    small: '-P size=3',
    preemptions: 2,
  },
  {
    program: 'reorder',
    verdict: 'panic',
    says: /^reorder: the pair is half set$/,
    small: '-P setters=2',
    preemptions: 1,
  },
  {
    program: 'stringbuffer',
    verdict: 'panic',
    says: /^stringbuffer: get_chars beyond the end$/,
    preemptions: 2,
  },
  {
    program: 'twostage',
    verdict: 'panic',
    says: /^twostage: the datum is 1, and what is derived from it 0$/,
    preemptions: 2,
  },
  {
    program: 'work-steal-queue',
    verdict: 'panic',
    says: /^check: item \d was taken [02] times$/,
    preemptions: 1,
  },
  {
    program: 'wronglock',
    verdict: 'panic',
    says: /^wronglock: \d and one more is \d$/,
    small: '-P writers=2',
    preemptions: 1,
  },
];

test('every program is in the table, and is listed', () => {
  const programs = readdirSync(GALLERY)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'));
  expect(PROGRAMS.map(({ program }) => program)).toEqual(programs.toSorted());
  const listed = records(gridlock('list', '--json')).map(({ given }) => given);
  for (const program of programs) expect(listed).toContain(`gallery/${program}`);
  const { stdout } = gridlock('list');
  for (const { program, verdict } of PROGRAMS) {
    expect(stdout).toMatch(new RegExp(`^ *gallery/${program} +${verdict} `, 'm'));
  }
});

test('a program that is named without the gallery, or not quite, is told where it is', () => {
  for (const name of ['reorder', 'gallery/reordr']) {
    expect(gridlock('run', name).stderr).toContain('did you mean gallery/reorder?');
  }
});

describe.concurrent.for(PROGRAMS)('$program', (row) => {
  const { program, verdict, says, small = '', preemptions } = row;
  const dfs = `-s dfs --preemptions ${preemptions} ${small}`;

  test(`within ${preemptions} preemptions the bug shows`, async () => {
    const { last } = await run(`gallery/${program}`, 'planted', SEED, `${dfs} -x`);
    expect(last).toMatchObject({ verdict, grade: 'expected' });
    expect(last?.message).toMatch(says);
  });

  test('and the twin shows nothing', async () => {
    const { summary } = await run(`gallery/${program}`, 'fixed', SEED, dfs);
    expect(summary).toMatchObject({ exhausted: true, verdicts: { pass: summary.trials } });
  });
});
