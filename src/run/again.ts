/*
 * The command that runs a controlled trial again: `gridlock replay TOKEN`.
 *
 * Who orders the trial knows the program; what was chosen and what came of it is known when it is over, first to the
 * watchdog, whose dump says it too.  So the order has the command with a gap at its end, and whoever has the
 * outcome closes it:
 *
 *     gridlock replay dtrace-deadlock:wstub:rounds.1:0x5eed:5000:{…}
 *     gridlock replay dtrace-deadlock:wstub:rounds.1:0x5eed:5000:deadlock:s1.AgMBBQIB.x4k
 *
 * A path is written relative to where we are, with slashes: a token has nothing of one machine in it, unless the
 * workload lies on another drive.
 */

import { isAbsolute, relative } from 'node:path';
import type { VerdictName } from '../base/verdict.ts';
import { parseToken } from '../sched/schedule.ts';
import {
  finishReplay,
  formatProgram,
  parseReplay,
  type Program,
  type Replayable,
} from '../sched/token.ts';
import type { TrialSchedule } from './protocol.ts';

const COMMAND = 'gridlock replay ';
const GAP = ':{…}';
const BEFORE_TOKENS =
  /^gridlock run (\S+) --variant (\S+)((?: -P \S+)*) -s replay --schedule (\S+) --steps (\d+) --trial-seed (\d+)$/;

/** The command, but for what is known afterwards. */
export function againLine(program: Program): string {
  return COMMAND + formatProgram({ ...program, workload: portable(program.workload) }) + GAP;
}

/** The command of a trial that is over; a line without a gap is one already. */
export function closeAgain(
  line: string,
  verdict: VerdictName,
  schedule: TrialSchedule | null,
): string {
  if (schedule === null || !line.endsWith(GAP)) return line;
  const program = line.slice(COMMAND.length, -GAP.length);
  return COMMAND + finishReplay(program, verdict, parseToken(schedule.token));
}

/**
 * What such a command runs; undefined for one that replays nothing.
 * @param verdict what it came to, where the command does not say: dumps of the time before there were tokens
 */
export function replayOf(line: string, verdict: VerdictName): Replayable | undefined {
  if (line.startsWith(COMMAND)) return parseReplay(line.slice(COMMAND.length));
  const [, workload, variant, params, schedule, steps, seed] = BEFORE_TOKENS.exec(line) ?? [];
  if (workload === undefined || variant === undefined || schedule === undefined) return undefined;
  const pairs = [...(params ?? '').matchAll(/ -P ([^ =]+)=(\S*)/g)];
  return {
    workload,
    variant,
    params: new Map(pairs.map(([, name, value]) => [name!, value!])),
    seed: Number(seed),
    steps: Number(steps),
    verdict,
    schedule: parseToken(schedule),
  };
}

/** How a workload is named in a token. */
export function portable(given: string): string {
  if (!isAbsolute(given)) return given.replaceAll('\\', '/');
  const path = relative(process.cwd(), given).replaceAll('\\', '/');
  return path.startsWith('.') || isAbsolute(path) ? path : `./${path}`;
}
