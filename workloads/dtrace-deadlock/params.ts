/*
 * The knobs: how much of everything there is, and which liberties are taken.
 *
 * Three threads are all that the bug takes.  Alone, one round each, and with nobody who ticks, they are a program small
 * enough that all its schedules can be tried: `cast=three rounds=1 enable=any`.
 *
 * The sizes set how long the critical sections of the bug are, by the work in them and not by a sleep:
 * `segments` is how long prgetmap() holds P_PR_LOCK, `probes` how long dtrace_close() holds dtrace_lock
 * and how often it asks for P_PR_LOCK, `providers` how long a sweep goes on.
 */

import type { Param, ParamValues, RoleContext, Trial } from '../../src/index.ts';

function count(title: string, otherwise: number, max: number, min = 0): Param & { type: 'int' } {
  return { type: 'int', default: otherwise, min, max, title };
}

export const params = {
  cast: {
    type: 'choice',
    default: 'all',
    choices: ['all', 'three'],
    title: 'who is there: everybody, or the three threads of the report alone, which do not pause',
  },
  rounds: count('rounds of each role; 0 for as long as the trial lasts', 0, 1_000_000),
  tick: {
    type: 'int',
    default: 1000,
    min: 1,
    max: 1_000_000,
    unit: 'us',
    title:
      'a tick of the clock, and each pause between rounds; 1 for schedules that somebody decides',
  },
  declare: {
    type: 'choice',
    default: 'on',
    choices: ['on', 'off'],
    title: 'whether the kernel declares who holds P_PR_LOCK',
  },
  enable: {
    type: 'choice',
    default: 'quiet',
    choices: ['quiet', 'any'],
    title: 'when probes are enabled: while nobody reads a map, or at any time',
  },
  segments: count('mappings of a database process', 48, 512, 2),
  shm: count('System V shared memory segments of the database', 2, 8, 1),
  probes: count('USDT probes of a provider', 24, 64, 1),
  providers: count('USDT providers of a short-lived process', 2, 4, 1),
  databases: count('database processes beside the postmaster', 2, 8),
  consumers: count('"dtrace -Cs" processes', 1, 8),
  readers: count('"dtrace -n" processes', 1, 8),
  usdt: count('threads that run short-lived USDT processes', 1, 8),
  shells: count('shells', 1, 16),
  ps: count('users of ps', 1, 16),
  modloads: count('users of modload', 1, 16),
} as const satisfies Readonly<Record<string, Param>>;

/** How many there are of those who are not among the three. */
export function crowd({ cast }: Values, count: number): number {
  return cast === 'three' ? 0 : count;
}

export type Params = typeof params;
export type Values = ParamValues<Params>;
export type Context = RoleContext<Params>;
export type Boot = Trial<Params>;
