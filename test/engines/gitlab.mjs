/*
 * gitlab: the template, run by gitlab-ci-local.
 *
 * Its shell executor takes the place of the image.  Each job gets a copy of the project by rsync, and what a job
 * leaves comes back as artifacts only, as on a runner: a path that is not among the artifacts is not there for the merge.
 */

import { join } from 'node:path';
import { mkdirSync, rmSync } from 'node:fs';
import { isThere, must, run, say } from './child.mjs';
import { faultsOf } from './check.mjs';
import { COMMAND, FINDING, makeProject, scratch, template } from './project.mjs';

const VERSION = '4.61.1';
const SHARDS = 4;

export const gitlab = {
  name: 'gitlab',
  packages: ['rsync', 'git'],
  missing: async () =>
    (await isThere('rsync')) && (await isThere('git')) ? undefined : 'rsync, git',
  faults,
};

async function faults() {
  const directory = scratch('gitlab');
  const project = join(directory, 'project');
  const tool = join(directory, 'tool');
  for (const each of [project, tool]) mkdirSync(each);
  await must('npm', ['install', '--no-audit', '--no-fund', `gitlab-ci-local@${VERSION}`], {
    cwd: tool,
  });
  await makeProject(project);

  say(`gitlab-ci-local ${VERSION}, parallel: ${SHARDS}`);
  const fine = await pipeline(tool, project, COMMAND);
  const shards = Array.from({ length: SHARDS }, (_, i) =>
    join(project, 'results', `shard-${i + 1}`),
  );
  const found = await faultsOf(project, shards, join(project, 'merged'));
  if (fine !== 0) found.push(`the pipeline ended with ${fine}, not 0`);

  for (const left of ['results', 'merged'])
    rmSync(join(project, left), { recursive: true, force: true });
  say('again, with a finding in each shard');
  const failing = await pipeline(tool, project, FINDING);
  if (failing === 0) found.push('a pipeline with a finding ended with 0');
  const after = await faultsOf(project, shards, join(project, 'merged'));
  found.push(...after.map((fault) => `with a finding: ${fault}`));
  if (found.length === 0) rmSync(directory, { recursive: true, force: true });
  else say(`kept: ${directory}`);
  return found;
}

async function pipeline(tool, project, command) {
  await template(project, 'gitlab', '.gitlab-ci.yml', ['--shards', String(SHARDS)], command);
  const gitlabCiLocal = join(tool, 'node_modules', '.bin', 'gitlab-ci-local');
  const args = ['--force-shell-executor', '--shell-isolation', '--concurrency', '2'];
  const { exit } = await run(gitlabCiLocal, args, { cwd: project, shows: true });
  return exit;
}
