/*
 * Names and figures as the page writes them.
 *
 * Records come from a journal that nobody checked, so a figure that is none is written as a dash, and a name is cut where
 * a column ends; all of it is in its tooltip.
 */

import { percent, type Rate } from '../../base/interval.ts';
import { formatDuration } from '../../base/duration.ts';
import { html, type Markup } from './markup.ts';

const NAME_MAX = 96;
export const NOTHING = '–';

/** A name, kept apart from the direction of what is around it. */
export function name(text: unknown): Markup {
  const whole = said(text);
  const short = cut(whole);
  if (short === whole) return html`<bdi>${whole}</bdi>`;
  return html`<bdi title="${whole}">${short}</bdi>`;
}

/** Text of no known type as text. */
export function said(text: unknown): string {
  if (typeof text === 'string') return text;
  return typeof text === 'number' || typeof text === 'boolean' ? String(text) : '';
}

/** No longer than a name may be.  Cut between characters, not within one. */
export function cut(text: string, most = NAME_MAX): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

export function count(n: unknown): string {
  return isNumber(n) ? n.toLocaleString('en', { maximumFractionDigits: 1 }) : NOTHING;
}

/** `12 trials`. */
export function counted(n: number, what: string): string {
  return `${count(n)} ${what}${n === 1 ? '' : 's'}`;
}

export function seconds(n: unknown): string {
  return isNumber(n) ? formatDuration(n * 1000) : NOTHING;
}

export function share(n: unknown): string {
  return isNumber(n) ? percent(Math.min(1, Math.max(0, n))) : NOTHING;
}

/** `0.062% – 0.21%`. */
export function interval({ low, high }: Partial<Rate>): string {
  return `${share(low)} – ${share(high)}`;
}

export function isNumber(n: unknown): n is number {
  return typeof n === 'number' && Number.isFinite(n);
}

/** The entries of a record of counts, the largest first. */
export function entriesOf(counts: unknown): (readonly [string, number])[] {
  if (typeof counts !== 'object' || counts === null) return [];
  return Object.entries(counts as Record<string, unknown>)
    .filter((entry): entry is [string, number] => isNumber(entry[1]))
    .toSorted(([, a], [, b]) => b - a);
}
