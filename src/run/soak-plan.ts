/*
 * What a soak is asked for, and the cells that its rotation is made of.
 *
 * What is in it.  By default everything that is shipped, free and with noise, and the programs of the gallery, by strategies.
 * A strategy that decides is for programs of some hundred choices.  The shipped workloads are systems of many thousand: such
 * a trial would be cut off, and that would be taken for a hang.  The programs of the gallery are made for strategies.  Who
 * names strategies has them of everything.
 *
 * How long a turn is.  So that each cell has several, but neither so short that starting a machine is most of it, nor so long that
 * the next cell waits for minutes.
 *
 * Whether it fits.  No trial begins after the end.  One that has begun may take what a trial may take, so the limit of the job
 * above must leave room for the longest and its dump: what cannot fit is refused before the first thread starts.
 */

import { exactDuration } from '../base/duration.ts';
import { fail } from '../base/fail.ts';
import type { VerdictName } from '../base/verdict.ts';
import { resolveParams, variantOf, type CatalogEntry } from './catalog.ts';
import { BLOCK } from './control.ts';
import type { DumpsMax } from './dump-budget.ts';
import { planCampaign, type CampaignPlan } from './plan.ts';
import type { ControlSpec, NoiseSpec } from './protocol.ts';
import { cellName, cellsOf, crowdsOf, type Cell, type Way } from './rotation.ts';
import { galleryNames, shippedNames } from './shipped.ts';
import type { Shard } from './shard.ts';
import { selected, type StressOptions } from './stress.ts';

/** A strategy of the rotation, as a campaign needs it. */
export interface SoakWay extends Way {
  readonly control: ControlSpec | null;
  readonly noise: NoiseSpec | null;
}

export interface SoakOptions extends Pick<
  StressOptions,
  | 'workloads'
  | 'variants'
  | 'params'
  | 'durationMs'
  | 'hangMs'
  | 'rootSeed'
  | 'track'
  | 'pin'
  | 'resultsRoot'
  | 'dumps'
  | 'statusMs'
  | 'judge'
> {
  readonly ways: readonly SoakWay[];
  /** whether somebody chose these; else each workload has those of them that suit it */
  readonly areWaysGiven: boolean;
  readonly loads: readonly number[];
  /** of the whole soak */
  readonly soakMs: number;
  /** of the job that it runs in; undefined: there is no limit */
  readonly jobMs: number | undefined;
  /** of a turn; undefined: a share of the whole */
  readonly turnMs: number | undefined;
  readonly dumpsMax: DumpsMax;
  /** as it was asked for, to be asked for again by --resume */
  readonly asked: object;
  /** the part of all trials that is ours; null: all */
  readonly shard: Shard | null;
  /** the directory of a soak to go on with */
  readonly resume: string | undefined;
}

/** A cell of the rotation, and the campaign that each of its turns is a part of. */
export interface SoakCell {
  readonly cell: Cell<CatalogEntry>;
  readonly name: string;
  readonly plan: CampaignPlan;
}

/** Failures after which a turn is over: what fails at once must not fill the journal. */
const FAILURES_A_TURN = 16;
/** Blocks of trials in a turn at most: more than a machine does in a minute. */
const BLOCKS_A_TURN = 1_000;
/** Turns that each cell should have, and how long one may be, in milliseconds. */
const TURNS_EACH = 4;
const TURN_MS = { min: 5_000, max: 60_000 } as const;
/** On top of what a trial may take: its dump. */
const DUMP_MS = 30_000;

/** What there is to run.  @throws Fail for whatever cannot be run as asked */
export async function planSoak(options: SoakOptions): Promise<SoakCell[]> {
  const { workloads, variants, params, loads } = options;
  const all = workloads.length === 0 ? [...shippedNames(), ...galleryNames()] : workloads;
  const chosen = await selected(all, variants);
  const subjects = chosen.map(({ entry, variant }) => {
    const values = resolveParams(entry, variantOf(entry, variant), params);
    const fixed = new Set(params.keys());
    return { of: entry, variant, crowds: crowdsOf(entry.workload, variant, values, fixed) };
  });
  const each = subjects.flatMap((subject) =>
    cellsOf([subject], waysOf(options, subject.of), loads),
  );
  return each.map((cell) => ({
    cell,
    name: cellName(cell.of.workload.name, cell),
    plan: planOf(options, cell),
  }));
}

/** How long a turn may be, in milliseconds. */
export function turnMsOf({ turnMs, soakMs }: SoakOptions, cells: number): number {
  return turnMs ?? Math.min(TURN_MS.max, Math.max(TURN_MS.min, soakMs / (cells * TURNS_EACH)));
}

/**
 * @param usedMs of the soak's time, before it was resumed
 * @throws Fail BUDGET where what is left of the soak does not fit into the job
 */
export function refuseLong(
  { soakMs, jobMs }: SoakOptions,
  cells: readonly SoakCell[],
  usedMs: number,
): void {
  if (jobMs === undefined) return;
  const leftMs = Math.max(0, soakMs - usedMs);
  const longest = Math.max(...cells.map(({ plan }) => plan.timeoutMs)) + DUMP_MS;
  if (leftMs + longest <= jobMs) return;
  const left = usedMs === 0 ? '' : ` of which ${exactDuration(leftMs)} are left,`;
  throw fail('BUDGET', {
    option: '--duration',
    value: `${exactDuration(soakMs)},${left} and ${exactDuration(longest)} for its last trial and its dump,`,
    timeout: exactDuration(jobMs),
  });
}

/** What a variant declares, by the cells that there are. */
export function declaredIn(
  cells: readonly SoakCell[],
  { workload, variant }: { readonly workload: string; readonly variant: string },
): VerdictName {
  const cell = cells.find(({ plan }) => plan.entry.workload.name === workload);
  // Of what is no longer there nothing is known; such a soak is not gone on with, but its journal is read.
  return cell?.plan.entry.workload.variants[variant]?.verdict ?? 'pass';
}

function waysOf(
  { ways, areWaysGiven, workloads }: SoakOptions,
  { given }: CatalogEntry,
): readonly SoakWay[] {
  if (areWaysGiven) return ways;
  if (shippedNames().includes(given)) return ways.filter(({ isControlled }) => !isControlled);
  return workloads.length === 0 ? ways.filter(({ isControlled }) => isControlled) : ways;
}

function planOf(
  options: SoakOptions,
  { of, variant, way, load, crowd }: Cell<CatalogEntry>,
): CampaignPlan {
  const { control, noise } = options.ways.find(({ strategy }) => strategy === way.strategy)!;
  return planCampaign(
    {
      ...options,
      params: new Map([...options.params, ...crowd]),
      trials: BLOCKS_A_TURN * BLOCK,
      // Where a strategy decides, a trial has as many choices as it takes.
      durationMs: control === null ? options.durationMs : undefined,
      timeoutMs: undefined,
      load,
      untilFailure: false,
      maxFailures: FAILURES_A_TURN,
      expect: undefined,
      control,
      noise,
      schedule: null,
      trialSeed: undefined,
      jobs: 1,
      budgetMs: Infinity,
    },
    of,
    variant,
  );
}
