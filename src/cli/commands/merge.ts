/*
 * gridlock merge: the results of several shards as those of one run.
 */

import type { CommandModule } from 'yargs';
import { refusingNoFile } from '../named-files.ts';

interface Args {
  directory: string[];
  out: string | undefined;
  results: string;
  color: 'auto' | 'always' | 'never';
}

export const mergeCommand: CommandModule<object, Args> = {
  command: 'merge <directory..>',
  describe: 'the results of several shards as one run',
  builder: (yargs) =>
    refusingNoFile(yargs, ['out'])
      .positional('directory', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'results directories, or directories that hold some',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'the directory to make; without, one in --results',
      })
      .option('results', {
        type: 'string',
        default: 'results',
        requiresArg: true,
        describe: 'where runs are kept',
      }) as never,
  handler: async ({ directory, out, results, color }) => {
    const { colorsFor } = await import('../../base/color.ts');
    const { mergeRuns } = await import('../../report/merge.ts');
    const { mergeLines } = await import('../../report/merged.ts');
    const merged = mergeRuns({ directories: directory.map(String), out, root: results });
    process.stdout.write(mergeLines(merged, colorsFor(color, process.stdout)));
    process.exitCode = merged.exit;
  },
};
