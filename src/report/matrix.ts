/*
 * A matrix in tables: what each configuration came to, and which of them differs.
 *
 *     once split, declared panic, free
 *       NODE     V8       TRIALS  PANIC   FREQ  PASS  FREQ  TIME-TO-FAILURE  ROUNDS  GRADE     NOTE
 *       20.20.2  default      30     21    70%     9   30%            1.1ms  ▇▆█     expected
 *       20.20.2  jitless      30      0     0%    30  100%                -  ▁▁▁     FORBIDDEN  fewer panic than elsewhere (p=0.002)
 *
 * A row is a configuration, a pair of columns what trials came to: how many, and of how many.  ROUNDS has a bar for each turn, the
 * share of trials that did not pass, against the largest of the table, so what drifted is seen, and is not taken for what
 * differs.
 *
 * Which differs is said in NOTE (matrix-notes.ts).  Where there are several axes, each value of each is held against the other
 * values of its axis in the same way, over all settings of the others.  That sees what no single row has the trials for.
 *
 *       AXIS  VALUE    TRIALS  PANIC   FREQ  NOTE
 *       v8    default      24     14    58%
 *       v8    no-opt       24      6    25%  fewer panic than elsewhere (p=0.004)
 *
 * Along an axis of numbers there is a line more, of what does not pass as it grows: `threads 2,4,8: ▁▄█`.
 *
 * It is made of the results directory alone (model.ts), by `run --matrix` as by `show`.
 */

import { join } from 'node:path';
import { colorsFor, type Colors } from '../base/color.ts';
import { formatDuration } from '../base/duration.ts';
import { percent } from '../base/interval.ts';
import { sparkline } from '../base/sparkline.ts';
import { table, type Cell } from '../base/table.ts';
import { printable } from '../base/text.ts';
import type { Came, MatrixFacts, TurnEnd } from '../run/matrix-records.ts';
import { eachRecord } from '../run/results.ts';
import { isBenchFigure, figuresTable, type BenchFigure } from './matrix-figures.ts';
import { NOT_DRAWN, notesOf, sum, total, type Counts } from './matrix-notes.ts';
import { readManifest, readRun, type CampaignModel } from './model.ts';

/** Verdicts and outcomes that have columns of their own. */
const COLUMNS_MAX = 6;
const NO_TURN = { trials: 0, verdicts: {} } as const;

/** A matrix, read from its directory. */
export interface MatrixModel {
  readonly facts: MatrixFacts;
  readonly campaigns: readonly CampaignModel[];
  readonly turns: readonly TurnEnd[];
  readonly figures: readonly BenchFigure[];
}

/** @returns undefined where it is the directory of something else */
export function readMatrix(directory: string): MatrixModel | undefined {
  const facts = readManifest(directory)?.['matrix'] as MatrixFacts | undefined;
  if (facts === undefined) return undefined;
  const turns: TurnEnd[] = [];
  const figures: BenchFigure[] = [];
  eachRecord(join(directory, 'journal.ndjson'), (record) => {
    if (record['type'] === 'configuration') turns.push(record as unknown as TurnEnd);
    if (isBenchFigure(record)) figures.push(record);
  });
  return { facts, campaigns: readRun(directory).campaigns, turns, figures };
}

/** All that there is to say of it. */
export function matrixLines(
  model: MatrixModel,
  colors: Colors = colorsFor('never', process.stdout),
): string[] {
  const { facts, campaigns, turns, figures } = model;
  const tables = groupsOf(campaigns).flatMap((group) => groupLines(group, model, colors));
  return [
    ...tables,
    ...(figures.length === 0 ? [] : figuresTable(figures, facts)),
    ...troubles(turns).map((line) => colors.red(line)),
  ];
}

/** Campaigns that differ in their configuration alone. */
function groupsOf(campaigns: readonly CampaignModel[]): CampaignModel[][] {
  const groups = new Map<string, CampaignModel[]>();
  for (const each of campaigns) {
    const axis = /(?:^|,)strategy=/.test(each.configuration ?? '');
    const name = [each.workload, each.variant, axis ? '' : each.strategy].join('\n');
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups.values()];
}

function groupLines(group: readonly CampaignModel[], model: MatrixModel, colors: Colors): string[] {
  const { axes } = model.facts;
  const [{ workload, variant, declared, strategy }] = group as [CampaignModel];
  const verdicts = mostOf(group.map((each) => each.verdicts));
  const outcomes = mostOf(group.map((each) => each.outcomes));
  const notes = notesOf(group, verdicts, outcomes);
  const rounds = new Map(group.map((each) => [each, sharesOf(each, model)]));
  const most = Math.max(0, ...[...rounds.values()].flat().filter(Number.isFinite));
  const rows = group.map((each) => [
    ...settingsOf(each, model),
    each.trials,
    ...verdicts.flatMap((name) => shareCells(each.verdicts[name] ?? 0, each.trials)),
    timeOf(each),
    ...(model.facts.rounds > 1 ? [sparkline(rounds.get(each)!, { most }) || null] : []),
    gradeOf(each, colors),
    notes.get(each)!.join('; '),
  ]);
  const heads = [
    ...axes.map(({ name }) => name),
    'trials',
    ...verdicts.flatMap((name) => [printable(name), 'freq']),
    'time-to-failure',
    ...(model.facts.rounds > 1 ? ['rounds'] : []),
    'grade',
    'note',
  ];
  const isAxis = axes.some(({ name }) => name === 'strategy');
  const title = [
    `${workload} ${variant}`,
    ...(declared === null ? [] : [`declared ${declared}`]),
    ...(isAxis ? [] : [strategy]),
  ].join(', ');
  return [
    printable(title),
    table(heads, rows, { indent: 2 }),
    ...axisTable(group, verdicts, model),
    ...alongAxes(group, model),
    ...outcomeTable(group, outcomes, model),
    '',
  ];
}

/** Each value of each axis, whatever the other axes say. */
function axisTable(
  group: readonly CampaignModel[],
  verdicts: readonly string[],
  { facts }: MatrixModel,
): string[] {
  const axes = facts.axes.filter(({ values }) => values.length > 1);
  if (axes.length < 2 || verdicts.length < 2) return [];
  const rows = axes.flatMap(({ name, values }) => {
    const parts = values.map((value) =>
      pooled(group.filter((each) => settingsBy(each, facts)[name] === value)),
    );
    const notes = notesOf(parts, verdicts, []);
    return parts.map((part, i) => [
      name,
      printable(values[i]!),
      part.trials,
      ...verdicts.flatMap((verdict) => shareCells(part.verdicts[verdict] ?? 0, part.trials)),
      notes.get(part)!.join('; '),
    ]);
  });
  const columns = verdicts.flatMap((verdict) => [printable(verdict), 'freq']);
  const heads = ['axis', 'value', 'trials', ...columns, 'note'];
  return ['', table(heads, rows, { indent: 2 })];
}

function pooled(campaigns: readonly CampaignModel[]): Counts {
  const verdicts: Record<string, number> = {};
  for (const each of campaigns)
    for (const [name, n] of Object.entries(each.verdicts))
      verdicts[name] = (verdicts[name] ?? 0) + n;
  const strategy = campaigns.find((each) => NOT_DRAWN.has(each.strategy))?.strategy ?? 'free';
  return { trials: total(campaigns, ({ trials }) => trials), verdicts, outcomes: {}, strategy };
}

/** How often each outcome was counted, of all that were. */
function outcomeTable(
  group: readonly CampaignModel[],
  outcomes: readonly string[],
  model: MatrixModel,
): string[] {
  if (outcomes.length === 0) return [];
  const { axes } = model.facts;
  const rows = group.map((each) => {
    const all = sum(each.outcomes);
    return [
      ...settingsOf(each, model),
      ...outcomes.flatMap((name) => shareCells(each.outcomes[name] ?? 0, all)),
    ];
  });
  const heads = [
    ...axes.map(({ name }) => name),
    ...outcomes.flatMap((name) => [printable(name), 'freq']),
  ];
  return ['', table(heads, rows, { indent: 2 })];
}

/** What does not pass, along each axis of numbers, for each setting of the others. */
function alongAxes(group: readonly CampaignModel[], { facts }: MatrixModel): string[] {
  const isOne = mostOf(group.map(({ verdicts }) => verdicts)).length < 2;
  return facts.axes.flatMap(({ name, values }) => {
    if (isOne || values.length < 3 || !values.every((value) => /^\d+$/.test(value))) return [];
    const others = new Map<string, CampaignModel[]>();
    for (const each of group) {
      const { [name]: _own, ...rest } = settingsBy(each, facts);
      const key = Object.entries(rest)
        .map(([axis, value]) => `${axis}=${value}`)
        .join(',');
      others.set(key, [...(others.get(key) ?? []), each]);
    }
    return [...others].map(([rest, along]) => {
      const shares = along.map(({ trials, verdicts }) => failedOf({ trials, verdicts }));
      const line = `${name} ${values.join(',')}${rest === '' ? '' : `, ${rest}`}`;
      return `  not passed over ${line}: ${sparkline(shares, { most: 1 })}`;
    });
  });
}

/** Configurations that did not end as they should. */
function troubles(turns: readonly TurnEnd[]): string[] {
  return turns
    .filter(({ message }) => message !== null)
    .map(({ configuration, round, exit, signal, message }) => {
      const how = exit === null ? `ended by ${signal ?? 'an error'}` : `exit code ${exit}`;
      const said = message === '' ? '' : `: ${message}`;
      return printable(`${configuration}, round ${round}: ${how}${said}`);
    });
}

/** Bars of the rounds: the share that did not pass. */
function sharesOf({ configuration, ...campaign }: CampaignModel, { turns }: MatrixModel): number[] {
  return turns
    .filter((turn) => turn.configuration === configuration)
    .map(({ came }) => failedOf(came.find((each) => isOf(each, campaign)) ?? NO_TURN));
}

function isOf(came: Came, { workload, variant, strategy }: Omit<CampaignModel, 'configuration'>) {
  return came.workload === workload && came.variant === variant && came.strategy === strategy;
}

function failedOf({ trials, verdicts }: Pick<Came, 'trials' | 'verdicts'>): number {
  return trials === 0 ? NaN : (trials - (verdicts['pass'] ?? 0)) / trials;
}

function settingsBy(
  { configuration }: Pick<CampaignModel, 'configuration'>,
  { configurations }: MatrixFacts,
): Readonly<Record<string, string>> {
  return configurations.find(({ name }) => name === configuration)?.settings ?? {};
}

function settingsOf(campaign: CampaignModel, { facts }: MatrixModel): Cell[] {
  const settings = settingsBy(campaign, facts);
  return facts.axes.map(({ name }) => printable(settings[name] ?? '') || null);
}

function shareCells(n: number, of: number): Cell[] {
  return [n, of === 0 ? null : percent(n / of)];
}

function timeOf({ statistics }: CampaignModel): string | null {
  const { time_to_failure_s: time } = statistics;
  if (time === null) return null;
  return formatDuration((time.median ?? time.first) * 1000);
}

function gradeOf({ grade }: CampaignModel, { red, yellow, green }: Colors): string {
  if (grade === 'forbidden') return red('FORBIDDEN');
  return grade === 'interesting' ? yellow(grade) : grade === null ? 'cut-off' : green(grade);
}

/** The most frequent first; the others have no column. */
export function mostOf(counts: readonly Readonly<Record<string, number>>[]): string[] {
  const all = new Map<string, number>();
  for (const each of counts)
    for (const [name, n] of Object.entries(each)) all.set(name, (all.get(name) ?? 0) + n);
  return [...all]
    .filter(([, n]) => n > 0)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, COLUMNS_MAX)
    .map(([name]) => name);
}
