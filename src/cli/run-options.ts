/*
 * What `run` and `soak` have alike: options, and the way from a run that is made ready to an exit code.
 *
 * They differ in what they run and for how long, and each says that itself.  Alike is which variants there are, where it is
 * kept, and who is spoken to how; so a script that has the one has the other.
 *
 * The way of it: it runs until it is over, or told to stop; then people are told, first what it came to, then what could not be
 * written, last how it was judged.  Documents are made of what there is, though it broke off.
 */

import type { Argv } from 'yargs';
import type { ColorChoice } from '../base/color.ts';
import type { Chorus } from '../report/live.ts';
import type { ReportPlan } from '../report/reporters.ts';
import type { Shard } from '../run/shard.ts';
import type { StressResult } from '../run/stress.ts';
import type { JudgedRun } from './judging.ts';
import { streamForPeople, writeDocuments } from './report-options.ts';

/** Options of every command. */
export interface Shared {
  color: ColorChoice;
}

export interface RunArgs {
  variant: string[] | undefined;
  'shard-total': string | undefined;
  results: string;
  json: boolean;
  progress: boolean;
  quiet: boolean;
}

export function withVariants<T>(
  yargs: Argv<T>,
): Argv<T & Pick<RunArgs, 'variant' | 'shard-total'>> {
  return (
    yargs
      .option('variant', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'only these variants',
        group: 'What to run:',
      })
      // Only the environment says it (GRIDLOCK_SHARD_TOTAL), where an engine tells the index alone.
      .option('shard-total', { type: 'string', hidden: true })
  );
}

export function withOutput<T>(
  yargs: Argv<T>,
): Argv<T & Pick<RunArgs, 'results' | 'json' | 'progress' | 'quiet'>> {
  return yargs
    .option('results', {
      type: 'string',
      default: 'results',
      requiresArg: true,
      describe: 'where the run is kept',
      group: 'Output:',
    })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'NDJSON on stdout, people on stderr',
      group: 'Output:',
    })
    .option('progress', {
      type: 'boolean',
      default: true,
      describe: 'the live status block',
      group: 'Output:',
    })
    .option('quiet', {
      alias: 'q',
      type: 'boolean',
      default: false,
      describe: 'only the final table',
      group: 'Output:',
    });
}

/** A run that is made ready, and whoever follows it. */
export interface Ready {
  readonly run: { run(): Promise<StressResult>; stop(signal: 'SIGINT' | 'SIGTERM'): void };
  readonly reporter: Chorus;
  readonly plan: ReportPlan;
  readonly judged: JudgedRun;
  readonly shard: Shard | null;
  readonly json: boolean;
}

/** Runs it to its end, tells what it came to, and sets the exit code. */
export async function runToEnd(ready: Ready): Promise<void> {
  const { run, reporter, plan, judged, shard, json } = ready;
  const { stopOnSignals } = await import('./signals.ts');
  const { lastLines } = await import('./shard-here.ts');
  stopOnSignals(run);
  try {
    const result = await run.run();
    await reporter.end(result);
    process.stderr.write(lastLines(result, shard));
    process.exitCode = result.exit;
    (await streamForPeople(plan, json)).write(judged.said());
  } finally {
    reporter.close();
    await writeDocuments(plan, reporter.directory, json);
  }
}
