/*
 * A results directory: what a run leaves behind, readable whatever ended it.
 *
 *     manifest.json     first: what was asked for, of which version, on what machine
 *     journal.ndjson    appended and synced for each trial: the run as far as it got
 *     dumps/            the first of each distinct failure; of a controlled run with its schedule, NAME.sched
 *     run.json          at the end: the summaries
 *     done.json         last of all: the run was not cut off
 *
 * The journal's last line may be cut; readJournal() drops what does not parse, and says so.  The verdict
 * of a failing trial is in it twice: at once, from the watchdog, and with everything else, from us; the
 * second is the trial's record, the first stands in for it when there is no second.
 *
 * Nothing inside is an absolute path, so a directory can be sent to somebody.
 */

import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { dirname, join, relative, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { fail } from '../base/fail.ts';

export const SCHEMA = 1;

export class ResultsDir {
  readonly directory: string;
  readonly id: string;

  private constructor(directory: string, id: string) {
    this.directory = directory;
    this.id = id;
  }

  /**
   * Makes `<root>/<id>` and writes its manifest.
   * @throws Fail RESULTS_UNWRITABLE
   */
  static create(root: string, manifest: object): ResultsDir {
    const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
    for (let n = 0; ; n++) {
      const id = n === 0 ? stamp : `${stamp}-${n}`;
      const directory = join(root, id);
      try {
        makeParents(resolve(root));
        mkdirSync(directory);
        mkdirSync(join(directory, 'dumps'));
        const results = new ResultsDir(directory, id);
        results.writeJson('manifest.json', { schema: SCHEMA, id, ...manifest });
        return results;
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException;
        if (code === 'EEXIST' && existsSync(directory)) continue;
        throw fail('RESULTS_UNWRITABLE', { directory: root, reason: message }, { cause: error });
      }
    }
  }

  /**
   * A directory that is there, to go on with; a line that was cut off is ended, so that the next begins anew.
   * @throws Fail RESULTS_UNWRITABLE
   */
  static open(directory: string, id: string): ResultsDir {
    const results = new ResultsDir(directory, id);
    try {
      const fd = openSync(results.journal, 'a+');
      const last = Buffer.alloc(1);
      const { size } = fstatSync(fd);
      if (size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a)
        appendFileSync(fd, '\n');
      closeSync(fd);
    } catch (error) {
      const { message } = error as Error;
      throw fail('RESULTS_UNWRITABLE', { directory, reason: message }, { cause: error });
    }
    return results;
  }

  get journal(): string {
    return join(this.directory, 'journal.ndjson');
  }

  dumpFile(workload: string, variant: string, index: number | string): string {
    return join(this.directory, 'dumps', `${workload}-${variant}-${index}.dump`);
  }

  /** The schedule of a controlled trial that failed, beside its dump. */
  scheduleFile(workload: string, variant: string, index: number): string {
    return join(this.directory, 'dumps', `${workload}-${variant}-${index}.sched`);
  }

  /** A file of this directory as records name it: relative to it. */
  relative(file: string): string {
    return relative(this.directory, file).replaceAll('\\', '/');
  }

  /** Appends a record and syncs it.  @throws Fail RESULTS_UNWRITABLE */
  append(record: object): void {
    try {
      const fd = openSync(this.journal, 'a');
      try {
        appendFileSync(fd, `${JSON.stringify(record)}\n`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw fail(
        'RESULTS_UNWRITABLE',
        { directory: this.journal, reason: (error as Error).message },
        { cause: error },
      );
    }
  }

  writeJson(name: string, value: object): void {
    writeFileAtomic.sync(join(this.directory, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/**
 * mkdir -p.  Not the runtime's own: its recursive mkdir never returns where a file system answers ENOENT
 * for a directory whose parent exists, as /proc does.
 */
function makeParents(directory: string): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) makeParents(parent);
  try {
    mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Bytes that are read of a journal at a time. */
const CHUNK = 1 << 16;

/**
 * Hears each record of a journal, in order; a line that does not parse is passed over.
 * @returns whether there was such a line: the last is cut where a run was killed
 */
export function eachRecord(
  file: string,
  hear: (record: Readonly<Record<string, unknown>>) => void,
): boolean {
  if (!existsSync(file)) return false;
  let cut = false;
  const take = (line: string): void => {
    if (line === '') return;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      cut = true;
      return;
    }
    if (typeof record === 'object' && record !== null) hear(record as Record<string, unknown>);
  };
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(CHUNK);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (let n = readSync(fd, bytes); n > 0; n = readSync(fd, bytes)) {
      const lines = (rest + decoder.write(bytes.subarray(0, n))).split('\n');
      rest = lines.pop()!;
      for (const line of lines) take(line);
    }
    take(rest + decoder.end());
  } finally {
    closeSync(fd);
  }
  return cut;
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
