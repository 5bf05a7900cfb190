/*
 * gitlab: the template, run by gitlab-ci-local.
 *
 * Its shell executor takes the place of the image.  Each job gets a copy of the project by rsync, and what a job
 * leaves comes back as artifacts only, as on a runner: a path that is not among the artifacts is not there for the merge.
 */

import { join } from 'node:path';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { isThere, must, run, say } from './child.mjs';
import { faultsOf, faultsOfSoak } from './check.mjs';
import { COMMAND, FINDING, makeProject, scratch, SOAK, template } from './project.mjs';

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
  const found = await pipeline(tool, project, { command: COMMAND });
  say('again, with a finding in each shard');
  found.push(...(await pipeline(tool, project, { command: FINDING, wanted: 1 })));
  say('again, with the soak that the template has by itself');
  found.push(...(await pipeline(tool, project, { options: SOAK })));
  if (found.length === 0) rmSync(directory, { recursive: true, force: true });
  else say(`kept: ${directory}`);
  return found;
}

/** Runs the template as it is printed, and checks what came back as artifacts. */
async function pipeline(tool, project, { command = [], options = [], wanted = 0 }) {
  for (const left of ['results', 'merged', 'without'])
    rmSync(join(project, left), { recursive: true, force: true });
  const all = ['--shards', String(SHARDS), ...options];
  await template(project, 'gitlab', '.gitlab-ci.yml', all, command);
  const gitlabCiLocal = join(tool, 'node_modules', '.bin', 'gitlab-ci-local');
  const args = ['--force-shell-executor', '--shell-isolation', '--concurrency', '2'];
  const { exit, stdout, stderr } = await run(gitlabCiLocal, args, { cwd: project });
  writeFileSync(join(project, `pipeline-${wanted}.log`), stdout + stderr);
  const found = exit === wanted ? [] : [`the pipeline ended with ${exit}, not ${wanted}`];
  const merging = /gridlock-merge\s+finished in .*/.exec(stdout + stderr)?.[0] ?? 'no merge';
  if (wanted !== 0 && !new RegExp(`FAIL ${wanted}\\b`).test(merging))
    found.push(`the merge did not end with ${wanted}: ${merging}`);
  const shards = Array.from({ length: SHARDS }, (_, i) =>
    join(project, 'results', `shard-${i + 1}`),
  );
  const merged = join(project, 'merged');
  if (command.length === 0) return [...found, ...(await faultsOfSoak(project, shards, merged))];
  return [...found, ...(await faultsOf(project, shards, merged, wanted))];
}
