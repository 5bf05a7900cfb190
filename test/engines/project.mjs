/*
 * A project as a user has it: gridlock installed from its package, a workload, a lock file, a commit.
 *
 * The package is the one that `npm pack` makes of this repository, so what is not in it is missed here.
 */

import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './child.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Trials of a pipeline: no multiple of the shards, so that these differ. */
export const TRIALS = 23;

/** What each shard runs.  The variant is planted to deadlock: `--expect pass` makes a finding of each trial. */
export const COMMAND = ['run', './cycle.js', '--variant', 'planted', '-n', String(TRIALS)];
export const FINDING = [...COMMAND, '--expect', 'pass'];

/** What the template runs by itself is a soak of everything; this short, but that each free trial of it is 20 s. */
export const SOAK = ['--duration', '30s'];

/** A directory of its own for everything that an engine needs. */
export function scratch(engine) {
  return mkdtempSync(join(tmpdir(), `gridlock-${engine}-`));
}

/** Makes the project, and returns its directory. */
export async function makeProject(directory) {
  const packed = await must('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], {
    cwd: ROOT,
  });
  const tarball = packed.stdout.trim().split('\n').at(-1);
  const manifest = { private: true, type: 'module', dependencies: { gridlock: `file:${tarball}` } };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  writeFileSync(
    join(directory, '.gitignore'),
    'node_modules/\nresults/\nmerged/\nwithout/\n*.out\n*.log\n',
  );
  copyFileSync(join(ROOT, 'test', 'planted', 'cycle.js'), join(directory, 'cycle.js'));
  await must('npm', ['install', '--no-audit', '--no-fund'], { cwd: directory });
  await must('git', ['init', '--quiet'], { cwd: directory });
  await commit(directory);
  return directory;
}

/** Commits all that is there: an engine runs what is committed. */
export async function commit(directory) {
  const who = ['-c', 'user.name=engines', '-c', 'user.email=engines@localhost'];
  await must('git', ['add', '--all'], { cwd: directory });
  await must('git', [...who, 'commit', '--quiet', '--allow-empty', '-m', 'project'], {
    cwd: directory,
  });
}

/** Prints an engine's template into the project, with the project's own gridlock; with its own command, where none is given. */
export async function template(directory, engine, file, options, command) {
  const gridlock = join(directory, 'node_modules', '.bin', 'gridlock');
  const args = ['init', engine, ...options, '--force', '-o', file];
  if (command.length > 0) args.push('--', ...command);
  await must(gridlock, args, { cwd: directory });
  await commit(directory);
}
