/*
 * Goal: the shards of a controlled campaign are the run of one machine, block by block, and what cannot be divided is refused.
 * Method: the command line; the records of two shards against those of the whole.
 */

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { SeriesRecord } from '../../src/run/campaign-records.ts';
import { BLOCK } from '../../src/run/control.ts';
import { gridlock, inScratch, MAIN, records, type Ran } from '../cli/gridlock.ts';

const ONCE = ['run', 'test/planted/once.js', '--variant', 'ordered', '--json'];

/** What a run said of each block; where a series ends within one is a matter of time. */
function blocksOf(ran: Ran): Record<string, number[]> {
  expect(ran.exit, ran.stderr).toBe(0);
  const blocks: Record<string, number[]> = {};
  for (const record of records(ran).filter(({ type }) => type === 'series')) {
    const { first, passed, choices, preemptions } = record as unknown as SeriesRecord;
    const sums = (blocks[Math.floor(first / BLOCK)] ??= [0, 0, 0]);
    for (const [i, more] of [passed, choices, preemptions].entries()) sums[i]! += more;
  }
  return blocks;
}

test('two shards of three blocks are the whole', { timeout: 90_000 }, () => {
  inScratch((results) => {
    const args = [...ONCE, '-s', 'random', '-n', '8300', '--seed', '7', '--results', results];
    const whole = blocksOf(gridlock(...args));
    const first = gridlock(...args, '--shard', '1/2');
    const second = gridlock(...args, '--shard', '2/2');
    expect(second.stderr).toMatch(/^shard 2\/2 \(--shard\)\n/);
    expect(records(second)[0]).toMatchObject({ type: 'header', seed: 7, shard: '2/2' });
    expect({ ...blocksOf(first), ...blocksOf(second) }).toEqual(whole);
    expect(Object.keys(blocksOf(first))).toEqual(['0', '2']);
    expect(Object.keys(blocksOf(second))).toEqual(['1']);
  });
});

test('a shard without a trial is not green: exit 4', () => {
  inScratch((results) => {
    const args = [...ONCE, '-s', 'random', '-n', '100', '--seed', '7', '--results', results];
    const ran = gridlock(...args, '--shard', '2/2');
    expect(ran.exit, ran.stderr).toBe(4);
    expect(ran.stderr).toMatch(/no trial of this run is of this shard/);
  });
});

test.for([
  ['dfs', ['-s', 'dfs', '--seed', '7', '--shard', '1/2'], {}, /search by dfs cannot be divided/],
  ['no seed', ['--shard', '1/2'], {}, /no seed that its siblings have/],
  [
    'no total',
    ['--seed', '7'],
    { CI_NODE_INDEX: '1' },
    /GitLab: CI_NODE_INDEX is 1, but CI_NODE_TOTAL/,
  ],
  ['out of range', ['--seed', '7'], { GRIDLOCK_SHARD: '3/2' }, /GRIDLOCK_SHARD: 3\/2 is no part/],
  [
    'a total alone',
    ['--seed', '7', '-n', '0'],
    { GRIDLOCK_SHARD_TOTAL: '2' },
    /--iterations: 0 is not/,
  ],
] as const)('%s: exit 2', ([, options, more, says]) => {
  inScratch((results) => {
    // Of the environment nothing is left that another CI's variables could be in.
    const env = { PATH: process.env['PATH'], NO_COLOR: '1', ...more };
    const args = [MAIN, ...ONCE, ...options, '--results', results];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect(stderr).toMatch(says);
    expect(status).toBe(2);
  });
});
