/*
 * Lines over a few positions: how something scales, or how its quantiles rise.
 *
 * Positions are as far apart as they are many, whatever they are called: 1, 2, 4, 8, 16 threads then lie on a logarithmic axis,
 * and p50, p99, p99.9 where quantiles belong.  The height is linear from zero; where the largest is thirty times the
 * least it is logarithmic, and says so, for a line along the bottom tells nothing.
 *
 * Drawn as the survival curve is: what stretches with the page is one SVG, labels are text beside it, so that they can be read on a
 * phone.  Lines differ in their dashes as well as in colour.  The numbers are in the table of the question, so a picture
 * that cannot be seen hides nothing.  A chart library (uPlot, 51 KB) would add a cursor to a dozen points.
 */

import { html, type Markup } from './markup.ts';
import { niceStep } from './timeline.ts';
import { count, counted, cut, isNumber, name } from './words.ts';

export interface Line {
  readonly label: string;
  /** one for each position; null where there is none */
  readonly points: readonly (number | null)[];
}

export interface Chart {
  readonly caption: string;
  readonly unit: string;
  readonly positions: readonly string[];
  readonly lines: readonly Line[];
}

/** As many as can be told apart. */
const LINES_MAX = 8;
const LABEL_MAX = 48;
const LOGARITHMIC_FROM = 30;
const SIDE = 1000;
const DECADES_MAX = 12;
/** Of a linear height, at most. */
const STEPS = 4;

interface Scale {
  readonly isLogarithmic: boolean;
  /** from the top of the picture, of SIDE */
  readonly y: (value: number) => number;
  /** from the top down, evenly spaced */
  readonly ticks: readonly string[];
}

/** The chart; undefined where there is no line of two points. */
export function chartOf({ caption, unit, positions, lines }: Chart): Markup | undefined {
  const drawable = lines.filter(({ points }) => points.filter(isNumber).length > 1);
  const shown = drawable.slice(0, LINES_MAX);
  if (shown.length === 0) return undefined;
  const { y, ticks, isLogarithmic } = scaleOf(
    shown.flatMap(({ points }) => points),
    unit,
  );
  const x = (i: number): number => Math.round((i / Math.max(1, positions.length - 1)) * SIDE);
  const said = `${caption}: ${shown.map((line) => sentenceOf(line, positions, unit)).join('; ')}`;
  const more = drawable.length - shown.length;
  return html`<figure class="chart">
    <figcaption>${caption}${isLogarithmic ? ', logarithmic' : ''}</figcaption>
    <div class="plot">
      <div class="y" aria-hidden="true">${ticks.map((tick) => html`<span>${tick}</span>`)}</div>
      <svg viewBox="0 0 ${SIDE} ${SIDE}" preserveAspectRatio="none" role="img" aria-label="${said}">
        ${ticks.map((_, i) => html`<path class="grid" d="M0,${Math.round((i / (ticks.length - 1)) * SIDE)}H${SIDE}" />`)}
        ${shown.map(
          ({ points }, i) =>
            html`<path class="series s${i}" d="${pathOf(points, x, y)}" />
              <path class="dots s${i}" d="${dotsOf(points, x, y)}" />`,
        )}
      </svg>
      <svg class="x" height="16" aria-hidden="true">
        ${positions.map((at, i) => html`<text x="${x(i) / 10}%" y="12" text-anchor="${i === 0 ? 'start' : i === positions.length - 1 ? 'end' : 'middle'}">${cut(at, 12)}</text>`)}
      </svg>
    </div>
    <ul class="lines">
      ${shown.map(
        ({ label }, i) =>
          html`<li>
            <svg width="30" height="8" aria-hidden="true">
              <path class="series s${i}" d="M1,4H29" />
            </svg>
            ${name(cut(label, LABEL_MAX))}
          </li>`,
      )}
    </ul>
    ${more > 0 ? html`<p class="note">${counted(more, 'line')} more in the table.</p>` : undefined}
  </figure>`;
}

/** A row of values as a small line, from zero. */
export function sparkOf(values: readonly number[]): Markup | undefined {
  const drawn = values.filter(isNumber);
  if (drawn.length < 2) return undefined;
  const most = Math.max(...drawn);
  const points = drawn.map((value, i) => {
    const [x, y] = [(i / (drawn.length - 1)) * 94 + 1, 17 - (most > 0 ? value / most : 0) * 16];
    return `${x.toFixed(1)},${Math.max(1, Math.min(17, y)).toFixed(1)}`;
  });
  return html`<svg class="spark" width="96" height="18" aria-hidden="true">
    <path class="series s0" d="M${points.join('L')}" />
  </svg>`;
}

function scaleOf(points: readonly (number | null)[], unit: string): Scale {
  const values = points.filter(isNumber);
  const most = Math.max(...values);
  const least = Math.min(...values);
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const isLogarithmic = least > 0 && most / least >= LOGARITHMIC_FROM && to - from <= DECADES_MAX;
  if (isLogarithmic) {
    return {
      isLogarithmic,
      y: (value) => Math.round((1 - (Math.log10(value) - from) / (to - from)) * SIDE),
      ticks: Array.from({ length: to - from + 1 }, (_, i) => `${short(10 ** (to - i))}${unit}`),
    };
  }
  const step = most > 0 ? niceStep(most / STEPS, 0) : 1;
  const steps = Math.max(1, Math.ceil(most / step - 1e-9));
  const top = steps * step;
  return {
    isLogarithmic,
    y: (value) => Math.round((1 - Math.max(0, value) / top) * SIDE),
    ticks: Array.from({ length: steps + 1 }, (_, i) => `${short((steps - i) * step)}${unit}`),
  };
}

/** From point to point; where one is missing the line is broken. */
function pathOf(
  points: Line['points'],
  x: (i: number) => number,
  y: (value: number) => number,
): string {
  let isDown = false;
  return points
    .map((value, i) => {
      if (!isNumber(value)) {
        isDown = false;
        return '';
      }
      const command = isDown ? 'L' : 'M';
      isDown = true;
      return `${command}${x(i)},${y(value)}`;
    })
    .join('');
}

/** A dot that stays round however the picture is stretched: a line of no length with round ends. */
function dotsOf(
  points: Line['points'],
  x: (i: number) => number,
  y: (value: number) => number,
): string {
  return points.map((value, i) => (isNumber(value) ? `M${x(i)},${y(value)}h0` : '')).join('');
}

function sentenceOf({ label, points }: Line, positions: readonly string[], unit: string): string {
  const told = points.flatMap((value, i) =>
    isNumber(value) ? [`${short(value)}${unit} at ${positions[i] ?? ''}`] : [],
  );
  return `${cut(label, LABEL_MAX)} ${told.join(', ')}`;
}

function short(value: number): string {
  if (value >= 1000 || value === 0) return count(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
