/*
 * gridlock shrink: a shorter schedule, with fewer preemptions, that still fails in the same way: no single step of
 * sched/shrink.ts makes it better.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { refusingNoFile } from '../named-files.ts';
import type { Course } from '../../dump/course.ts';
import { REPLAYABLE_DESCRIBED } from '../replayable.ts';

interface Args {
  what: string;
  out: string | undefined;
  'hang-timeout': string;
  trials: number;
  pin: boolean;
  results: string;
  json: boolean;
}

export const shrinkCommand: CommandModule<object, Args> = {
  command: 'shrink <what>',
  describe: 'make the schedule of a failure as short as it gets',
  builder: (yargs) =>
    refusingNoFile(yargs, ['out'])
      .positional('what', { type: 'string', demandOption: true, describe: REPLAYABLE_DESCRIBED })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'also write it to a file, NAME.sched',
      })
      .option('trials', {
        type: 'number',
        default: 2000,
        requiresArg: true,
        describe: 'schedules that are tried at most',
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
        describe: 'where latest looks',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object' })
      .example('$0 shrink latest', 'the newest dump’s schedule'),
  handler: async (args) => {
    const { parseDuration } = await import('../../base/duration.ts');
    const { loadWorkload, resolveParams, variantOf } = await import('../../run/catalog.ts');
    const { shrinkFailure } = await import('../../run/shrinking.ts');
    const { portable } = await import('../../run/again.ts');
    const { writeScheduleFile } = await import('../../run/schedule-file.ts');
    const { formatReplay } = await import('../../sched/token.ts');
    const { shrunkPage } = await import('../../report/schedule.ts');
    const { countOf } = await import('../options.ts');
    const { controlOfReplay, replayableOf } = await import('../replayable.ts');
    const replayable = await replayableOf(args.what, args.results);
    const entry = await loadWorkload(replayable.workload);
    const { variant, seed } = replayable;
    const scratch = mkdtempSync(join(tmpdir(), 'gridlock-shrink-'));
    try {
      const shrunk = await shrinkFailure({
        entry,
        variant,
        params: resolveParams(entry, variantOf(entry, variant), replayable.params, true),
        control: controlOfReplay(replayable),
        schedule: replayable.schedule,
        seed,
        hangMs: parseDuration(args['hang-timeout'], '--hang-timeout'),
        pin: args.pin,
        trialsMax: countOf('--trials', args.trials, 1),
        dump: join(scratch, 'shrunk.dump'),
      });
      const { first, verdict, message, preemptions, trials, schedule } = shrunk;
      const workload = portable(replayable.workload);
      const short = { ...shrunk, ...replayable, workload, verdict, schedule };
      if (args.out !== undefined) writeScheduleFile(args.out, short);
      const again = `gridlock replay ${formatReplay(short)}`;
      const { stepsOfLog } = await import('../../run/choices.ts');
      const steps = shrunk.log === undefined ? undefined : stepsOfLog(shrunk.log, shrunk.threads);
      const logged = steps && { choices: steps.length, preemptions, steps, ending: [] };
      const course = (await courseOfDump(shrunk.dump)) ?? logged;
      process.stdout.write(
        args.json
          ? `${JSON.stringify({ verdict, message, preemptions, preemptions_before: first.preemptions, runs: schedule, trials, replay: again })}\n`
          : `${shrunkPage(shrunk, again, course).join('\n')}\n`,
      );
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

/** What each thread did at each choice; undefined where there is no dump: the watchdog did not see that failure. */
async function courseOfDump(file: string | null): Promise<Course | undefined> {
  if (file === null) return undefined;
  const { DumpFile } = await import('../../dump/read.ts');
  const { courseIn } = await import('../../mdb/open.ts');
  const dump = await DumpFile.open(file);
  try {
    return await courseIn(dump);
  } finally {
    dump.close();
  }
}
