/*
 * Results directories for the tests of reports: golden dumps, and journals written by hand around them.
 */

import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRun } from '../../src/report/model.ts';
import type { TrialRecord } from '../../src/run/campaign-records.ts';

const DUMPS = fileURLToPath(new URL('../dumps/', import.meta.url));

export const HEADER = {
  type: 'header',
  schema: 1,
  gridlock: '0.1.0',
  node: '20.20.2',
  os: 'linux 6 x64',
  cpus: 2,
  memory_mb: 4096,
  seed: 9056,
  shard: null,
};

/** A trial as a campaign journals it. */
export function trialOf(given: Partial<TrialRecord>): TrialRecord {
  return {
    type: 'trial',
    workload: 'once',
    variant: 'opposite',
    strategy: 'free',
    index: 0,
    seed: 1,
    verdict: 'deadlock',
    grade: 'expected',
    seconds: 0.02,
    progress: {},
    outcomes: {},
    dump: null,
    replay: null,
    message: 'each waits for the other',
    because: [],
    exact: true,
    signature: 'one',
    dump_ms: null,
    dump_error: null,
    schedule: null,
    ...given,
  };
}

/** Writes a results directory.  @param dumps golden dumps that go into dumps/, by name  @param exit null: it was cut off */
export function resultsOf(
  records: readonly object[],
  dumps: readonly string[] = [],
  exit: number | null = 0,
): string {
  const directory = mkdtempSync(join(tmpdir(), 'gridlock-html-'));
  mkdirSync(join(directory, 'dumps'));
  for (const name of dumps)
    copyFileSync(join(DUMPS, `${name}.dump`), join(directory, 'dumps', `${name}.dump`));
  const lines = [HEADER, ...records].map((record) => `${JSON.stringify(record)}\n`);
  writeFileSync(join(directory, 'journal.ndjson'), lines.join(''));
  const manifest = { schema: 1, id: '20261122T040000' };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  if (exit !== null) writeFileSync(join(directory, 'done.json'), JSON.stringify({ exit }));
  return directory;
}

/** A run with something of everything: a controlled deadlock, panics, a hang of many threads, a pass. */
export function sampleRun(): string {
  const opposite = { workload: 'once', variant: 'opposite', strategy: 'random' };
  const schedule = {
    token: 's1.AAEBAgABAQEAAQ.qid',
    choices: 9,
    preemptions: 1,
    events: 7,
    givenUp: false,
    strayed: -1,
  };
  const failing = [4, 341, 760, 1130, 2002, 2790, 3688, 4586, 5910, 6001, 8120, 9471];
  const between = failing.map((index, i) => {
    const first = i === 0 ? 0 : failing[i - 1]! + 1;
    return seriesOf({ ...opposite, first, passed: index - first });
  });
  const controlled = failing.map((index, i) =>
    trialOf({
      ...opposite,
      index,
      schedule: { ...schedule, events: index },
      message: 'saver/0 wants south; saver/1 wants north, which saver/0 holds',
      because: ['each waits for what the next one holds; two looks found each in the same wait'],
      signature: i === 6 ? 'two' : 'one',
      verdict: i === 6 ? 'lost-wakeup' : 'deadlock',
      ...(i === 0
        ? {
            dump: 'dumps/once.opposite.dump',
            replay:
              'gridlock run ./test/planted/once.js --variant opposite -s replay --schedule s1.AAEBAgABAQEAAQ.qid --steps 5000 --trial-seed 2565399931',
          }
        : {}),
    }),
  );
  const dtrace = { workload: 'dtrace-deadlock', strategy: 'free' };
  const records = [
    ...between.flatMap((series, i) => [series, controlled[i]!]),
    trialOf({
      ...dtrace,
      variant: 'mutex-cycle',
      verdict: 'panic',
      seconds: 0.0891,
      message: 'Deadlock: cycle in blocking chain',
      because: ['dtrace -Cs panicked'],
      dump: 'dumps/dtrace-deadlock.mutex-cycle.dump',
      replay: 'gridlock run dtrace-deadlock --variant mutex-cycle --seed 9056 -n 1 -d 20000ms',
    }),
    trialOf({
      ...dtrace,
      variant: 'wstub',
      verdict: 'deadlock',
      grade: 'forbidden',
      seconds: 1.31,
      message: 'callout taskq/1 wants p_lock; nobody moves',
      dump: 'dumps/dtrace-deadlock.wstub.dump',
      replay: 'gridlock run dtrace-deadlock --variant wstub --seed 9056 -n 1 -d 20000ms',
    }),
    trialOf({
      workload: 'kstat-race',
      variant: 'locked-clear',
      verdict: 'pass',
      seconds: 4,
      message: null,
      outcomes: { 'data kept': 19_204, 'header only': 311, 'nothing read': 7 },
    }),
  ];
  const dumps = ['once.opposite', 'dtrace-deadlock.mutex-cycle', 'dtrace-deadlock.wstub'];
  const declared: Readonly<Record<string, string>> = {
    opposite: 'deadlock',
    'mutex-cycle': 'panic',
    wstub: 'pass',
    'locked-clear': 'pass',
  };
  const summaries = readRun(resultsOf(records)).campaigns.map((campaign) =>
    summaryOf({
      ...campaign.statistics,
      workload: campaign.workload,
      variant: campaign.variant,
      strategy: campaign.strategy,
      declared: declared[campaign.variant],
      grade: campaign.variant === 'wstub' ? 'forbidden' : 'expected',
      trials: campaign.trials,
      verdicts: campaign.verdicts,
      outcomes: campaign.outcomes,
    }),
  );
  return resultsOf([...records, ...summaries], dumps, 1);
}

function seriesOf(given: Record<string, unknown>): object {
  return {
    type: 'series',
    seed: 1,
    given_up: 0,
    choices: 9 * Number(given['passed']),
    preemptions: Number(given['passed']),
    outcomes: { 'one saved': Number(given['passed']) },
    seconds: Number(given['passed']) / 30_000,
    ...given,
  };
}

/** What a campaign says at its end, of one trial. */
export function summaryOf(given: Record<string, unknown>): object {
  return {
    type: 'summary',
    strategy: 'free',
    declared: 'pass',
    trials: 1,
    verdicts: { pass: 1 },
    outcomes: {},
    grade: 'expected',
    machines: 1,
    dump: null,
    pinning: '',
    exhausted: false,
    preemptions_max: null,
    strayed: null,
    digest: null,
    given_up: 0,
    rate: { value: 0, low: 0, high: 0.95 },
    time_to_failure_s: null,
    schedules_to_failure: null,
    survival: [],
    failures: [],
    coverage: null,
    choices: null,
    preemptions: null,
    ...given,
  };
}
