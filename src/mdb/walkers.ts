/*
 * Walkers: the kinds of things that a dump has many of.
 */

import type { Walker } from './dcmd.ts';
import { cpusOf } from './target/cpus.ts';
import { oops } from './error.ts';
import { procAt, procsOf, threadsIn } from './target/procs.ts';
import { sobjsOf, turnstileOffset } from './target/sobj.ts';
import { addressOf, type Target } from './target/target.ts';

export const thread: Walker = {
  name: 'thread',
  summary: 'every thread, or those of a process',
  address: 'optional',
  *walk(target, from) {
    const proc = from === undefined ? undefined : procAt(target, from);
    if (from !== undefined && proc === undefined) {
      throw oops(
        `${from.toString(16)} is not a process`,
        '::ps lists them, ::walk thread all threads',
      );
    }
    for (const each of proc === undefined ? target.threads : threadsIn(target, proc)) {
      yield addressOf(each);
    }
  },
};

export const lock: Walker = {
  name: 'lock',
  summary: 'every named lock, the most contended first',
  address: 'none',
  *walk(target) {
    for (const each of target.dump.locks) yield addressOf(each);
  },
};

export const wchan: Walker = {
  name: 'wchan',
  summary: 'everything that threads sleep on; with an address, the threads that sleep on it',
  address: 'optional',
  *walk(target, from) {
    const channels = new Map<bigint, bigint[]>();
    for (const [t, channel] of sleeping(target)) {
      const those = channels.get(channel);
      if (those === undefined) channels.set(channel, [t]);
      else those.push(t);
    }
    if (from === undefined) yield* channels.keys();
    else yield* channels.get(from) ?? [];
  },
};

export const blocked: Walker = {
  name: 'blocked',
  summary: 'the threads that wait for an object: asleep on it, or for the resource it stands for',
  address: 'required',
  *walk(target, from) {
    const wanted = from?.toString(16);
    for (const each of target.threads) {
      if (each.wants?.address === wanted) yield addressOf(each);
    }
  },
};

/** An AVL tree or a list is whatever its workload says; an array of structs is ours to walk. */
export const array: Walker = {
  name: 'array',
  summary: 'the elements of a global array, from the address of its first',
  address: 'required',
  *walk(target, from) {
    const symbol = from === undefined ? undefined : target.dataAt(Number(from));
    const type = symbol && target.types.find(symbol.type);
    if (symbol === undefined || type === undefined) {
      throw oops(`${from?.toString(16)} is not in a global of a known type`, '::nm lists them');
    }
    const end = Math.min(symbol.address + symbol.size, target.imageBytes);
    for (let at = symbol.address; at < end; at += type.size) {
      yield BigInt(at);
    }
  },
};

export const turnstileCache: Walker = {
  name: 'turnstile_cache',
  summary: 'the turnstile of every lock, condvar and semaphore that is known',
  address: 'none',
  *walk(target) {
    const offset = turnstileOffset(target);
    for (const address of sobjsOf(target)) yield address + offset;
  },
};

export const proc: Walker = {
  name: 'proc',
  summary: 'every process of the workload, if it has any',
  address: 'none',
  *walk(target) {
    for (const { address } of procsOf(target)) yield address;
  },
};

export const cpu: Walker = {
  name: 'cpu',
  summary: 'every CPU, by its number',
  address: 'none',
  *walk(target) {
    for (const { id } of cpusOf(target)) if (id >= 0) yield BigInt(id);
  },
};

export const WALKERS: readonly Walker[] = [
  array,
  blocked,
  cpu,
  lock,
  proc,
  thread,
  turnstileCache,
  wchan,
];

/** Threads that sleep, by their records: each with its channel. */
function* sleeping(target: Target): Iterable<readonly [bigint, bigint]> {
  const wchanField = target.types.find('kthread')?.fields.find(({ name }) => name === 'wchan');
  if (wchanField === undefined) return;
  for (const each of target.threads) {
    const at = addressOf(each);
    const channel = target.word(Number(at) + wchanField.offset) ?? 0;
    if (each.state === 'TS_SLEEP' && channel !== 0) yield [at, BigInt(channel)];
  }
}
