/*
 * gridlock report: any report of a run that is over, from its results directory alone.
 *
 * The exit code says whether the reports could be made; what the run came to is in them.
 */

import type { CommandModule } from 'yargs';
import { meansHere, reportPlanOf, withReporters, type ReportArgs } from '../report-options.ts';

interface Args extends ReportArgs {
  run: string;
  results: string;
  color: 'auto' | 'always' | 'never';
}

export const reportCommand: CommandModule<Pick<Args, 'color'>, Args> = {
  command: 'report [run]',
  describe: 'a run as JUnit, SARIF, Markdown, annotations …',
  builder: (yargs) =>
    withReporters(
      yargs
        .positional('run', {
          type: 'string',
          default: 'latest',
          describe: 'a results directory, its name, or latest',
        })
        .option('results', {
          type: 'string',
          default: 'results',
          requiresArg: true,
          describe: 'where runs are kept',
        }),
    ).example('$0 report latest --reporter junit > junit.xml', 'one document, on stdout'),
  handler: async (args) => {
    const { readRun } = await import('../../report/model.ts');
    const { findRun } = await import('../../report/find.ts');
    const { replayTo } = await import('../../report/live.ts');
    const { isForMachines, liveReporters, writeReports } =
      await import('../../report/reporters.ts');
    const plan = await reportPlanOf(args);
    const directory = findRun(args.run, args.results);
    if (plan.live.length > 0) {
      const model = readRun(directory);
      const speak = { json: false, quiet: false, progress: false, color: args.color };
      await replayTo(liveReporters(plan, speak), model);
      if (!model.isDone) process.stderr.write(`${directory} was cut off, or still goes on\n`);
    }
    const isTaken = isForMachines(plan, false);
    process.exitCode = await writeReports(plan, directory, {
      lone: plan.live.length === 0 ? process.stdout : undefined,
      log: isTaken ? process.stderr : process.stdout,
      tell: process.stderr,
      means: await meansHere(),
    });
  },
};
