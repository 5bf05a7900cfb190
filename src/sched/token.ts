/*
 * A replay token: a schedule and its program, in one word that is enough to run the same again.
 *
 *     dtrace-deadlock:wstub:rounds.1:0x5eed:5000:deadlock:s1.AgMBBQIB.x4k
 *
 *     field            is
 *     -------------    ----------------------------------------------------------------------------
 *     workload         as it was given: a name, or a path relative to where one is
 *     variant
 *     name.value       each parameter that was given, in that order; those not given follow from the variant
 *     seed             of the trial, in hexadecimal
 *     steps            choices after which roles are told to stop; with an r behind it, to give a lock up was a choice, too
 *     verdict          what it came to, so that a replay knows whether it is one
 *     s1.runs          the schedule (schedule.ts)
 *     .sum             a checksum of all before it
 *
 * It is pasted into shells, without quotes.  So it is made of letters, digits and - . / : _ alone, which mean nothing
 * to sh, fish, PowerShell and cmd.  Any other byte, in UTF-8, is _ and two hexadecimal digits, and _ itself is __.
 * That is percent-encoding but for the percent sign, which cmd reads as the beginning of a variable; = is no
 * better, since cmd separates the arguments of a batch file there.  A dash in front would make an option of it.
 *
 * Parameters are given as text and kept as text: what they mean is for the catalog to say, here as on a command line.
 */

import { fail } from '../base/fail.ts';
import { formatSeed } from '../base/prng.ts';
import { VERDICTS, type VerdictName } from '../base/verdict.ts';
import { checksum, packRuns, unpackRuns, VERSION, type Schedule } from './schedule.ts';

/** What a schedule is a schedule of. */
export interface Program {
  /** as a command line names it */
  readonly workload: string;
  readonly variant: string;
  /** those that were given, as text */
  readonly params: ReadonlyMap<string, string>;
  readonly seed: number;
  /** choices after which roles are told to stop */
  readonly steps: number;
  /** whether to give a lock up was a choice, too */
  readonly releases?: boolean | undefined;
}

export interface Replayable extends Program {
  readonly verdict: VerdictName;
  readonly schedule: Schedule;
}

/** Fields that every token has; parameters come between the second and the third. */
const FIELDS = 6;
/** A million choices are 48 MB of image. */
export const STEPS_MAX = 1_000_000;
const SHOWN = 60;

export function formatReplay(replayable: Replayable): string {
  const { verdict, schedule } = replayable;
  return finishReplay(formatProgram(replayable), verdict, schedule);
}

/** The part of a token that is known before the trial: all up to the verdict. */
export function formatProgram(program: Program): string {
  const { workload, variant, params, seed, steps, releases } = program;
  const pairs = [...params].map(([name, value]) => {
    return `${escaped(name).replaceAll('.', '_2e')}.${escaped(value)}`;
  });
  const first = escaped(workload).replace(/^-/, '_2d');
  const points = `${steps}${releases === true ? 'r' : ''}`;
  return [first, escaped(variant), ...pairs, formatSeed(seed), points].join(':');
}

/** @param program as formatProgram() gave it */
export function finishReplay(program: string, verdict: VerdictName, schedule: Schedule): string {
  const body = `${program}:${verdict}:${VERSION}.${packRuns(schedule)}`;
  return `${body}.${checksum(body)}`;
}

/** @throws Fail REPLAY_TOKEN, SCHEDULE_ALONE */
export function parseReplay(text: string): Replayable {
  const token = text.trim();
  const wrong = (what: string): Error => fail('REPLAY_TOKEN', { token: shortened(token), what });
  const fields = token.split(':');
  const [version, runs, sum, ...more] = fields.at(-1)!.split('.');
  if (fields.length === 1 && version === VERSION) {
    throw fail('SCHEDULE_ALONE', { token: shortened(token) });
  }
  if (fields.length < FIELDS) {
    throw wrong(`it has ${fields.length} fields with a colon between them, and ${FIELDS} at least`);
  }
  if (/^s\d+$/.test(version!) && version !== VERSION) {
    throw wrong(`its schedule is of version ${version}, and this gridlock reads ${VERSION}`);
  }
  if (version !== VERSION || runs === undefined || sum === undefined || more.length > 0) {
    throw wrong(`it does not end in a schedule, ${VERSION}.….…`);
  }
  if (checksum(token.slice(0, -1 - sum.length)) !== sum) {
    throw wrong('its checksum is another, so a letter is missing or wrong');
  }
  const schedule = unpackRuns(runs);
  if (schedule === undefined) throw wrong('there is no schedule in it');
  const [seed = '', steps = '', verdict = ''] = fields.slice(-4, -1);
  if (!/^0x[0-9a-f]{1,8}$/.test(seed)) throw wrong(`${seed} is no seed`);
  const most = /^([1-9]\d{0,6})(r?)$/.exec(steps);
  if (most === null || Number(most[1]) > STEPS_MAX) throw wrong(`${steps} is no number of steps`);
  const known = VERDICTS.find((name) => name === verdict);
  if (known === undefined) throw wrong(`${verdict} is no verdict`);
  const [workload, variant, ...pairs] = fields.slice(0, -4);
  const params = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('.');
    if (at < 0) throw wrong(`${pair} is no parameter, which is a name, a dot and a value`);
    params.set(plain(pair.slice(0, at)), plain(pair.slice(at + 1)));
  }
  return {
    workload: plain(workload!),
    variant: plain(variant!),
    params,
    seed: Number(seed),
    steps: Number(most[1]),
    ...(most[2] === 'r' ? { releases: true } : {}),
    verdict: known,
    schedule,
  };
}

function escaped(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    if (char === '_') out += '__';
    else if (/[\w./-]/.test(char)) out += char;
    else out += `_${byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}

function plain(text: string): string {
  const bytes: number[] = [];
  for (const [part, hex] of text.matchAll(/_(?:_|([0-9a-f]{2}))|[^]/g)) {
    if (hex === undefined) bytes.push(...Buffer.from(part === '__' ? '_' : part, 'utf8'));
    else bytes.push(Number.parseInt(hex, 16));
  }
  return Buffer.from(bytes).toString('utf8');
}

/** Its beginning, which says which program it is of. */
function shortened(token: string): string {
  return token.length <= SHOWN ? token : `${token.slice(0, SHOWN)}…`;
}
