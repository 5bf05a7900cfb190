/*
 * The lanes, drawn: a lane a thread, a bar for what it held and what it waited for, a tick for a moment.
 *
 * A bar's place and length are shares of the width (x="12.5%"), so one drawing fits a phone, a desk and a page of paper,
 * and its letters keep their size; nothing is computed in the browser.  A canvas would need a script to
 * be seen at all, and could not be searched, copied or printed sharp.
 *
 * Bars that overlap lie below each other.  A bar that is shorter than its name has it beside itself, and keeps
 * the place free.
 */

import type { DumpThread, Part } from '../../dump/format.ts';
import { milliseconds } from '../../dump/cycle.ts';
import { html, type Markup } from './markup.ts';
import type { Lane, Lanes, Moment, Span } from './lanes.ts';
import { count, counted, cut, name } from './words.ts';

const ROW = 20;
const BAR = 16;
const ROWS_MAX = 8;
const LABEL_MAX = 34;
/** Of the width that a letter takes, in percent, on a screen of middling width. */
const LETTER = 0.95;
const TICKS = 4;

export function timelineOf(lanes: Lanes | undefined): Markup | undefined {
  if (lanes === undefined) return undefined;
  const scale = scaleOf(lanes);
  return html`<div class="lanes">
      <div class="lane axis" aria-hidden="true">
        <span class="who"></span
        ><svg height="18">
          ${scale.ticks.map(({ x, label, anchor }) => html`<text x="${pc(x)}" y="12" text-anchor="${anchor}">${label}</text>`)}
        </svg>
      </div>
      ${lanes.lanes.map((lane) => laneOf(lane, scale))}
    </div>
    <p class="legend">
      <span class="key hold"></span> held <span class="key wait"></span> waited for
      <span class="key moment"></span> a moment: signal, remark,
      exit${
        lanes.others > 0
          ? html` · ${counted(lanes.others, 'thread')} with nothing to show left out`
          : undefined
      }
    </p>`;
}

interface Tick {
  readonly x: number;
  readonly label: string;
  readonly anchor: 'start' | 'middle' | 'end';
}

interface Scale {
  readonly unit: Lanes['unit'];
  readonly x: (at: number) => number;
  readonly ticks: readonly Tick[];
}

function scaleOf({ unit, from, to }: Lanes): Scale {
  const range = to - from || 1;
  const x = (at: number): number => ((at - from) / range) * 100;
  const step = niceStep(range / TICKS, unit === 'choice' ? 1 : 0);
  const ticks: Tick[] = [];
  for (let at = Math.ceil(from / step) * step; at < to - step * 0.4; at += step) {
    const label = unit === 'ms' ? `−${milliseconds(-at)}` : count(Math.round(at));
    ticks.push({ x: x(at), label, anchor: x(at) < 4 ? 'start' : 'middle' });
  }
  ticks.push({ x: 100, label: unit === 'ms' ? 'stopped' : `choice ${count(to)}`, anchor: 'end' });
  return { unit, x, ticks };
}

/** 1, 2 or 5 times a power of ten, no less than asked for. */
export function niceStep(least: number, smallest: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((n) => n * power).find((each) => each >= least * 0.999)!;
  return Math.max(step, smallest);
}

function laneOf({ thread, spans, moments }: Lane, scale: Scale): Markup {
  const placed = packed(spans, scale);
  const rows = Math.min(ROWS_MAX, Math.max(1, ...placed.map(({ row }) => row + 1)));
  const shown = placed.filter(({ row }) => row < ROWS_MAX);
  const hidden = placed.length - shown.length;
  return html`<div class="lane ${thread.part}">
    <span class="who"
      >${name(thread.name)}
      <small>${partName(thread)}${hidden > 0 ? `, ${hidden} more` : ''}</small></span
    >
    <svg
      height="${rows * ROW}"
      role="img"
      aria-label="${`${cut(thread.name)}: ${sentence(spans, scale)}`}"
    >
      ${scale.ticks.map(({ x }) => html`<line class="grid" x1="${pc(x)}" x2="${pc(x)}" y1="0" y2="100%" />`)}${moments.map((moment) => momentOf(moment, scale))}${shown.map((each) => barOf(each, scale))}
    </svg>
  </div> `;
}

/** What a thread has to do with it.  One that waits for nobody is in no cycle: it panicked, or goes round and round. */
export function partName({ part, wants }: Pick<DumpThread, 'part' | 'wants'>): string {
  const names: Readonly<Record<Part, string>> = {
    cycle: wants === null ? 'where it failed' : 'in the cycle',
    victim: 'behind it',
    running: 'running',
    gone: 'gone',
    waiting: 'waiting',
  };
  return names[part];
}

interface Placed {
  readonly span: Span;
  readonly row: number;
  readonly label: string;
  /** where the name is: in the bar, or before or behind it */
  readonly side: 'in' | 'before' | 'behind';
}

/** Each span in the first row that has room for it and its name; what was waited for at the end comes first. */
function packed(spans: readonly Span[], { x }: Scale): Placed[] {
  const rows: (readonly [number, number])[][] = [];
  const order = spans.toSorted((a, b) => rank(a) - rank(b) || a.from - b.from);
  return order.map((span) => {
    const [from, to] = [x(span.from), x(span.to)];
    const label = cut(span.label, LABEL_MAX);
    const letters = (label.length + 1) * LETTER;
    const side = to - from >= letters ? 'in' : from >= letters ? 'before' : 'behind';
    const taken = [
      side === 'before' ? from - letters : from,
      side === 'behind' ? to + letters : to,
    ] as const;
    let row = rows.findIndex((used) => used.every(([a, b]) => taken[0] >= b || taken[1] <= a));
    if (row < 0) row = rows.push([]) - 1;
    rows[row]!.push(taken);
    return { span, row, label, side };
  });
}

function rank({ kind, isOpen }: Span): number {
  if (!isOpen) return 2;
  return kind === 'wait' ? 0 : 1;
}

function barOf({ span, row, label, side }: Placed, { x, unit }: Scale): Markup {
  const [from, to] = [x(span.from), x(span.to)];
  const y = row * ROW + 2;
  const width = Math.max(to - from, 0.3);
  const start = Math.min(from, 100 - width);
  const bar = html`<svg x="${pc(start)}" y="${y}" width="${pc(width)}" height="${BAR}">
    <rect class="${span.kind}${span.isOpen ? ' open' : ''}" width="100%" height="${BAR}" rx="2" />
    ${side === 'in' ? html`<text class="${span.kind}" x="5" y="12">${label}</text>` : undefined}
  </svg>`;
  const beside =
    side === 'in'
      ? undefined
      : html`<text
          class="beside"
          x="${pc(side === 'before' ? start : start + width)}"
          dx="${side === 'before' ? -4 : 4}"
          y="${y + 12}"
          text-anchor="${side === 'before' ? 'end' : 'start'}"
          >${label}</text
        >`;
  return html`<g><title>${told(span, unit)}</title>${bar}${beside}</g>`;
}

function momentOf({ at, label }: Moment, { x }: Scale): Markup {
  return html`<g
    ><title>${cut(label)}</title
    ><line class="moment" x1="${pc(x(at))}" x2="${pc(x(at))}" y1="0" y2="100%"
  /></g>`;
}

function told({ kind, label, from, to, isOpen }: Span, unit: Lanes['unit']): string {
  const length = unit === 'ms' ? milliseconds(to - from) : counted(to - from, 'choice');
  const verb = kind === 'hold' ? (isOpen ? 'holds' : 'held') : isOpen ? 'waits for' : 'waited for';
  return `${verb} ${cut(label)}, ${length}`;
}

function sentence(spans: readonly Span[], { unit }: Scale): string {
  const open = spans.filter(({ isOpen }) => isOpen).map((span) => told(span, unit));
  return open.length === 0 ? 'nothing held or wanted at the end' : open.join('; ');
}

function pc(share: number): string {
  return `${Number(share.toFixed(2))}%`;
}
