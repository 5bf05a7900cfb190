/*
 * The schedule of a controlled failure as a table, a column a thread: dump/course.ts, in HTML.
 */

import { folded, type Course } from '../../dump/course.ts';
import { html, type Markup } from './markup.ts';
import { count, counted, name } from './words.ts';

const ROWS_MAX = 200;
const COLUMNS_MAX = 8;

export function scheduleOf(course: Course): Markup {
  const { choices, preemptions, steps, ending } = course;
  const rows = folded(steps).slice(-ROWS_MAX);
  const first = Number(rows[0]?.label ?? choices);
  const names = new Map([...rows, ...ending].map((row) => [row.thread, row.name]));
  const threads = [...names.keys()].toSorted((a, b) => a - b);
  const isWide = threads.length <= COLUMNS_MAX;
  const cells = (thread: number, text: string): Markup =>
    isWide
      ? html`${threads.map((each) => (each === thread ? html`<td>${text}</td>` : html`<td></td>`))}`
      : html`<td>${name(names.get(thread))}</td>
          <td>${text}</td>`;
  return html`<p>
      ${counted(choices, 'choice')},
      ${counted(preemptions, 'preemption')}${first > 0 ? `; ${counted(first, 'earlier one')} left out` : ''}.
    </p>
    <div class="scroll" tabindex="0" role="group" aria-label="Schedule">
      <table class="schedule">
        <thead>
          <tr>
            <th scope="col" class="n">choice</th>
            ${
              isWide
                ? threads.map((thread) => html`<th scope="col">${name(names.get(thread))}</th>`)
                : html`<th scope="col">thread</th>
                    <th scope="col">operation</th>`
            }
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ label, thread, text }) =>
              html`<tr>
                <th scope="row" class="n">${count(Number(label))}</th>
                ${cells(thread, text)}
              </tr> `,
          )}${ending.map(
            ({ thread, text }) =>
              html`<tr class="ending">
                <th scope="row" class="n">end</th>
                ${cells(thread, text)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>`;
}
