/*
 * Goal: `run --json`, the journal, `show` and `analyze --json` keep the machine contract, end to end.
 * Method: one real campaign of a planted cycle, whose records and dump are then read as a script would.
 * Control: the twin of the cycle, run in the same way, has no failure to show anywhere.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gridlock, inScratch, records } from './gridlock.ts';

const CYCLE = 'test/planted/cycle.js';

test('a campaign of failures, from records to the page of its dump', () => {
  inScratch((results) => {
    const ran = gridlock(
      'run',
      CYCLE,
      '--variant',
      'planted',
      '-P',
      'n=3',
      '-n',
      '5',
      '--seed',
      '7',
      '--results',
      results,
      '--json',
    );
    expect(ran.exit, ran.stderr).toBe(0);
    const all = records(ran);
    expect(all.map(({ type }) => type)).toEqual([
      'header',
      ...Array<string>(5).fill('trial'),
      'summary',
      'end',
    ]);
    expect(all[0]).toMatchObject({ schema: 1, seed: 7 });
    const trials = all.filter(({ type }) => type === 'trial');
    // Seeds are of the trial, and so are the indices; the first failure of its kind has the dump.
    expect(new Set(trials.map(({ seed }) => seed)).size).toBe(5);
    expect(trials.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(trials.map(({ dump }) => dump !== null)).toEqual([true, false, false, false, false]);
    for (const trial of trials)
      expect(trial).toMatchObject({ verdict: 'deadlock', grade: 'expected', exact: true });
    expect(all.at(-2)).toMatchObject({
      type: 'summary',
      trials: 5,
      verdicts: { deadlock: 5 },
      machines: 1,
    });
    expect(all.at(-2)?.['time_to_failure_s']).toMatchObject({ n: 5 });
    expect(all.at(-1)).toEqual({ type: 'end', exit: 0 });

    const run = join(results, readdirSync(results)[0]!);
    const journal = readFileSync(join(run, 'journal.ndjson'), 'utf8');
    expect(journal).not.toContain(results);
    expect(gridlock('show', 'latest', '--results', results).stdout).toMatch(
      /cycle +planted +deadlock +deadlock/,
    );

    const dump = join(run, String(trials[0]!['dump']));
    const page = JSON.parse(gridlock('analyze', dump, '--json').stdout) as {
      cycle: {
        name: string;
        holds: { name: string; held_ms: number }[];
        wants: { name: string } | null;
        stack: { function: string }[];
      }[];
      victims: unknown[];
    };
    expect(page.cycle).toHaveLength(3);
    expect(page.victims).toEqual([]);
    for (const thread of page.cycle) {
      const n = Number(thread.name.split('/')[1]);
      expect(thread.holds.map(({ name }) => name)).toEqual([`fork[${n}]`]);
      expect(thread.wants?.name).toBe(`fork[${(n + 1) % 3}]`);
      const frames = thread.stack.map((frame) => frame.function);
      expect(frames).toEqual(
        expect.arrayContaining([
          'swtch',
          'turnstile_block',
          'mutex_vector_enter',
          'mutex_enter',
          'run',
        ]),
      );
    }
    expect(gridlock('analyze', dump).stdout).toMatch(/deadlock: .*philosopher\/\d wants fork/);
  });
});

test('control: the twin passes, and nothing anywhere says otherwise', () => {
  inScratch((results) => {
    const ran = gridlock(
      'run',
      CYCLE,
      '--variant',
      'twin',
      '-n',
      '3',
      '-d',
      '100ms',
      '--results',
      results,
      '--json',
    );
    expect(ran.exit, ran.stderr).toBe(0);
    const trials = records(ran).filter(({ type }) => type === 'trial');
    expect(trials).toHaveLength(3);
    for (const trial of trials)
      expect(trial).toMatchObject({ verdict: 'pass', dump: null, replay: null });
    expect(readdirSync(join(results, readdirSync(results)[0]!, 'dumps'))).toEqual([]);
  });
});
