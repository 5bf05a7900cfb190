/*
 * gridlock replay: the same schedule again, and whether it was the same.
 *
 * A replay is a run of the strategy `replay`, as many trials as are asked for.  The exit code is 0 if each came to what
 * was recorded and followed the schedule to its end, and 1 if one did not.
 */

import type { CommandModule } from 'yargs';
import { REPLAYABLE_DESCRIBED } from '../replayable.ts';
import { reportPlanOf, withReporters, writeDocuments, type ReportArgs } from '../report-options.ts';

interface Args extends ReportArgs {
  what: string;
  iterations: number;
  'hang-timeout': string;
  pin: boolean;
  results: string;
  json: boolean;
  quiet: boolean;
  progress: boolean;
  color: 'auto' | 'always' | 'never';
}

/** A schedule ends a trial; this is for one that does not follow it. */
const TRIAL_MS_MAX = 60_000;

export const replayCommand: CommandModule<Pick<Args, 'color'>, Args> = {
  command: 'replay <what>',
  describe: 'the same schedule again, choice for choice',
  builder: (yargs) =>
    withReporters(yargs)
      .positional('what', { type: 'string', demandOption: true, describe: REPLAYABLE_DESCRIBED })
      .option('iterations', {
        alias: 'n',
        type: 'number',
        default: 1,
        requiresArg: true,
        describe: 'how often; more than once compares them',
      })
      .option('hang-timeout', {
        type: 'string',
        default: '10s',
        requiresArg: true,
        describe: 'silence of a thread that makes it a suspect',
      })
      .option('pin', { type: 'boolean', default: true, describe: 'all threads on one CPU' })
      .option('results', {
        type: 'string',
        default: 'results',
        requiresArg: true,
        describe: 'where the run is kept, and where latest looks',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'NDJSON on stdout, people on stderr',
      })
      .option('progress', { type: 'boolean', default: true, describe: 'the live status block' })
      .option('quiet', {
        alias: 'q',
        type: 'boolean',
        default: false,
        describe: 'only what it came to',
      })
      .example('$0 replay latest -n 100', 'the newest dump, a hundred times'),
  handler: async (args) => {
    const { parseDuration } = await import('../../base/duration.ts');
    const { Stress } = await import('../../run/stress.ts');
    const { choicesOf } = await import('../../sched/schedule.ts');
    const { Chorus } = await import('../../report/live.ts');
    const { ReplayJudge, ReplayReporter } = await import('../../report/replay.ts');
    const { liveReporters } = await import('../../report/reporters.ts');
    const { countOf } = await import('../options.ts');
    const { controlOfReplay, replayableOf } = await import('../replayable.ts');
    const { stopOnSignals } = await import('../signals.ts');
    const { json, quiet, progress, color } = args;
    const plan = await reportPlanOf(args);
    const replayable = await replayableOf(args.what, args.results);
    const { workload, variant, params, seed, verdict } = replayable;
    const schedule = choicesOf(replayable.schedule);
    const judge = new ReplayJudge({ verdict, choices: schedule });
    const speakers = liveReporters(
      plan,
      { json, quiet, progress, color },
      (speak) => new ReplayReporter(speak, judge),
    );
    const reporter = new Chorus([judge, speakers]);
    const stress = new Stress(
      {
        noise: null,
        jobs: 1,
        budgetMs: Infinity,
        control: controlOfReplay(replayable),
        schedule,
        trialSeed: seed,
        workloads: [workload],
        variants: [variant],
        params,
        trials: countOf('--iterations', args.iterations, 1),
        durationMs: TRIAL_MS_MAX,
        hangMs: parseDuration(args['hang-timeout'], '--hang-timeout'),
        timeoutMs: undefined,
        rootSeed: seed,
        load: 0,
        track: 'held',
        pin: args.pin,
        untilFailure: false,
        maxFailures: Infinity,
        expect: verdict,
        resultsRoot: args.results,
        dumps: true,
        statusMs: reporter.statusMs,
      },
      reporter,
    );
    stopOnSignals(stress);
    try {
      const result = await stress.run();
      const exit = judge.exitOf(result);
      reporter.onReplayed(judge.record);
      await reporter.end({ ...result, exit });
      process.exitCode = exit;
    } finally {
      reporter.close();
      await writeDocuments(plan, reporter.directory, json);
    }
  },
};
