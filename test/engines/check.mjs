/*
 * Whether a sharded run on some engine was one run, cut into shards.
 *
 *   (1) each trial ran in one shard, and in no other, and together they are all
 *   (2) all shards had the same root seed, and each its own place: 1/n … n/n
 *   (3) the merged run counts every trial once
 *   (4) a merge of all but one says 5, incomplete, or still 1 where there is a finding.  The control of (3)
 *
 *
 * All four are read from what lies on the disk.  A soak has as many trials as its time has room for: of it (1) and (3) are what
 * test/run/shards-check.mjs says of any soak in shards, and there is no finding to be had.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOfMerge, faultsOfShards, journalOf } from '../run/shards-check.mjs';
import { run } from './child.mjs';
import { TRIALS } from './project.mjs';

/**
 * What is wrong, one line each.  `shards` are the directories of the shards, `merged` what the engine merged, and `wanted`
 * the code of that: 0, or 1 for a finding.
 */
export async function faultsOf(project, shards, merged, wanted) {
  const faults = [];
  const runs = shards.flatMap((shard) => runsIn(shard));
  const journals = runs.map((directory) => recordsOf(directory));
  if (runs.length !== shards.length)
    faults.push(`${runs.length} runs of ${shards.length} shards: ${runs.join(', ')}`);

  const indices = journals.map((records) =>
    records.filter(({ type }) => type === 'trial').map(({ index }) => index),
  );
  const all = indices.flat().toSorted((a, b) => a - b);
  const every = Array.from({ length: TRIALS }, (_, i) => i);
  if (JSON.stringify(all) !== JSON.stringify(every))
    faults.push(`the shards ran the trials ${all.join(' ')}, not 0 to ${TRIALS - 1}, each once`);
  if (indices.some(({ length }) => length === 0)) faults.push('a shard ran nothing');
  faults.push(...faultsOfPlaces(journals, shards));

  const summaries = existsSync(merged)
    ? recordsOf(merged).filter(({ type }) => type === 'summary')
    : [];
  const counted = summaries.reduce((sum, { trials }) => sum + trials, 0);
  if (counted !== TRIALS) faults.push(`the merged run counts ${counted} trials, not ${TRIALS}`);
  faults.push(...faultsOfReports(merged));
  faults.push(...(await faultsWithout(project, runs, wanted)));
  return faults;
}

/** The same of a soak of everything, which the template has by default, and in which nothing is wrong. */
export async function faultsOfSoak(project, shards, merged) {
  const runs = shards.flatMap((shard) => runsIn(shard));
  if (runs.length !== shards.length || !existsSync(merged))
    return [`${runs.length} runs of ${shards.length} shards, merged: ${existsSync(merged)}`];
  const read = runs.map((directory) => {
    const { records, torn } = journalOf(directory);
    const { shard = '' } = records.find(({ type }) => type === 'header') ?? {};
    return { number: Number(shard.split('/')[0]), directory, records, torn, printed: [], cuts: 0 };
  });
  const { exit } = JSON.parse(readFileSync(join(merged, 'done.json'), 'utf8'));
  return [
    ...(exit === 0 ? [] : [`the merged soak ended with ${exit}, not 0`]),
    ...faultsOfPlaces(
      read.map(({ records }) => records),
      shards,
    ),
    ...faultsOfShards(read, shards.length),
    ...faultsOfMerge(read, merged, exit),
    ...faultsOfReports(merged),
    ...(await faultsWithout(project, runs, 0)),
  ];
}

/** (2) */
function faultsOfPlaces(journals, shards) {
  const faults = [];
  const headers = journals.map((records) => records.find(({ type }) => type === 'header'));
  const seeds = new Set(headers.map((header) => header?.seed));
  if (seeds.size !== 1) faults.push(`root seeds differ: ${[...seeds].join(' ')}`);
  const places = headers.map((header) => header?.shard).toSorted();
  const expected = shards.map((_, i) => `${i + 1}/${shards.length}`);
  if (JSON.stringify(places) !== JSON.stringify(expected))
    faults.push(`the shards call themselves ${places.join(' ')}, not ${expected.join(' ')}`);
  return faults;
}

function faultsOfReports(merged) {
  return ['junit.xml', 'report.html']
    .filter((report) => !existsSync(join(merged, report)))
    .map((report) => `the merged run has no ${report}`);
}

/** (4) */
async function faultsWithout(project, runs, wanted) {
  const gridlock = join(project, 'node_modules', '.bin', 'gridlock');
  const without = await run(gridlock, [
    'merge',
    ...runs.slice(1),
    '--out',
    join(project, 'without'),
  ]);
  const lacking = wanted === 0 ? 5 : wanted;
  if (without.exit === lacking) return [];
  return [`without a shard, merge ended with ${without.exit}, not ${lacking}: ${without.stderr}`];
}

function runsIn(shard) {
  if (!existsSync(shard)) return [];
  return readdirSync(shard)
    .map((name) => join(shard, name))
    .filter((directory) => existsSync(join(directory, 'manifest.json')));
}

function recordsOf(directory) {
  return readFileSync(join(directory, 'journal.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
