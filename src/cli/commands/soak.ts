/*
 * gridlock soak: hours of everything in turn.
 *
 * Parses, runs one Soak, prints as it goes (report/soak.ts), sets the exit code.  What was asked for is kept in the manifest
 * as it was given, so that --resume asks for it again.
 */

import type { CommandModule } from 'yargs';
import { reportPlanOf, withReporters, type ReportArgs } from '../report-options.ts';
import { runToEnd, withOutput, withVariants, type RunArgs, type Shared } from '../run-options.ts';
import { fail } from '../../base/fail.ts';
import {
  judgeForTrials,
  judgeRun,
  refuseWithMatrix,
  withJudging,
  type JudgeArgs,
} from '../judging.ts';
import { withMatrix, type MatrixArgs } from '../matrix.ts';

/** What a soak that is resumed has from its manifest, unless it is given again. */
interface Kept {
  workload: string[] | undefined;
  variant: string[] | undefined;
  param: string[] | undefined;
  strategy: string[] | undefined;
  load: number[];
  duration: string;
  'trial-duration': string | undefined;
  'hang-timeout': string;
  turn: string | undefined;
  steps: number;
  track: 'held' | 'events';
  pin: boolean;
  dumps: boolean;
  'dumps-max': string;
}

type Said = { [Name in keyof Kept]: Kept[Name] | undefined };

interface Args extends Shared, Said, Omit<RunArgs, 'variant'>, ReportArgs, JudgeArgs, MatrixArgs {
  timeout: string | undefined;
  seed: string | undefined;
  shard: string | undefined;
  resume: string | undefined;
}

const DEFAULTS: Kept = {
  workload: undefined,
  variant: undefined,
  param: undefined,
  strategy: undefined,
  load: [0, 2],
  duration: '1h',
  'trial-duration': undefined,
  'hang-timeout': '10s',
  turn: undefined,
  steps: 5_000,
  track: 'held',
  pin: true,
  dumps: true,
  'dumps-max': '100',
};

/** In turn, where nobody says which. */
const STRATEGIES = ['free', 'noise', 'auto'];

export const soakCommand: CommandModule<Shared, Args> = {
  command: 'soak [workload..]',
  describe: 'hours of everything in turn: strategies, loads, numbers of threads; for CI',
  builder: (yargs) =>
    withOutput(withVariants(withMatrix(withJudging(withReporters(yargs)))))
      .env('GRIDLOCK')
      .positional('workload', {
        type: 'string',
        array: true,
        describe: 'names or paths; everything that is shipped, and the gallery, by default',
      })
      .option('param', {
        alias: 'P',
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'name=value, once for each; such a param stays as it is',
        group: 'What to run:',
      })
      .option('strategy', {
        alias: 's',
        type: 'string',
        array: true,
        requiresArg: true,
        describe:
          'in turn; by default free, noise, and auto for what is small enough for it; never dfs',
        group: 'What to run:',
      })
      .option('load', {
        type: 'number',
        array: true,
        requiresArg: true,
        describe: 'threads that only contend, in turn; 0 and 2 by default',
        group: 'What to run:',
      })
      .option('shard', {
        type: 'string',
        requiresArg: true,
        describe:
          'i/n: of n machines that share the soak, the i-th; found by itself in most array jobs',
        group: 'What to run:',
      })
      .option('seed', {
        type: 'string',
        requiresArg: true,
        describe: 'root seed: of the order of the turns, and of every trial',
        group: 'What to run:',
      })
      .option('duration', {
        alias: 'd',
        type: 'string',
        requiresArg: true,
        describe: 'of the whole soak, with a unit: 4h; 1h by default',
        group: 'How long:',
      })
      .option('turn', {
        type: 'string',
        requiresArg: true,
        describe: 'of a turn at most; by default each cell has four turns, of a minute at most',
        group: 'How long:',
      })
      .option('trial-duration', {
        type: 'string',
        requiresArg: true,
        describe: 'of each free trial; what the workload says by default',
        group: 'How long:',
      })
      .option('hang-timeout', {
        type: 'string',
        requiresArg: true,
        describe: 'silence of a thread that makes it a suspect; 10s by default',
        group: 'How long:',
      })
      .option('timeout', {
        type: 'string',
        requiresArg: true,
        describe: 'of the job above: a duration that does not fit with its last trial is refused',
        group: 'How long:',
      })
      .option('steps', {
        type: 'number',
        requiresArg: true,
        describe: 'choices of a strategy after which roles are told to stop; 5,000 by default',
        group: 'How:',
      })
      .option('track', {
        choices: ['held', 'events'] as const,
        describe:
          'held: slow paths leave events; events: every acquire and release does, and is timed',
        group: 'How:',
      })
      .option('pin', { type: 'boolean', describe: 'spread threads over the CPUs', group: 'How:' })
      .option('resume', {
        type: 'string',
        describe: 'go on with a soak that was killed: its directory, or the latest',
        group: 'How:',
      })
      .option('dumps', {
        type: 'boolean',
        describe: 'a dump of the first of each distinct failure',
        group: 'Output:',
      })
      .option('dumps-max', {
        type: 'string',
        requiresArg: true,
        describe: 'so many dumps, or so many bytes: 100, 500MB, 2GB; 100 by default',
        group: 'Output:',
      }),
  handler: async (args) => {
    if (args.matrix !== undefined) {
      refuseWithMatrix(args, 'soak');
      await soakMatrix(args);
      return;
    }
    const { parseDuration } = await import('../../base/duration.ts');
    const { parseSeed } = await import('../../base/prng.ts');
    const { portable } = await import('../../run/again.ts');
    const { parseParam } = await import('../../run/catalog.ts');
    const { Soak } = await import('../../run/soak.ts');
    const { latestSoak, resumable } = await import('../../run/soak-state.ts');
    const { controlOf, countOf, dumpsMaxOf, noiseOf } = await import('../options.ts');
    const { liveReporters } = await import('../../report/reporters.ts');
    const { SoakReporter } = await import('../../report/soak.ts');
    const { rootSeedHere, shardAgain, shardHere } = await import('../shard-here.ts');
    const plan = await reportPlanOf(args);
    const directory = args.resume === '' ? latestSoak(args.results) : args.resume;
    const before = directory === undefined ? undefined : resumable(directory);
    const asked = given({ ...args, workload: args.workload?.map(portable) });
    if (before !== undefined) {
      const seed = args.seed === undefined ? before.seed : parseSeed(args.seed);
      refuseOther(
        directory!,
        { ...DEFAULTS, ...before.soak, seed: before.seed },
        { ...asked, seed },
      );
    }
    const kept: Kept = { ...DEFAULTS, ...before?.soak, ...asked };
    const { track } = kept;
    const judge = await judgeForTrials(args, 'soak', track);
    const shard =
      before === undefined ? shardHere(args.shard) : shardAgain(args.shard, before, directory!);
    const rootSeed = before?.seed ?? rootSeedHere(args.seed, shard);
    const optional = (text: string | undefined, option: string): number | undefined =>
      text === undefined ? undefined : parseDuration(text, option);
    const ways = [...new Set(kept.strategy ?? STRATEGIES)].map((strategy) => {
      if (strategy === 'dfs')
        throw fail('USAGE', {
          what: 'dfs goes through schedules in order, and is no part of a soak',
          command: 'run',
        });
      const common = { strategy, track, seed: rootSeed };
      const asked = { ...common, depth: 0, preemptions: -1, steps: kept.steps };
      const control = controlOf(asked);
      return {
        strategy,
        isControlled: control !== null,
        control,
        noise: noiseOf({ strategy, track }),
      };
    });
    const soakMs = parseDuration(kept.duration, '--duration');
    const reporter = liveReporters(
      plan,
      { json: args.json, quiet: args.quiet, progress: args.progress, color: args.color },
      (speak) => new SoakReporter(speak, soakMs, () => soak.figures),
    );
    const judged = judgeRun(judge, reporter, args.json);
    const soak = new Soak(
      {
        workloads: kept.workload ?? [],
        variants: kept.variant ?? [],
        params: new Map((kept.param ?? []).map(parseParam)),
        ways,
        areWaysGiven: kept.strategy !== undefined,
        loads: [...new Set(kept.load)].map((load) => countOf('--load', load, 0)),
        soakMs,
        jobMs: optional(args.timeout, '--timeout'),
        turnMs: optional(kept.turn, '--turn'),
        durationMs: optional(kept['trial-duration'], '--trial-duration'),
        hangMs: parseDuration(kept['hang-timeout'], '--hang-timeout'),
        rootSeed,
        shard,
        track,
        pin: kept.pin,
        resultsRoot: args.results,
        dumps: kept.dumps,
        dumpsMax: dumpsMaxOf(kept['dumps-max']),
        statusMs: reporter.statusMs,
        asked: kept,
        resume: directory,
        judge: judged.judge,
      },
      reporter,
    );
    const { json } = args;
    await runToEnd({ run: soak, reporter, plan, judged, shard, json });
  },
};

/** The soak of several runtimes: each has its share of the time, one after the other. */
async function soakMatrix(args: Args): Promise<void> {
  const { exactDuration, parseDuration } = await import('../../base/duration.ts');
  const { fail } = await import('../../base/fail.ts');
  const { runMatrix } = await import('../matrix.ts');
  const { rootSeedHere } = await import('../shard-here.ts');
  if (args.resume !== undefined)
    throw fail('USAGE', { what: 'a matrix is not resumed: begin it again', command: 'soak' });
  const { workload, duration, ...options } = { ...DEFAULTS, ...given(args) };
  const soakMs = parseDuration(duration, '--duration');
  await runMatrix({
    command: 'soak',
    args,
    names: workload ?? [],
    options: { ...options, progress: false },
    axes: ['pin', 'load', 'strategy'],
    rounds: () => 1,
    turn: (rounds, configurations) => ({
      duration: exactDuration(Math.max(1, Math.floor(soakMs / rounds / configurations))),
    }),
    shard: args.shard,
    rootSeed: rootSeedHere(args.seed, null),
    results: args.results,
    json: args.json,
    quiet: args.quiet,
    color: args.color,
    reports: undefined,
  });
}

/** What the command line, or the environment, says; the rest is not there. */
function given(args: Args): Partial<Kept> {
  const said = Object.keys(DEFAULTS).flatMap((name) => {
    const value = args[name as keyof Kept];
    const isSaid = value !== undefined && !(Array.isArray(value) && value.length === 0);
    return isSaid ? [[name, value] as const] : [];
  });
  return Object.fromEntries(said);
}

/** What makes the rotation, and the trials of a cell: a soak goes on with what it had. */
const FIXED = [
  'seed',
  'workload',
  'variant',
  'param',
  'strategy',
  'load',
  'steps',
  'track',
] as const;

type Value = string | number | readonly (string | number)[] | undefined;
type Fixed = { readonly [What in (typeof FIXED)[number]]?: Value };

/** @throws Fail RESUME_OTHER */
function refuseOther(directory: string, before: Fixed, asked: Fixed): void {
  for (const what of FIXED) {
    if (asked[what] === undefined) continue;
    const [one, other] = [before[what], asked[what]].map((value) =>
      typeof value === 'object' ? value.join(' ') : String(value ?? 'the default'),
    );
    if (one === other) continue;
    const leave = what === 'workload' ? other! : `--${what}`;
    throw fail('RESUME_OTHER', { directory, what, one: one!, other: other!, leave });
  }
}
