/*
 * One input of the fuzzer, run: what may come out is an MdbError, a Fail that the dump cannot be read, or text.
 *
 * Every DUMP_EVERY-th input is a dump, on which every dcmd is tried; the others are lines, typed at a session over
 * a golden dump that lives for some hundred of them.  An input that takes longer than SLOW_MS is interrupted as
 * Ctrl-C would, and one that does not end then is a failure, as is anything else that is thrown.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buffer } from 'node:stream/consumers';
import * as yauzl from 'yauzl';

import { Fail } from '../../../src/base/fail.ts';
import { DumpFile } from '../../../src/dump/read.ts';
import { analyzeJson, analyzeText } from '../../../src/mdb/analyze.ts';
import { openSession } from '../../../src/mdb/open.ts';
import type { Session } from '../../../src/mdb/session.ts';
import { dumpPath, GOLDEN, openGolden } from '../session.ts';
import { damaged, lying, type Entries } from './dumps.ts';
import { lineOf, wordsOf, type Words } from './lines.ts';
import { Chance } from './random.ts';

export const DUMP_EVERY = 250;
const SESSION_LINES = 300;
const SLOW_MS = 500;
const HUNG_MS = 5_000;
const BYTES_MAX = 1 << 18;
/** The small ones: a dump of megabytes is no better a start. */
const SMALL = GOLDEN.filter((name) => name === 'read-hold.planted' || name === 'mixed.twin');

export interface Tally {
  lines: number;
  wellLines: number;
  dumps: number;
  opened: number;
  slowestMs: number;
  slowest: string;
}

interface Open {
  readonly session: Session;
  readonly words: Words;
  until: number;
}

export class Fuzzer {
  readonly tally: Tally = {
    lines: 0,
    wellLines: 0,
    dumps: 0,
    opened: 0,
    slowestMs: 0,
    slowest: '',
  };
  private readonly seed: number;
  private readonly directory = mkdtempSync(join(tmpdir(), 'gridlock-fuzz-'));
  private readonly wholes = new Map<string, { bytes: Buffer; entries: Entries }>();
  private current: Open | undefined;

  constructor(seed: number) {
    this.seed = seed;
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** @throws Error that names the seed and the input */
  async run(input: number): Promise<void> {
    const chance = new Chance(this.seed, input);
    if (input % DUMP_EVERY === DUMP_EVERY - 1) await this.dump(input, chance);
    else await this.line(input, chance);
  }

  private async line(input: number, chance: Chance): Promise<void> {
    this.tally.lines++;
    let { current } = this;
    if (current === undefined || input >= current.until) {
      const session = await openGolden(chance.of(GOLDEN));
      current = { session, words: wordsOf(session), until: input + SESSION_LINES };
      this.current = current;
    }
    const line = lineOf(chance, current.words);
    if (await this.type(input, current.session, line)) this.tally.wellLines++;
  }

  private async dump(input: number, chance: Chance): Promise<void> {
    this.tally.dumps++;
    const { bytes, entries } = await this.whole(chance.of(SMALL));
    const path = join(this.directory, 'fuzzed.dump');
    writeFileSync(path, chance.one(3) ? damaged(chance, bytes) : await lying(chance, entries));
    let session: Session;
    try {
      const file = await DumpFile.open(path);
      try {
        session = await openSession(file);
      } finally {
        file.close();
      }
    } catch (error) {
      if (error instanceof Fail && error.code === 'DUMP_UNREADABLE') return;
      throw this.failure(input, 'opening the dump', error);
    }
    this.tally.opened++;
    try {
      analyzeText(session.target.dump, path);
      JSON.stringify(analyzeJson(session.target.dump));
    } catch (error) {
      throw this.failure(input, 'analyze', error);
    }
    for (const name of session.dcmds.keys()) {
      const verb = name.startsWith('$') ? name : `::${name}`;
      for (const line of [
        verb,
        `<thread${verb}`,
        `::walk thread | ${verb}`,
        `::walk lock | ${verb}`,
      ]) {
        await this.type(input, session, line);
      }
    }
    const words = wordsOf(session);
    const canGrow = words.symbols.length > 0 && words.types.length > 0 && words.members.length > 0;
    for (let n = 0; canGrow && n < 20; n++) await this.type(input, session, lineOf(chance, words));
  }

  /** Runs a line, bounded in time and output.  @returns whether it went well */
  async type(input: number, session: Session, line: string): Promise<boolean> {
    const begin = performance.now();
    let bytes = 0;
    const alarm = AbortSignal.timeout(SLOW_MS);
    const stop = (): void => session.interrupt();
    alarm.addEventListener('abort', stop);
    let isWell: boolean;
    try {
      isWell = await session.run(line, {
        write: (text) => {
          bytes += text.length;
          return bytes < BYTES_MAX && performance.now() - begin < SLOW_MS;
        },
        error: (text) => {
          if (!text.startsWith('mdb: ') || !text.endsWith('\n')) throw new Error(`said ${text}`);
        },
      });
    } catch (error) {
      throw this.failure(input, line, error);
    } finally {
      alarm.removeEventListener('abort', stop);
    }
    const took = performance.now() - begin;
    if (took > this.tally.slowestMs) {
      this.tally.slowestMs = took;
      this.tally.slowest = `${input}: ${line.slice(0, 200)}`;
    }
    if (took > HUNG_MS) throw this.failure(input, line, new Error(`took ${took.toFixed(0)} ms`));
    return isWell;
  }

  private failure(input: number, what: string, cause: unknown): Error {
    const said = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    return new Error(
      `seed ${this.seed}, input ${input}: ${JSON.stringify(what.slice(0, 500))}: ${said}`,
      { cause },
    );
  }

  private async whole(name: string): Promise<{ bytes: Buffer; entries: Entries }> {
    let whole = this.wholes.get(name);
    if (whole === undefined) {
      whole = { bytes: readFileSync(dumpPath(name)), entries: await entriesOf(dumpPath(name)) };
      this.wholes.set(name, whole);
    }
    return whole;
  }
}

export async function entriesOf(path: string): Promise<Entries> {
  const zip = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, open) =>
      error === null ? resolve(open) : reject(error),
    );
  });
  const entries: yauzl.Entry[] = [];
  await new Promise<void>((resolve) => {
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', resolve);
    zip.readEntry();
  });
  const found = new Map<string, Buffer>();
  for (const entry of entries) {
    const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      zip.openReadStream(entry, (error, open) => (error === null ? resolve(open) : reject(error)));
    });
    found.set(entry.fileName, await buffer(stream));
  }
  zip.close();
  return found;
}
