/*
 * Durations, as people write them: 200ms, 60s, 1.5h, 4h30m.  Inside, always milliseconds.
 *
 * A unit is required.  `--duration 60` has meant seconds to one tool and milliseconds to the next, and
 * a soak job that ends after 60 ms passes; so a bare number is refused, with what to write instead.
 *
 * The grammar: one or more of NUMBER UNIT, larger units first, each at most once, nothing between
 * them.  Only the last number may have a fraction: 1.5h30m is a slip, not a time.
 *
 * The longest is what a timer of Node can wait for, 2^31 - 1 ms, which is 24 days and 20 hours.  A
 * timer set for longer fires at once, so the limit is enforced here rather than found out there.
 *
 * Two ways back.  formatDuration() is for reading and rounds, as formatNs() does for what a millisecond is too coarse
 * for; exactDuration() is for pasting, and parses to the same number of milliseconds.
 */

import { fail } from './fail.ts';

export const DURATION_MS_MAX = 2 ** 31 - 1;

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
type Unit = keyof typeof UNIT_MS;

/** '1.5h' → 5400000.  `where` is the option or setting that holds the text, for the error. */
export function parseDuration(text: string, where?: string): number {
  const reason = /^\d+(\.\d+)?$/.test(text) ? `has no unit, write ${text}s` : faultOf(text);
  if (reason !== undefined) throw fail('DURATION_SYNTAX', { text, reason, where });
  const sum = partsOf(text).reduce((ms, part) => ms + Number(part.number) * UNIT_MS[part.unit], 0);
  const ms = Math.round(sum * 1000) / 1000; //  1.1h is not 3960000.0000000005 ms
  if (ms > DURATION_MS_MAX) {
    const longest = `is longer than a timer can wait, ${exactDuration(DURATION_MS_MAX)}`;
    throw fail('DURATION_SYNTAX', { text, reason: longest, where });
  }
  return ms;
}

interface Part {
  readonly number: string;
  readonly unit: Unit;
}

function faultOf(text: string): string | undefined {
  if (!/^(\d+(\.\d+)?[a-zµ]+)+$/i.test(text)) return 'is not a duration';
  const units = [...text.matchAll(/[a-zµ]+/gi)].map(([unit]) => unit);
  const foreign = units.find((unit) => !Object.hasOwn(UNIT_MS, unit));
  if (foreign !== undefined) return `has the unit ${foreign}, which is not one`;
  const parts = partsOf(text);
  for (const [i, { number, unit }] of parts.entries()) {
    const next = parts[i + 1];
    if (next === undefined) break;
    if (next.unit === unit) return `names ${unit} twice`;
    if (UNIT_MS[next.unit] > UNIT_MS[unit]) return `names ${unit} before ${next.unit}`;
    if (number.includes('.')) return `goes on after a fraction, ${number}${unit}`;
  }
  return undefined;
}

function partsOf(text: string): Part[] {
  const parts = text.matchAll(/([\d.]+)([a-z]+)/g);
  return [...parts].map(([, number = '', unit = '']) => ({ number, unit: unit as Unit }));
}

/** For reading: '0.45ms', '340ms', '1.2s', '2m5s', '4h30m'. Days are written as hours. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 10) return `${Math.round(Number(ms.toPrecision(2)) * 1000) / 1000}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${Math.round(ms / 100) / 10}s`;
  return spell(Math.round(ms / 1000) * 1000, ['h', 'm', 's']);
}

/** For reading, from nanoseconds: '110ns', '2.1us', '35us', then as formatDuration(). */
export function formatNs(ns: number): string {
  if (!Number.isFinite(ns)) return '-';
  if (Math.abs(ns) < 999.5) return `${Math.round(ns)}ns`;
  const us = ns / 1000;
  if (Math.abs(us) < 9.95) return `${Math.round(us * 10) / 10}us`;
  return Math.abs(us) < 999.5 ? `${Math.round(us)}us` : formatDuration(us / 1000);
}

/** For pasting: whole milliseconds, nothing lost.  '4h30m', '1m30s500ms'. */
export function exactDuration(ms: number): string {
  return spell(Math.round(ms), ['h', 'm', 's', 'ms']);
}

function spell(ms: number, units: readonly Unit[]): string {
  let rest = ms;
  let text = '';
  for (const unit of units) {
    const count = Math.floor(rest / UNIT_MS[unit]);
    rest -= count * UNIT_MS[unit];
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? `0${units.at(-1)}` : text;
}
