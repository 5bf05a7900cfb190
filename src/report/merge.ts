/*
 * Several results directories into one: the shards of a run, made by machines that knew nothing of each other.
 *
 * What is merged are trials, not summaries.  Each has its index in the one row of its campaign, so whatever the shards
 * say twice is known by it and counted once, and the sum is that of a single machine.  Hence
 *
 *     the order of the directories does not matter        all is put in the order of campaigns and indices
 *     one that is given twice counts once                 so does one that is given beside a merge it is already in
 *     a run that was cut counts as far as it got          its last line may be torn
 *     the merge is a results directory                    show, report and merge itself take it for one
 *     what grew is told of its shard                      no other has it, so nothing is added up
 *
 * Campaigns are one if workload, variant, strategy, params and settings are (run/campaign-records.ts, CampaignFacts), and
 * they are numbered: a record of a merge says `campaign`.
 *
 * Where two directories have a trial of one number, a shard was run twice.  What did not pass beats what did: a bug that was
 * seen stays seen.  Of equals the one with a dump is taken, then that of the first directory in their own order.
 *
 * Stretches of trials that passed end where time ended them, so those of a run that was cut are left out where the
 * shard was run again: they could overlap with one that begins where no other ends.
 *
 * Two passes.  The first reads each journal once (merge-sources.ts).  The second takes the records in order, counts
 * (merge-campaign.ts), and writes.
 *
 * The exit code is the worst that is to be said.  A finding is judged anew, from all trials: a declared bug that one
 * shard did not see, and another did, was seen.  One that none saw is a finding only if no shard is missing.  And of soaks
 * only if it has shown in no campaign of its variant, though each of its cells had its turns: as a soak judges itself.
 *
 * Not merged: the digest and the coverage of interleavings, which are made of hashes that no journal has.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HOST_DISK, writeWhole } from '../base/disk.ts';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { fail, Fail } from '../base/fail.ts';
import { gridlockVersion } from '../base/version.ts';
import type { CampaignFacts, Summary } from '../run/campaign-records.ts';
import { BLOCK } from '../run/control.ts';
import type { GrowthRecord } from '../run/growth.ts';
import { TURNS_TO_SHOW } from '../run/rotation.ts';
import { MIGRATIONS, SCHEMA, migrated, type Fields } from '../run/schema.ts';
import { Contents, JournalWriter, KIND, type Row } from './contents.ts';
import { MergedCampaign } from './merge-campaign.ts';
import {
  findRuns,
  inOrder,
  open,
  refuseMixed,
  scan,
  sorted,
  type Campaigns,
  type Scanned,
  type Source,
} from './merge-sources.ts';
import { jsonOf, strideOf } from './model.ts';
import { isWhole, missingOf, partOf, partsTogether, type Done, type Part } from './parts.ts';

export interface MergeOptions {
  readonly directories: readonly string[];
  /** the directory to make; undefined: one in `root`, named after what is merged */
  readonly out: string | undefined;
  readonly root: string;
  /** from older schemas */
  readonly migrations?: typeof MIGRATIONS;
}

export interface Merged {
  readonly directory: string;
  readonly summaries: readonly Summary[];
  readonly parts: readonly Part[];
  /** of soaks: what grew, with its shard */
  readonly growth: readonly GrowthRecord[];
  /** what was not there, a line each */
  readonly missing: readonly string[];
  readonly exit: ExitCode;
}

/** @throws Fail RUN_NOT_FOUND, MERGE_MIXED, MERGE_OUT, SCHEMA_UNKNOWN, RESULTS_UNWRITABLE */
export function mergeRuns(options: MergeOptions): Merged {
  const { found, empty } = findRuns(options.directories);
  const { migrations = MIGRATIONS } = options;
  const sources = found.map((each) => open(each, migrations)).toSorted(inOrder);
  const [first] = sources;
  if (first === undefined) throw fail('RUN_NOT_FOUND', { run: options.directories.join(', ') });
  try {
    for (const source of sources) refuseMixed(first, source);
    const contents = new Contents();
    const campaigns: Campaigns = new Map();
    const seen = new Set<string>();
    for (const [i, source] of sources.entries())
      scan(source, i, { contents, campaigns, seen }, migrations);
    return new Merge(options, sources, { contents, campaigns, seen }, empty).write();
  } finally {
    for (const { reader } of sources) reader.close();
  }
}

/** The second pass: what is to be written, and writing it. */
class Merge {
  private readonly sources: readonly Source[];
  private readonly contents: Contents;
  /** in the order of the merge */
  private readonly campaigns: readonly Partial<CampaignFacts>[];
  /** by the number of a campaign in the first pass, that in the merge */
  private readonly rankOf: readonly number[];
  private readonly parts: readonly Part[];
  /** of each source, the shards of campaigns that it has whole */
  private readonly whole: readonly ReadonlySet<string>[];
  private readonly missing: readonly string[];
  private readonly total: number;
  private readonly id: string;
  private readonly directory: string;
  private readonly migrations: typeof MIGRATIONS;
  private readonly seen: ReadonlySet<string>;

  constructor(
    options: MergeOptions,
    sources: readonly Source[],
    { contents, campaigns, seen }: Scanned,
    empty: readonly string[],
  ) {
    const identities = [...campaigns.keys()];
    const order = identities.toSorted((a, b) => (a < b ? -1 : 1));
    this.sources = sources;
    this.contents = contents;
    this.seen = seen;
    this.migrations = options.migrations ?? MIGRATIONS;
    this.rankOf = identities.map((identity) => order.indexOf(identity));
    this.campaigns = order.map((identity) => {
      const { facts, trials } = campaigns.get(identity)!;
      return { ...facts, trials };
    });
    const parts = sources.map((source) => this.partsOf(source));
    this.parts = partsTogether(parts.flat());
    this.whole = parts.map((each) => this.wholeOf(each));
    this.total = strideOf(sources[0]!.manifest);
    const named = this.campaigns.map(({ workload, variant, strategy }) =>
      [workload, variant, strategy].join(' '),
    );
    this.missing = [
      ...empty.map((name) => `${name}: nothing in it that can be read`),
      ...missingOf(this.parts, this.total, named),
    ];
    const names = this.parts.map(({ shard, id }) => `${shard} ${id}`).join('\n');
    this.id = `merge-${createHash('sha256').update(names).digest('hex').slice(0, 12)}`;
    this.directory = options.out ?? join(options.root, this.id);
  }

  write(): Merged {
    const { directory } = this;
    const isForeign =
      existsSync(directory) && !isMerge(directory) && readdirSync(directory).length > 0;
    if (isForeign) throw fail('MERGE_OUT', { directory });
    // Beside the place where it is to be: who finds it there finds it whole, and a source may be what it replaces.
    const beside = `${directory}.part`;
    try {
      rmSync(beside, { recursive: true, force: true });
      mkdirSync(join(beside, 'dumps'), { recursive: true });
      const { summaries, growth, exit } = this.fill(beside);
      rmSync(directory, { recursive: true, force: true });
      renameSync(beside, directory);
      HOST_DISK.syncDirectory(dirname(directory));
      return { directory, summaries, parts: this.parts, growth, missing: this.missing, exit };
    } catch (error) {
      rmSync(beside, { recursive: true, force: true });
      if (error instanceof Fail) throw error;
      const reason = (error as Error).message;
      throw fail('RESULTS_UNWRITABLE', { directory, reason }, { cause: error });
    }
  }

  private fill(directory: string): Pick<Merged, 'summaries' | 'growth' | 'exit'> {
    const { id, total, campaigns, parts, missing, soak } = this;
    const [{ node, os, cpus, memory_mb }] = parts as readonly [Part];
    const { seed } = this.sources[0]!.manifest;
    const gridlock = gridlockVersion();
    const facts = { schema: SCHEMA, gridlock, node, os, cpus, memory_mb, seed, shard: null };
    writeJson(join(directory, 'manifest.json'), {
      ...facts,
      id,
      merged: true,
      total,
      ...(soak === undefined ? {} : { soak }),
      campaigns,
      shards: parts,
      missing,
    });
    const journal = new JournalWriter(join(directory, 'journal.ndjson'));
    journal.write({ type: 'header', ...facts });
    const summaries = this.fillJournal(journal, directory);
    const growth = this.growth();
    for (const each of growth) journal.write(each);
    const exit = this.exitOf(summaries);
    journal.write({ type: 'end', exit });
    journal.close();
    writeJson(join(directory, 'run.json'), { id, ...facts, type: 'run', summaries, exit });
    writeJson(join(directory, 'done.json'), { exit });
    return { summaries, growth, exit };
  }

  /** What grew in any shard, in their order.  What a merge says of a shard, and the shard itself, is one. */
  private growth(): GrowthRecord[] {
    const all = this.sources.flatMap(({ growth }) => growth);
    const byText = new Map(all.map((each) => [JSON.stringify(sorted(each)), each]));
    const placeOf = ({ shard }: GrowthRecord): number => Number(shard!.split('/')[0]);
    return [...byText]
      .toSorted(([a, one], [b, other]) => placeOf(one) - placeOf(other) || (a < b ? -1 : 1))
      .map(([, each]) => each);
  }

  /** What a soak was asked for; undefined where no source is one. */
  private get soak(): unknown {
    return this.sources.find(({ manifest }) => manifest['soak'] !== undefined)?.manifest['soak'];
  }

  private fillJournal(journal: JournalWriter, directory: string): Summary[] {
    const summaries: Summary[] = [];
    const copied = new Set<string>();
    let current: MergedCampaign | undefined;
    const end = (): void => {
      const summary = current?.summary(this.parts, this.missing.length === 0, (facts) =>
        this.mustHaveShown(facts),
      );
      if (summary === undefined) return;
      summaries.push(summary);
      journal.write({ ...summary, campaign: current!.number });
    };
    for (const i of this.contents.inOrder(this.rankOf)) {
      const row = this.contents.at(i);
      const number = this.rankOf[row.campaign]!;
      if (current?.number !== number) {
        end();
        const facts = this.campaigns[number]!;
        current = new MergedCampaign(number, facts, this.total, directory, copied);
      }
      if (this.isSuperseded(row, number) || !current.wants(row)) continue;
      const source = this.sources[row.source]!;
      const record = migrated(source.reader.read(row), source.schema, directory, this.migrations);
      for (const line of current.take(record, row, source.directory))
        journal.write({ ...line, campaign: number });
    }
    end();
    return summaries;
  }

  /** Whether it is a finding that a declared failure did not show, where no shard is missing. */
  private mustHaveShown({ workload, variant, declared }: Partial<CampaignFacts>): boolean {
    const soaks = this.parts.map(({ turns }) => turns ?? null).filter((turns) => turns !== null);
    if (soaks.length === 0) return true;
    if (this.seen.has(`${workload} ${variant} ${declared}`)) return false;
    const cells = Object.keys(soaks[0]!).filter((cell) =>
      cell.startsWith(`${workload} ${variant},`),
    );
    const turnsOfCell = (cell: string): number =>
      soaks.reduce((sum, turns) => sum + (turns[cell] ?? 0), 0);
    return cells.length > 0 && cells.every((cell) => turnsOfCell(cell) >= TURNS_TO_SHOW);
  }

  /** Whether a stretch is of a run that was cut, and another run of the same shard is whole: it may end elsewhere. */
  private isSuperseded({ kind, index, source }: Row, campaign: number): boolean {
    if (kind !== KIND.series) return false;
    const shard = `${(Math.floor(index / BLOCK) % this.total) + 1}/${this.total}`;
    return !this.whole[source]!.has(`${shard} ${campaign}`) && this.has(`${shard} ${campaign}`);
  }

  private has(shard: string): boolean {
    return this.whole.some((each) => each.has(shard));
  }

  /**
   * The worst that is to be said: 1 > 70 > 3 > 99 > 5 > 0.  What a shard says of itself counts where it is no verdict
   * on trials; of those it saw only its own.  So a threshold that was missed counts though the shard's exit code is 1, as one that
   * did not see a declared bug has, which another saw.  A shard without a trial is no fault, unless all are.
   */
  private exitOf(summaries: readonly Summary[]): ExitCode {
    const own: ReadonlySet<number> = new Set([EXIT.internal, EXIT.environment, EXIT.regression]);
    const codes = this.parts
      .flatMap(({ exit, beside }) => [exit, beside])
      .filter((exit): exit is ExitCode => exit !== null && own.has(exit));
    const isFinding =
      summaries.some(({ grade }) => grade === 'forbidden') ||
      this.parts.some(({ finding }) => finding);
    if (isFinding) codes.push(EXIT.finding);
    if (this.missing.length > 0) codes.push(EXIT.incomplete);
    codes.push(summaries.length > 0 ? EXIT.ok : EXIT.nothing);
    return worstExit(codes);
  }

  private wholeOf(parts: readonly Part[]): Set<string> {
    const whole = parts.flatMap((part) =>
      part.campaigns
        .filter((campaign) => isWhole(part, campaign))
        .map((campaign) => `${part.shard} ${campaign}`),
    );
    return new Set(whole);
  }

  /** What a source consists of: itself, or what it was merged of. */
  private partsOf(source: Source): Part[] {
    const { manifest, directory, campaigns, summaries, counts, growth } = source;
    const rank = (key: string): number => this.rankOf[campaigns.get(key)!]!;
    const merged = manifest['shards'] as readonly Part[] | undefined;
    if (merged !== undefined) {
      const again = (campaign: number): number => rank(String(campaign));
      return merged.map((part) => ({
        ...part,
        campaigns: part.campaigns.map(again),
        lost: part.lost.map(again),
        told: part.told.map((told) => ({ ...told, campaign: again(told.campaign) })),
      }));
    }
    const done = jsonOf(join(directory, 'done.json')) as Done | undefined;
    const told = [...summaries].map(([key, summary]) => ({
      campaign: rank(key),
      journalled: counts.get(key) ?? 0,
      summary,
    }));
    const turns = source.turns === null ? null : Object.fromEntries(source.turns);
    const ranks = [...campaigns.keys()].map(rank);
    const grew = growth.length > 0;
    return [partOf(manifest, done ?? {}, ranks, told, { turns, grew })];
  }
}

function isMerge(directory: string): boolean {
  return (jsonOf(join(directory, 'manifest.json')) as Fields | undefined)?.['merged'] === true;
}

function writeJson(file: string, value: object): void {
  writeWhole(file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
}
