/*
 * From a dump to a session: its target, every dcmd and walker of ours, and what the workload brings.
 */

import type { DumpFile } from '../dump/read.ts';
import type { Dmod } from './dcmd.ts';
import { allDcmds } from './dcmds/index.ts';
import { lineAt } from './dcmds/dis.ts';
import { Session, type SessionOptions } from './session.ts';
import { Target } from './target/target.ts';
import { WALKERS } from './walkers.ts';

export type OpenOptions = Pick<SessionOptions, 'width' | 'json'> & {
  readonly dmods?: readonly Dmod[];
};

/** @throws Fail DUMP_UNREADABLE */
export async function openSession(file: DumpFile, options: OpenOptions = {}): Promise<Session> {
  return sessionOf(await Target.open(file), options);
}

export function sessionOf(target: Target, options: OpenOptions = {}): Session {
  const { dmods = [] } = options;
  return new Session(target, {
    ...options,
    dcmds: allDcmds(dmods),
    walkers: WALKERS,
    dmods,
    lineAt,
  });
}
