/*
 * Goal: a soak that is killed goes on where it was: no index twice, the same rotation, the totals of all that was journalled;
 * a signal ends it in time, with its exit code; what cannot fit is refused.
 * Method: one soak of two tiny programs, killed with SIGKILL as soon as a third turn begins, resumed, ended by SIGTERM at its
 * third.  Then its directory is read as a report would.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  root = results,
): Promise<number | null> {
  const options = ['--results', root, '--json', '--quiet'];
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

  // What it came to is said last, once for each campaign, whether it had another turn or not.
  const types = records.map(({ type }) => type);
  const names = of<Summary>('summary').map(({ variant, strategy }) => `${variant} ${strategy}`);
  expect(types.slice(-new Set(names).size - 1)).toEqual([
    ...[...new Set(names)].map(() => 'summary'),
    'end',
  ]);
  expect(new Set(names.slice(-new Set(names).size))).toEqual(new Set(names));

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

test('what was begun otherwise is not resumed', { timeout: 60_000 }, async () => {
  const part = mkdtempSync(join(results, 'part-'));
  const file = join(ROOT, ONCE);
  const asked = [file, ...'--variant whole -s auto --turn 300ms -d 1h --seed 7'.split(' ')];
  expect(await soakFor(2, 'SIGTERM', [...asked, '--shard', '2/3'], part)).toBe(143);
  const directory = join(part, readdirSync(part)[0]!);
  const manifest = readFileSync(join(directory, 'manifest.json'), 'utf8');
  const journal = readFileSync(join(directory, 'journal.ndjson'), 'utf8');
  for (const text of [manifest, journal]) expect(text).not.toContain(ROOT);

  const refused = (args: string): string => {
    const ran = gridlock('soak', ...args.split(' '), '--resume', directory);
    expect(ran.exit, ran.stderr).toBe(2);
    return ran.stderr;
  };
  expect(refused('--shard 3/3')).toMatch(
    /begun with shard 2\/3, and is asked to go on with 3\/3 \(--shard\)\n.*--shard 2\/3\n/,
  );
  expect(refused('--seed 8')).toMatch(/begun with seed 7, .* go on with 8\n.*leave --seed out/);
  expect(refused('dtrace-deadlock')).toMatch(
    /workload \.\/test.*once\.js, .* with dtrace-deadlock/,
  );
  expect(refused('-s free')).toMatch(/begun with strategy auto, and is asked to go on with free/);
  const changed = manifest.replace('once whole, auto', 'once gone, auto');
  expect(changed).not.toBe(manifest);
  writeFileSync(join(directory, 'manifest.json'), changed);
  expect(refused('--no-progress')).toMatch(/gone: once gone, auto; new: once whole, auto/);
  writeFileSync(join(directory, 'manifest.json'), manifest);

  // Who says the same, or nothing, goes on, with the shard that it had.
  const same = [file, '--seed', '7', '--resume', directory];
  expect(await soakFor(2, 'SIGTERM', same, part)).toBe(143);
  const { records } = readJournal(join(directory, 'journal.ndjson'));
  const series = records.filter(({ type }) => type === 'series') as unknown as SeriesRecord[];
  expect(series.length).toBeGreaterThan(0);
  for (const { first } of series) expect(Math.floor(first / 4096) % 3).toBe(1);
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
