/*
 * The contents of several journals: of each record where it is, and which trials it tells of.
 *
 * A row is thirty-six bytes in columns of numbers, so that a million records take as many megabytes and nothing has to be
 * collected; the records themselves stay where they are, and are read again when their turn comes.
 *
 *     kind      tells of                          `index`               `length`
 *     ------    ------------------------------    ------------------    -----------------------
 *     dumped    a trial that did not pass         its number            1
 *     failed    the same, without a dump          its number            1
 *     verdict   the same, by its watchdog alone   its number            1
 *     series    trials that passed                that of the first     with those given up
 *     passed    a trial that passed               its number            1
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { HOST_DISK } from '../base/disk.ts';
import type { SeriesRecord } from '../run/campaign-records.ts';
import type { Place } from '../run/results.ts';
import type { Fields } from '../run/schema.ts';

/** In the order in which one is preferred to another of the same trial. */
export const KIND = { dumped: 0, failed: 1, verdict: 2, series: 3, passed: 4 } as const;

export interface Row {
  readonly source: number;
  readonly campaign: number;
  readonly kind: number;
  readonly index: number;
  readonly length: number;
  readonly at: number;
  readonly bytes: number;
}

const COLUMNS = ['source', 'campaign', 'kind', 'index', 'length', 'at', 'bytes'] as const;
/** What a number beyond 2^32 can be in. */
const WIDE: ReadonlySet<string> = new Set(['index', 'at']);
const ROWS = 1024;

type Column = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

export class Contents {
  private columns: Record<keyof Row, Column> = columnsOf(ROWS);
  private rows = 0;

  add(row: Row): void {
    if (this.rows === this.columns.index.length) {
      const larger = columnsOf(2 * this.rows);
      for (const name of COLUMNS) larger[name].set(this.columns[name]);
      this.columns = larger;
    }
    for (const name of COLUMNS) this.columns[name][this.rows] = row[name];
    this.rows++;
  }

  at(i: number): Row {
    const row: Partial<Record<keyof Row, number>> = {};
    for (const name of COLUMNS) row[name] = this.columns[name][i]!;
    return row as Row;
  }

  /** All rows, by campaign and trial; of one trial the preferred kind first, then the longest, then the first source. */
  inOrder(rankOf: readonly number[]): Uint32Array {
    const { campaign, index, kind, length, source } = this.columns;
    return Uint32Array.from({ length: this.rows }, (_, i) => i).sort(
      (a, b) =>
        rankOf[campaign[a]!]! - rankOf[campaign[b]!]! ||
        index[a]! - index[b]! ||
        kind[a]! - kind[b]! ||
        length[b]! - length[a]! ||
        source[a]! - source[b]! ||
        a - b,
    );
  }
}

function columnsOf(rows: number): Record<keyof Row, Column> {
  const make = (name: string): Column =>
    WIDE.has(name) ? new Float64Array(rows) : new Uint32Array(rows);
  return Object.fromEntries(COLUMNS.map((name) => [name, make(name)])) as Record<keyof Row, Column>;
}

/**
 * Which trials a record tells of; undefined for one that tells of none.
 * @param hasDump whether a file that it names is there
 */
export function tellsOf(
  record: Fields,
  hasDump: (file: string) => boolean,
): Pick<Row, 'kind' | 'index' | 'length'> | undefined {
  const { type, index, verdict, dump } = record;
  if (type === 'series') {
    const { first, passed, given_up: givenUp } = record as unknown as SeriesRecord;
    return { kind: KIND.series, index: first, length: passed + givenUp };
  }
  if (type === 'verdict') return { kind: KIND.verdict, index: Number(index), length: 1 };
  if (type !== 'trial') return undefined;
  const kept = typeof dump === 'string' && hasDump(dump) ? KIND.dumped : KIND.failed;
  return { kind: verdict === 'pass' ? KIND.passed : kept, index: Number(index), length: 1 };
}

const WINDOW = 1 << 16;

/** Reads records of a journal by their places; cheap where one place follows the other. */
export class RecordReader {
  readonly size: number;
  private readonly fd: number | undefined;
  private window = Buffer.alloc(0);
  private from = 0;

  constructor(file: string) {
    this.fd = existsSync(file) ? openSync(file, 'r') : undefined;
    this.size = this.fd === undefined ? 0 : fstatSync(this.fd).size;
  }

  read({ at, bytes }: Place): Fields {
    if (at < this.from || at + bytes > this.from + this.window.length) this.load(at, bytes);
    const start = at - this.from;
    return JSON.parse(this.window.toString('utf8', start, start + bytes)) as Fields;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
  }

  private load(at: number, bytes: number): void {
    const window = Buffer.alloc(Math.max(WINDOW, bytes));
    let read = 0;
    for (let n = -1; n !== 0 && read < window.length; read += n)
      n =
        this.fd === undefined
          ? 0
          : readSync(this.fd, window, read, window.length - read, at + read);
    this.window = window.subarray(0, read);
    this.from = at;
  }
}

/** Writes the journal of a merge: nobody reads it before it is whole, so it is synced once. */
export class JournalWriter {
  private readonly fd: number;
  private lines: string[] = [];
  private length = 0;

  constructor(file: string) {
    this.fd = HOST_DISK.open(file, 'w');
  }

  write(record: object): void {
    const line = `${JSON.stringify(record)}\n`;
    this.lines.push(line);
    this.length += line.length;
    if (this.length >= WINDOW) this.flush();
  }

  close(): void {
    this.flush();
    HOST_DISK.sync(this.fd);
    HOST_DISK.close(this.fd);
  }

  private flush(): void {
    const bytes = Buffer.from(this.lines.join(''));
    for (let done = 0; done < bytes.length;) done += HOST_DISK.write(this.fd, bytes.subarray(done));
    this.lines = [];
    this.length = 0;
  }
}
