/*
 * The first pass of a merge: which directories there are, and what each has.
 *
 * Each journal is read once, and of a record is kept where it is and which trials it tells of, some forty bytes (contents.ts).
 * So memory does not hold the journals, and of a journal's own order nothing is assumed.
 *
 * Campaigns are one if workload, variant, strategy, params and settings are (run/campaign-records.ts, CampaignFacts).  How many
 * trials were asked for does not tell one from another: shards of one run may have been given different numbers.
 *
 * Directories are put in an order by what they say of themselves, never by where they lie, so that the merge does not depend on how they
 * were given.  They must have one root seed and one division into shards, else an index means something else in each.
 */

import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fail } from '../base/fail.ts';
import type { CampaignFacts, Summary } from '../run/campaign-records.ts';
import type { GrowthRecord } from '../run/growth.ts';
import { eachRecord } from '../run/results.ts';
import { schemaOf, type Fields, type MIGRATIONS } from '../run/schema.ts';
import { KIND, RecordReader, tellsOf, type Contents } from './contents.ts';
import {
  campaignKey,
  factsOfRecord,
  jsonOf,
  readManifest,
  refuseBench,
  strideOf,
  type Manifest,
} from './model.ts';
import { fileWithin } from './within.ts';

/** A directory that is read. */
export interface Source {
  readonly directory: string;
  readonly manifest: Manifest & Fields;
  /** in which it was written */
  readonly schema: number;
  readonly reader: RecordReader;
  /** its campaigns, by its own keys: their numbers in the order in which they were first seen */
  readonly campaigns: Map<string, number>;
  readonly summaries: Map<string, Summary>;
  /** trials that its journal tells of; what is there twice counts twice */
  readonly counts: Map<string, number>;
  /** of a soak, by the names of its cells */
  readonly turns: Map<string, number> | null;
  /** what grew, with its shard */
  readonly growth: GrowthRecord[];
}

/** What is known of all sources behind the first pass. */
export interface Scanned {
  readonly contents: Contents;
  readonly campaigns: Campaigns;
  /** `workload variant verdict`, of all that was seen */
  readonly seen: ReadonlySet<string>;
}

/** All campaigns, by what makes one the same as another. */
export type Campaigns = Map<string, { readonly facts: Partial<CampaignFacts>; trials: number }>;

/** Those given, or what lies in them: a root of results, or what an artifact was unpacked to. */
export function findRuns(directories: readonly string[]): { found: string[]; empty: string[] } {
  const found = new Set<string>();
  const empty: string[] = [];
  for (const directory of directories) {
    if (!existsSync(directory)) throw fail('RUN_NOT_FOUND', { run: directory });
    const inside = isRun(directory)
      ? [directory]
      : readdirSync(directory, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => join(directory, name))
          .filter(isRun);
    if (inside.length === 0) empty.push(basename(directory));
    for (const each of inside) found.add(each);
  }
  return { found: [...found], empty };
}

function isRun(directory: string): boolean {
  return existsSync(join(directory, 'manifest.json'));
}

export function open(directory: string, migrations: typeof MIGRATIONS): Source {
  const manifest = readManifest(directory, migrations);
  if (manifest === undefined) throw fail('RUN_NOT_FOUND', { run: directory });
  refuseBench(manifest, directory);
  return {
    directory,
    manifest,
    schema: schemaOf(jsonOf(join(directory, 'manifest.json')) as Fields, directory),
    reader: new RecordReader(join(directory, 'journal.ndjson')),
    campaigns: new Map(),
    summaries: new Map(),
    counts: new Map(),
    turns: turnsOf(manifest),
    growth: [],
  };
}

/** None had yet: what its manifest says of a soak.  Those of old do not name their cells. */
function turnsOf(manifest: Fields): Map<string, number> | null {
  if (manifest['soak'] === undefined) return null;
  const cells = (manifest['cells'] ?? []) as readonly string[];
  return new Map(cells.map((cell) => [cell, 0]));
}

/** By what they say of themselves, never by where they lie; of two with one name the one that got farther. */
export function inOrder(a: Source, b: Source): number {
  const nameOf = ({ manifest }: Source): string => `${manifest.shard ?? ''} ${manifest.id}`;
  const [one, other] = [nameOf(a), nameOf(b)];
  if (one !== other) return one < other ? -1 : 1;
  return b.reader.size - a.reader.size;
}

export function refuseMixed(first: Source, source: Source): void {
  const shardsOf = ({ manifest }: Source): number => strideOf(manifest);
  for (const [what, one, other] of [
    ['root seed', first.manifest.seed, source.manifest.seed],
    ['number of shards', shardsOf(first), shardsOf(source)],
  ] as const) {
    if (one === other) continue;
    const pair = { first: first.directory, second: source.directory };
    throw fail('MERGE_MIXED', { ...pair, what, one, other });
  }
}

/** The first pass over a journal. */
export function scan(
  from: Source,
  source: number,
  { contents, campaigns: all, seen }: Scanned & { readonly seen: Set<string> },
  migrations: typeof MIGRATIONS,
): void {
  const { manifest, campaigns, summaries, counts, directory, turns } = from;
  const listed = manifest.campaigns ?? [];
  let position = -1;
  const enter = (key: string, facts: Partial<CampaignFacts>): number => {
    const campaign = numberOf(facts, all);
    campaigns.set(key, campaign);
    return campaign;
  };
  for (const [i, facts] of listed.entries())
    enter(manifest.total === undefined ? campaignKey({ ...facts }) : String(i), facts);
  const hasDump = (file: string): boolean => fileWithin(directory, file) !== undefined;
  const hear = (record: Fields, place: { at: number; bytes: number }): void => {
    if (record['type'] === 'turn' && Number(record['position']) > position) {
      // One that was cut is had again, and counts once.
      position = Number(record['position']);
      const cell = String(record['cell']);
      if (turns?.has(cell) === true) turns.set(cell, turns.get(cell)! + 1);
    }
    if (record['type'] === 'growth') {
      const growth = record as unknown as GrowthRecord;
      from.growth.push({ ...growth, shard: growth.shard ?? manifest.shard ?? '1/1' });
    }
    if (typeof record['workload'] !== 'string') return;
    const key = campaignKey(record);
    const campaign =
      campaigns.get(key) ?? enter(key, factsOfRecord(record, listed) ?? bareFacts(record));
    if (record['type'] === 'summary') summaries.set(key, record as unknown as Summary);
    const told = tellsOf(record, hasDump);
    if (told === undefined) return;
    contents.add({ ...told, ...place, source, campaign });
    seen.add(`${record['workload']} ${String(record['variant'])} ${String(record['verdict'])}`);
    const trials = told.kind === KIND.series ? Number(record['passed']) : 1;
    if (told.kind !== KIND.verdict) counts.set(key, (counts.get(key) ?? 0) + trials);
  };
  eachRecord(join(directory, 'journal.ndjson'), hear, migrations);
}

/** All that is known of a campaign which no manifest tells of. */
function bareFacts(record: Fields): Partial<CampaignFacts> {
  const { workload, variant, strategy } = record as unknown as CampaignFacts;
  return { workload, variant, strategy };
}

/** The place of a campaign among all of them.  How many trials were asked for does not tell one from another. */
function numberOf({ trials = 0, ...facts }: Partial<CampaignFacts>, all: Campaigns): number {
  const identity = JSON.stringify(sorted(facts));
  const known = all.get(identity);
  if (known === undefined) all.set(identity, { facts, trials });
  else known.trials = Math.max(known.trials, trials);
  return [...all.keys()].indexOf(identity);
}

export function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}
