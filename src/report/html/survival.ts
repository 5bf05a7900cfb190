/*
 * The survival curve: the share of attempts that go on so long without a failure (Kaplan and Meier, base/survival.ts), and its
 * band of 95%.
 *
 * Drawn as SVG of two parts: the curve stretches with the page, its labels do not, so that they can be read on a phone.  A
 * chart library (uPlot, 51 KB) would add a cursor to a hundred numbers; the table below the curve has them.
 */

import type { Statistics } from '../../run/tally.ts';
import { html, type Markup } from './markup.ts';
import { niceStep } from './timeline.ts';
import { count, isNumber, NOTHING, share } from './words.ts';

type Point = Statistics['survival'][number];

/** Steps that are worth a curve. */
const STEPS_MIN = 3;
const ROWS_MAX = 100;
const TICKS = 4;
const SIDE = 1000;

/** @param unit trials, schedules */
export function survivalOf(
  points: Statistics['survival'] | undefined,
  unit: string,
): Markup | undefined {
  const steps = (points ?? []).filter(([length, left]) => isNumber(length) && isNumber(left));
  const longest = steps.at(-1)?.[0] ?? 0;
  if (steps.length < STEPS_MIN || longest <= 0) return undefined;
  const step = niceStep(longest / TICKS, 1);
  const ticks = Array.from({ length: Math.floor(longest / step) + 1 }, (_, i) => i * step);
  const x = (length: number): number => Math.round((length / longest) * SIDE);
  const last = steps.at(-1)!;
  const said = `Share of attempts without a failure, from 100% at the start down to ${share(last[1])} after ${count(last[0])} ${unit}`;
  return html`<figure class="curve">
    <figcaption>Without a failure after so many ${unit}</figcaption>
    <div class="plot">
      <div class="y" aria-hidden="true"><span>100%</span><span>50%</span><span>0%</span></div>
      <svg viewBox="0 0 ${SIDE} ${SIDE}" preserveAspectRatio="none" role="img" aria-label="${said}">
        ${[0, 250, 500, 750, SIDE].map((at) => html`<path class="grid" d="M0,${at}H${SIDE}" />`)}
        <path class="band" d="${bandPath(steps, x)}" />
        <path class="line" d="${stepPath(steps, x, ([, left]) => left)}" />
      </svg>
      <svg class="x" height="16" aria-hidden="true">
        ${ticks.map((at, i) => html`<text x="${x(at) / 10}%" y="12" text-anchor="${i === 0 ? 'start' : x(at) > 930 ? 'end' : 'middle'}">${count(at)}</text>`)}
      </svg>
    </div>
    <details>
      <summary>As a table</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="Survival, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col" class="n">${unit}</th>
              <th scope="col" class="n">without failure</th>
              <th scope="col" class="n">95% low</th>
              <th scope="col" class="n">high</th>
            </tr>
          </thead>
          <tbody>
            ${steps.slice(0, ROWS_MAX).map(
              ([length, left, low, high]) =>
                html`<tr>
                  <th scope="row" class="n">${count(length)}</th>
                  <td class="n">${share(left)}</td>
                  <td class="n">${low === null ? NOTHING : share(low)}</td>
                  <td class="n">${high === null ? NOTHING : share(high)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`;
}

/** Down at each step, level between. */
function stepPath(
  steps: readonly Point[],
  x: (length: number) => number,
  value: (point: Point) => number,
): string {
  return `M0,0${steps.map((point) => `H${x(point[0])}V${y(value(point))}`).join('')}`;
}

/** There along the high ends, and back along the low ones; where there is no interval, along the curve. */
function bandPath(steps: readonly Point[], x: (length: number) => number): string {
  const there = stepPath(steps, x, ([, left, , high]) => high ?? left);
  const low = ([, left, least]: Point): number => y(least ?? left);
  const back = steps.toReversed().map((point, i, all) => {
    const before = all[i + 1];
    return `H${x(point[0])}V${before === undefined ? 0 : low(before)}`;
  });
  return `${there}V${low(steps.at(-1)!)}${back.join('')}H0Z`;
}

function y(share: number): number {
  return Math.round((1 - share) * SIDE);
}
