/*
 * --matrix, for every command that runs something: from a command line to those of its configurations.
 *
 * The command itself is not changed: each configuration is run by a command line of its own, made of the same options, with what
 * its axes say in their place.  All of them are parsed and checked before the first is started.
 *
 *     axis                          becomes, of run and soak          of bench
 *     --------------------------    ------------------------------    -----------------------------
 *     node, v8                      the binary and its flags          the same
 *     pin=on,off                    --pin, --no-pin                   the same, of all machines it starts
 *     load, strategy, strength,     the option of that name           refused
 *     track, jobs
 *     threads=2,4                   run: the param that counts them   --threads, the cells that are measured
 *     any other                     run: -P NAME=VALUE                refused
 *
 * A soak goes through numbers of threads by itself.  A question of the bench that counts no threads, or starts no machine, is
 * refused those two (bench/asking.ts).
 */

import { fileURLToPath } from 'node:url';
import type { Argv } from 'yargs';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { fail } from '../base/fail.ts';
import type { ColorChoice } from '../base/color.ts';
import type { ReportPlan } from '../report/reporters.ts';
import type { MatrixCommand } from '../run/matrix.ts';
import type { Axis, Configuration } from '../run/matrix-axes.ts';
import { meansHere } from './report-options.ts';
import { stopOnSignals } from './signals.ts';

export interface MatrixArgs {
  matrix: string[] | undefined;
  rounds: number | undefined;
}

/** What is asked for, by the names of options. */
export type Asked = Readonly<Record<string, Value | undefined>>;
type Value = string | number | boolean | readonly string[] | readonly number[];

export interface MatrixPlan {
  readonly command: MatrixCommand;
  readonly args: MatrixArgs;
  /** positionals of each child */
  readonly names: readonly string[];
  /** options of each child, unless an axis says otherwise */
  readonly options: Asked;
  /** options of this command that may be an axis */
  readonly axes: readonly string[];
  /** the param that counts the threads of what is run; undefined: no axis of this command is a param */
  readonly threadParam?: () => Promise<string>;
  /** refuses what cannot be run, by a Fail */
  readonly check?: (options: Asked) => Promise<void>;
  /** turns of each, where nobody says */
  readonly rounds: (strategies: readonly string[]) => number;
  /** options of one turn, where there are so many */
  readonly turn?: (rounds: number, configurations: number) => Asked;
  readonly shard: string | undefined;
  readonly rootSeed: number;
  readonly results: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: ColorChoice;
  readonly reports: ReportPlan | undefined;
}

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const ROUNDS_MAX = 100;
const ROUNDS_OF_BENCH = 3;
const OF_PROCESS: ReadonlySet<string> = new Set(['node', 'v8']);

export function withMatrix<T>(yargs: Argv<T>): Argv<T & MatrixArgs> {
  return yargs
    .option('matrix', {
      type: 'string',
      array: true,
      nargs: 1,
      describe:
        'an axis and its values, once for each axis: node=20,22 v8=default,jitless pin=on,off threads=2,4 or any param; all combinations are run, one after the other',
      group: 'Several runtimes:',
    })
    .option('rounds', {
      type: 'number',
      requiresArg: true,
      describe: 'with --matrix: turns of each configuration, in which its trials are divided',
      group: 'Several runtimes:',
    });
}

/** Runs all configurations, and says what differs.  @throws Fail for whatever cannot be run as asked */
export async function runMatrix(plan: MatrixPlan): Promise<void> {
  const { parseAxes, configurationsOf } = await import('../run/matrix-axes.ts');
  const { Matrix } = await import('../run/matrix.ts');
  const { MatrixReporter } = await import('../report/matrix-reporter.ts');
  const { writeReports } = await import('../report/reporters.ts');
  const { countOf } = await import('./options.ts');
  await refuseShard(plan);
  const axes = parseAxes(plan.args.matrix ?? []);
  refuseAxes(plan, axes);
  const paramOf = await paramsOf(plan, axes);
  const configurations = await configurationsOf(axes, process.cwd());
  const optionsOf = (each: Configuration): Asked => withSettings(plan, each, paramOf);
  for (const each of configurations) await plan.check?.(optionsOf(each));
  const strategies = configurations.map((each) => textOf(optionsOf(each)['strategy'], 'free'));
  const rounds =
    plan.args.rounds === undefined
      ? plan.rounds(strategies)
      : countOf('--rounds', plan.args.rounds, 1, ROUNDS_MAX);
  const turn = plan.turn?.(rounds, configurations.length) ?? {};
  const isOfTrials = plan.command !== 'bench';
  const reporter = new MatrixReporter(plan);
  const matrix = new Matrix(
    {
      command: plan.command,
      axes,
      configurations,
      rounds,
      childArgs: (configuration, round, results) => [
        MAIN,
        plan.command,
        ...plan.names,
        ...optionArgs({ ...optionsOf(configuration), ...turn, json: true }),
        ...optionArgs({ results }),
        ...(isOfTrials ? optionArgs({ seed: String(plan.rootSeed) }) : []),
        ...(isOfTrials && rounds > 1 ? optionArgs({ shard: `${round}/${rounds}` }) : []),
      ],
      rootSeed: plan.rootSeed,
      resultsRoot: plan.results,
    },
    reporter,
  );
  stopOnSignals(matrix);
  const { exit, results } = await matrix.run();
  reporter.end({ results });
  const { reports, json } = plan;
  const people = json ? process.stderr : process.stdout;
  const written =
    reports === undefined
      ? EXIT.ok
      : await writeReports(reports, results.directory, {
          log: people,
          tell: process.stderr,
          means: await meansHere(),
        });
  process.exitCode = worstExit([exit, written] satisfies ExitCode[]);
}

/** A bench of several runtimes: what is measured differs from process to process, so each is asked several times. */
export async function benchMatrix(
  args: MatrixArgs,
  names: readonly string[],
  options: Asked,
  results: string,
  json: boolean,
  check: (options: Asked) => Promise<void>,
): Promise<void> {
  await runMatrix({
    command: 'bench',
    args,
    names,
    options,
    axes: ['threads', 'pin'],
    check,
    rounds: () => ROUNDS_OF_BENCH,
    shard: undefined,
    rootSeed: 0,
    results,
    json,
    quiet: false,
    color: 'auto',
    reports: undefined,
  });
}

/** The values of options as a command line has them. */
export function optionArgs(options: Asked): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === Infinity) return [];
    if (typeof value === 'object') return value.map((each) => `--${name}=${each}`);
    if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
    return [`--${name}=${value}`];
  });
}

/** A machine of an array job would run a part of each configuration, and call it the whole.  @throws Fail SHARD */
async function refuseShard({ shard, command }: MatrixPlan): Promise<void> {
  if (command === 'bench') return;
  const { shardOf, formatShard } = await import('../run/shard.ts');
  const part = shardOf(shard, process.env);
  if (part === null) return;
  throw fail('SHARD', {
    where: part.engine ?? `shard ${formatShard(part)}`,
    what: 'a matrix is not divided into shards; give each job its configurations',
  });
}

/** @throws Fail MATRIX_AXIS */
function refuseAxes({ command, axes: known, threadParam }: MatrixPlan, axes: readonly Axis[]) {
  if (threadParam !== undefined) return;
  for (const { name, values } of axes) {
    if (OF_PROCESS.has(name) || known.includes(name)) continue;
    const can = [...OF_PROCESS, ...known].join(', ');
    throw fail('MATRIX_AXIS', {
      text: `${name}=${values.join(',')}`,
      what: `${command} has no axis ${name}; it has ${can}`,
    });
  }
}

/** Which param an axis is, where it is one. */
async function paramsOf(
  { threadParam }: MatrixPlan,
  axes: readonly Axis[],
): Promise<(axis: string) => string> {
  if (threadParam === undefined || !axes.some(({ name }) => name === 'threads'))
    return (axis) => axis;
  const threads = await threadParam();
  return (axis) => (axis === 'threads' ? threads : axis);
}

/** The options of a configuration: those of all, and what its axes say. */
function withSettings(
  { options, axes }: MatrixPlan,
  { settings }: Configuration,
  paramOf: (axis: string) => string,
): Asked {
  const own: Record<string, Value> = {};
  const params: string[] = [];
  for (const [axis, value] of Object.entries(settings)) {
    if (OF_PROCESS.has(axis)) continue;
    if (!axes.includes(axis)) params.push(`${paramOf(axis)}=${value}`);
    else own[axis] = axis === 'pin' ? isOn(value) : valueOf(axis, value);
  }
  const given = (options['param'] ?? []) as readonly string[];
  return { ...options, ...own, ...(params.length > 0 ? { param: [...given, ...params] } : {}) };
}

function textOf(value: Value | undefined, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function isOn(value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw fail('MATRIX_AXIS', { text: `pin=${value}`, what: 'a thread is pinned or not: on, off' });
}

function valueOf(axis: string, value: string): string | number {
  if (axis !== 'load' && axis !== 'jobs') return value;
  if (/^\d+$/.test(value)) return Number(value);
  throw fail('MATRIX_AXIS', { text: `${axis}=${value}`, what: `${value} is no whole number` });
}
