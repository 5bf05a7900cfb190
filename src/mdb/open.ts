/*
 * From a dump to a session: its target, every dcmd and walker of ours, and what the workload brings; and to what a page
 * shows of its image without one.
 */

import { Fail } from '../base/fail.ts';
import type { Course } from '../dump/course.ts';
import type { DumpFile } from '../dump/read.ts';
import type { Dmod } from './dcmd.ts';
import { allDcmds } from './dcmds/index.ts';
import { lineAt } from './dcmds/dis.ts';
import { MdbError } from './error.ts';
import { Session, type SessionOptions } from './session.ts';
import { courseOf } from './target/course.ts';
import { Target } from './target/target.ts';
import { WALKERS } from './walkers.ts';

export type OpenOptions = Pick<SessionOptions, 'width' | 'json'> & {
  readonly dmods?: readonly Dmod[];
};

/** @throws Fail DUMP_UNREADABLE */
export async function openSession(file: DumpFile, options: OpenOptions = {}): Promise<Session> {
  return sessionOf(await Target.open(file), options);
}

/**
 * The course of a controlled run, for who has no session.
 * @returns undefined for a free run, and where the image does not say: a page is made without it, then
 */
export async function courseIn(file: DumpFile): Promise<Course | undefined> {
  try {
    return courseOf(await Target.open(file));
  } catch (error) {
    if (error instanceof Fail || error instanceof MdbError) return undefined;
    throw error;
  }
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
