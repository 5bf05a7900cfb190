/*
 * Goal: a disk that stays full for hours ends a run before memory does, and nothing that was measured is lost by that.
 * Method: a results directory on a disk that answers every write by ENOSPC is told of trials as long as it lets them begin; then
 * a whole soak, whose journal is /dev/full.  Twins: a directory without a bound, and one that lets go of what waits.
 */

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { HOST_DISK, type Disk } from '../../src/base/disk.ts';
import { EXIT } from '../../src/base/exit.ts';
import type { Fail } from '../../src/base/fail.ts';
import { readJournal, ResultsDir } from '../../src/run/results.ts';
import type { Soak, SoakListener } from '../../src/run/soak.ts';
import type { SoakResult } from '../../src/run/soak-end.ts';
import { latestSoak } from '../../src/run/soak-state.ts';

const root = mkdtempSync(join(tmpdir(), 'gridlock-full-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What may wait, in letters, and a record's share of it. */
const WAITING_MAX = 20_000;
const RECORD = 500;
/** Far more than may wait. */
const TRIALS = 1_000;

/** The same of a soak, whose machine takes longer to start than many trials do. */
const OF_SOAK = 3_000;

/** A disk that takes nothing, as long as it is full. */
function fullDisk(): { disk: Disk; room: (isThere: boolean) => void } {
  let isFull = true;
  const write = (fd: number, bytes: Uint8Array): number => {
    if (!isFull) return HOST_DISK.write(fd, bytes);
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  return { disk: { ...HOST_DISK, write }, room: (isThere) => (isFull = !isThere) };
}

function recordOf(index: number): object {
  return { type: 'trial', index, message: 'x'.repeat(RECORD) };
}

function lettersOf({ unwritten }: ResultsDir): number {
  return unwritten.join('').length;
}

function directoryOn(disk: Disk): { results: ResultsDir; told: Fail[] } {
  const made = ResultsDir.create(root, { soak: { duration: '4h' }, seed: 7 });
  const results = ResultsDir.open(made.directory, made.id, disk);
  const told: Fail[] = [];
  results.waitingMax = WAITING_MAX;
  results.onTrouble = (trouble) => told.push(trouble);
  return { results, told };
}

/** Goes on as a campaign does.  @returns what is wrong; nothing, if all is well */
function wrongOf(appending: (results: ResultsDir, record: object) => void): string[] {
  const { results, told } = directoryOn(fullDisk().disk);
  let trials = 0;
  for (; trials < TRIALS && !results.isFull; trials++) appending(results, recordOf(trials));
  const exit = results.end({ type: 'run' }, EXIT.ok);
  const lines = results.unwritten.map((line) => JSON.parse(line) as { index?: number });
  const kept = lines.filter(({ index }) => index !== undefined).length;
  const waiting = lettersOf(results);
  const wrong: string[] = [];
  if (waiting > WAITING_MAX + 2 * RECORD) wrong.push(`${waiting} letters wait`);
  if (kept < trials) wrong.push(`${trials - kept} of ${trials} trials are lost`);
  if (trials === TRIALS) wrong.push('it never ends');
  if (exit !== EXIT.environment) wrong.push(`exit code ${exit}`);
  if (existsSync(join(results.directory, 'done.json'))) wrong.push('it says that it is whole');
  const codes = told.map(({ code }) => code).join(', ');
  if (codes !== 'RESULTS_UNWRITABLE, JOURNAL_FULL') wrong.push(`told: ${codes}`);
  return wrong;
}

describe('a directory on a disk that is full', () => {
  test('lets no trial begin when enough waits, and keeps all of it', () => {
    expect(wrongOf((results, record) => results.append(record))).toEqual([]);
  });

  test('twin: without a bound', () => {
    const wrong = wrongOf((results, record) => {
      results.waitingMax = Infinity;
      results.append(record);
    });
    expect(wrong.join('; ')).toMatch(/letters wait; it never ends; told: RESULTS_UNWRITABLE$/);
  });

  test('twin: one that lets go of what waits', () => {
    const wrong = wrongOf((results, record) => {
      results.append(record);
      (results.unwritten as string[]).length = 0;
    });
    expect(wrong.join('; ')).toMatch(/trials are lost/);
  });

  test('says how much waits, and how to go on', () => {
    const { results, told } = directoryOn(fullDisk().disk);
    for (let i = 0; !results.isFull; i++) results.append(recordOf(i));
    const [, full] = told;
    expect(full?.message).toContain('0.0 MB of its journal wait in memory');
    expect(full?.hint).toContain(`${results.unwritten.length} records`);
    expect(full?.hint).toContain(`--resume ${results.directory}`);
    expect(full?.exit).toBe(EXIT.environment);
  });

  test('that has room again at the end is written, but came to no end: a soak can go on', () => {
    const { disk, room } = fullDisk();
    const { results } = directoryOn(disk);
    let trials = 0;
    for (; !results.isFull; trials++) results.append(recordOf(trials));
    room(true);
    expect(results.end({ type: 'run' }, EXIT.ok)).toBe(EXIT.environment);
    const { records } = readJournal(results.journal);
    expect(records.map(({ type }) => type)).toEqual([
      ...Array.from({ length: trials }, () => 'trial'),
      'end',
    ]);
    expect(readdirSync(results.directory)).not.toContain('done.json');
    expect(latestSoak(root)).toBe(results.directory);
  });

  test('that is full for a moment only is no end', () => {
    const { disk, room } = fullDisk();
    const { results, told } = directoryOn(disk);
    for (let i = 0; i < TRIALS; i++) {
      room(i % 20 === 0);
      results.append(recordOf(i));
    }
    room(true);
    expect(results.isFull).toBe(false);
    expect(results.end({ type: 'run' }, EXIT.ok)).toBe(EXIT.ok);
    expect(told.map(({ code }) => code)).toEqual(['RESULTS_UNWRITABLE']);
    expect(readJournal(results.journal).records).toHaveLength(TRIALS + 1);
  });
});

const built = (await import(new URL('../../dist/src/run/soak.js', import.meta.url).href)) as {
  Soak: typeof Soak;
};

/** A soak of the free trials of a tiny program, for hours.  @param listen may interfere */
async function soakOf(listen: (soak: () => Soak) => SoakListener): Promise<SoakResult> {
  const soak: Soak = new built.Soak(
    {
      workloads: ['test/planted/once.js'],
      variants: ['whole'],
      params: new Map(),
      ways: [{ strategy: 'free', isControlled: false, control: null, noise: null }],
      areWaysGiven: true,
      loads: [0],
      soakMs: 4 * 3_600_000,
      jobMs: undefined,
      turnMs: 2_000,
      durationMs: 10,
      hangMs: 10_000,
      rootSeed: 7,
      shard: null,
      track: 'held',
      pin: true,
      resultsRoot: root,
      dumps: false,
      dumpsMax: { count: 1, bytes: Infinity },
      statusMs: 0,
      asked: {},
      resume: undefined,
      judge: undefined as never,
    },
    listen(() => soak),
  );
  return soak.run();
}

describe.skipIf(!existsSync('/dev/full'))('a soak whose journal is /dev/full', () => {
  /** From its first record on.  @param enough letters that wait, at which it is stopped */
  async function soakOnFull(waitingMax: number, enough: number) {
    const told: string[] = [];
    let directory: ResultsDir | undefined;
    const result = await soakOf((soak) => ({
      onHeader: (_, results) => {
        directory = results;
        rmSync(results.journal);
        symlinkSync('/dev/full', results.journal);
        results.waitingMax = waitingMax;
      },
      onTrouble: ({ code }) => told.push(code),
      onTrial: () => {
        if (lettersOf(directory!) > enough) soak().stop('SIGTERM');
      },
    }));
    // Whoever reads /dev/full never comes to its end.
    rmSync(result.results.journal);
    writeFileSync(result.results.journal, '');
    return { ...result, told };
  }

  test('ends hours before its time, with all that it measured', { timeout: 60_000 }, async () => {
    const { exit, summaries, told, results } = await soakOnFull(OF_SOAK, Infinity);
    expect(told).toEqual(['RESULTS_UNWRITABLE', 'JOURNAL_FULL']);
    expect(exit).toBe(EXIT.environment);
    const trials = results.unwritten.filter((line) => line.startsWith('{"type":"trial"')).length;
    expect(trials).toBeGreaterThan(2);
    expect(summaries.map((each) => each.trials)).toEqual([trials]);
    const run = JSON.parse(readFileSync(join(results.directory, 'run.json'), 'utf8')) as object;
    expect(run).toMatchObject({ summaries: [{ trials }], exit: EXIT.ok });
    expect(existsSync(join(results.directory, 'done.json'))).toBe(false);
  });

  test('twin: without a bound it goes on', { timeout: 60_000 }, async () => {
    const { told, results } = await soakOnFull(Infinity, OF_SOAK);
    expect(told).toEqual(['RESULTS_UNWRITABLE']);
    expect(lettersOf(results)).toBeGreaterThan(OF_SOAK);
  });
});
