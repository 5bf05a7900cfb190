/*
 * The plan of a campaign: what is to be run, with everything resolved and checked, and what is known of its trials before
 * the first of them begins.
 *
 * Trial k of a free run has the seed H(root seed, k) and is otherwise like every other.  Under a strategy the trials of a
 * block are one program, of the seed H(root seed, number of the block), and differ in their schedules.  So the number of a
 * trial, and the plan, are all that is needed to run it again; a controlled one needs its schedule, too (again.ts).
 *
 * Everything that can be refused is refused here, before a thread starts.
 */

import { exactDuration } from '../base/duration.ts';
import { fail } from '../base/fail.ts';
import { seedOf } from '../base/prng.ts';
import { rootOf } from '../base/unmix.ts';
import { shellWord } from '../base/text.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { TrackLevel } from '../layout/records.ts';
import type { Program } from '../sched/token.ts';
import { againLine } from './again.ts';
import type { CampaignFacts, CampaignKey } from './campaign-records.ts';
import { resolveParams, variantOf, type CatalogEntry } from './catalog.ts';
import { BLOCK, strategyOf } from './control.ts';
import type { ControlSpec, NoiseSpec, ParamRecord } from './protocol.ts';
import { makeRoster } from './roster.ts';
import type { Shard } from './shard.ts';

/** What all campaigns of a command have in common. */
export interface CampaignSettings {
  readonly trials: number;
  readonly rootSeed: number;
  readonly hangMs: number;
  readonly load: number;
  readonly track: TrackLevel;
  readonly pin: boolean;
  readonly untilFailure: boolean;
  readonly maxFailures: number;
  readonly expect: VerdictName | undefined;
  /** dumps kept: of the first failures of each kind */
  readonly dumps: boolean;
  readonly statusMs: number;
  /** who decides which thread runs; null: the operating system */
  readonly control: ControlSpec | null;
  /** delays in a free run; null: none */
  readonly noise: NoiseSpec | null;
  /** for the strategy replay: the thread of each choice */
  readonly schedule: readonly number[] | null;
  /** the seed of every trial, instead of one derived for each; for dfs and replay */
  readonly trialSeed: number | undefined;
  /** machines side by side, where a strategy decides */
  readonly jobs: number;
  /** of each campaign: milliseconds after which no further trial begins; Infinity: as many as there are to be */
  readonly budgetMs: number;
  /** the part of the trials that is ours; null: all */
  readonly shard?: Shard | null;
}

/** The same, and what is not resolved yet. */
export interface CampaignWish extends CampaignSettings {
  readonly params: ReadonlyMap<string, string>;
  /** each trial's roles run this long if nothing happens; undefined: what the workload says */
  readonly durationMs: number | undefined;
  /** of one trial; undefined: what is left for it by duration and hang timeout */
  readonly timeoutMs: number | undefined;
}

export interface CampaignPlan extends CampaignSettings {
  readonly entry: CatalogEntry;
  readonly variant: string;
  readonly params: ParamRecord;
  /** params that were given, for the command that reproduces a trial */
  readonly given: ReadonlyMap<string, string>;
  readonly durationMs: number;
  readonly timeoutMs: number;
  /** the index of the first trial, 0 by default; in a controlled run, the first of a block */
  readonly first?: number;
}

const DEFAULT_DURATION_MS = 2_000;
/** On top of duration and hang timeout: booting, draining, a slow machine. */
const SLACK_MS = 20_000;

/**
 * One campaign, with everything resolved and checked.
 * @throws Fail for whatever cannot be run as asked
 */
export function planCampaign(
  { params: given, ...wish }: CampaignWish,
  entry: CatalogEntry,
  variant: string,
): CampaignPlan {
  const declared = variantOf(entry, variant).durationMs ?? entry.workload.durationMs;
  const durationMs = wish.durationMs ?? declared ?? DEFAULT_DURATION_MS;
  const timeoutMs = wish.timeoutMs ?? durationMs + wish.hangMs + SLACK_MS;
  // A strategy's trial ends by its steps, whatever the time.  In another a hang must be seen before it is cut off.
  const limits = { '--duration': durationMs, '--hang-timeout': wish.hangMs };
  for (const [option, ms] of wish.control === null ? Object.entries(limits) : []) {
    if (ms < timeoutMs) continue;
    throw fail('BUDGET', {
      option,
      value: exactDuration(ms),
      timeout: exactDuration(timeoutMs),
    });
  }
  const params = resolveParams(entry, variantOf(entry, variant), given, wish.control !== null);
  checkThreads(entry, variant, params, wish);
  return { ...wish, entry, variant, params, given, durationMs, timeoutMs };
}

/** @throws Fail USAGE for more threads than a strategy can tell apart */
function checkThreads(
  { workload }: CatalogEntry,
  variant: string,
  params: ParamRecord,
  { control, load }: Pick<CampaignSettings, 'control' | 'load'>,
): void {
  if (control === null || strategyOf(control).threadsMax === undefined) return;
  const threads = makeRoster(workload, variant, params, load).length;
  const most = strategyOf(control).threadsMax!;
  if (threads <= most) return;
  const what = `${workload.name} ${variant} has ${threads} threads, and ${control.strategy} can tell ${most} apart`;
  throw fail('USAGE', { what, command: 'run' });
}

// --- what a plan says ---------------------------------------------------------------------------

/** What the records of the campaign have in common. */
export function keyOf({ entry, variant, control, noise }: CampaignPlan): CampaignKey {
  const strategy = control?.strategy ?? (noise === null ? 'free' : 'noise');
  return { workload: entry.workload.name, variant, strategy };
}

/** The verdict that its trials are graded against. */
export function declaredBy({ expect, entry, variant }: CampaignPlan): VerdictName {
  return expect ?? variantOf(entry, variant).verdict;
}

/** For the manifest. */
export function factsOf(plan: CampaignPlan): CampaignFacts {
  const { control, noise, durationMs, hangMs, load, trialSeed, track } = plan;
  return {
    ...keyOf(plan),
    params: plan.params,
    settings: {
      ...(control === null
        ? { duration_ms: durationMs, load }
        : {
            depth: control.depth,
            preemptions: control.preemptions,
            steps: control.steps,
            trial_seed: trialSeed ?? null,
          }),
      ...(noise === null ? {} : { strength_us: noise.longestUs }),
      // What is tracked closer is slower, and is no other shard of what is not.
      ...(track === 'held' ? {} : { track }),
      hang_ms: hangMs,
    },
    declared: declaredBy(plan),
    trials: plan.trials,
  };
}

/** The seed of a trial. */
export function seedAt({ rootSeed, trialSeed, control }: CampaignPlan, index: number): number {
  return trialSeed ?? seedOf(rootSeed, control === null ? index : Math.floor(index / BLOCK));
}

/** The command that runs a trial again; of a controlled one with a gap, until its schedule is known. */
export function againOf(plan: CampaignPlan, index: number, seed: number): string {
  const { control } = plan;
  return control === null ? freeLine(plan, index) : againLine(programOf(plan, control, seed));
}

/** What a replay must know of a controlled trial, but for its schedule. */
export function programOf(
  { entry, variant, given }: CampaignPlan,
  { steps, releases }: ControlSpec,
  seed: number,
): Program {
  const program = { workload: entry.given, variant, params: given, seed, steps };
  return releases ? { ...program, releases } : program;
}

function freeLine(plan: CampaignPlan, index: number): string {
  const { entry, variant, given, rootSeed, durationMs, hangMs, load, noise, track } = plan;
  // Nobody should have to run a million trials for the next one.
  const isFar = (plan.first ?? 0) > 0;
  return [
    'gridlock run',
    shellWord(entry.given),
    `--variant ${shellWord(variant)}`,
    ...[...given].map(([name, value]) => `-P ${shellWord(`${name}=${value}`)}`),
    ...(noise === null ? [] : [`-s noise --strength ${noise.longestUs / 1000}ms`]),
    `--seed ${isFar ? rootOf(seedAt(plan, index)) : rootSeed}`,
    `-n ${isFar ? 1 : index + 1}`,
    `-d ${durationMs}ms`,
    `--hang-timeout ${hangMs}ms`,
    ...(load > 0 ? [`--load ${load}`] : []),
    ...(track === 'held' ? [] : [`--track ${track}`]),
  ].join(' ');
}
