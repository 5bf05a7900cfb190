/*
 * gridlock shrink: a shorter schedule, with fewer preemptions, that still fails in the same way: no single step of
 * sched/shrink.ts makes it better.
 */

import type { CommandModule } from 'yargs';

interface Args {
  workload: string;
  variant: string;
  param: string[] | undefined;
  schedule: string;
  steps: number;
  'trial-seed': string;
  'hang-timeout': string;
  trials: number;
  pin: boolean;
  json: boolean;
}

export const shrinkCommand: CommandModule<object, Args> = {
  command: 'shrink <workload>',
  describe: 'make the schedule of a failure as short as it gets',
  builder: (yargs) =>
    yargs
      .positional('workload', {
        type: 'string',
        demandOption: true,
        describe: 'as the failure’s command has it, as all that follows',
      })
      .option('variant', { type: 'string', demandOption: true, requiresArg: true })
      .option('param', { alias: 'P', type: 'string', array: true, nargs: 1 })
      .option('schedule', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'the token that a failure printed',
      })
      .option('steps', { type: 'number', default: 5000, requiresArg: true })
      .option('trial-seed', { type: 'string', demandOption: true, requiresArg: true })
      .option('hang-timeout', { type: 'string', default: '10s', requiresArg: true })
      .option('trials', {
        type: 'number',
        default: 2000,
        requiresArg: true,
        describe: 'schedules that are tried at most',
      })
      .option('pin', { type: 'boolean', default: true, describe: 'all threads on one CPU' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object' }),
  handler: async (args) => {
    const { parseDuration } = await import('../../base/duration.ts');
    const { parseSeed } = await import('../../base/prng.ts');
    const { loadWorkload, parseParam, resolveParams, variantOf } =
      await import('../../run/catalog.ts');
    const { shrinkFailure } = await import('../../run/shrinking.ts');
    const { formatToken, parseToken } = await import('../../sched/schedule.ts');
    const { scheduleTable } = await import('../../report/schedule.ts');
    const { controlOf, countOf } = await import('../options.ts');
    const entry = await loadWorkload(args.workload);
    const seed = parseSeed(args['trial-seed'], '--trial-seed');
    const control = controlOf({
      strategy: 'replay',
      seed,
      depth: 0,
      preemptions: -1,
      steps: args.steps,
      schedule: args.schedule,
    })!;
    const given = new Map((args.param ?? []).map(parseParam));
    const shrunk = await shrinkFailure({
      entry,
      variant: args.variant,
      params: resolveParams(entry, variantOf(entry, args.variant), given),
      control,
      schedule: parseToken(args.schedule),
      seed,
      hangMs: parseDuration(args['hang-timeout'], '--hang-timeout'),
      pin: args.pin,
      trialsMax: countOf('--trials', args.trials, 1),
    });
    const token = formatToken(shrunk.schedule);
    const again = [
      `gridlock run ${args.workload} --variant ${args.variant}`,
      ...[...given].map(([name, value]) => `-P ${name}=${value}`),
      `-s replay --schedule ${token} --steps ${control.steps} --trial-seed ${seed}`,
    ].join(' ');
    const { first, verdict, message, preemptions, trials } = shrunk;
    process.stdout.write(
      args.json
        ? `${JSON.stringify({ verdict, message, preemptions, preemptions_before: first.preemptions, schedule: token, runs: shrunk.schedule, trials, replay: again })}\n`
        : `${scheduleTable(shrunk, again)}\n`,
    );
  },
};
