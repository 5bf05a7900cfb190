/*
 * gridlock trace: what the threads did, as a trace for ui.perfetto.dev; and trace open, which hands it over.
 *
 * Of a dump, or of the failures of a run.  The file is small (half a megabyte at most, for a dump), so it is plain JSON.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { fail } from '../../base/fail.ts';
import { DUMP_DESCRIBED, openDump } from '../dump-file.ts';
import { stopOnSignals } from '../signals.ts';

interface Args {
  what: string;
  of: string | undefined;
  output: string | undefined;
  for: string;
  results: string;
}

/** A trace, and where it is written unless somebody says otherwise. */
interface Made {
  readonly text: string;
  readonly file: string;
}

export const traceCommand: CommandModule<object, Args> = {
  command: 'trace <what> [of]',
  describe: 'what the threads did, as a trace for ui.perfetto.dev',
  builder: (yargs) =>
    yargs
      .positional('what', {
        type: 'string',
        demandOption: true,
        describe: `${DUMP_DESCRIBED}; a run's directory; or open, before either`,
      })
      .positional('of', { type: 'string', describe: 'what to open' })
      .option('output', {
        alias: 'o',
        type: 'string',
        describe:
          'the file to write, - for stdout; trace.json by default, of a run in its directory',
      })
      .option('for', {
        type: 'string',
        default: '10m',
        describe: 'how long open waits to be asked',
      })
      .option('results', { type: 'string', default: 'results', describe: 'where latest looks' })
      .example('$0 trace latest', 'of the newest dump, to trace.json')
      .example('$0 trace open latest', 'in a browser'),
  handler: async ({ what, of, output, for: bound, results }) => {
    const isOpen = what === 'open' && of !== undefined;
    if (what === 'open' && of === undefined)
      throw fail('USAGE', {
        what: 'say what to open: gridlock trace open latest',
        command: 'trace',
      });
    if (!isOpen && of !== undefined)
      throw fail('USAGE', { what: `one trace at a time: ${what}, or ${of}`, command: 'trace' });
    const made = await make(isOpen ? of : what, results);
    if (isOpen) return open(made.text, bound);
    const file = output ?? made.file;
    if (file === '-') {
      process.stdout.write(made.text);
      return;
    }
    await write(file, made.text);
    process.stdout.write(`${file}: open it in https://ui.perfetto.dev\n`);
  },
};

async function make(given: string, results: string): Promise<Made> {
  const { traceOf, traceOfRun } = await import('../../report/trace.ts');
  const directory = [given, join(results, given)].find((each) =>
    existsSync(join(each, 'manifest.json')),
  );
  if (directory !== undefined) {
    const { readRun } = await import('../../report/model.ts');
    const { text, drawn, unreadable, leftOut } = await traceOfRun(readRun(directory));
    for (const each of unreadable) process.stderr.write(`${each} cannot be read\n`);
    if (leftOut > 0) process.stderr.write(`${leftOut} more dumps are not drawn\n`);
    if (drawn > 0) return { text, file: join(directory, 'trace.json') };
    const what = `${directory} has no dump that could be drawn`;
    throw fail('USAGE', { what, command: 'trace' });
  }
  const dump = await openDump(given, results);
  try {
    return { text: await traceOf(dump), file: 'trace.json' };
  } finally {
    dump.close();
  }
}

async function write(file: string, text: string): Promise<void> {
  const { writeNamed } = await import('../../base/disk.ts');
  try {
    writeNamed(file, text);
  } catch (error) {
    const { message: reason } = error as Error;
    throw fail(
      'USAGE',
      { what: `cannot write ${file}: ${reason}`, command: 'trace' },
      { cause: error },
    );
  }
}

/** Until it was fetched, its time is up, or somebody ends it. */
async function open(text: string, bound: string): Promise<void> {
  const { EXIT } = await import('../../base/exit.ts');
  const { parseDuration } = await import('../../base/duration.ts');
  const { serveTrace } = await import('../../report/trace-serve.ts');
  const served = await serveTrace(text, { forMs: parseDuration(bound, '--for') });
  stopOnSignals({
    stop: (signal) => {
      process.exitCode = signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm;
      served.stop();
    },
  });
  process.stdout.write(`${served.url}\n`);
  process.stderr.write(`it waits ${bound} to be asked; Ctrl-C ends it\n`);
  const fetched = await served.fetched;
  if (fetched) process.stderr.write('the trace was fetched\n');
  else if (process.exitCode === undefined) {
    process.stderr.write('nobody asked for the trace\n');
    process.exitCode = EXIT.nothing;
  }
}
