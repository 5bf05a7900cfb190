/*
 * gridlock run: stress, free-running, or scheduled by a strategy.
 *
 * Parses, runs one Stress, prints as it goes (report/), sets the exit code.
 */

import type { CommandModule } from 'yargs';
import type { VerdictName } from '../../base/verdict.ts';
import { VERDICTS } from '../../base/verdict.ts';
import type { StressOptions } from '../../run/stress.ts';
import { withMatrix, type Asked, type MatrixArgs } from '../matrix.ts';
import { reportPlanOf, withReporters, type ReportArgs } from '../report-options.ts';
import { runToEnd, withOutput, withVariants, type RunArgs, type Shared } from '../run-options.ts';
import {
  judgeForTrials,
  judgeRun,
  refuseWithMatrix,
  withJudging,
  type JudgeArgs,
} from '../judging.ts';

interface Args extends Shared, RunArgs, ReportArgs, JudgeArgs, MatrixArgs {
  workload: string[] | undefined;
  param: string[] | undefined;
  iterations: number | undefined;
  duration: string | undefined;
  'hang-timeout': string;
  timeout: string | undefined;
  seed: string | undefined;
  shard: string | undefined;
  load: number;
  strategy: string;
  strength: string | undefined;
  depth: number;
  preemptions: number;
  steps: number;
  jobs: number;
  track: 'held' | 'events';
  pin: boolean;
  'until-failure': boolean;
  'max-failures': number;
  expect: VerdictName | undefined;
  dumps: boolean;
}

/** Machines side by side, at most: each is a process with all its threads. */
const JOBS_MAX = 64;
/** Turns of a configuration of a matrix, as far as there are trials for them. */
const ROUNDS = 3;

export const runCommand: CommandModule<Shared, Args> = {
  command: 'run [workload..]',
  describe: 'stress: real threads under load, until something gives',
  // The environment speaks to this command alone: GRIDLOCK_LOAD=4 must not be an unknown option of `list`.
  builder: (yargs) =>
    withOutput(withVariants(withMatrix(withJudging(withReporters(yargs)))))
      .env('GRIDLOCK')
      .positional('workload', {
        type: 'string',
        array: true,
        describe: 'names or paths; everything that is shipped by default',
      })
      .option('param', {
        alias: 'P',
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'name=value, once for each',
        group: 'What to run:',
      })
      .option('seed', {
        type: 'string',
        requiresArg: true,
        describe: 'root seed; of trials, of their threads, of a strategy’s choices',
        group: 'What to run:',
      })
      .option('shard', {
        type: 'string',
        requiresArg: true,
        describe:
          'i/n: of n machines that share the run, the i-th; where a strategy decides, a block of 4,096 trials is the least. Found by itself in most array jobs',
        group: 'What to run:',
      })
      .option('expect', {
        choices: VERDICTS,
        describe: 'the verdict to expect, instead of the declared one',
        group: 'What to run:',
      })
      .option('iterations', {
        alias: 'n',
        type: 'number',
        requiresArg: true,
        describe: 'trials of each variant; 1, with a strategy 100, with dfs until it ends',
        group: 'How long:',
      })
      .option('duration', {
        alias: 'd',
        type: 'string',
        requiresArg: true,
        describe: 'of each trial, with a unit: 60s; with a strategy, of all trials of a variant',
        group: 'How long:',
      })
      .option('hang-timeout', {
        type: 'string',
        default: '10s',
        requiresArg: true,
        describe: 'silence of a thread that makes it a suspect',
        group: 'How long:',
      })
      .option('timeout', {
        type: 'string',
        requiresArg: true,
        describe: 'of each trial, all in all',
        group: 'How long:',
      })
      .option('until-failure', {
        alias: 'x',
        type: 'boolean',
        default: false,
        describe: 'stop at the first failure',
        group: 'How long:',
      })
      .option('max-failures', {
        type: 'number',
        default: Infinity,
        requiresArg: true,
        describe: 'stop at so many',
        group: 'How long:',
      })
      .option('load', {
        type: 'number',
        default: 0,
        requiresArg: true,
        describe: 'threads that only contend for CPU and memory',
        group: 'How:',
      })
      .option('strategy', {
        alias: 's',
        type: 'string',
        default: 'free',
        requiresArg: true,
        describe:
          'who decides which thread runs: free (the system), noise (the same, held up now and then), random, pct, pos, surw, rff, dfs, or auto, which tries them all',
        group: 'How:',
      })
      .option('strength', {
        type: 'string',
        requiresArg: true,
        describe: 'noise: the longest delay, 0.02ms to 100ms; without, 5ms',
        group: 'How:',
      })
      .option('depth', {
        type: 'number',
        default: 0,
        requiresArg: true,
        describe: 'pct: the depth of the bug looked for; 0 tries 1 to 4 in turn',
        group: 'How:',
      })
      .option('preemptions', {
        type: 'number',
        default: -1,
        requiresArg: true,
        describe: 'dfs: preemptions in a schedule at most; without, every schedule',
        group: 'How:',
      })
      .option('steps', {
        type: 'number',
        default: 5000,
        requiresArg: true,
        describe: 'choices of a strategy after which roles are told to stop',
        group: 'How:',
      })
      .option('jobs', {
        alias: 'j',
        type: 'number',
        default: 1,
        requiresArg: true,
        describe:
          'machines side by side, which share the trials of a strategy in blocks of 4,096; the results are those of one',
        group: 'How:',
      })
      .option('track', {
        choices: ['held', 'events'] as const,
        default: 'held' as const,
        describe:
          'held: slow paths leave events; events: every acquire and release does, and is timed',
        group: 'How:',
      })
      .option('pin', {
        type: 'boolean',
        default: true,
        describe: 'spread threads over the CPUs; with a strategy, put all of them on one',
        group: 'How:',
      })
      .option('dumps', {
        type: 'boolean',
        default: true,
        describe: 'a dump of the first of each distinct failure',
        group: 'Output:',
      }),
  handler: async (args) => {
    if (args.matrix !== undefined) {
      refuseWithMatrix(args, 'run');
      await runMatrixOf(args);
      return;
    }
    const { Stress } = await import('../../run/stress.ts');
    const { liveReporters } = await import('../../report/reporters.ts');
    const { rootSeedHere, shardHere } = await import('../shard-here.ts');
    const plan = await reportPlanOf(args);
    const judge = await judgeForTrials(args, 'run', args.track);
    const reporter = liveReporters(plan, {
      json: args.json,
      quiet: args.quiet,
      progress: args.progress,
      color: args.color,
    });
    const shard = shardHere(args.shard);
    const rootSeed = rootSeedHere(args.seed, shard);
    const options = await stressOptionsOf(args, rootSeed);
    const judged = judgeRun(judge, reporter, args.json);
    const { statusMs } = reporter;
    const stress = new Stress({ ...options, statusMs, shard, judge: judged.judge }, reporter);
    const { json } = args;
    await runToEnd({ run: stress, reporter, plan, judged, shard, json });
  },
};

/** What a run is to be, with everything parsed.  @throws Fail for what cannot be */
async function stressOptionsOf(args: Args, rootSeed: number): Promise<StressOptions> {
  const { parseDuration } = await import('../../base/duration.ts');
  const { parseParam } = await import('../../run/catalog.ts');
  const { controlOf, ENDLESS, countOf, noiseOf, trialsOf } = await import('../options.ts');
  const control = controlOf({
    ...args,
    seed: rootSeed,
    jobs: countOf('--jobs', args.jobs, 1, JOBS_MAX),
  });
  // How long a trial takes is a strategy's affair, so what is given is for all of them.
  const given =
    args.duration === undefined ? undefined : parseDuration(args.duration, '--duration');
  const budgetMs = control === null ? Infinity : (given ?? Infinity);
  const trials = args.iterations ?? (budgetMs === Infinity ? trialsOf(args.strategy) : ENDLESS);
  return {
    control,
    noise: noiseOf(args),
    schedule: null,
    // Every schedule must be one of the same program.
    trialSeed: control?.strategy === 'dfs' ? rootSeed : undefined,
    workloads: args.workload ?? [],
    variants: args.variant ?? [],
    params: new Map((args.param ?? []).map(parseParam)),
    trials: countOf('--iterations', trials, 1),
    durationMs: control === null ? given : undefined,
    budgetMs,
    hangMs: parseDuration(args['hang-timeout'], '--hang-timeout'),
    timeoutMs: args.timeout === undefined ? undefined : parseDuration(args.timeout, '--timeout'),
    rootSeed,
    load: countOf('--load', args.load, 0),
    track: args.track,
    pin: args.pin,
    untilFailure: args['until-failure'],
    maxFailures:
      args['max-failures'] === Infinity
        ? Infinity
        : countOf('--max-failures', args['max-failures'], 1),
    expect: args.expect,
    resultsRoot: args.results,
    dumps: args.dumps,
    statusMs: 0,
    jobs: args.jobs,
  };
}

/** Options that each configuration of a matrix is given, as they are or as an axis says. */
const OF_TRIALS = [
  'variant',
  'param',
  'expect',
  'iterations',
  'duration',
  'hang-timeout',
  'timeout',
  'until-failure',
  'max-failures',
  'load',
  'strategy',
  'strength',
  'depth',
  'preemptions',
  'steps',
  'jobs',
  'track',
  'pin',
  'dumps',
] as const satisfies readonly (keyof Args)[];

async function runMatrixOf(args: Args): Promise<void> {
  const { isForMachines } = await import('../../report/reporters.ts');
  const { Stress } = await import('../../run/stress.ts');
  const { runMatrix } = await import('../matrix.ts');
  const { rootSeedHere } = await import('../shard-here.ts');
  const reports = await reportPlanOf(args);
  const rootSeed = rootSeedHere(args.seed, null);
  const stressOf = async (options: Asked): Promise<InstanceType<typeof Stress>> =>
    new Stress(await stressOptionsOf({ ...args, ...options }, rootSeed), {});
  await runMatrix({
    command: 'run',
    args,
    names: args.workload ?? [],
    options: {
      ...Object.fromEntries(OF_TRIALS.map((name) => [name, args[name]])),
      reporter: 'default',
      progress: false,
    },
    axes: ['pin', 'load', 'strategy', 'strength', 'track', 'jobs'],
    threadParam: async () => (await stressOf({})).threadParam(),
    check: async (options) => (await stressOf(options)).check(),
    // Where schedules are drawn by the system, what else it does must hit all of them.
    rounds: (strategies) =>
      strategies.every((strategy) => strategy === 'free' || strategy === 'noise')
        ? Math.min(ROUNDS, args.iterations ?? 1)
        : 1,
    shard: args.shard,
    rootSeed,
    results: args.results,
    json: isForMachines(reports, args.json),
    quiet: args.quiet,
    color: args.color,
    reports,
  });
}
