/*
 * A schedule in a file, NAME.sched: what a token says, for those who keep it, read it or change it by hand.
 *
 *     { "format": "gridlock-schedule", "version": 1,
 *       "workload": "dtrace-deadlock", "variant": "wstub", "params": { "rounds": "1" },
 *       "seed": 24301, "steps": 5000,
 *       "verdict": "deadlock", "message": "…",
 *       "threads": ["ferry/0", "ferry/1"],
 *       "runs": [[0, 1], [1, 3], [0, 2]],                    a thread, by its place, and for how many choices
 *       "token": "dtrace-deadlock:wstub:rounds.1:0x5eed:5000:deadlock:s1.…" }
 *
 * The fields are what counts.  The token is there to be pasted; where it says something else than the fields do, the
 * file is refused, since nobody could tell which of the two was meant.  Who changes the runs takes the token out.
 *
 * One is written beside the dump of each distinct failure; also where there is no dump, as of a check() that failed.
 */

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { writeWhole } from '../base/disk.ts';
import { fail } from '../base/fail.ts';
import { VERDICTS } from '../base/verdict.ts';
import { formatReplay, STEPS_MAX, type Replayable } from '../sched/token.ts';
import { portable } from './again.ts';

export const SCHEDULE_SUFFIX = '.sched';
const FORMAT = 'gridlock-schedule';
const VERSION = 1;
const CHOICES_MAX = 1 << 24;

/** A failure of a controlled run. */
export interface KeptSchedule extends Replayable {
  readonly message: string;
  /** by their place in the roster */
  readonly threads: readonly string[];
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));
const shape = v.object({
  workload: v.string(),
  variant: v.string(),
  params: v.record(v.string(), v.string()),
  seed: count,
  steps: v.pipe(count, v.minValue(1), v.maxValue(STEPS_MAX)),
  releases: v.optional(v.boolean()),
  verdict: v.picklist(VERDICTS),
  message: v.string(),
  threads: v.array(v.string()),
  runs: v.array(v.tuple([count, v.pipe(count, v.minValue(1))])),
  token: v.optional(v.string()),
});

/** @throws Fail RESULTS_UNWRITABLE */
export function writeScheduleFile(file: string, kept: KeptSchedule): void {
  const { variant, seed, steps, releases, verdict, message, threads, schedule } = kept;
  const workload = portable(kept.workload);
  const params = Object.fromEntries(kept.params);
  const head = { format: FORMAT, version: VERSION, workload, variant, params, seed, steps };
  const more = releases === true ? { releases } : {};
  const text = JSON.stringify({ ...head, ...more, verdict, message, threads }, null, 2).replace(
    /\n\}$/,
    '',
  );
  // All runs in a line: a number a line would be read by nobody.
  const runs = JSON.stringify(schedule.map(({ thread, choices }) => [thread, choices]));
  const token = JSON.stringify(formatReplay({ ...kept, workload }));
  try {
    writeWhole(file, [Buffer.from(`${text},\n  "runs": ${runs},\n  "token": ${token}\n}\n`)]);
  } catch (error) {
    const reason = (error as Error).message;
    throw fail('RESULTS_UNWRITABLE', { directory: file, reason }, { cause: error });
  }
}

/** @throws Fail SCHEDULE_UNREADABLE */
export function readScheduleFile(file: string): KeptSchedule {
  const wrong = (what: string): Error => fail('SCHEDULE_UNREADABLE', { file, what });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { format, version } = (json ?? {}) as { format?: unknown; version?: unknown };
  if (format !== FORMAT) throw wrong(`its format is not ${FORMAT}`);
  if (version !== VERSION) {
    throw wrong(`its version is ${JSON.stringify(version)}, and this gridlock reads ${VERSION}`);
  }
  const checked = v.safeParse(shape, json);
  if (!checked.success) {
    const [issue] = checked.issues;
    throw wrong(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  const { params, runs, token, ...rest } = checked.output;
  if (runs.reduce((sum, [, choices]) => sum + choices, 0) > CHOICES_MAX) {
    throw wrong(`it has more than ${CHOICES_MAX} choices`);
  }
  const schedule = runs.map(([thread, choices]) => ({ thread, choices }));
  const kept = { ...rest, params: new Map(Object.entries(params)), schedule };
  if (token !== undefined && token !== formatReplay(kept)) {
    throw wrong(
      'its token says something else than its fields; take the token out if they are meant',
    );
  }
  return kept;
}
