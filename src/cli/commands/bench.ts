/*
 * gridlock bench: how fast it is, each figure beside its floor of the same run.
 */

import type { CommandModule } from 'yargs';
import { withMatrix, type MatrixArgs } from '../matrix.ts';

interface Args extends MatrixArgs {
  question: string[] | undefined;
  json: boolean;
  quick: boolean;
  against: string[];
}

export const benchCommand: CommandModule<object, Args> = {
  command: 'bench [question..]',
  describe: 'how fast it is: locks, detection, dumps',
  builder: (yargs) =>
    withMatrix(yargs)
      .positional('question', {
        type: 'string',
        array: true,
        describe: 'which questions; by default all that do not take minutes',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a figure' })
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: 'shorter runs, wider intervals',
      })
      .option('against', {
        type: 'string',
        array: true,
        default: [],
        describe: 'measure these beside ours: names of peers, or files of your own',
      }),
  handler: async (args) => {
    const { question = [], json, quick, against } = args;
    if (args.matrix !== undefined) {
      const { benchMatrix } = await import('../matrix.ts');
      await benchMatrix(args, question, { quick, against }, json);
      return;
    }
    const { bench } = await import('../../bench/bench.ts');
    await bench(question, { quick, against, write: (text) => process.stdout.write(text), json });
  },
};
