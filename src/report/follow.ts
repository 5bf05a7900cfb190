/*
 * A run that goes on, from another terminal: what its journal says, as it says it.
 *
 * The journal is read on from where it was, a bounded piece at a time, whenever the file system says that it has changed, and
 * every second in any case: what a file system says is late on some systems, and never comes on a mounted one.  It is over when
 * done.json is there and all before it was read; somebody who follows a run that was killed waits until told to stop.
 *
 *     record      a line
 *     -------     -------------------------------------------------------------------------------
 *     header      which version, which seed
 *     turn        what has its turn (soak)
 *     trial       of a failure; the first of its kind in full, and no other
 *     series      none; trials that passed are counted, and told every ten seconds
 *     summary     what the campaign came to, where that is another thing than before
 *     growth      what grew
 *     end         the exit code
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  watch,
  type FSWatcher,
} from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { printable } from '../base/text.ts';
import { growthLine, type GrowthRecord } from '../run/growth.ts';
import { noCommand } from './escape.ts';
import { verdictsOf } from './verdicts.ts';
import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import type { FigureRecord } from '../run/figures.ts';
import type { TurnRecord } from '../run/soak-state.ts';

/** Bytes that are read at a time. */
const CHUNK = 1 << 16;
/** How often to look, whatever the file system says, in milliseconds. */
const LOOK_MS = 1_000;
/** How often passed trials are told, in milliseconds. */
const COUNT_MS = 10_000;
/** Failures that are known for the same again. */
const KINDS_MAX = 1_000;

/** Lines of a file that is written to, in order; the last is held back until it is whole. */
export class Tail {
  private readonly file: string;
  private readonly decoder = new StringDecoder('utf8');
  private readonly bytes = Buffer.alloc(CHUNK);
  private at = 0;
  private rest = '';

  constructor(file: string) {
    this.file = file;
  }

  /** Hears each line that has come since. */
  read(hear: (line: string) => void): void {
    if (!existsSync(this.file)) return;
    const fd = openSync(this.file, 'r');
    try {
      // No further than what is there now: a writer that is faster than we are must not keep us here.
      const { size } = fstatSync(fd);
      while (this.at < size) {
        const n = readSync(fd, this.bytes, 0, Math.min(CHUNK, size - this.at), this.at);
        if (n === 0) return;
        this.at += n;
        const lines = (this.rest + this.decoder.write(this.bytes.subarray(0, n))).split('\n');
        this.rest = lines.pop()!;
        for (const line of lines) if (line !== '') hear(line);
      }
    } finally {
      closeSync(fd);
    }
  }
}

/** Records of a journal as lines for people. */
export class Teller {
  private readonly print: (line: string) => void;
  private readonly kinds = new Set<string>();
  private readonly said = new Map<string, string>();
  private passed = 0;
  private toldAt: number;

  /** @param now milliseconds from any time on */
  constructor(print: (line: string) => void, now: number) {
    this.print = (line) => print(noCommand(line));
    this.toldAt = now;
  }

  hear(line: string, now: number): void {
    let record: Record<string, unknown>;
    try {
      record = JSON.parse(line) as Record<string, unknown>;
    } catch {
      return;
    }
    this.tell(record);
    if (now - this.toldAt >= COUNT_MS) this.count(now);
  }

  private tell(record: Readonly<Record<string, unknown>>): void {
    switch (record['type']) {
      case 'header':
        this.print(`gridlock ${text(record['gridlock'])}, seed ${text(record['seed'])}`);
        break;
      case 'turn':
        this.turn(record as unknown as TurnRecord);
        break;
      case 'series':
        this.passed += (record as unknown as SeriesRecord).passed;
        break;
      case 'trial':
        this.trial(record as unknown as TrialRecord);
        break;
      case 'summary':
        this.summary(record as unknown as Summary);
        break;
      case 'growth':
        this.print(printable(growthLine(record as unknown as GrowthRecord)));
        break;
      case 'figure':
        this.figure(record as unknown as FigureRecord);
        break;
      case 'end':
        this.print(`ended with exit code ${text(record['exit'])}`);
        break;
      default:
        break;
    }
  }

  private figure({ question, name, value, unit, ratio }: FigureRecord): void {
    const over = ratio === null ? '' : `, ${ratio.toFixed(2)} times its floor`;
    this.print(printable(`${question} ${name}: ${Number(value.toPrecision(3))}${unit}${over}`));
  }

  private turn({ position, cell, at_s: at }: TurnRecord): void {
    this.print(`${at.toFixed(0)} s, turn ${position + 1}: ${printable(cell)}`);
  }

  private trial(record: TrialRecord): void {
    const { workload, variant, strategy, index, verdict, message, dump, signature } = record;
    this.passed += verdict === 'pass' ? 1 : 0;
    const kind = [workload, variant, strategy, signature].join('\n');
    if (verdict === 'pass' || this.kinds.has(kind) || this.kinds.size >= KINDS_MAX) return;
    this.kinds.add(kind);
    const name = printable(`${workload} ${variant}, ${strategy}`);
    this.print(`${name}: ${printable(verdict)} in trial ${index}: ${printable(message ?? '')}`);
    if (dump !== null) this.print(`  dump ${printable(dump)}`);
  }

  private summary(summary: Summary): void {
    const { workload, variant, strategy, trials, grade } = summary;
    const name = printable(`${workload} ${variant}, ${strategy}`);
    const kinds = `${Object.keys(summary.verdicts).toSorted().join(' ')} ${grade}`;
    if (this.said.get(name) === kinds) return;
    this.said.set(name, kinds);
    this.print(`${name}: ${verdictsOf(summary)} in ${trials.toLocaleString('en')}, ${text(grade)}`);
  }

  private count(now: number): void {
    this.toldAt = now;
    if (this.passed > 0) this.print(`${this.passed.toLocaleString('en')} more passed`);
    this.passed = 0;
  }
}

function text(value: unknown): string {
  return printable(typeof value === 'string' || typeof value === 'number' ? String(value) : '?');
}

/**
 * Follows a run until it is over.
 * @param hear each line of its journal
 * @param signal to stop before
 */
export async function follow(
  directory: string,
  hear: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const tail = new Tail(join(directory, 'journal.ndjson'));
  const done = join(directory, 'done.json');
  await new Promise<void>((resolve, reject) => {
    let watcher: FSWatcher | undefined;
    const close = (): void => {
      clearInterval(timer);
      watcher?.close();
    };
    const end = (): void => {
      close();
      resolve();
    };
    const look = (): void => {
      // Asked first: what is read after it was there is all there is.
      const isOver = existsSync(done);
      try {
        tail.read(hear);
      } catch (error) {
        close();
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (isOver || signal.aborted) end();
    };
    const timer = setInterval(look, LOOK_MS);
    signal.addEventListener('abort', end, { once: true });
    try {
      watcher = watch(directory, look);
      watcher.on('error', () => watcher?.close());
    } catch {
      watcher = undefined; //  the timer looks
    }
    look();
  });
}
