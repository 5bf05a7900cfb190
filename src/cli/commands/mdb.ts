/*
 * gridlock mdb: the debugger, over a dump.
 *
 * At a terminal it asks; with -e or -f, or when stdin is a file or a pipe, it runs what it is given.  What it
 * prints is the same everywhere.  A workload brings dcmds of its own (its dmod): of a shipped one they are loaded
 * by the name in the dump, of any other with --dmod.  Without them, or when they fail, mdb is what it is.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CommandModule } from 'yargs';
import { EXIT } from '../../base/exit.ts';
import { fail } from '../../base/fail.ts';
import { printable } from '../../base/text.ts';
import type { ColorChoice } from '../../base/color.ts';
import type { Dcmd, Dmod } from '../../mdb/dcmd.ts';
import type { Outcome } from '../../mdb/prompt/script.ts';
import type { Output } from '../../mdb/session.ts';
import { DUMP_DESCRIBED, openDump } from '../dump-file.ts';

interface Shared {
  color: ColorChoice;
}

interface Args extends Shared {
  dump: string;
  e: string[] | undefined;
  f: string[] | undefined;
  json: boolean;
  /** false is --no-dmod */
  dmod: string | false | undefined;
  results: string;
}

export const mdbCommand: CommandModule<Shared, Args> = {
  command: 'mdb <dump>',
  describe: 'the debugger: look into a dump',
  builder: (yargs) =>
    yargs
      .positional('dump', { type: 'string', demandOption: true, describe: DUMP_DESCRIBED })
      .option('e', { type: 'string', array: true, nargs: 1, describe: 'run a command; repeatable' })
      .option('f', { type: 'string', array: true, nargs: 1, describe: 'run the lines of a file' })
      .option('json', { type: 'boolean', default: false, describe: 'every row as JSON' })
      .option('dmod', {
        type: 'string',
        describe: 'commands of a workload, from its module; --no-dmod: of none',
      })
      .option('results', { type: 'string', default: 'results', describe: 'where latest looks' })
      .example('$0 mdb latest', 'look into the newest dump; ::help says how')
      .example("$0 mdb x.dump -e '::stacks'", 'one command, for a script')
      .epilogue(
        'Exit code 2 when a command of a script failed.  ::dcmds lists the commands, ::help NAME explains one.',
      ),
  handler: runMdb,
};

async function runMdb({ color, ...args }: Args): Promise<void> {
  const { openSession } = await import('../../mdb/open.ts');
  const { colorsFor } = await import('../../base/color.ts');
  const { stdin, stdout, stderr } = process;
  const commands = [...(args.f ?? []).map(scriptText), ...(args.e ?? [])];
  const file = await openDump(args.dump, args.results);
  const dmods = await dmodsOf(args.dmod, file.head.workload);
  const width = (): number => (stdout.isTTY && stdout.columns > 0 ? stdout.columns : Infinity);
  const session = await openSession(file, { json: args.json, dmods, width });
  file.close();

  if (commands.length === 0 && stdin.isTTY && stdout.isTTY) {
    const { repl } = await import('../../mdb/prompt/repl.ts');
    const { historyFile } = await import('../../mdb/prompt/history.ts');
    const { isCI } = await import('std-env');
    const names = ['gridlock', ...dmods.map(({ name }) => printable(name))];
    stdout.write(`Loading modules: [ ${names.join(' ')} ]\n`);
    const colors = colorsFor(color, stdout);
    const history = isCI ? undefined : historyFile();
    return repl(session, { input: stdin, output: stdout, colors, historyFile: history });
  }
  const { runScript } = await import('../../mdb/prompt/script.ts');
  const { paint, paintError } = await import('../../mdb/prompt/paint.ts');
  const [colors, errorColors] = [colorsFor(color, stdout), colorsFor(color, stderr)];
  const output: Output = {
    write: async (text) => {
      if (!stdout.write(paint(text, colors))) await new Promise((go) => stdout.once('drain', go));
      return true;
    },
    error: (text) => void stderr.write(paintError(text, errorColors)),
  };
  const texts = commands.length > 0 ? commands : linesOf(stdin);
  process.exitCode = EXITS[await runScript(session, texts, output)];
}

const EXITS: Readonly<Record<Outcome, number>> = {
  well: EXIT.ok,
  failed: EXIT.usage,
  fault: EXIT.internal,
};

/** @throws Fail USAGE */
function scriptText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw fail('USAGE', {
      what: `the script ${file} cannot be read: ${(error as Error).message}`,
      command: 'mdb',
    });
  }
}

async function* linesOf(input: NodeJS.ReadStream): AsyncIterable<string> {
  const { createInterface } = await import('node:readline');
  yield* createInterface({ input, crlfDelay: Infinity });
}

/** What the workload brings.  One of ours that is broken is a warning; one that was asked for, an error. */
async function dmodsOf(given: Args['dmod'], workload: string): Promise<Dmod[]> {
  if (given === false) return [];
  if (given !== undefined) return [await givenDmod(given)];
  const { shippedFile } = await import('../../run/shipped.ts');
  const url = shippedFile(workload, 'dmod.js');
  if (url === undefined) return [];
  try {
    return [await loadDmod(url)];
  } catch (error) {
    process.stderr.write(
      `mdb: warning: the commands of ${printable(workload)} cannot be loaded: ${printable(messageOf(error))}\n`,
    );
    return [];
  }
}

async function givenDmod(file: string): Promise<Dmod> {
  try {
    return await loadDmod(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw fail('USAGE', {
      what: `--dmod ${file} cannot be loaded: ${messageOf(error)}`,
      command: 'mdb',
    });
  }
}

async function loadDmod(url: string): Promise<Dmod> {
  const { default: dmod } = (await import(url)) as { default?: unknown };
  if (!isDmod(dmod)) throw new Error('its default export is no dmod: { name, dcmds }');
  return dmod;
}

function isDmod(value: unknown): value is Dmod {
  const { name, dcmds } = (value ?? {}) as Partial<Record<keyof Dmod, unknown>>;
  return (
    typeof name === 'string' &&
    Array.isArray(dcmds) &&
    dcmds.every((each: unknown) => {
      const dcmd = (each ?? {}) as Partial<Record<keyof Dcmd, unknown>>;
      return typeof dcmd.name === 'string' && typeof dcmd.run === 'function';
    })
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
