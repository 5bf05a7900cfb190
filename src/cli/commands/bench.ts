/*
 * gridlock bench: how fast it is, each figure beside its floor of the same run.
 */

import type { CommandModule } from 'yargs';
import { EXIT } from '../../base/exit.ts';

interface Args {
  question: string[] | undefined;
  json: boolean;
  quick: boolean;
  against: string[];
}

export const benchCommand: CommandModule<object, Args> = {
  command: 'bench [question..]',
  describe: 'how fast it is: locks, detection, dumps',
  builder: (yargs) =>
    yargs
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
  handler: async ({ question = [], json, quick, against }) => {
    const { bench } = await import('../../bench/bench.ts');
    const figures = await bench(question, {
      quick,
      against,
      write: (text) => process.stdout.write(text),
      json,
    });
    if (figures.some(({ failure }) => failure !== undefined)) process.exitCode = EXIT.finding;
  },
};
