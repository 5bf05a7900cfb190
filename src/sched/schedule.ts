/*
 * A schedule: which thread ran at each choice.  Data, and all that it takes to run the same again.
 *
 * Threads run for a while and are switched seldom, so it is kept and written as runs: a thread and for how many
 * choices.  Written it is short enough to paste:
 *
 *     s1.AgMBBQIB.x4k        version, the runs as numbers of 7 bits a byte in base64url, a checksum
 *
 * What this does not say is the program: workload, variant, parameters and seed.  A token that has them too, and so
 * is enough to run it again, is token.ts.
 */

import { fail } from '../base/fail.ts';

/** A thread, and for how many choices in a row. */
export interface Run {
  readonly thread: number;
  readonly choices: number;
}
export type Schedule = readonly Run[];

export const VERSION = 's1';
/** Choices that a schedule has, at most: more is no schedule but a mistake. */
const CHOICES_MAX = 1 << 24;

/** From the thread of each choice. */
export function scheduleOf(threads: Iterable<number>): Schedule {
  const runs: { thread: number; choices: number }[] = [];
  for (const thread of threads) {
    const last = runs.at(-1);
    if (last?.thread === thread) last.choices++;
    else runs.push({ thread, choices: 1 });
  }
  return runs;
}

/** The thread of each choice. */
export function choicesOf(schedule: Schedule): number[] {
  return schedule.flatMap(({ thread, choices }) => Array.from({ length: choices }, () => thread));
}

/** How many choices it has. */
export function lengthOf(schedule: Schedule): number {
  return schedule.reduce((sum, { choices }) => sum + choices, 0);
}

export function formatToken(schedule: Schedule): string {
  const text = packRuns(schedule);
  return `${VERSION}.${text}.${checksum(text)}`;
}

/** @throws Fail BAD_NUMBER for what is no token, or not all of one */
export function parseToken(token: string): Schedule {
  const wrong = (what: string): Error =>
    fail('BAD_NUMBER', { where: 'replay', text: token.slice(0, 80), wanted: what });
  const [version, text = '', sum, ...rest] = token.trim().split('.');
  if (version !== VERSION || sum === undefined || rest.length > 0) {
    throw wrong('a replay token: s1.…, as a failure prints it');
  }
  if (checksum(text) !== sum) throw wrong('a whole replay token: its checksum is another');
  const runs = unpackRuns(text);
  if (runs === undefined) throw wrong('a replay token with a schedule in it');
  return runs;
}

/** The runs as text. */
export function packRuns(schedule: Schedule): string {
  const bytes: number[] = [];
  for (const { thread, choices } of schedule) {
    pushNumber(bytes, thread);
    pushNumber(bytes, choices);
  }
  return Buffer.from(bytes).toString('base64url');
}

/** @returns undefined for what packRuns() does not write */
export function unpackRuns(text: string): Schedule | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const runs: Run[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length;) {
    const [thread, behindThread] = readNumber(bytes, at);
    const [choices, behind] = readNumber(bytes, behindThread);
    total += choices;
    if (!(choices > 0 && total <= CHOICES_MAX)) return undefined;
    runs.push({ thread, choices });
    at = behind;
  }
  return runs;
}

/** Seven bits a byte, the lowest first; the high bit says that more follow. */
function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}

/** @returns the number, NaN where none is, and the place behind it */
function readNumber(bytes: Uint8Array, from: number): [number, number] {
  let value = 0;
  for (let at = from, shift = 0; at < bytes.length && shift < 28; at++, shift += 7) {
    value |= (bytes[at]! & 0x7f) << shift;
    if (bytes[at]! < 0x80) return [value, at + 1];
  }
  return [NaN, bytes.length];
}

/** Three letters of FNV-1a: a slip of the clipboard, not an attack. */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36).slice(-3).padStart(3, '0');
}
