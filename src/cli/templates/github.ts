/*
 * GitHub Actions: a matrix of shards, and a job that merges their artifacts.
 *
 *     index      ${{ matrix.shard }}, which is a list of our own, from 1
 *     total      ${{ strategy.job-total }}: the length of that list.  Neither is in the environment
 *     seed       GITHUB_SHA and GITHUB_RUN_ID.  A re-run has the same id, so it repeats what failed
 *     kept       an artifact a shard, with !cancelled(): always() would also hold up who cancels
 *     signals    SIGINT at once, SIGTERM after 7.5 s, then an end: time enough for a flush
 *
 * fail-fast is off: the shards that go on are the ones which say whether a finding is rare.
 */

import {
  GRIDLOCK,
  indented,
  limitMinutes,
  mergeLines,
  seedFrom,
  type Template,
} from './template.ts';

const SETUP = `- uses: actions/checkout@v6
      - uses: actions/setup-node@v6
        with:
          node-version: 22
          cache: npm
      - run: npm ci`;

export const github: Template = {
  engine: 'github',
  describe: 'GitHub Actions, .github/workflows/gridlock.yml',
  print: ({ name, shards, durationMs, command }) => {
    const list = Array.from({ length: shards }, (_, i) => i + 1).join(', ');
    const shard = `${seedFrom('$GITHUB_SHA $GITHUB_RUN_ID')}
exec ${GRIDLOCK} ${command} --seed "$seed" --shard \${{ matrix.shard }}/\${{ strategy.job-total }} --results results`;
    return `# .github/workflows/${name}.yml, made by: gridlock init github
# ${shards} shards; the job ${name}-merge has the verdict of all.  To see findings under Security, give merged/ to
# github/codeql-action/upload-sarif, in a job with the permission security-events: write.

name: ${name}

on:
  workflow_dispatch:
  schedule:
    - cron: '17 3 * * *'

permissions:
  contents: read

jobs:
  shard:
    name: shard \${{ matrix.shard }}/\${{ strategy.job-total }}
    runs-on: ubuntu-latest
    timeout-minutes: ${limitMinutes(durationMs)}
    strategy:
      fail-fast: false
      matrix:
        shard: [${list}]
    steps:
      ${SETUP}
      - name: gridlock
        run: |
          ${indented(shard, 10)}
      - uses: actions/upload-artifact@v6
        if: \${{ !cancelled() }}
        with:
          name: ${name}-shard-\${{ matrix.shard }}
          path: results/
          if-no-files-found: error
          overwrite: true

  merge:
    name: ${name}-merge
    needs: shard
    if: \${{ !cancelled() }}
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      ${SETUP}
      - uses: actions/download-artifact@v7
        with:
          pattern: ${name}-shard-*
          path: shards
      - name: merge
        run: |
          ${indented(mergeLines('shards/*/*/', 'merged'), 10)}
      - uses: actions/upload-artifact@v6
        if: \${{ !cancelled() }}
        with:
          name: ${name}-merged
          path: merged/
          if-no-files-found: error
          overwrite: true
`;
  },
};
