/*
 * What the environment of this process says of its part in a run, for every command that runs trials.
 */

import { writeFileSync } from 'node:fs';
import { EXIT } from '../base/exit.ts';
import { fail } from '../base/fail.ts';
import { parseSeed } from '../base/prng.ts';
import {
  describeShard,
  formatShard,
  parseShard,
  shardOf,
  sharedSeed,
  type Shard,
} from '../run/shard.ts';
import type { Resumable } from '../run/soak-state.ts';
import type { StressResult } from '../run/stress.ts';

/** The part that this process is, said aloud; null when it is the whole.  @throws Fail SHARD */
export function shardHere(given: string | undefined): Shard | null {
  const shard = shardOf(given, process.env);
  if (shard === null) return null;
  process.stderr.write(`${describeShard(shard)}\n`);
  // Bazel takes a test that does not touch it for one that knows nothing of shards.
  const status = process.env['TEST_SHARD_STATUS_FILE'] ?? '';
  if (status !== '') writeFileSync(status, '');
  return shard;
}

/**
 * The part that a soak goes on with, said aloud: the one that it had.
 * @throws Fail SHARD; RESUME_OTHER where the command line, or the environment, means another
 */
export function shardAgain(
  given: string | undefined,
  { shard, engine }: Pick<Resumable, 'shard' | 'engine'>,
  directory: string,
): Shard | null {
  const before = shard === null ? null : parseShard(shard, engine ?? '--shard');
  const here = shardOf(given, process.env);
  // Who says nothing means the same; 1/1 is the whole.
  const part = (each: Shard | null): string => (each === null ? '1/1' : formatShard(each));
  if (here !== null && part(here) !== part(before)) {
    throw fail('RESUME_OTHER', {
      directory,
      what: 'shard',
      one: part(before),
      other: describeShard(here).replace('shard ', ''),
      option: `--shard ${part(before)}`,
    });
  }
  if (before !== null) process.stderr.write(`${describeShard(before)}\n`);
  return before;
}

/**
 * The root seed: as it was given, or one of its own.  The clock makes that of a run which is the whole; shards must have one
 * seed and have no clock in common, so theirs is made of what their engine tells all of them (run/shard.ts).
 * @throws Fail BAD_NUMBER, SHARD_SEED
 */
export function rootSeedHere(given: string | undefined, shard: Shard | null): number {
  if (given !== undefined) return parseSeed(given);
  if (shard !== null && shard.total > 1) return sharedSeed(shard, process.env);
  return (Math.floor(performance.timeOrigin * 1000) ^ process.pid) >>> 0;
}

/** What a person must be told at the end of a run, whose terminal may be all that is left of it. */
export function lastLines({ results, exit }: StressResult, shard: Shard | null): string {
  const { unwritten, directory } = results;
  const lost =
    unwritten.length === 0 ? [] : [`not written to ${directory}, and only here:`, ...unwritten];
  const isEmpty = shard !== null && exit === EXIT.nothing;
  const empty = isEmpty ? ['nothing ran: no trial of this run is of this shard'] : [];
  return [...lost, ...empty].map((line) => `${line}\n`).join('');
}
