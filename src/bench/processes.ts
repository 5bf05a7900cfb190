/*
 * A question, asked of a process of its own; the process is bench/process.ts, of this checkout or of another.
 *
 * What is sent is one line of JSON, the last argument; what comes back on its stdout, a line each, are the cells as it gets to
 * them, the figures, and a Fail where the question failed: a process that sends code and values has sent the failure.  It is
 * bounded, and it does not outlive us (run/leash.ts).
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Fail, fail, type FailCode } from '../base/fail.ts';
import { packageRoot } from '../base/version.ts';
import { hold, leashed } from '../run/leash.ts';
import type { Asked, Figure, Tell } from './figure.ts';

/** The longest question takes some minutes. */
const LONGEST_MS = 30 * 60_000;
const ENTRY = join('dist', 'src', 'bench', 'process.js');

export interface ProcessQuestion {
  readonly question: string;
  readonly asked: Asked;
  /** its number, for its figures */
  readonly process: number;
  /** the checkout whose code is asked; ours by default */
  readonly root?: string;
  readonly tell?: Tell;
}

/** @throws Fail NO_BENCH where a checkout is none, or was not built */
export function checkCheckout(root: string): void {
  if (!existsSync(join(root, 'package.json')))
    throw fail('NO_BENCH', { root, what: 'it has no package.json' });
  if (!existsSync(join(root, ENTRY)))
    throw fail('NO_BENCH', { root, what: `it has no ${ENTRY.replaceAll('\\', '/')}` });
}

/**
 * The figures of one question, measured in a process of its own.
 * @throws Fail as the question does; BENCH_PROCESS when the process ended in another way
 */
export async function askProcess(given: ProcessQuestion): Promise<Figure[]> {
  const { question, asked, process: number, root = packageRoot(), tell } = given;
  checkCheckout(root);
  const order = JSON.stringify({ question, asked });
  const { file, args } = await leashed({
    file: process.execPath,
    args: [...process.execArgv, join(root, ENTRY), order],
  });
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  hold(child);
  if (tell !== undefined) hearCells(child, tell);
  const { out, error, how } = await ended(child);
  const records = out.split('\n').flatMap(parsed);
  const failed = records.find(({ type }) => type === 'fail') as Told | undefined;
  if (failed !== undefined) throw new Fail(failed.code, failed.values);
  const figures = records.filter(({ type }) => type === 'figure') as unknown as Figure[];
  if (how !== '' || figures.length === 0) {
    const said = error
      .trim()
      .split('\n')
      .find((line) => line !== '');
    throw fail('BENCH_PROCESS', { question, how: how === '' ? 'without a figure' : how, said });
  }
  return figures.map((each) => ({ ...each, process: number }));
}

/** As Tell has it. */
export interface CellRecord {
  readonly type: 'cell';
  readonly cell: string;
  readonly nth: number;
  readonly of: number;
}

interface Told {
  readonly code: FailCode;
  readonly values: Readonly<Record<string, string | number>>;
}

interface Ended {
  readonly out: string;
  readonly error: string;
  /** empty when it ended well */
  readonly how: string;
}

function hearCells({ stdout }: ChildProcess, tell: Tell): void {
  createInterface({ input: stdout! }).on('line', (line) => {
    const [record] = parsed(line);
    if (record?.type !== 'cell') return;
    const { cell, nth, of } = record as CellRecord;
    tell(cell, nth, of);
  });
}

async function ended(child: ChildProcess): Promise<Ended> {
  const out: Buffer[] = [];
  const error: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => error.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const how = signal !== null ? `by ${signal}` : code === 0 ? '' : `with exit code ${code}`;
  return { out: text(out), error: text(error), how };
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(line: string): { readonly type?: unknown }[] {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? [record] : [];
  } catch {
    return []; //  something that a module of the question printed
  }
}
