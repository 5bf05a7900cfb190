/*
 * A session over a golden dump, for tests: what a line prints, and what it says on stderr.
 */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { DumpFile } from '../../src/dump/read.ts';
import type { Dmod } from '../../src/mdb/dcmd.ts';
import { sessionOf, type OpenOptions } from '../../src/mdb/open.ts';
import type { Session } from '../../src/mdb/session.ts';
import { Target } from '../../src/mdb/target/target.ts';
import dtraceDeadlock from '../../workloads/dtrace-deadlock/dmod.ts';
import kstatRace from '../../workloads/kstat-race/dmod.ts';

const DUMPS = fileURLToPath(new URL('../dumps/', import.meta.url));

/** The golden dumps, by name: `dtrace-deadlock.wstub`. */
export const GOLDEN = readdirSync(DUMPS)
  .filter((file) => file.endsWith('.dump'))
  .map((file) => file.replace(/\.dump$/, ''))
  .toSorted();

export function dumpPath(name: string): string {
  return `${DUMPS}${name}.dump`;
}

/** What workloads bring, by their names. */
const DMODS: Readonly<Record<string, Dmod>> = {
  'dtrace-deadlock': dtraceDeadlock,
  'kstat-race': kstatRace,
};

const targets = new Map<string, Target>();

/** A new session over a golden dump; the dump is read once. */
export async function openGolden(name: string, options: OpenOptions = {}): Promise<Session> {
  let target = targets.get(name);
  if (target === undefined) {
    const file = await DumpFile.open(dumpPath(name));
    target = await Target.open(file);
    file.close();
    targets.set(name, target);
  }
  const dmod = DMODS[name.split('.', 1)[0] ?? ''];
  return sessionOf(target, { dmods: dmod === undefined ? [] : [dmod], ...options });
}

export interface Said {
  readonly out: string;
  readonly error: string;
  readonly isWell: boolean;
}

/** Runs a line. */
export async function say(session: Session, line: string): Promise<Said> {
  let out = '';
  let error = '';
  const isWell = await session.run(line, {
    write: (text) => {
      out += text;
      return true;
    },
    error: (text) => {
      error += text;
    },
  });
  return { out, error, isWell };
}
