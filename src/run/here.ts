/*
 * Where this is: what a comparison of two runs must have alike, or say that it has not.
 *
 * The commit is that of the checkout which gridlock runs from; where it is installed as a package, that of the directory it
 * is run in, which holds what is tested.  A `+` behind it: files differ from it.  CI checkouts and packages may have
 * no git: then it is what the environment says, or null.
 *
 * No name of the machine and no path: a results directory can be sent to somebody.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../base/version.ts';
import { portable } from './again.ts';

export interface Surroundings {
  readonly gridlock: string;
  readonly commit: string | null;
  readonly node: string;
  readonly v8: string;
  /** options of Node that this process was started with; paths in them are relative to where we are */
  readonly flags: string;
  readonly os: string;
  readonly arch: string;
  /** the processor's own name */
  readonly cpu: string;
  readonly cpus: number;
  readonly memory_mb: number;
}

const GIT_MS = 5_000;
const COMMITS = ['GITHUB_SHA', 'CI_COMMIT_SHA', 'BUILDKITE_COMMIT', 'CIRCLE_SHA1'];
const SHORT = 10;

/** @param root the checkout that is measured; ours by default */
export function surroundings(root = packageRoot()): Surroundings {
  return {
    gridlock: versionOf(root),
    commit: commitOf(root),
    node: process.versions.node,
    v8: process.versions.v8,
    flags: process.execArgv.map(portableFlag).join(' '),
    os: `${platform()} ${release()}`,
    arch: arch(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memory_mb: Math.round(totalmem() / 2 ** 20),
  };
}

/** `--import=file:///…/here/hook.mjs` → `--import=./hook.mjs`; `/…/here/a,/…/here/b` → `./a,./b`. */
export function portableFlag(flag: string): string {
  const at = flag.startsWith('-') ? flag.indexOf('=') + 1 : 0;
  const values = flag.slice(at).split(',').map(portableValue);
  return flag.slice(0, at) + values.join(',');
}

function portableValue(value: string): string {
  if (isAbsolute(value)) return portable(value);
  return value.startsWith('file://') ? portable(fileURLToPath(value)) : value;
}

/** The commit of what runs here, as far as anybody knows it.  @param root gridlock's own directory */
export function commitOf(root = packageRoot()): string | null {
  const directory = existsSync(join(root, '.git')) ? root : process.cwd();
  try {
    const head = git(directory, 'rev-parse', 'HEAD');
    const isClean = git(directory, 'status', '--porcelain', '--untracked-files=no') === '';
    return `${head.slice(0, SHORT)}${isClean ? '' : '+'}`;
  } catch {
    const said = COMMITS.map((name) => process.env[name]).find((sha) => (sha ?? '') !== '');
    return said?.slice(0, SHORT) ?? null;
  }
}

function versionOf(root: string): string {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}

function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, ...args], {
    encoding: 'utf8',
    timeout: GIT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
