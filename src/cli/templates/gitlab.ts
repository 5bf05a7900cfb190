/*
 * GitLab CI: one job with `parallel`, and one that needs it.
 *
 *     index      CI_NODE_INDEX, from 1; gridlock reads it
 *     total      CI_NODE_TOTAL; gridlock reads it
 *     seed       CI_COMMIT_SHA and CI_PIPELINE_ID.  A retried job is of the same pipeline, so it repeats what failed
 *     kept       artifacts with when: always; each shard writes to a directory of its own, for the merging job
 *                unpacks all of them into one tree
 *     signals    SIGTERM to the process group, when a job is cancelled or its time is up
 */

import {
  GRIDLOCK,
  indented,
  limitMinutes,
  mergeLines,
  seedFrom,
  type Template,
} from './template.ts';

export const gitlab: Template = {
  engine: 'gitlab',
  describe: 'GitLab CI, .gitlab-ci.yml',
  print: ({ name, shards, durationMs, command }) => {
    const shard = `${seedFrom('$CI_COMMIT_SHA $CI_PIPELINE_ID')}
exec ${GRIDLOCK} ${command} --seed "$seed" --results "results/shard-$CI_NODE_INDEX"`;
    return `# .gitlab-ci.yml, or a file that it includes; made by: gridlock init gitlab
# ${shards} shards; the job ${name}-merge has the verdict of all.

${name}:
  stage: test
  image: node:22
  parallel: ${shards}
  timeout: ${limitMinutes(durationMs)} minutes
  before_script:
    - npm ci
  script:
    - |
      ${indented(shard, 6)}
  artifacts:
    when: always
    expire_in: 2 weeks
    paths:
      - results/

${name}-merge:
  stage: test
  image: node:22
  needs:
    - job: ${name}
      artifacts: true
  when: always
  timeout: 15 minutes
  before_script:
    - npm ci
  script:
    - |
      ${indented(mergeLines('results/shard-*/*/', 'merged'), 6)}
  artifacts:
    when: always
    expire_in: 2 weeks
    paths:
      - merged/
    reports:
      junit: merged/junit.xml
`;
  },
};
