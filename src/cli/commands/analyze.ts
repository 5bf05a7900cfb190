/*
 * gridlock analyze: one page about one dump.
 */

import type { CommandModule } from 'yargs';

interface Args {
  dump: string;
  json: boolean;
}

export const analyzeCommand: CommandModule<object, Args> = {
  command: 'analyze <dump>',
  describe: 'one page about a dump: verdict, cycle, who to look at',
  builder: (yargs) =>
    yargs
      .positional('dump', { type: 'string', demandOption: true, describe: 'a .dump file' })
      .option('json', { type: 'boolean', default: false, describe: 'the same as one JSON object' }),
  handler: async ({ dump: file, json }) => {
    const { DumpFile } = await import('../../dump/read.ts');
    const { analyzeJson, analyzeText } = await import('../../mdb/analyze.ts');
    const dumpFile = await DumpFile.open(file);
    try {
      const dump = await dumpFile.dump();
      process.stdout.write(
        json ? `${JSON.stringify(analyzeJson(dump))}\n` : `${analyzeText(dump, file).join('\n')}\n`,
      );
    } finally {
      dumpFile.close();
    }
  },
};
