/*
 * The parts of a merge: the runs that it was made of, what each said of itself, and what is missing.
 *
 *     a shard's campaign is whole if one of its parts                but not if
 *     ----------------------------------------------------------     ----------------------------------------------
 *     came to its end, and was asked for the campaign                its journal has fewer trials than its summary,
 *     was cut, and had finished the campaign before                  as after a disk was full
 *
 * A part that was interrupted came to no end; the campaign that it said last is the one that was interrupted.  The campaigns of a
 * soak come to their ends together: one that was cut has none whole.
 */

import { EXIT } from '../base/exit.ts';
import type { Summary } from '../run/campaign-records.ts';
import type { Fields } from '../run/schema.ts';
import type { Header, Manifest } from './model.ts';

/** A run, as the manifest of the merge keeps it.  Campaigns are named by their numbers there. */
export interface Part extends Pick<Header, 'node' | 'os' | 'cpus' | 'memory_mb'> {
  /** `1/1` where it was no shard */
  readonly shard: string;
  readonly engine: string | null;
  readonly id: string;
  /** null: it was cut */
  readonly exit: number | null;
  /** the worst that it came to beside its trials, which its exit code may hide; null: nothing, or nobody said */
  readonly beside: number | null;
  /** its exit code is 1 for something else than a declared bug that it did not see */
  readonly finding: boolean;
  /** those that it was asked for */
  readonly campaigns: readonly number[];
  /** those of which trials are missing in its journal */
  readonly lost: readonly number[];
  /** what it said of those that it finished */
  readonly told: readonly Told[];
  /** of a soak, how often each cell of its rotation had its turn; null: it is none */
  readonly turns: Turns | null;
}

export type Turns = Readonly<Record<string, number>>;

export interface Told extends Pick<
  Summary,
  'machines' | 'pinning' | 'exhausted' | 'strayed' | 'lost'
> {
  readonly campaign: number;
}

/** A summary of a run, and how many trials of it the journal has. */
interface ToldBefore {
  readonly campaign: number;
  readonly journalled: number;
  readonly summary: Summary;
}

export function partOf(
  manifest: Manifest & Fields,
  { exit = null, beside = null }: Done,
  campaigns: readonly number[],
  summaries: readonly ToldBefore[],
  { turns, grew }: Rotated,
): Part {
  const { shard, id } = manifest;
  const { node, os, cpus, memory_mb, engine } = manifest as unknown as Part;
  const isInterrupted = exit === EXIT.sigint || exit === EXIT.sigterm;
  const finished = isInterrupted && turns === null ? summaries.slice(0, -1) : summaries;
  const forbidden = summaries.filter(({ summary }) => summary.grade === 'forbidden');
  const isUnshown =
    forbidden.length > 0 && forbidden.every(({ summary }) => isOnlyUnshown(summary));
  return {
    shard: shard ?? '1/1',
    engine: engine ?? null,
    id,
    node,
    os,
    cpus,
    memory_mb,
    exit: isInterrupted ? null : exit,
    beside,
    finding: (exit === EXIT.finding && !isUnshown) || grew,
    turns,
    campaigns,
    lost: finished
      .filter(({ journalled, summary }) => journalled < summary.trials)
      .map(({ campaign }) => campaign),
    told: finished.map(({ campaign, summary }) => ({
      campaign,
      machines: summary.machines,
      pinning: summary.pinning,
      exhausted: summary.exhausted,
      strayed: summary.strayed,
      lost: summary.lost ?? null,
    })),
  };
}

/** What a run says at its end: nothing, where it was cut. */
export interface Done {
  readonly exit?: number | null;
  readonly beside?: number | null;
}

/** What a soak has, and no other run. */
export interface Rotated {
  readonly turns: Turns | null;
  /** whether something grew that should not */
  readonly grew: boolean;
}

/** Forbidden for nothing else than that the declared bug did not show. */
function isOnlyUnshown({ declared, verdicts, strayed }: Summary): boolean {
  const others = Object.keys(verdicts).filter((verdict) => verdict !== 'pass');
  return declared !== 'pass' && others.length === 0 && (strayed ?? null) === null;
}

/** Each run once, in order; of one that was read at two times what it came to later. */
export function partsTogether(parts: readonly Part[]): Part[] {
  const byName = new Map<string, Part>();
  for (const part of parts) {
    const name = `${part.shard} ${part.id}`;
    const known = byName.get(name);
    if (known === undefined || farther(part, known)) byName.set(name, part);
  }
  return [...byName.values()].toSorted(
    (a, b) => indexOf(a) - indexOf(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
}

function farther(part: Part, known: Part): boolean {
  if ((part.exit === null) !== (known.exit === null)) return known.exit === null;
  return part.told.length > known.told.length;
}

function indexOf({ shard }: Part): number {
  return Number(shard.split('/')[0]);
}

/** A line for each shard that is missing, or lacks something. */
export function missingOf(
  parts: readonly Part[],
  total: number,
  campaigns: readonly string[],
): string[] {
  const lines: string[] = [];
  for (let index = 1; index <= total; index++) {
    const mine = parts.filter((part) => indexOf(part) === index);
    if (mine.length === 0) {
      lines.push(`shard ${index}/${total}: missing`);
      continue;
    }
    const cut = campaigns.filter((_, campaign) => !mine.some((part) => isWhole(part, campaign)));
    if (cut.length > 0 && mine.every(({ turns }) => (turns ?? null) !== null))
      lines.push(`shard ${index}/${total}: cut`);
    else if (cut.length > 0) lines.push(`shard ${index}/${total}: cut, at ${cut.join(', ')}`);
    // Cut before it knew what to do.
    else if (campaigns.length === 0 && mine.every(({ exit }) => exit === null))
      lines.push(`shard ${index}/${total}: cut`);
  }
  return lines;
}

/** Whether all that a part has of a campaign is in its journal. */
export function isWhole({ exit, campaigns, lost, told, turns }: Part, campaign: number): boolean {
  if (!campaigns.includes(campaign) || lost.includes(campaign)) return false;
  if ((turns ?? null) !== null) return exit !== null;
  return exit !== null || told.some((each) => each.campaign === campaign);
}
