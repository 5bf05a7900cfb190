/*
 * Goal: each engine's variables say which shard this is, and the shards of a run are a partition with one seed.
 * Method: a table of environments; and blocks, taken by all shards together, against those of one machine.
 */

import { expect, test } from 'vitest';
import { Blocks } from '../../src/run/blocks.ts';
import { describeShard, ENGINES, shardOf, sharedSeed } from '../../src/run/shard.ts';

test.for([
  ['shard 2/4 (--shard)', '2/4', { GRIDLOCK_SHARD: '3/4', CI_NODE_INDEX: '1', CI_NODE_TOTAL: '9' }],
  [
    'shard 3/4 (GRIDLOCK_SHARD)',
    undefined,
    { GRIDLOCK_SHARD: '3/4', CI_NODE_INDEX: '1', CI_NODE_TOTAL: '9' },
  ],
  ['shard 2/4 (GitLab)', undefined, { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '4', GITLAB_CI: 'false' }],
  [
    'shard 3/4 (Heroku CI)',
    undefined,
    { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '4', HEROKU_TEST_RUN_ID: 'a' },
  ],
  [
    'shard 1/3 (Buildkite)',
    undefined,
    { BUILDKITE_PARALLEL_JOB: '0', BUILDKITE_PARALLEL_JOB_COUNT: '3' },
  ],
  ['shard 3/3 (CircleCI)', undefined, { CIRCLE_NODE_INDEX: '2', CIRCLE_NODE_TOTAL: '3' }],
  ['shard 3/3 (Semaphore)', undefined, { SEMAPHORE_JOB_INDEX: '3', SEMAPHORE_JOB_COUNT: '3' }],
  [
    'shard 1/2 (Bitbucket)',
    undefined,
    { BITBUCKET_PARALLEL_STEP: '0', BITBUCKET_PARALLEL_STEP_COUNT: '2' },
  ],
  [
    'shard 2/2 (Azure)',
    undefined,
    { SYSTEM_JOBPOSITIONINPHASE: '2', SYSTEM_TOTALJOBSINPHASE: '2' },
  ],
  ['shard 1/2 (Kubernetes)', undefined, { JOB_COMPLETION_INDEX: '0', GRIDLOCK_SHARD_TOTAL: '2' }],
  [
    'shard 10/10 (AWS Batch)',
    undefined,
    { AWS_BATCH_JOB_ARRAY_INDEX: '9', AWS_BATCH_JOB_ARRAY_SIZE: '10' },
  ],
  ['shard 2/2 (Cloud Run)', undefined, { CLOUD_RUN_TASK_INDEX: '1', CLOUD_RUN_TASK_COUNT: '2' }],
  ['shard 2/2 (Nomad)', undefined, { NOMAD_ALLOC_INDEX: '1', GRIDLOCK_SHARD_TOTAL: '2' }],
  [
    'shard 2/4 (Slurm)',
    undefined,
    { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_MIN: '2', SLURM_ARRAY_TASK_COUNT: '4' },
  ],
  [
    'shard 3/4 (Slurm)',
    undefined,
    {
      SLURM_ARRAY_TASK_ID: '20',
      SLURM_ARRAY_TASK_MIN: '0',
      SLURM_ARRAY_TASK_STEP: '10',
      SLURM_ARRAY_TASK_COUNT: '4',
    },
  ],
  ['shard 2/2 (Bazel)', undefined, { TEST_SHARD_INDEX: '1', TEST_TOTAL_SHARDS: '2' }],
  // A CI's agent on a cluster: the job of the CI is what is divided.
  [
    'shard 1/3 (Buildkite)',
    undefined,
    { BUILDKITE_PARALLEL_JOB: '0', BUILDKITE_PARALLEL_JOB_COUNT: '3', NOMAD_ALLOC_INDEX: '7' },
  ],
] as const)('%s', ([expected, given, env]) => {
  expect(describeShard(shardOf(given, env)!)).toBe(expected);
});

test.for([
  {},
  { CI: 'true', GITLAB_CI: 'true', CI_NODE_TOTAL: '1' },
  { CIRCLE_NODE_INDEX: '0', CIRCLE_NODE_TOTAL: '1' },
  { GRIDLOCK_SHARD: '', SYSTEM_JOBPOSITIONINPHASE: '1', SYSTEM_TOTALJOBSINPHASE: '1' },
])('%j is no shard', (env) => {
  expect(shardOf(undefined, env)).toBe(null);
});

test.for(ENGINES.map(({ name, index, total, where }) => ({ name, index, total, where })))(
  '$name: an index without a total, or out of range, is refused',
  ({ index, total, where }) => {
    const env = {
      [index]: '2',
      ...(where === undefined ? {} : { [where]: 'a' }),
      SLURM_ARRAY_TASK_MIN: '0',
    };
    expect(() => shardOf(undefined, env)).toThrow(`${total} is not set`);
    for (const bad of ['1', '0', 'x'])
      expect(() => shardOf(undefined, { ...env, [total]: bad })).toThrow('is no part of a whole');
  },
);

test.for(['2', '0/4', '5/4', '1/0', 'a/b', '1/2/3', '-1/2', '1.5/2'])(
  '--shard %s is refused',
  (text) => {
    expect(() => shardOf(text, {})).toThrow(/^--shard: /);
  },
);

test('siblings have one seed, other runs have others, and nobody asks a clock', () => {
  const shard = { index: 1, total: 2, engine: 'GitLab' };
  const env = { CI_PIPELINE_ID: '100', CI_COMMIT_SHA: 'cafe', CI_JOB_ID: '1' };
  const seed = sharedSeed(shard, env);
  expect(sharedSeed({ ...shard, index: 2 }, { ...env, CI_JOB_ID: '2' })).toBe(seed);
  expect(sharedSeed(shard, { ...env, CI_PIPELINE_ID: '101' })).not.toBe(seed);
  expect(sharedSeed(shard, { ...env, CI_COMMIT_SHA: 'beef' })).not.toBe(seed);
  expect(sharedSeed(shard, { AWS_BATCH_JOB_ID: 'id:0' })).toBe(
    sharedSeed(shard, { AWS_BATCH_JOB_ID: 'id:1' }),
  );
  expect(() => sharedSeed(shard, { CI: 'true', CI_JOB_ID: '1' })).toThrow(
    /no seed that its siblings have/,
  );
});

test.for([
  [10, 1, 3],
  [10_000, 4_096, 2],
  [5, 1, 8],
  [100_000, 4_096, 7],
] as const)('%d trials in blocks of %d: %d shards run each once', ([trials, size, total]) => {
  const seen: number[] = [];
  for (let index = 1; index <= total; index++) {
    const blocks = new Blocks<number>(trials, size, Infinity, { index, total, engine: '' });
    for (let block = blocks.take(); block !== undefined; block = blocks.take()) {
      expect(block.number % total).toBe(index - 1);
      expect(block.first).toBe(block.number * size);
      for (let trial = block.first; trial < block.end; trial++) seen.push(trial);
      // What it comes to is given out at once: no block of another shard is waited for.
      expect(blocks.put(block, block.number)).toEqual([block.number]);
      blocks.close(block);
    }
  }
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: trials }, (_, i) => i));
});
