/*
 * slurm: the template, run by a Slurm of one node.
 *
 * munged, slurmctld and slurmd are our own children, in the foreground, with one configuration in a scratch directory: nothing of
 * the system's is read or written, no service is needed, and they end with us.  No cgroups, no accounting, so it runs in a
 * container; the processors are those of the host, and an array of shards waits for them as it would elsewhere.
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { watch } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { availableParallelism, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { isThere, must, run, say, start, stop } from './child.mjs';
import { faultsOf, faultsOfSoak } from './check.mjs';
import { COMMAND, FINDING, makeProject, scratch, SOAK, template } from './project.mjs';

const SHARDS = 3;
const READY_MS = 60_000;
const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'git'];

export const slurm = {
  name: 'slurm',
  packages: ['slurmctld', 'slurmd', 'slurm-client', 'munge', 'git'],
  missing: async () => {
    if (process.getuid?.() !== 0) return 'root, as whom slurmd starts jobs';
    const there = await Promise.all(PROGRAMS.map(isThere));
    const missing = PROGRAMS.filter((_, i) => !there[i]);
    return missing.length === 0 ? undefined : missing.join(', ');
  },
  faults,
};

async function faults() {
  const directory = scratch('slurm');
  const project = join(directory, 'project');
  mkdirSync(project);
  await makeProject(project);
  const daemons = [];
  const found = [];
  try {
    const env = await boot(directory, daemons);
    const version = (await must('sbatch', ['--version'], { env })).stdout.trim();
    say(`${version}, --array=1-${SHARDS}`);
    found.push(...(await submitted(project, env, { command: COMMAND })));
    say('again, with a finding in each shard');
    found.push(...(await submitted(project, env, { command: FINDING, wanted: 1 })));
    say('again, with the soak that the template has by itself');
    found.push(...(await submitted(project, env, { own: SOAK })));
    say('again, and cancelled');
    found.push(...(await cancelled(project, env)));
  } finally {
    for (const daemon of daemons.toReversed()) await stop(daemon);
  }
  if (found.length === 0) rmSync(directory, { recursive: true, force: true });
  else say(`kept: ${directory}`);
  return found;
}

/** Runs the template as a user would, `sh gridlock.sh`, and checks what it left. */
async function submitted(project, env, { command = [], own = [], wanted = 0 }) {
  rmSync(join(project, 'results'), { recursive: true, force: true });
  const options = ['--shards', String(SHARDS), '--cpus', '1', ...own];
  await template(project, 'slurm', 'gridlock.sh', options, command);
  const { exit, stdout } = await run('sh', ['gridlock.sh'], { cwd: project, env });
  const found = exit === wanted ? [] : [`the script ended with ${exit}, not ${wanted}`];
  const array = /^array (\d+);/m.exec(stdout)?.[1];
  const results = join(project, 'results', array ?? 'none');
  if (!existsSync(results)) return [...found, `there is no ${results}`];
  const shards = readdirSync(results)
    .filter((name) => name.startsWith('shard-'))
    .map((name) => join(results, name));
  if (shards.length !== SHARDS) found.push(`${shards.length} shards left something, not ${SHARDS}`);
  const merged = join(results, 'merged');
  if (command.length === 0) return [...found, ...(await faultsOfSoak(project, shards, merged))];
  return [...found, ...(await faultsOf(project, shards, merged, wanted))];
}

/**
 * Cancels an array after the first trial of its first shard.  Slurm signals every process of a step and not only the one that it
 * started: the shard must end by itself all the same, with what it knows on the disk, and the merge must come.
 */
async function cancelled(project, env) {
  const results = join(project, 'results');
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results);
  const options = ['--shards', String(SHARDS), '--cpus', '1'];
  const command = ['run', './cycle.js', '--variant', 'twin', '-d', '1s', '-n', '1000'];
  await template(project, 'slurm', 'gridlock.sh', options, command);
  const script = run('sh', ['gridlock.sh'], { cwd: project, env });
  const directory = await firstTrial(results);
  if (directory === undefined) return ['no shard had a trial to cancel'];
  const [array] = directory.split('/');
  await must('scancel', [array], { env });
  const { exit } = await script;
  const found = exit === 0 ? ['a cancelled array was merged to 0'] : [];
  const done = join(results, directory, 'done.json');
  if (!existsSync(done)) return [...found, `cancelled, and no done.json in ${directory}`];
  const code = JSON.parse(readFileSync(done, 'utf8')).exit;
  if (code !== 143) found.push(`cancelled, and ended with ${code}, not 143`);
  if (!existsSync(join(results, array, 'merged'))) found.push('cancelled, and not merged');
  return found;
}

/** The directory of the first run below `results` that has a trial in its journal, relative to it. */
async function firstTrial(results) {
  const signal = AbortSignal.timeout(READY_MS);
  try {
    for await (const _ of watch(results, { recursive: true, signal })) {
      const found = readdirSync(results, { recursive: true })
        .filter((path) => /shard-\d+.*journal\.ndjson$/.test(path))
        .find((path) => readFileSync(join(results, path), 'utf8').includes('"type":"trial"'));
      if (found !== undefined) return dirname(found);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

async function boot(directory, daemons) {
  const etc = join(directory, 'etc');
  const state = join(directory, 'state');
  const spool = join(directory, 'spool');
  for (const each of [etc, state, spool]) mkdirSync(each, { mode: 0o755 });
  chmodSync(directory, 0o755);
  const key = join(etc, 'munge.key');
  writeFileSync(key, randomBytes(128), { mode: 0o400 });
  const socket = join(etc, 'munge.socket');
  const [controllerPort, nodePort] = await Promise.all([freePort(), freePort()]);
  const name = hostname().split('.')[0];
  const configuration = `
ClusterName=gridlock
SlurmctldHost=${name}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${socket}
CredType=cred/munge
StateSaveLocation=${state}
SlurmdSpoolDir=${spool}
SlurmctldPidFile=${join(etc, 'slurmctld.pid')}
SlurmdPidFile=${join(etc, 'slurmd.pid')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} RealMemory=2048 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
  const file = join(etc, 'slurm.conf');
  writeFileSync(file, configuration);
  const env = { SLURM_CONF: file };
  const munged = ['--foreground', '--force', `--key-file=${key}`, `--socket=${socket}`];
  const own = ['pid', 'seed', 'log'].map((what) => `--${what}-file=${join(etc, `munge.${what}`)}`);
  daemons.push(await start('munged', [...munged, ...own], /Created socket|Starting/i));
  daemons.push(await start('slurmctld', ['-D', '-v'], /Running as primary controller/, { env }));
  daemons.push(await start('slurmd', ['-D', '-v'], /slurmd started/, { env }));
  return env;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
