/*
 * Shards: which part of a run this process is, and the seed that all parts have in common.
 *
 * The CI's or the cluster's own array job starts n of us, and tells each by its environment which one it is.  We look
 * at the variables that hold the index, never at CI=true and its like: gitlab-ci-local sets GITLAB_CI="false".
 *
 *     --shard i/n              beats
 *     GRIDLOCK_SHARD=i/n       beats
 *     the table below          its first row whose index is set; those of a CI stand before those of a cluster, since
 *                              an agent of the former may run on the latter
 *
 * Of the table, "1 of 1" is no shard: several engines say so of every job.
 *
 * Run k belongs to shard k mod n + 1.  That is a partition only if all shards have one root seed, so it may not come from
 * a clock: it comes from --seed, or from what the shards of one run have in common and other runs have not, the commit and
 * the id of the CI's run.  An id of an attempt will not do, since a shard that is tried again must get what is its.
 *
 * Shards multiply the schedules that are tried.  They do not make threads on different hosts contend.
 */

import { fail } from '../base/fail.ts';
import { seedOfText } from '../base/prng.ts';

export interface Shard {
  /** from 1 */
  readonly index: number;
  readonly total: number;
  /** who said so */
  readonly engine: string;
}

type Env = Readonly<Record<string, string | undefined>>;

interface Engine {
  readonly name: string;
  readonly index: string;
  /** what the first is called */
  readonly base: number | ((env: Env) => number);
  readonly total: string;
  /** from one index to the next */
  readonly step?: string;
  /** a variable that is set there and nowhere else, where another engine has the same index */
  readonly where?: string;
}

const OURS = 'GRIDLOCK_SHARD';
const TOTAL = 'GRIDLOCK_SHARD_TOTAL';

export const ENGINES: readonly Engine[] = [
  {
    name: 'Heroku CI',
    index: 'CI_NODE_INDEX',
    base: 0,
    total: 'CI_NODE_TOTAL',
    where: 'HEROKU_TEST_RUN_ID',
  },
  { name: 'GitLab', index: 'CI_NODE_INDEX', base: 1, total: 'CI_NODE_TOTAL' },
  {
    name: 'Buildkite',
    index: 'BUILDKITE_PARALLEL_JOB',
    base: 0,
    total: 'BUILDKITE_PARALLEL_JOB_COUNT',
  },
  { name: 'CircleCI', index: 'CIRCLE_NODE_INDEX', base: 0, total: 'CIRCLE_NODE_TOTAL' },
  { name: 'Semaphore', index: 'SEMAPHORE_JOB_INDEX', base: 1, total: 'SEMAPHORE_JOB_COUNT' },
  {
    name: 'Bitbucket',
    index: 'BITBUCKET_PARALLEL_STEP',
    base: 0,
    total: 'BITBUCKET_PARALLEL_STEP_COUNT',
  },
  {
    name: 'Azure',
    index: 'SYSTEM_JOBPOSITIONINPHASE',
    base: 1,
    total: 'SYSTEM_TOTALJOBSINPHASE',
  },
  { name: 'Bazel', index: 'TEST_SHARD_INDEX', base: 0, total: 'TEST_TOTAL_SHARDS' },
  {
    name: 'AWS Batch',
    index: 'AWS_BATCH_JOB_ARRAY_INDEX',
    base: 0,
    total: 'AWS_BATCH_JOB_ARRAY_SIZE',
  },
  { name: 'Cloud Run', index: 'CLOUD_RUN_TASK_INDEX', base: 0, total: 'CLOUD_RUN_TASK_COUNT' },
  {
    name: 'Slurm',
    index: 'SLURM_ARRAY_TASK_ID',
    base: (env) => Number(env['SLURM_ARRAY_TASK_MIN'] ?? NaN),
    total: 'SLURM_ARRAY_TASK_COUNT',
    step: 'SLURM_ARRAY_TASK_STEP',
  },
  { name: 'Kubernetes', index: 'JOB_COMPLETION_INDEX', base: 0, total: TOTAL },
  { name: 'Nomad', index: 'NOMAD_ALLOC_INDEX', base: 0, total: TOTAL },
];

/** A run of an engine: what its shards have in common.  The first of which anything is set is taken. */
const OCCASIONS: readonly (readonly [run: string, commit: string])[] = [
  ['GITHUB_RUN_ID', 'GITHUB_SHA'],
  ['HEROKU_TEST_RUN_ID', 'HEROKU_TEST_RUN_COMMIT_VERSION'],
  ['CI_PIPELINE_ID', 'CI_COMMIT_SHA'],
  ['BUILDKITE_BUILD_ID', 'BUILDKITE_COMMIT'],
  ['CIRCLE_WORKFLOW_ID', 'CIRCLE_SHA1'],
  ['SEMAPHORE_WORKFLOW_ID', 'SEMAPHORE_GIT_SHA'],
  ['BITBUCKET_BUILD_NUMBER', 'BITBUCKET_COMMIT'],
  ['BUILD_BUILDID', 'BUILD_SOURCEVERSION'],
  ['AWS_BATCH_JOB_ID', ''],
  ['CLOUD_RUN_EXECUTION', ''],
  ['SLURM_ARRAY_JOB_ID', ''],
];

/**
 * The part that this process is; null when it is the whole.
 * @param given of --shard @throws Fail SHARD
 */
export function shardOf(given: string | undefined, env: Env): Shard | null {
  if (given !== undefined && given !== '') {
    const isOurs = env[OURS] === given;
    return parseShard(given, isOurs ? OURS : '--shard');
  }
  const ours = env[OURS] ?? '';
  if (ours !== '') return parseShard(ours, OURS);
  const engine = ENGINES.find(
    ({ index, where }) => isSet(env, index) && (where === undefined || isSet(env, where)),
  );
  if (engine === undefined) return null;
  const { name, index, base, total, step } = engine;
  if (!isSet(env, total)) {
    throw fail('SHARD', {
      where: name,
      what: `${index} is ${env[index] ?? ''}, but ${total} is not set`,
    });
  }
  const first = typeof base === 'number' ? base : base(env);
  const stride = step !== undefined && isSet(env, step) ? Number(env[step]) : 1;
  const nth = (Number(env[index]) - first) / stride + 1;
  const of = Number(env[total]);
  if (!isShard(nth, of)) {
    throw fail('SHARD', {
      where: name,
      what: `${index}=${env[index] ?? ''} of ${total}=${env[total] ?? ''} is no part of a whole`,
    });
  }
  return of === 1 ? null : { index: nth, total: of, engine: name };
}

function isSet(env: Env, name: string): boolean {
  return (env[name] ?? '') !== '';
}

function isShard(index: number, total: number): boolean {
  return Number.isInteger(index) && Number.isInteger(total) && index >= 1 && index <= total;
}

/** `2/4`.  @param where for the error @throws Fail SHARD */
export function parseShard(text: string, where: string): Shard {
  const [, index, total] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), total: Number(total), engine: where };
  if (isShard(shard.index, shard.total)) return shard;
  const isIndexAlone = /^\d+$/.test(text);
  throw fail('SHARD', {
    where,
    what: isIndexAlone
      ? `${text} does not say of how many`
      : `${text} is no part of a whole, from 1/n to n/n`,
  });
}

/** `2/4`, as records have it. */
export function formatShard({ index, total }: Shard): string {
  return `${index}/${total}`;
}

/** `shard 2/4 (GitLab)`, as people read it. */
export function describeShard(shard: Shard): string {
  return `shard ${formatShard(shard)} (${shard.engine})`;
}

/** The root seed that all shards of this run find.  @throws Fail SHARD_SEED where nothing tells this run from others */
export function sharedSeed(shard: Shard, env: Env): number {
  for (const [run, commit] of OCCASIONS) {
    // A child of an array job on AWS has the id of its parent, a colon, and its index.
    const words = [env[run]?.replace(/:\d+$/, ''), commit === '' ? undefined : env[commit]];
    const said = words.filter((word) => word !== undefined && word !== '');
    if (said.length > 0) return seedOfText(said.join('\n'));
  }
  throw fail('SHARD_SEED', { shard: formatShard(shard) });
}
