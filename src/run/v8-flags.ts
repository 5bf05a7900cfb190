/*
 * Flags of V8: which a binary knows, and which this process was given.
 *
 * They decide what a race can do.  Code that is interpreted takes longer between two steps than code that is compiled, and a
 * load that the optimizer moved is another program; so a bug may show under one set of flags and not under another.
 *
 * Flags are of a process, and its threads cannot have others.  So a machine has those of the process that starts it:
 * `node --jitless gridlock …` would otherwise say jitless, and mean the supervisor.  Other options of Node are not handed on,
 * since an inspector or a loader of ours is nothing that a workload should meet.
 *
 * What is a flag of V8 only the binary knows (`node --v8-options`), and it differs from version to version: Node 20 has 682
 * and Node 26 has 963.  A flag that is none is refused by Node with exit code 9; we ask before, to be able
 * to say which one, and what it may have been meant to be.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ASK_MS = 20_000;
const OUTPUT_MAX = 4 * 2 ** 20;

/** by binary */
const known = new Map<string, Promise<ReadonlySet<string>>>();

/** The flags that a binary of Node knows, without dashes.  @throws Error when it cannot be asked */
export function v8FlagsOf(binary: string): Promise<ReadonlySet<string>> {
  const asked = known.get(binary) ?? askFor(binary);
  known.set(binary, asked);
  return asked;
}

/** The flags of V8 among those that this process was started with. */
export async function v8FlagsHere(): Promise<string[]> {
  if (process.execArgv.length === 0) return [];
  try {
    const flags = await v8FlagsOf(process.execPath);
    return process.execArgv.filter((flag) => isFlagOf(flags, flag));
  } catch {
    // Whoever cannot ask himself has flags that nobody can check.
    return [];
  }
}

/** Whether these are flags of a binary; `--no-opt` and `--noopt` are `opt`, underscores are dashes. */
export function isFlagOf(flags: ReadonlySet<string>, flag: string): boolean {
  const name = nameOf(flag);
  return flags.has(name) || flags.has(name.replace(/^no-?/, ''));
}

/** A flag without its dashes and its value. */
export function nameOf(flag: string): string {
  return flag
    .replace(/^-{1,2}/, '')
    .replace(/=.*$/s, '')
    .replaceAll('_', '-');
}

async function askFor(binary: string): Promise<ReadonlySet<string>> {
  const { stdout } = await run(binary, ['--v8-options'], {
    timeout: ASK_MS,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return new Set([...stdout.matchAll(/^\s+--([a-z][\w-]*) \(/gm)].map(([, name]) => name!));
}
