/*
 * --reporter and --output-file, for every command that runs something or reports on it.
 */

import type { Means } from '../report/html/failure.ts';
import type { Argv } from 'yargs';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { fail } from '../base/fail.ts';
import type { ReportPlan } from '../report/reporters.ts';

export interface ReportArgs {
  reporter: string[] | undefined;
  'output-file': unknown;
}

export function withReporters<T>(yargs: Argv<T>): Argv<T & ReportArgs> {
  return yargs
    .option('reporter', {
      type: 'string',
      array: true,
      nargs: 1,
      describe:
        'default, minimal, dot, ndjson, json, junit, sarif, markdown, html, trace, github: a,b',
      group: 'Output:',
    })
    .option('output-file', {
      requiresArg: true,
      describe: '--output-file.junit=PATH, and so on: where that report goes',
      group: 'Output:',
    });
}

/** @throws Fail UNKNOWN_REPORTER, USAGE */
export async function reportPlanOf({
  reporter,
  'output-file': given,
}: ReportArgs): Promise<ReportPlan> {
  const { planReports } = await import('../report/reporters.ts');
  const names = (reporter ?? []).flatMap((each) => each.split(',')).map((name) => name.trim());
  return planReports(names, filesOf(given));
}

function filesOf(given: unknown): Map<string, string> {
  if (given === undefined) return new Map();
  const isNamed = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (!isNamed)
    throw fail('USAGE', { what: '--output-file is given by reporter: --output-file.junit=PATH' });
  return new Map(
    Object.entries(given).map(([name, file]) => {
      if (typeof file !== 'string' && typeof file !== 'number')
        throw fail('USAGE', { what: `--output-file.${name} is one path, given once` });
      return [name, String(file)];
    }),
  );
}

/**
 * Makes the documents of a run that is over, or broke off: of what it got to.  What goes wrong with them is added to the exit
 * code of this process.
 * @param directory of the run; undefined: it has none, as it never began
 */
export async function writeDocuments(
  plan: ReportPlan,
  directory: string | undefined,
  json: boolean,
): Promise<void> {
  if (directory === undefined) return;
  const { writeReports } = await import('../report/reporters.ts');
  const written = await writeReports(plan, directory, {
    log: await streamForPeople(plan, json),
    tell: process.stderr,
    means: await meansHere(),
  });
  process.exitCode = worstExit([(process.exitCode ?? EXIT.ok) as ExitCode, written]);
}

/** Where people read, when stdout may be for machines. */
export async function streamForPeople(
  plan: ReportPlan,
  json: boolean,
): Promise<NodeJS.WriteStream> {
  const { isForMachines } = await import('../report/reporters.ts');
  return isForMachines(plan, json) ? process.stderr : process.stdout;
}

/** What a report has of the debugger, which it does not know. */
export async function meansHere(): Promise<Means> {
  const { insideOf } = await import('../mdb/inside.ts');
  return { lookInto: insideOf };
}
