/*
 * gridlock analyze: one page about one dump.
 */

import type { CommandModule } from 'yargs';
import { fail } from '../../base/fail.ts';
import { DUMP_DESCRIBED, openDump } from '../dump-file.ts';

interface Args {
  dump: string;
  full: boolean;
  markdown: boolean;
  json: boolean;
  results: string;
}

export const analyzeCommand: CommandModule<object, Args> = {
  command: 'analyze <dump>',
  describe: 'one page about a dump: verdict, cycle, who to look at',
  builder: (yargs) =>
    yargs
      .positional('dump', { type: 'string', demandOption: true, describe: DUMP_DESCRIBED })
      .option('full', { type: 'boolean', default: false, describe: 'whole stacks, all locks' })
      .option('markdown', {
        type: 'boolean',
        default: false,
        describe: 'for a pull request, with stacks folded',
      })
      .option('json', { type: 'boolean', default: false, describe: 'the same as one JSON object' })
      .option('results', { type: 'string', default: 'results', describe: 'where latest looks' })
      .example('$0 analyze latest', 'the newest dump'),
  handler: async ({ dump: given, full, markdown, json, results }) => {
    if (markdown && json)
      throw fail('USAGE', { what: '--markdown and --json are two pages', command: 'analyze' });
    const { analyzeJson, analyzeText } = await import('../../mdb/analyze.ts');
    const { analyzeMarkdown } = await import('../../mdb/analyze-markdown.ts');
    const { courseIn } = await import('../../mdb/open.ts');
    const dumpFile = await openDump(given, results);
    try {
      const dump = await dumpFile.dump();
      const course = await courseIn(dumpFile);
      const { file } = dumpFile;
      const page = markdown
        ? analyzeMarkdown(dump, file, { full, course })
        : analyzeText(dump, file, { full, course });
      const text = json ? JSON.stringify(analyzeJson(dump, course)) : page.join('\n');
      process.stdout.write(`${text}\n`);
    } finally {
      dumpFile.close();
    }
  },
};
