/*
 * gridlock show: what a run came to, from its results directory alone.
 *
 * A run that was cut off shows what it got to and says that it was cut off.  --follow is for one that goes on: it prints what
 * comes, until the run ends or you have seen enough.
 */

import type { CommandModule } from 'yargs';

interface Args {
  run: string;
  results: string;
  json: boolean;
  follow: boolean;
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
      .option('follow', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'print what comes, until the run ends',
      })
      .option('json', { type: 'boolean', default: false, describe: 'the journal as it is' }),
  handler: async ({ run, results, json, follow: isFollowed }) => {
    const { findRun, journalOf, showRun } = await import('../../report/show.ts');
    const directory = findRun(run, results);
    if (isFollowed) {
      const { follow, Teller } = await import('../../report/follow.ts');
      const print = (line: string): boolean => process.stdout.write(`${line}\n`);
      const teller = new Teller(print, performance.now());
      const enough = new AbortController();
      process.once('SIGINT', () => enough.abort());
      const tell = (line: string): void => teller.hear(line, performance.now());
      await follow(directory, json ? print : tell, enough.signal);
      return;
    }
    if (!json) {
      const { readManifest } = await import('../../report/model.ts');
      const { BENCH_KIND } = await import('../../run/figures.ts');
      const isBench = readManifest(directory)?.['kind'] === BENCH_KIND;
      const text = isBench
        ? (await import('../../bench/show.ts')).showBench(directory)
        : showRun(directory);
      process.stdout.write(text);
      return;
    }
    const { pipeline } = await import('node:stream/promises');
    const journal = journalOf(directory);
    if (journal !== undefined) await pipeline(journal, process.stdout, { end: false });
  },
};
