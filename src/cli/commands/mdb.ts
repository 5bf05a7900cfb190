/*
 * gridlock mdb: the debugger, over a dump.
 */

import type { CommandModule } from 'yargs';

interface Args {
  dump: string;
  e: string[] | undefined;
  json: boolean;
}

export const mdbCommand: CommandModule<object, Args> = {
  command: 'mdb <dump>',
  describe: 'the debugger: look into a dump',
  builder: (yargs) =>
    yargs
      .positional('dump', { type: 'string', demandOption: true, describe: 'a .dump file' })
      .option('e', { type: 'string', array: true, describe: 'run a command; may be repeated' })
      .option('json', { type: 'boolean', default: false, describe: 'every row as JSON' }),
  handler: async ({ dump: file, e = [], json }) => {
    const { DumpFile } = await import('../../dump/read.ts');
    const { openSession } = await import('../../mdb/open.ts');
    const dumpFile = await DumpFile.open(file);
    const { dmodsOf } = await import('../dmods.ts');
    const dmods = await dmodsOf((await dumpFile.dump()).head.workload);
    const session = await openSession(dumpFile, { json, dmods });
    dumpFile.close();
    const output = {
      write: (text: string) => {
        process.stdout.write(text);
        return true;
      },
      error: (text: string) => void process.stderr.write(text),
    };
    let isWell = true;
    for (const line of e) isWell = (await session.run(line, output)) && isWell;
    if (!isWell) process.exitCode = 2;
  },
};
