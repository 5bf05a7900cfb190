/*
 * Goal: a soak that is killed goes on where it was: no index twice, the same rotation, the totals of all that was journalled;
 * a signal ends it in time, with its exit code; what cannot fit is refused.
 * Method: one soak of two tiny programs, killed with SIGKILL as soon as a third turn begins, resumed, ended by SIGTERM at its
 * third.  Then its directory is read as a report would.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readRun } from '../../src/report/model.ts';
import type { SeriesRecord, Summary, TrialRecord } from '../../src/run/campaign-records.ts';
import { readJournal } from '../../src/run/results.ts';
import { turnAt } from '../../src/run/rotation.ts';
import type { TurnRecord } from '../../src/run/soak-state.ts';
import { gridlock, MAIN } from './gridlock.ts';

const ONCE = 'test/planted/once.js';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SEED = 0x51f0;
/** Two variants, by one strategy and free: so many cells. */
const CELLS = 4;

const results = mkdtempSync(join(tmpdir(), 'gridlock-soak-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

/** Runs a soak until so many turns have begun.  @returns how it ended, once it was sent the signal */
async function soakFor(
  turns: number,
  signal: NodeJS.Signals,
  args: readonly string[],
): Promise<number | null> {
  const options = ['--results', results, '--json', '--quiet'];
  const cli: ChildProcess = spawn(process.execPath, [MAIN, 'soak', ...args, ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<number | null>((resolve) => cli.once('exit', resolve));
  let seen = 0;
  for await (const line of createInterface({ input: cli.stdout! })) {
    if ((JSON.parse(line) as { type: string }).type === 'turn' && ++seen === turns)
      cli.kill(signal);
  }
  return ended;
}

test('killed, resumed, ended: one soak', { timeout: 60_000 }, async () => {
  const asked = `${ONCE} --variant whole --variant split -s auto -s free --load 0 --turn 300ms --trial-duration 50ms -d 1h`;
  expect(await soakFor(3, 'SIGKILL', [...asked.split(' '), '--seed', String(SEED)])).toBeNull();
  expect(await soakFor(CELLS, 'SIGTERM', ['--resume'])).toBe(143);

  const directory = join(results, readdirSync(results)[0]!);
  const { records } = readJournal(join(directory, 'journal.ndjson'));
  const of = <T>(type: string): T[] => records.filter((each) => each['type'] === type) as T[];

  // The rotation: the third turn was cut, and is had again.
  const turns = of<TurnRecord>('turn');
  expect(turns.map(({ position }) => position)).toEqual([0, 1, 2, 2, 3, 4, 5]);
  const cells = turns.map(({ cell }) => cell);
  expect(cells[3]).toBe(cells[2]);
  expect(new Set([...cells.slice(0, 3), cells[4]]).size).toBe(CELLS);
  const ordered = turns.map(({ position }) => turnAt(SEED, CELLS, position));
  for (const [i, cell] of cells.entries())
    for (const [j, other] of cells.entries())
      expect(cell === other, `turns ${i} and ${j}`).toBe(ordered[i] === ordered[j]);

  // No index twice, by workload, variant and strategy.
  const ran = new Map<string, Set<number>>();
  let all = 0;
  const run = (key: TrialRecord | SeriesRecord, first: number, n: number): void => {
    const name = `${key.variant} ${key.strategy}`;
    const mine = ran.get(name) ?? new Set<number>();
    ran.set(name, mine);
    for (let index = first; index < first + n; index++) {
      expect(mine.has(index), `${name} ${index}`).toBe(false);
      mine.add(index);
      all++;
    }
  };
  for (const trial of of<TrialRecord>('trial')) run(trial, trial.index, 1);
  for (const series of of<SeriesRecord>('series'))
    run(series, series.first, series.passed + series.given_up);

  // The totals are those of all of it, whoever says them.
  const { campaigns, isDone, exit } = readRun(directory);
  expect({ isDone, exit }).toEqual({ isDone: true, exit: 143 });
  const last = new Map(
    of<Summary>('summary').map((each) => [`${each.variant} ${each.strategy}`, each]),
  );
  expect([...last.values()].reduce((sum, each) => sum + each.trials, 0)).toBe(all);
  for (const { variant, strategy, trials, summary } of campaigns) {
    expect(trials).toBe(ran.get(`${variant} ${strategy}`)!.size);
    expect(summary?.grade).not.toBe('forbidden');
  }
});

test.for([
  [
    'a duration that leaves no room for its last trial',
    '-d 5m --timeout 5m',
    /--duration 5m, and 1m2s for its last trial and its dump, does not fit in --timeout 5m/,
  ],
  ['dfs', '-s dfs', /dfs goes through schedules in order, and is no part of a soak/],
  ['a soak to resume that is not there', '--resume none', /there is no run none/],
  ['a budget that is none', '--dumps-max lots', /lots is not a number of dumps/],
] as const)('refused: %s', ([, args, says]) => {
  const ran = gridlock('soak', ONCE, ...args.split(' '), '--results', join(results, 'refused'));
  expect(ran.stderr).toMatch(says);
  expect(ran.exit).toBe(2);
});
