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

import { EXIT, EXIT_MEANS } from '../base/exit.ts';
import { explain, fail, toFail } from '../base/fail.ts';
import { gridlockVersion } from '../base/version.ts';

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${gridlockVersion()}\n`);
    return;
  }
  const { default: yargs } = await import('yargs');
  const { commands } = await import('./commands/index.ts');
  const exits = Object.entries(EXIT).map(
    ([name, code]) => `  ${String(code).padStart(3)}  ${EXIT_MEANS[name as keyof typeof EXIT]}`,
  );
  const parser = yargs(joined(args))
    .scriptName('gridlock')
    .usage(
      '$0 <command>\n\nA stress harness for real threads: it finds the hang, names the locks, keeps the dump.',
    )
    .example('$0 run', 'every shipped workload and variant')
    .example('$0 run dtrace-deadlock --variant wstub', 'one bug, until it shows or the time is up')
    .example(
      '$0 run ./my-workload.js -n 100 -x',
      'your own, a hundred trials, stop at the first failure',
    )
    .example(
      '$0 run kstat-race --variant unlocked-clear -n 30 --matrix node=20,22 --matrix v8=default,jitless',
      'does it come there, too, and as often?',
    )
    .example('$0 analyze latest', 'who holds what, who waits, where, in the newest dump')
    .example('$0 mdb latest', 'the debugger, over it')
    .example('$0 replay latest', 'its schedule again, if a strategy chose it')
    .option('color', {
      choices: ['auto', 'always', 'never'] as const,
      default: 'auto' as const,
      describe: 'colour',
    })
    .strict()
    .recommendCommands()
    .demandCommand(1, 'say what to do: gridlock run, replay, list, show, analyze, mdb, doctor')
    .version(gridlockVersion())
    .alias('h', 'help')
    .epilogue(
      `EXIT CODES\n${exits.join('\n')}\n\nENVIRONMENT\n  GRIDLOCK_<OPTION>  any option of run: GRIDLOCK_HANG_TIMEOUT=30s\n  GRIDLOCK_SHARD=2/4, or GRIDLOCK_SHARD_TOTAL=4 where an engine tells the index alone\n  NO_COLOR, FORCE_COLOR\n`,
    )
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .fail((message, error) => {
      // What yargs throws of itself is about usage, too: "Not enough arguments following".
      if (error !== undefined && error.name !== 'YError') throw error;
      const what = message ?? error?.message ?? 'bad usage';
      throw fail('USAGE', { what: what.replaceAll(/\n\s*/g, ' ').trim() });
    })
    .exitProcess(false);
  for (const command of commands) parser.command(command);
  await parser.parseAsync();
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
