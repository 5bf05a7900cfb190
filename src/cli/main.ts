#!/usr/bin/env node
/*
 * The command line.
 *
 * One CommandModule per file in commands/, registered from the list below.  A handler parses, calls one
 * function, prints, and sets the exit code.  Everything heavy is imported by the handler that needs it:
 * --version must answer in 200 ms, and yargs alone takes half of that.
 *
 * stdout carries results only; people are spoken to on stderr when stdout is for machines (--json).  Every
 * failure is one Fail (base/fail.ts): what, with which values, and the next command to try.
 */

import { explain, fail, toFail } from '../base/fail.ts';
import { gridlockVersion } from '../base/version.ts';

const NOTHING =
  'say what to do: gridlock run, soak, replay, list, show, report, analyze, mdb, doctor';

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${gridlockVersion()}\n`);
    return;
  }
  const { default: yargs } = await import('yargs');
  const { commands } = await import('./commands/index.ts');
  const { arranged, EXAMPLES } = await import('./help.ts');
  const parser = yargs([])
    .scriptName('gridlock')
    .usage(
      '$0 <command>\n\nA stress harness for real threads: it finds the hang, names the locks, keeps the dump.',
    )
    .option('color', {
      choices: ['auto', 'always', 'never'] as const,
      default: 'auto' as const,
      describe: 'colour',
    })
    .strict()
    .recommendCommands()
    .demandCommand(1, NOTHING)
    .version(gridlockVersion())
    .alias('h', 'help')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .fail((message, error) => {
      // What yargs throws of itself is about usage, too: "Not enough arguments following".
      if (error !== undefined && error.name !== 'YError') throw error;
      const what = message ?? error?.message ?? 'bad usage';
      throw fail('USAGE', { what: what.replaceAll(/\n\s*/g, ' ').trim() });
    })
    .exitProcess(false);
  for (const [command, does] of EXAMPLES) parser.example(command, does);
  for (const command of commands) parser.command(command);
  if (args.length === 0) {
    process.stderr.write(`${arranged(await parser.getHelp())}\n`);
    throw fail('USAGE', { what: NOTHING });
  }
  // With somebody to hand it to, yargs does not print a page of help itself.
  await parser.parseAsync(joined(args), {}, (_error, _args, page) => {
    if (page === gridlockVersion()) process.stdout.write(`${page}\n`);
    else if (page !== '') process.stdout.write(arranged(page));
  });
}

// Whoever read us has gone (`gridlock list | head`): there is nobody left to tell, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** `-e -1=X` is an option and its value, though the value begins with a dash. */
function joined(args: readonly string[]): string[] {
  const all: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const value = args[i] === '-e' ? args[i + 1] : undefined;
    all.push(value === undefined ? args[i]! : `-e=${value}`);
    if (value !== undefined) i++;
  }
  return all;
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  const failure = toFail(thrown);
  process.stderr.write(`${explain(failure)}\n`);
  if (failure.code === 'INTERNAL' && thrown instanceof Error)
    process.stderr.write(`${thrown.stack ?? ''}\n`);
  process.exitCode = failure.exit;
});
