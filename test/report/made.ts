/*
 * Runs made by hand, as they lie on the disk: a manifest, a journal, dumps.
 *
 * A dump is a golden one with its names replaced, so its shape is that of a real one.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ZipFile } from 'yazl';

import type { DumpThread } from '../../src/dump/format.ts';
import type { Summary, TrialRecord } from '../../src/run/campaign-records.ts';
import { DumpFile } from '../../src/dump/read.ts';
import { Tally } from '../../src/run/tally.ts';

export function trialOf(more: Partial<TrialRecord> = {}): TrialRecord {
  return {
    type: 'trial',
    workload: 'once',
    variant: 'opposite',
    strategy: 'free',
    index: 3,
    seed: 11,
    verdict: 'deadlock',
    grade: 'forbidden',
    seconds: 0.25,
    progress: { saver: 1 },
    outcomes: {},
    dump: null,
    replay: 'gridlock run ./once.js --variant opposite --seed 7 -n 4',
    message: 'saver/0 wants south, which saver/1 has',
    because: ['each waits for what the next one holds'],
    exact: true,
    signature: 'opposite',
    dump_ms: null,
    dump_error: null,
    schedule: null,
    ...more,
  };
}

/** The summary of a campaign of ten trials, of which these failed. */
export function summaryOf(trials: readonly TrialRecord[], more: Partial<Summary> = {}): Summary {
  const tally = new Tally();
  for (const trial of trials) tally.failed(trial);
  const indices = new Set(trials.map(({ index }) => index));
  for (let index = 0; index < 10; index++)
    if (!indices.has(index)) tally.passed({ first: index, trials: 1, seconds: 0.5 });
  const { workload = 'once', variant = 'opposite', strategy = 'free' } = trials[0] ?? {};
  const verdicts: Record<string, number> = {};
  for (const { verdict } of trials) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  const passed = tally.trials - tally.failures;
  if (passed > 0) verdicts['pass'] = passed;
  return {
    type: 'summary',
    workload,
    variant,
    declared: 'pass',
    trials: tally.trials,
    verdicts,
    outcomes: {},
    grade: trials.some(({ grade }) => grade === 'forbidden') ? 'forbidden' : 'expected',
    machines: 1,
    dump: trials.find(({ dump }) => dump !== null)?.dump ?? null,
    pinning: '',
    strategy,
    exhausted: false,
    preemptions_max: null,
    strayed: null,
    lost: null,
    digest: null,
    given_up: 0,
    ...tally.statistics(),
    ...more,
  };
}

/** Writes a results directory; without `exit` it is that of a run that was cut.  @param more of its manifest and header */
export function runOf(
  directory: string,
  records: readonly object[],
  exit?: number,
  more: object = {},
): string {
  mkdirSync(join(directory, 'dumps'), { recursive: true });
  const asked = [{ workload: './once.js', variant: 'opposite' }];
  const header = {
    type: 'header',
    schema: 1,
    gridlock: '0.1.0',
    node: '20.19.0',
    os: 'linux 6',
    cpus: 2,
    memory_mb: 4096,
    seed: 7,
    shard: null,
    ...more,
  };
  const id = '20260101T101010';
  const lines = [header, ...records].map((record) => `${JSON.stringify(record)}\n`);
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ id, ...header, asked }));
  writeFileSync(join(directory, 'journal.ndjson'), lines.join(''));
  if (exit !== undefined) writeFileSync(join(directory, 'done.json'), JSON.stringify({ exit }));
  return directory;
}

const GOLDEN = fileURLToPath(new URL('../dumps/once.opposite.dump', import.meta.url));

/** Writes the head and the threads of a golden dump, every text in them being what `rename` makes of it. */
export async function dumpOf(file: string, rename = (text: string): string => text): Promise<void> {
  const golden = await DumpFile.open(GOLDEN);
  const head = { ...golden.head, message: rename(golden.head.message) };
  const threads = (await golden.threads()).map((thread) => renamed(thread, rename));
  golden.close();
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(JSON.stringify(head)), 'dump.json', { compress: false });
  zip.addBuffer(Buffer.from(JSON.stringify(threads)), 'threads.json', { compress: false });
  zip.end();
  writeFileSync(file, await buffer(zip.outputStream));
}

function renamed(thread: DumpThread, rename: (text: string) => string): DumpThread {
  const { wants } = thread;
  return {
    ...thread,
    name: rename(thread.name),
    psargs: rename(thread.psargs),
    holds: thread.holds.map((lock) => ({ ...lock, name: rename(lock.name) })),
    wants: wants === null ? null : { ...wants, name: rename(wants.name) },
    stack: thread.stack.map((frame) => ({
      ...frame,
      function: rename(frame.function),
      file: rename(frame.file),
    })),
  };
}
