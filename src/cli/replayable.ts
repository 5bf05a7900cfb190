/*
 * What is to be replayed: a token, a .sched file, a dump, or `latest`, the newest dump.
 *
 * A word with a colon in it that is no file is a token; what else is none is an error that says what would be.
 */

import { existsSync } from 'node:fs';
import { fail } from '../base/fail.ts';
import { VERDICTS } from '../base/verdict.ts';
import type { ControlSpec } from '../run/protocol.ts';
import { lengthOf } from '../sched/schedule.ts';
import { parseReplay, type Replayable } from '../sched/token.ts';
import { openDump } from './dump-file.ts';

export const REPLAYABLE_DESCRIBED =
  'a token, as a failure prints it; a .sched file; a dump, or latest: the newest of --results';

/** @throws Fail, exit 2, for whatever cannot be replayed */
export async function replayableOf(given: string, results: string): Promise<Replayable> {
  const replayable = await readReplayable(given, results);
  const { schedule, steps } = replayable;
  // A trial is cut after twice the steps, so no trial made more.
  if (lengthOf(schedule) <= 2 * steps) return replayable;
  throw fail('BAD_NUMBER', {
    where: 'replay',
    text: `a schedule of ${lengthOf(schedule)} choices`,
    wanted: `one of a trial of ${steps} steps, which makes ${2 * steps} at most`,
  });
}

async function readReplayable(given: string, results: string): Promise<Replayable> {
  const { readScheduleFile, SCHEDULE_SUFFIX } = await import('../run/schedule-file.ts');
  const isFile = existsSync(given);
  if (isFile && given.endsWith(SCHEDULE_SUFFIX)) return readScheduleFile(given);
  if (!isFile && given !== 'latest') {
    if (given.includes(':') || /^s\d+\./.test(given)) return parseReplay(given);
    const { latestDump } = await import('../run/results.ts');
    throw fail('REPLAY_NOTHING', { what: given, newest: latestDump(results) });
  }
  const dump = await openDump(given, results);
  dump.close();
  const { file, head } = dump;
  const { replayOf } = await import('../run/again.ts');
  const replayable = replayOf(
    head.replay,
    VERDICTS.find((name) => name === head.verdict) ?? 'pass',
  );
  if (replayable === undefined) throw fail('NOT_CONTROLLED', { file, again: head.replay });
  return replayable;
}

/** Who decides in a replay: the schedule. */
export function controlOfReplay({ seed, steps, releases = false }: Replayable): ControlSpec {
  return { strategy: 'replay', seed, depth: 0, preemptions: -1, steps, releases };
}
