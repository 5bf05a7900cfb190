/*
 * One side of a comparison: results directories, as samples.
 *
 * What is a sample
 *
 * A test asks whether two sets of independent draws are of one kind.  The rounds of one process are not such draws of "the
 * code": two processes of the very same code differ by a few hundredths, for as long as they live, by where the compiler
 * put a loop and which addresses collide (bench/questions/lock-pair.ts).  Taken as samples, twenty-five rounds would find that
 * difference each time, and be right, and mean nothing.  So:
 *
 *     of                                a sample is                                  tested by
 *     -----------------------------     ------------------------------------------   --------------
 *     a figure of the bench             a process: the median of its rounds          Mann-Whitney
 *     a figure counted in schedules     a try: it depends on its seed alone, so      Mann-Whitney
 *                                       processes repeat it, and only one counts
 *     how often trials fail             a trial, that failed or did not              Fisher's exact
 *     how long until they fail          from one failure to the next, or cut off     log-rank
 *     seconds of a trial, outcomes,     a run: trials of one share its machine,      Mann-Whitney
 *     percentiles of times              and outcomes are counted many a trial
 *
 * A bench has as many samples as it had processes, and several directories of one side add theirs up.  With less than four on
 * each side nothing can be told (base/mann-whitney.ts), and the table says so rather than "no difference".
 *
 * Processes of the two sides are best run in turn, one of A, one of B, which is what `compare --run` does (bench/side-by-side.ts):
 * else an hour that lies between them is a part of the difference.
 *
 * Where a figure has a floor, a sample is the ratio to it, round by round.  The floor was measured in the same rounds of
 * the same process, so a slower machine, or a busier one, slows both; what is left is the code.  Without one it is
 * the value, and then two machines are compared with each other as much as two versions are.
 */

import { basename, join } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { fail } from '../base/fail.ts';
import { grouped } from '../base/grouped.ts';
import type { Lengths } from '../base/log-rank.ts';
import { readManifest, readRun, type CampaignModel, type RunModel } from '../report/model.ts';
import {
  BENCH_KIND,
  figureKey,
  readFigures,
  SCHEDULES,
  type FigureRecord,
  type Params,
} from '../run/figures.ts';
import type { Fields } from '../run/schema.ts';
import { PERCENTILES, timeAt, timesCounted, type TimesByMetric } from '../run/times.ts';

export type Kind = 'bench' | 'run';

/** A figure's samples; none where what was measured failed in every process. */
export interface FigureSide extends Pick<FigureRecord, 'question' | 'name' | 'unit' | 'better'> {
  readonly params: Params;
  readonly seen: readonly string[];
  /** a sample each */
  readonly values: readonly number[];
  /** beside them, over the floor of the same rounds; null where there is none */
  readonly ratios: readonly number[] | null;
  /** a word or two for each process in which it failed: hung, lost 3 updates */
  readonly failures: readonly string[];
}

/** What trials of one workload, variant and strategy came to. */
export interface CampaignSide {
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  readonly params: Fields | null;
  readonly declared: string | null;
  readonly trials: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly schedules: Lengths;
  readonly seconds: Lengths;
  /** a sample each: of all trials of a run, the mean */
  readonly secondsOfTrial: readonly number[];
  /** by outcome, a sample each: of all trials of a run, the mean */
  readonly outcomes: Readonly<Record<string, readonly number[]>>;
  /** by metric and percentile, `acquire_ns p99`, a sample each: of all trials of a run */
  readonly times: Readonly<Record<string, readonly number[]>>;
}

export interface Side {
  readonly label: string;
  /** where it is from, as it was given */
  readonly from: readonly string[];
  readonly kind: Kind;
  /** what was measured, and on what: each fact with its values, one unless directories differ */
  readonly facts: Readonly<Record<string, readonly string[]>>;
  readonly figures: readonly FigureSide[];
  readonly campaigns: readonly CampaignSide[];
}

/** The facts that a reader must know of where two sides differ. */
export const FACTS = [
  'cpu',
  'cpus',
  'memory_mb',
  'os',
  'arch',
  'node',
  'flags',
  'gridlock',
  'commit',
  'pinning',
  'threads',
  'quick',
  'against',
] as const;

const OWN_THREADS = "each question's own";

/**
 * Reads the directories of one side.
 * @throws Fail NOT_COMPARABLE, COMPARE_KINDS, COMPARE_EMPTY, SCHEMA_UNKNOWN
 */
export function readSide(label: string, directories: readonly string[]): Side {
  return joined(
    label,
    directories.map((directory) => readDirectory(label, directory)),
  );
}

/** A bench's side, of figures that were just measured. */
export function sideOfFigures(
  label: string,
  from: string,
  header: Fields,
  figures: readonly FigureRecord[],
): Side {
  const groups = [...grouped(figures, figureKey).values()];
  return {
    label,
    from: [from],
    kind: 'bench',
    // Where no header has a number, each question had its own: benches that are older than the option, too.
    facts: { threads: [OWN_THREADS], ...factsOf(header) },
    figures: groups.map(figureSide),
    campaigns: [],
  };
}

function readDirectory(label: string, directory: string): Side {
  if (!existsSync(directory) || !statSync(directory).isDirectory())
    throw fail('NOT_COMPARABLE', { from: directory, what: 'there is no such directory' });
  const manifest = readManifest(directory);
  if (manifest === undefined)
    throw fail('NOT_COMPARABLE', { from: directory, what: 'it has no manifest.json' });
  const side =
    manifest['kind'] === BENCH_KIND
      ? readBench(label, directory, manifest)
      : sideOfRun(label, directory, manifest, readRun(directory));
  if (side.figures.length + side.campaigns.length > 0) return side;
  const isDone = existsSync(join(directory, 'done.json'));
  const what = isDone ? 'nothing was measured' : 'it was cut off before anything was measured';
  throw fail('COMPARE_EMPTY', { from: directory, what });
}

function readBench(label: string, directory: string, manifest: Fields): Side {
  const { header, figures } = readFigures(directory);
  return sideOfFigures(label, nameOf(directory), header ?? manifest, figures);
}

function sideOfRun(label: string, directory: string, manifest: Fields, model: RunModel): Side {
  const pinning = model.campaigns.flatMap(({ summary }) => summary?.pinning ?? []);
  return {
    label,
    from: [nameOf(directory)],
    kind: 'run',
    facts: { ...factsOf(manifest), pinning: [...new Set(pinning)] },
    figures: [],
    campaigns: model.campaigns.map(campaignSide),
  };
}

/** The last part of a path: where else it lies is nobody's affair. */
function nameOf(directory: string): string {
  return basename(join(directory, '.'));
}

function factsOf(header: Fields): Record<string, readonly string[]> {
  const said = FACTS.flatMap((name) => {
    const value = header[name];
    if (value === undefined || value === null) return [];
    return [[name, [Array.isArray(value) ? value.join(',') : shown(value)]] as const];
  });
  return Object.fromEntries(said);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The processes of one figure.  One in which it failed has no value, and is no sample. */
function figureSide(group: readonly FigureRecord[]): FigureSide {
  const measured = group.filter(({ failure }) => failure === undefined);
  const { question, name, params, seen, unit, better, values } = measured[0] ?? group[0]!;
  const failures = group.flatMap(({ failure }) => failure?.what ?? []);
  const common = { question, name, params, seen, unit, better, failures };
  if (unit === SCHEDULES) return { ...common, values, ratios: null };
  return {
    ...common,
    values: measured.map(({ value }) => value),
    ratios: ratiosOf(measured.map(({ ratio }) => (ratio === null ? null : [ratio]))),
  };
}

/** All of them, where all have some. */
function ratiosOf(all: readonly (readonly number[] | null)[]): number[] | null {
  const given = all.filter((ratios) => ratios !== null);
  return given.length > 0 && given.length === all.length ? given.flat() : null;
}

function campaignSide(model: CampaignModel): CampaignSide {
  const { workload, variant, strategy, params, declared, trials, verdicts, outcomes, times } =
    model;
  const { schedules, seconds } = model.lengths();
  const all = [...seconds.failed, ...seconds.cut].reduce((sum, each) => sum + each, 0);
  return {
    workload,
    variant,
    strategy,
    params,
    declared,
    trials,
    verdicts,
    schedules,
    seconds,
    secondsOfTrial: all > 0 ? [all / trials] : [],
    outcomes: Object.fromEntries(
      Object.entries(outcomes).map(([name, count]) => [name, [count / trials]]),
    ),
    times: percentilesOf(times),
  };
}

function percentilesOf(times: TimesByMetric): Record<string, readonly number[]> {
  const timed = Object.entries(times).filter(([, each]) => timesCounted(each) > 0);
  return Object.fromEntries(
    timed.flatMap(([metric, each]) =>
      PERCENTILES.map((p) => [`${metric} p${p}`, [timeAt(each, p / 100)]] as const),
    ),
  );
}

/** Several directories of one side as one. */
export function joined(label: string, sides: readonly Side[]): Side {
  const [first] = sides;
  if (first === undefined) throw fail('COMPARE_SIDES', { what: `${label} has no directory` });
  for (const { kind, from } of sides)
    if (kind !== first.kind)
      throw fail('COMPARE_KINDS', {
        a: first.from[0]!,
        kindA: first.kind,
        b: from[0]!,
        kindB: kind,
      });
  const facts = FACTS.map((name) => {
    const values = new Set(sides.flatMap((side) => side.facts[name] ?? []));
    return [name, [...values]] as const;
  });
  const figures = grouped(
    sides.flatMap((side) => side.figures),
    figureKey,
  );
  const campaigns = grouped(
    sides.flatMap((side) => side.campaigns),
    campaignKeyOf,
  );
  return {
    label,
    from: sides.flatMap(({ from }) => from),
    kind: first.kind,
    facts: Object.fromEntries(facts.filter(([, values]) => values.length > 0)),
    figures: [...figures.values()].map(joinFigures),
    campaigns: [...campaigns.values()].map(joinCampaigns),
  };
}

/** What tells one campaign from another of its side. */
export function campaignKeyOf({
  workload,
  variant,
  strategy,
  params,
}: Pick<CampaignSide, 'workload' | 'variant' | 'strategy' | 'params'>): string {
  return JSON.stringify([
    workload,
    variant,
    strategy,
    Object.entries(params ?? {}).toSorted(byName),
  ]);
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function joinFigures(group: readonly FigureSide[]): FigureSide {
  const measured = group.filter(({ values }) => values.length > 0);
  return {
    ...(measured[0] ?? group[0]!),
    values: measured.flatMap(({ values }) => values),
    ratios: ratiosOf(measured.map(({ ratios }) => ratios)),
    failures: group.flatMap(({ failures }) => failures),
  };
}

function joinCampaigns(group: readonly CampaignSide[]): CampaignSide {
  const names = new Set(group.flatMap(({ outcomes }) => Object.keys(outcomes)));
  const timed = new Set(group.flatMap(({ times }) => Object.keys(times)));
  return {
    ...group[0]!,
    trials: group.reduce((sum, { trials }) => sum + trials, 0),
    verdicts: added(group.map(({ verdicts }) => verdicts)),
    schedules: joinLengths(group.map(({ schedules }) => schedules)),
    seconds: joinLengths(group.map(({ seconds }) => seconds)),
    secondsOfTrial: group.flatMap(({ secondsOfTrial }) => secondsOfTrial),
    outcomes: Object.fromEntries(
      [...names].map((name) => [name, group.flatMap(({ outcomes }) => outcomes[name] ?? [0])]),
    ),
    // A run without them was not timed: no sample, and not one of 0.
    times: Object.fromEntries(
      [...timed].map((name) => [name, group.flatMap(({ times }) => times[name] ?? [])]),
    ),
  };
}

function joinLengths(all: readonly Lengths[]): Lengths {
  return { failed: all.flatMap(({ failed }) => failed), cut: all.flatMap(({ cut }) => cut) };
}

function added(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const each of all)
    for (const [name, count] of Object.entries(each)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
