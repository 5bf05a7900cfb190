/*
 * Goal: whatever the disk does, and whenever a process is killed, no finished trial is lost and the directory can be read.
 *
 * Method: a small run is written through a disk that fails at one of its calls, or from one on, in every way that we know:
 * it is full, broken, read-only, takes only a part, or the process is gone.  Then the directory is read as any report
 * reads it.  1,300 runs, each from a seed of its own, which is in the message of a failure.
 *
 * Controls: a journal that does not look whether it begins on a fresh line, one that forgets what failed, and a file
 * that is written in place must each be caught.
 */

import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOST_DISK, writeWhole, type Disk } from '../../src/base/disk.ts';
import { nextBelow, RNG_WORDS, seedRng } from '../../src/base/prng.ts';
import { readRun } from '../../src/report/model.ts';
import { Journal } from '../../src/run/journal.ts';
import { readJournal, ResultsDir } from '../../src/run/results.ts';

const RUNS = 1_300;
const TRIALS = 8;
const KINDS = ['ENOSPC', 'EIO', 'EROFS', 'short', 'kill', 'kill-half'] as const;
/** Calls of a run that nothing happens to; the fault is at one of them. */
const CALLS = 91;

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gridlock-faults-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

class Killed extends Error {}

interface Fault {
  readonly kind: (typeof KINDS)[number];
  readonly at: number;
  /** how many calls it lasts; a killed process makes none any more */
  readonly lasts: number;
}

/** A disk with one fault, which may last. */
class FaultyDisk implements Disk {
  isDead = false;
  hits = 0;
  private calls = 0;
  private readonly fault: Fault;

  constructor(fault: Fault) {
    this.fault = fault;
  }

  open(file: string, flags: 'a+' | 'w'): number {
    this.step();
    return HOST_DISK.open(file, flags);
  }

  size(fd: number): number {
    this.step();
    return HOST_DISK.size(fd);
  }

  byteAt(fd: number, at: number): number {
    this.step();
    return HOST_DISK.byteAt(fd, at);
  }

  write(fd: number, bytes: Uint8Array): number {
    const { kind } = this.fault;
    const half = bytes.subarray(0, bytes.length >> 1);
    const isHit = this.isHit();
    if (isHit && kind === 'short') return HOST_DISK.write(fd, half);
    // What a full disk takes before it is full.
    if (isHit && kind !== 'EROFS' && kind !== 'kill') HOST_DISK.write(fd, half);
    if (isHit) this.throwIt();
    return HOST_DISK.write(fd, bytes);
  }

  // Nothing is gained by a real sync: it is the process that dies here, and not the machine.
  sync(): void {
    this.step();
  }

  syncDirectory(): void {
    this.step();
  }

  close(fd: number): void {
    HOST_DISK.close(fd);
    this.step();
  }

  rename(from: string, to: string): void {
    this.step();
    HOST_DISK.rename(from, to);
  }

  remove(file: string): void {
    this.step();
    HOST_DISK.remove(file);
  }

  private step(): void {
    if (this.isHit()) this.throwIt();
  }

  private isHit(): boolean {
    const { at, lasts } = this.fault;
    this.calls++;
    const isHit = this.isDead || (this.calls > at && this.calls <= at + lasts);
    if (isHit) this.hits++;
    return isHit;
  }

  private throwIt(): void {
    const { kind } = this.fault;
    if (kind === 'short') return;
    if (kind.startsWith('kill')) {
      this.isDead = true;
      throw new Killed();
    }
    throw Object.assign(new Error(`${kind}: injected`), { code: kind });
  }
}

/** What a run writes with; the twins have worse. */
interface Writers {
  journal(file: string, disk: Disk): Pick<Journal, 'append' | 'flush' | 'unwritten'>;
  whole: typeof writeWhole;
}

const OURS: Writers = { journal: (file, disk) => new Journal(file, disk), whole: writeWhole };

function trialRecord(index: number): object {
  const isPass = index % 3 !== 0;
  return {
    type: 'trial',
    workload: 'made-up',
    variant: 'planted',
    strategy: 'free',
    index,
    seed: index,
    verdict: isPass ? 'pass' : 'deadlock',
    grade: 'expected',
    seconds: 1,
    progress: {},
    outcomes: {},
    dump: null,
    replay: null,
    message: isPass ? null : 'a waits for b — and “b” for a',
    because: [],
    exact: true,
    signature: `kind ${index % 2}`,
    dump_ms: null,
    dump_error: null,
    schedule: null,
  };
}

/** Runs through a small run, and says what it did not keep.  @returns what is wrong; nothing, if all is well */
function wrongAfter(seed: number, writers: Writers): { wrong: string[]; isHit: boolean } {
  const words = new Uint32Array(RNG_WORDS);
  seedRng(words, seed);
  const fault: Fault = {
    kind: KINDS[nextBelow(words, KINDS.length)]!,
    at: nextBelow(words, CALLS),
    lasts: [1, 3, 10, Infinity][nextBelow(words, 4)]!,
  };
  const disk = new FaultyDisk(fault);
  // The directory is made on a sound disk: there is no run without one.
  const sound = { ...HOST_DISK, sync: () => undefined, syncDirectory: () => undefined };
  const results = ResultsDir.create(root, { seed: 7, shard: null, campaigns: [] }, sound);
  const { directory } = results;
  const journal = writers.journal(results.journal, disk);
  const content = Buffer.from('not half\n'.repeat(300));
  const finished: number[] = [];
  try {
    // What may fail without an end of the run does so; what kills, kills.
    const without = (body: () => void): void => {
      try {
        body();
      } catch (error) {
        if (error instanceof Killed) throw error;
      }
    };
    const append = (record: object): void => {
      journal.append(record);
      if (disk.isDead) throw new Killed();
    };
    append({ type: 'header', schema: 1, seed: 7, shard: null });
    for (let index = 0; index < TRIALS; index++) {
      const record = trialRecord(index);
      // A watchdog has a journal of its own, on the same file, and nobody asks it again.
      if (index % 3 === 0) {
        writers.journal(results.journal, disk).append({ ...record, type: 'verdict' });
        if (disk.isDead) throw new Killed();
        without(() => writers.whole(join(directory, `dumps/${index}.dump`), [content], disk));
      }
      append(record);
      finished.push(index);
    }
    without(() => writers.whole(join(directory, 'run.json'), [Buffer.from('{"a":[1,2,3]}')], disk));
    journal.flush();
    without(() => writers.whole(join(directory, 'done.json'), [Buffer.from('{"exit":0}')], disk));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  const wrong: string[] = [];
  const name = `seed ${seed}, ${JSON.stringify(fault)}`;
  const model = readRun(directory);
  const { records } = readJournal(results.journal);
  const written = new Set(
    records.filter(({ type }) => type === 'trial').map(({ index }) => Number(index)),
  );
  const isKilled = fault.kind.startsWith('kill');
  // What a killed process had in its memory is gone; what a living one has, it says at its end.
  const kept = new Set(
    (isKilled ? [] : journal.unwritten).map(
      (line) => (JSON.parse(line) as { index: number }).index,
    ),
  );
  for (const index of finished)
    if (!written.has(index) && !kept.has(index)) wrong.push(`${name}: trial ${index} is lost`);
  if (!isKilled && finished.length < TRIALS) wrong.push(`${name}: it ended`);
  if (fault.lasts === 1 && kept.size > 0) wrong.push(`${name}: not written when the disk was back`);
  for (const record of records.filter(({ type }) => type === 'trial')) {
    if (JSON.stringify(record) !== JSON.stringify(trialRecord(Number(record['index']))))
      wrong.push(`${name}: trial ${String(record['index'])} says something else`);
  }
  const trials = model.campaigns[0]?.trials ?? 0;
  const judged = records.filter(({ type }) => type === 'verdict').map(({ index }) => Number(index));
  const known = new Set([...written, ...judged]);
  if (trials !== known.size) wrong.push(`${name}: ${trials} counted of ${known.size}`);
  for (const file of ['run.json', 'done.json', ...[0, 3, 6].map((n) => `dumps/${n}.dump`)]) {
    const path = join(directory, file);
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    const isWhole = file.endsWith('.dump') ? text === content.toString() : text.endsWith('}');
    if (!isWhole) wrong.push(`${name}: ${file} is not whole`);
  }
  rmSync(directory, { recursive: true });
  return { wrong, isHit: disk.hits > 0 };
}

test(`${RUNS} runs on a disk that fails lose no finished trial`, { timeout: 60_000 }, () => {
  const runs = Array.from({ length: RUNS }, (_, seed) => wrongAfter(seed, OURS));
  expect(runs.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(runs.filter(({ isHit }) => isHit).length).toBeGreaterThan(1_000);
});

/** Appends where the last one ended, whatever is there. */
class HeedlessJournal extends Journal {
  constructor(file: string, disk: Disk) {
    super(file, {
      open: (...args) => disk.open(...args),
      size: () => 0,
      byteAt: (...args) => disk.byteAt(...args),
      write: (...args) => disk.write(...args),
      sync: (fd) => disk.sync(fd),
      syncDirectory: (...args) => disk.syncDirectory(...args),
      close: (fd) => disk.close(fd),
      rename: (...args) => disk.rename(...args),
      remove: (file_) => disk.remove(file_),
    });
  }
}

/** Says what it has, and not that it could not write it. */
class ForgetfulJournal extends Journal {
  override append(record: object): boolean {
    const isWritten = super.append(record);
    (this.unwritten as string[]).length = 0;
    return isWritten;
  }
}

function writeInPlace(file: string, chunks: Iterable<Uint8Array>, disk = HOST_DISK): number {
  const fd = disk.open(file, 'w');
  const bytes = Buffer.concat([...chunks]);
  try {
    return disk.write(fd, bytes);
  } finally {
    HOST_DISK.close(fd);
  }
}

test.for([
  ['a journal that does not begin on a fresh line', /is lost/, { journal: HeedlessJournal }],
  ['a journal that forgets what failed', /is lost/, { journal: ForgetfulJournal }],
  ['a file that is written in place', /is not whole/, { whole: writeInPlace }],
] as const)('control: %s is caught', ([, expected, worse]) => {
  const Worse = 'journal' in worse ? worse.journal : Journal;
  const whole = 'whole' in worse ? worse.whole : writeWhole;
  const twin: Writers = { journal: (file, disk) => new Worse(file, disk), whole };
  const wrong = Array.from({ length: 150 }, (_, seed) => wrongAfter(seed, twin).wrong);
  expect(wrong.flat().join('\n')).toMatch(expected);
});

test('the first failure is told, and no other; what waits is written when the disk is back', () => {
  const told: string[] = [];
  const file = join(root, 'once.ndjson');
  const disk = new FaultyDisk({ kind: 'ENOSPC', at: 0, lasts: 4 });
  const journal = new Journal(file, disk, (error) => told.push(error.message));
  const results = Array.from({ length: 6 }, (_, n) => journal.append({ n }));
  expect(results[0]).toBe(false);
  expect(results.at(-1)).toBe(true);
  expect(told).toEqual(['ENOSPC: injected']);
  expect(journal.unwritten).toEqual([]);
  expect(readJournal(file).records).toEqual(Array.from({ length: 6 }, (_, n) => ({ n })));
});

test('a name is synced behind its bytes, once: by the directory that it is in', () => {
  const calls: string[] = [];
  const disk: Disk = {
    ...HOST_DISK,
    write: (fd, bytes) => {
      calls.push('write');
      return HOST_DISK.write(fd, bytes);
    },
    sync: () => calls.push('sync'),
    rename: (from, to) => {
      calls.push('rename');
      HOST_DISK.rename(from, to);
    },
    syncDirectory: (directory) => calls.push(`names of ${relative(root, directory)}`),
  };
  const directory = mkdtempSync(join(root, 'names-'));
  const here = `names of ${relative(root, directory)}`;
  writeWhole(join(directory, 'whole'), [Buffer.from('whole')], disk);
  expect(calls.splice(0)).toEqual(['write', 'sync', 'rename', here]);
  const journal = new Journal(join(directory, 'journal.ndjson'), disk);
  journal.append({ n: 0 });
  expect(calls.splice(0)).toEqual(['write', 'sync', here]);
  journal.append({ n: 1 });
  expect(calls.splice(0)).toEqual(['write', 'sync']);
  expect(() => HOST_DISK.syncDirectory(directory)).not.toThrow();
  expect(() => HOST_DISK.syncDirectory(join(directory, 'none'))).toThrow(/ENOENT/);
});
