/*
 * A results directory: what a run leaves behind, readable whatever ended it.
 *
 *     manifest.json     first: what was asked for, of which version, on what machine
 *     journal.ndjson    appended and synced for each trial: the run as far as it got
 *     dumps/            the first of each distinct failure; of a controlled run with its schedule, NAME.sched
 *     run.json          at the end: the summaries
 *     done.json         last of all: the run was not cut off; its exit code, and the worst beside its trials
 *
 * A line of the journal may be torn (journal.ts); eachRecord() passes over what does not parse, and says whether the
 * last line was such a one.  The verdict of a failing trial is in it twice: at once, from the watchdog, and with
 * everything else, from us; the second is the trial's record, the first stands in for it when there is no second.
 *
 * A disk that fails does not end the run.  The first error is kept in `trouble` and told once; records wait in memory
 * and are tried again with the next; what never got there is in `unwritten` at the end, which is where it is printed.
 *
 * But a disk that is full may stay so for hours, and what a soak finds in hours does not fit into memory.  When so much waits, the
 * directory is full, and stays so though the disk should come back: whoever runs trials ends as if its time were over, with
 * all that was measured, and the environment's exit code.  Then there is no done.json: a soak can be gone on with,
 * and a merge takes it for one that was cut, which it is.  Rejected: to let go of the oldest, which saves the run and not
 * its results.
 *
 * Nothing inside is an absolute path, so a directory can be sent to somebody.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { HOST_DISK, writeWhole, type Disk } from '../base/disk.ts';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { fail, type Fail } from '../base/fail.ts';
import { Journal } from './journal.ts';
import { MIGRATIONS, migrated, SCHEMA, schemaOf, type Fields } from './schema.ts';

export { SCHEMA } from './schema.ts';

/** Letters of a variant in the names of its files. */
const NAME_MAX = 80;
/** What may wait for a disk that fails, in letters: some ten thousand trials that failed. */
const WAITING_MAX = 8 * 2 ** 20;

export class ResultsDir {
  readonly directory: string;
  readonly id: string;
  /** hears of the first thing that could not be written, of no other, and of the end that it leads to */
  onTrouble: ((trouble: Fail) => void) | undefined;
  /** letters of records that may wait for a disk that fails */
  waitingMax = WAITING_MAX;
  private readonly disk: Disk;
  private readonly log: Journal;
  private first: Fail | undefined;
  private lost = false;
  private full = false;

  private constructor(directory: string, id: string, disk: Disk) {
    this.directory = directory;
    this.id = id;
    this.disk = disk;
    this.log = new Journal(this.journal, disk, (error) => this.failed(this.journal, error));
  }

  /**
   * Makes `<root>/<id>` and writes its manifest.
   * @throws Fail RESULTS_UNWRITABLE
   */
  static create(root: string, manifest: object, disk: Disk = HOST_DISK): ResultsDir {
    const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
    for (let n = 0; ; n++) {
      const id = n === 0 ? stamp : `${stamp}-${n}`;
      const directory = join(root, id);
      try {
        makeParents(resolve(root), disk);
        mkdirSync(directory);
        disk.syncDirectory(root);
        mkdirSync(join(directory, 'dumps'));
        writeJson(join(directory, 'manifest.json'), { ...manifest, schema: SCHEMA, id }, disk);
        return new ResultsDir(directory, id, disk);
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException;
        if (code === 'EEXIST' && existsSync(directory)) continue;
        throw fail('RESULTS_UNWRITABLE', { directory: root, reason: message }, { cause: error });
      }
    }
  }

  /** A directory that is there, to go on with: the journal begins on a line of its own, whatever was cut off. */
  static open(directory: string, id: string, disk: Disk = HOST_DISK): ResultsDir {
    return new ResultsDir(directory, id, disk);
  }

  get journal(): string {
    return join(this.directory, 'journal.ndjson');
  }

  dumpFile(workload: string, variant: string, index: number | string): string {
    return join(this.directory, 'dumps', `${workload}-${inFileName(variant)}-${index}.dump`);
  }

  /** The schedule of a controlled trial that failed, beside its dump. */
  scheduleFile(workload: string, variant: string, index: number): string {
    return join(this.directory, 'dumps', `${workload}-${inFileName(variant)}-${index}.sched`);
  }

  /** A file of this directory as records name it: relative to it. */
  relative(file: string): string {
    return relative(this.directory, file).replaceAll('\\', '/');
  }

  /** The first thing that went wrong; undefined while nothing has. */
  get trouble(): Fail | undefined {
    return this.first;
  }

  /** Whether all that was to be written is on the disk. */
  get isWhole(): boolean {
    return !this.lost && !this.full && this.unwritten.length === 0;
  }

  /** Whether no more may wait for the disk: no further trial is to begin. */
  get isFull(): boolean {
    return this.full;
  }

  /** Lines of the journal that are not on the disk. */
  get unwritten(): readonly string[] {
    return this.log.unwritten;
  }

  /** Appends a record and syncs it.  A failure of the disk is told, once, and not thrown. */
  append(record: object): void {
    this.log.append(record);
    if (this.full || this.log.waiting <= this.waitingMax) return;
    this.full = true;
    const { directory } = this;
    const records = this.unwritten.length;
    this.onTrouble?.(fail('JOURNAL_FULL', { directory, records, mb: inMb(this.log.waiting) }));
  }

  /** Writes a file that is whole or not there.  A failure of the disk is told, once, and not thrown. */
  writeJson(name: string, value: object): void {
    const isThere = this.attempt(join(this.directory, name), (file) =>
      writeJson(file, value, this.disk),
    );
    if (!isThere) this.lost = true;
  }

  /**
   * Writes what is last of a run, and that it came to its end.
   * @param record of run.json: what the run was, and what it came to
   * @param found the exit code of its trials
   * @param others what else it came to; kept beside the worst, since a merge finds anew what trials came to, and that alone
   * @returns the exit code, to which the disk has something to say, too
   */
  end(record: object, found: ExitCode, others: readonly ExitCode[] = []): ExitCode {
    const came = worstExit([found, ...others]);
    const beside = worstExit([EXIT.ok, ...others]);
    this.writeJson('run.json', { id: this.id, ...record, exit: came });
    this.append({ type: 'end', exit: came });
    // Who finds it takes the journal for whole.
    if (this.unwritten.length === 0 && !this.full)
      this.writeJson('done.json', { exit: came, ...(beside === EXIT.ok ? {} : { beside }) });
    return this.isWhole ? came : worstExit([came, EXIT.environment]);
  }

  /** Writes something that the run can do without.  @returns whether it is there */
  attempt(file: string, write: (file: string) => void): boolean {
    try {
      write(file);
      return true;
    } catch (error) {
      this.failed(file, error as Error);
      return false;
    }
  }

  private failed(directory: string, error: Error): void {
    if (this.first !== undefined) return;
    this.first = fail('RESULTS_UNWRITABLE', { directory, reason: error.message }, { cause: error });
    this.onTrouble?.(this.first);
  }
}

/** A name as part of a file's, on any system: what cannot be, or is long, is told apart by a checksum. */
function inFileName(name: string): string {
  const plain = name.replaceAll(/[^\w.-]/g, '_').slice(0, NAME_MAX);
  if (plain === name) return name;
  return `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

function inMb(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function writeJson(file: string, value: object, disk: Disk): void {
  writeWhole(file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)], disk);
}

/**
 * mkdir -p.  Not the runtime's own: its recursive mkdir never returns where a file system answers ENOENT
 * for a directory whose parent exists, as /proc does.
 */
export function makeParents(directory: string, disk: Disk = HOST_DISK): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) makeParents(parent, disk);
  try {
    mkdirSync(directory);
    disk.syncDirectory(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Bytes that are read of a journal at a time. */
const CHUNK = 1 << 16;
const NEWLINE = 0x0a;

/** Where a record is in its journal. */
export interface Place {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Hears each record of a journal, in order, in the schema of today; a line that does not parse is passed over.
 * @returns whether the last line was such a one: the run was killed
 * @throws Fail SCHEMA_UNKNOWN
 */
export function eachRecord(
  file: string,
  hear: (record: Fields, place: Place) => void,
  migrations = MIGRATIONS,
): boolean {
  if (!existsSync(file)) return false;
  let isTorn = false;
  let schema = SCHEMA;
  const take = (line: Buffer, at: number): void => {
    if (line.length === 0) return;
    const record = parse(line);
    isTorn = record === undefined;
    if (record === undefined) return;
    if (record['type'] === 'header') schema = schemaOf(record, file);
    hear(migrated(record, schema, file, migrations), { at, bytes: line.length });
  };
  const fd = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    let at = 0;
    for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, n)]);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        take(bytes.subarray(from, end), at + from);
        from = end + 1;
      }
      rest = bytes.subarray(from);
      at += from;
    }
    take(rest, at);
  } finally {
    closeSync(fd);
  }
  return isTorn;
}

function parse(line: Buffer): Fields | undefined {
  try {
    const record: unknown = JSON.parse(line.toString('utf8'));
    return typeof record === 'object' && record !== null ? (record as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** The records of a journal; `cut` when the last line was not whole. */
export function readJournal(file: string): { records: Record<string, unknown>[]; cut: boolean } {
  const records: Record<string, unknown>[] = [];
  const cut = eachRecord(file, (record) => records.push(record));
  return { records, cut };
}

/** The newest run of a results root, or undefined. */
export function latestRun(root: string): string | undefined {
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter((directory) => existsSync(join(directory, 'manifest.json')))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs || b.localeCompare(a))[0];
}

/** The newest dump of the last run that left one; undefined where there is none. */
export function latestDump(root: string): string | undefined {
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((name) => join(root, name, 'dumps'))
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
    .filter((file) => file.endsWith('.dump'))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs || b.localeCompare(a))[0];
}
