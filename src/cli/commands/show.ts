/*
 * gridlock show: what a run came to, from its results directory alone.
 *
 * A run that was cut off shows what it got to and says that it was cut off.
 */

import type { CommandModule } from 'yargs';

interface Args {
  run: string;
  results: string;
  json: boolean;
}

export const showCommand: CommandModule<object, Args> = {
  command: 'show [run]',
  describe: 'what a run came to: a results directory, or the latest',
  builder: (yargs) =>
    yargs
      .positional('run', {
        type: 'string',
        default: 'latest',
        describe: 'a results directory, its name, or latest',
      })
      .option('results', { type: 'string', default: 'results', describe: 'where runs are kept' })
      .option('json', { type: 'boolean', default: false, describe: 'the journal as it is' }),
  handler: async ({ run, results, json }) => {
    const { showRun } = await import('../../report/show.ts');
    process.stdout.write(showRun(run, results, json));
  },
};
