/*
 * What a report says of the failures of a run: each with where it happened and the line that runs it again.
 *
 * Made of a RunModel and of the dumps that its failures name.  A dump that is gone or damaged takes the picture and the
 * places with it, and nothing else: the journal has the verdict.
 *
 *     kind           is
 *     ------------   ---------------------------------------------------------------------------------------
 *     a verdict      the first trial of each distinct failure
 *     not-shown      of a campaign: it declares a failure, which did not come
 *     outcome        of a campaign: its trials passed, with outcomes that are forbidden
 *     strayed        of a campaign: scheduled the same, the program did something else
 *     growth         of a soak: memory, open handles or threads of a process grew.  It has a campaign of its own, without trials
 *
 * A finding of grade forbidden is what makes a run exit with 1.  One that is expected is a failure that its variant
 * declares, and is reported as a fact.
 *
 * Places.  For each thread of the cycle: the line of the workload that waits, innermost in its stack behind the frames of
 * the kernel.  For each thread outside the cycle that has what they wait for: the line where it is while it holds it.
 * Where a lock was *taken* is not in a dump, and is not guessed.
 *
 * The line that runs it again is the trial's own; else its dump's; else a `gridlock run` of as many trials with the
 * same seed, made of what the manifest says was asked for.  Only the first two know the parameters.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { shellWord } from '../base/text.ts';
import { drawHang } from '../dump/cycle.ts';
import type { DumpFrame, DumpThread, HeldLock } from '../dump/format.ts';
import { DumpFile } from '../dump/read.ts';
import type { Summary, TrialRecord } from '../run/campaign-records.ts';
import { jsonOf, type CampaignModel, type RunModel } from './model.ts';
import { growthLine, type GrowthRecord } from '../run/growth.ts';
import { Tally } from '../run/tally.ts';
import { within } from './within.ts';

/** A line of source, and what a thread does there. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly thread: string;
  /** what it waits for; null: it only holds */
  readonly wants: string | null;
  /** one sentence */
  readonly says: string;
}

/** What a dump adds. */
export interface Hang {
  readonly again: string;
  /** the cycle, drawn */
  readonly picture: readonly string[];
  readonly places: readonly Place[];
  /** the threads that the places are of */
  readonly threads: readonly DumpThread[];
}

export interface Finding {
  readonly campaign: CampaignModel;
  readonly kind: string;
  readonly isForbidden: boolean;
  readonly message: string;
  readonly because: readonly string[];
  /** the first trial that came to it; null where it is of the campaign as a whole */
  readonly trial: TrialRecord | null;
  /** trials that came to it */
  readonly times: number;
  readonly hang: Hang | null;
  /** one line for a shell */
  readonly again: string;
}

/** What is needed of a run to name it in a command. */
export interface RunOf {
  readonly directory: string;
  readonly seed: number | undefined;
}

type Named = Pick<CampaignModel, 'workload' | 'variant' | 'strategy'> &
  Partial<Pick<CampaignModel, 'configuration'>>;

/** Frames that every wait has, and that say nothing of the workload. */
const OURS = /^(?:(?:dist\/)?src\/(?:kernel|layout|run)\/|node:)/;
const PLACES_MAX = 8;

/** All failures of a run, campaign by campaign. */
export async function findingsOf(model: RunModel): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const campaign of model.campaigns) {
    const before = findings.length;
    for (const trial of campaign.failures) findings.push(await findingOf(model, campaign, trial));
    const own = findings.slice(before);
    if (campaign.grade === 'forbidden' && !own.some(({ isForbidden }) => isForbidden))
      findings.push(ofCampaign(model, campaign));
  }
  return [...findings, ...model.growth.map((each) => ofGrowth(model, each))];
}

/** The line that runs what a campaign came to again; of its failures that of the first that is not declared. */
export function againOf(run: RunOf, summary: Summary): string {
  const { failures, declared, trials } = summary;
  // Summaries of older journals have no failures.
  const told = (failures ?? []).find(
    ({ verdict, replay }) => verdict !== declared && replay !== null,
  );
  return told?.replay ?? runLine(run, summary, trials);
}

/** What a campaign is called in a report. */
export function titleOf({ workload, variant, strategy, configuration }: CampaignModel): string {
  const how = [strategy === 'free' ? '' : strategy, configuration ?? ''].filter((s) => s !== '');
  return `${workload} ${variant}${how.length === 0 ? '' : ` (${how.join(', ')})`}`;
}

/** The lines below a failure; the last one runs it again. */
export function bodyOf({ because, hang, trial, again }: Finding): string[] {
  return [
    ...because,
    ...(hang === null || hang.picture.length === 0 ? [] : ['', ...hang.picture]),
    ...(trial === null || trial.dump === null ? [] : ['', `dump: ${trial.dump}`]),
    '',
    again,
  ];
}

async function findingOf(
  model: RunModel,
  campaign: CampaignModel,
  trial: TrialRecord,
): Promise<Finding> {
  const hang = await hangOf(model, trial.dump);
  const { verdict, grade, message, because, signature, index } = trial;
  const alike = campaign.statistics.failures.find((each) => each.signature === signature);
  return {
    campaign,
    kind: verdict,
    isForbidden: grade === 'forbidden',
    message: message ?? verdict,
    because: because ?? [],
    trial,
    times: alike?.count ?? 1,
    hang,
    again: trial.replay ?? hang?.again ?? runLine(runOf(model), campaign, index + 1),
  };
}

function ofCampaign(model: RunModel, campaign: CampaignModel): Finding {
  const { declared, trials, verdicts, outcomes, summary } = campaign;
  const strayed = summary?.strayed ?? null;
  const isMissing = declared !== null && declared !== 'pass' && !Object.hasOwn(verdicts, declared);
  const counted = Object.entries(outcomes).filter(([, n]) => n > 0);
  const [kind, message] =
    strayed !== null
      ? [
          'strayed',
          `scheduled the same, it did something else at choice ${strayed.choice} of trial ${strayed.trial}`,
        ]
      : isMissing
        ? ['not-shown', `declared ${declared}, which did not show in ${trials} trials`]
        : ['outcome', `outcomes: ${counted.map(([name, n]) => `${name} ${n}`).join(', ')}`];
  return {
    campaign,
    kind,
    isForbidden: true,
    message,
    because: [],
    trial: null,
    times: 1,
    hang: null,
    again: runLine(runOf(model), campaign, trials),
  };
}

function ofGrowth({ directory, header }: RunModel, growth: GrowthRecord): Finding {
  const seed = header === null ? '' : ` --seed ${header.seed}`;
  const asked = soakedIn(directory).map((name) => ` ${shellWord(name)}`);
  const shard = growth.shard ?? header?.shard ?? '1/1';
  const part = shard === '1/1' ? '' : ` --shard ${shard}`;
  const nothing = new Tally();
  return {
    campaign: {
      workload: 'soak',
      variant: `${growth.quantity} of ${growth.process}${growth.shard === undefined ? '' : `, shard ${growth.shard}`}`,
      strategy: 'free',
      configuration: null,
      params: null,
      declared: null,
      grade: growth.grade,
      trials: 0,
      verdicts: {},
      outcomes: {},
      times: {},
      statistics: nothing.statistics(),
      failures: [],
      lengths: () => nothing.lengths(),
      summary: null,
    },
    kind: 'growth',
    isForbidden: true,
    message: growthLine(growth),
    because: [],
    trial: null,
    times: 1,
    hang: null,
    again: `gridlock soak${asked.join('')}${seed}${part}`,
  };
}

/** The workloads that a soak was asked for; none: all. */
function soakedIn(directory: string): string[] {
  const manifest = jsonOf(join(directory, 'manifest.json')) as
    | { soak?: { workload?: unknown } }
    | undefined;
  const asked = manifest?.soak?.workload;
  return Array.isArray(asked) ? asked.filter((name) => typeof name === 'string') : [];
}

function runOf({ directory, header }: RunModel): RunOf {
  return { directory, seed: header?.seed };
}

function runLine(run: RunOf, campaign: Named, trials: number): string {
  const { variant, strategy, configuration } = campaign;
  // A matrix of one configuration is how that one is run.
  const axes = (configuration ?? '').split(',').filter((axis) => axis !== '');
  return [
    `gridlock run ${shellWord(askedFor(run.directory, campaign))}`,
    `--variant ${shellWord(variant)}`,
    ...(strategy === 'free' ? [] : [`-s ${shellWord(strategy)}`]),
    ...axes.map((axis) => `--matrix ${shellWord(axis)}`),
    ...(run.seed === undefined ? [] : [`--seed ${run.seed}`]),
    `-n ${trials}`,
  ].join(' ');
}

/** How the command line named a workload: a path, where it is not one of ours. */
function askedFor(directory: string, { workload, variant }: Named): string {
  const file = join(directory, 'manifest.json');
  if (!existsSync(file)) return workload;
  try {
    const { asked } = JSON.parse(readFileSync(file, 'utf8')) as {
      asked?: { workload: string; variant: string }[];
    };
    const those = (asked ?? []).filter((each) => each.variant === variant);
    const named = those.find((each) => basename(each.workload).split('.')[0] === workload);
    return (named ?? (those.length === 1 ? those[0] : undefined))?.workload ?? workload;
  } catch {
    return workload;
  }
}

async function hangOf({ directory }: RunModel, name: string | null): Promise<Hang | null> {
  const file = name === null ? undefined : within(directory, name);
  if (file === undefined) return null;
  try {
    const dump = await DumpFile.open(file);
    try {
      const { head } = dump;
      const threads = await dump.threads();
      const involved = new Set(head.cycle.length === 0 ? head.victims : head.cycle);
      const waiting = threads.filter(({ id }) => involved.has(id));
      const owners = new Set(waiting.flatMap(({ wants }) => wants?.owners ?? []));
      const holding = threads.filter(({ id }) => owners.has(id) && !involved.has(id));
      const those = [...waiting, ...holding].slice(0, PLACES_MAX);
      return {
        again: head.replay,
        picture: drawHang({ head, threads }),
        places: those.flatMap((thread) => placeOf(thread, threads)),
        threads: those,
      };
    } finally {
      dump.close();
    }
  } catch {
    return null;
  }
}

/** Where a thread is, in the words of its workload. */
function placeOf(thread: DumpThread, threads: readonly DumpThread[]): Place[] {
  const frame = frameOf(thread.stack);
  if (frame === undefined || frame.file === '' || frame.line < 1) return [];
  const { name, holds, wants } = thread;
  const held = holds.length === 0 ? '' : ` holds ${holds.map(lockName).join(', ')}`;
  if (wants === null) {
    const says = held === '' ? `${name} is here` : `${name}${held}, and is here`;
    return [{ file: frame.file, line: frame.line, thread: name, wants: null, says }];
  }
  const owners = threads.filter(({ id }) => wants.owners.includes(id)).map((each) => each.name);
  const whose = owners.length === 0 ? '' : `, which ${owners.join(', ')} has`;
  const says = `${name}${held === '' ? '' : `${held}, and`} waits here for ${wants.name}${whose}`;
  return [{ file: frame.file, line: frame.line, thread: name, wants: wants.name, says }];
}

function frameOf(stack: readonly DumpFrame[]): DumpFrame | undefined {
  return stack.find(({ file }) => !OURS.test(file)) ?? stack[0];
}

function lockName({ name, mode }: HeldLock): string {
  return mode === 'reader' ? `${name} (reader)` : name;
}
