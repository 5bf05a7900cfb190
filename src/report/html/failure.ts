/*
 * One failure, looked into: what it came to and why, the waits drawn, what each thread did around it, the schedule, the
 * stacks, the locks, and how to have it again.
 *
 * A dump that is missing or damaged costs its own section and nothing else; what the journal says stands above it.  A journal
 * may come from anywhere, so the name of a dump in it is followed within the results directory only.
 */

import { Fail } from '../../base/fail.ts';
import { shellWord } from '../../base/text.ts';
import type { Inside } from '../../dump/inside.ts';
import { DumpFile } from '../../dump/read.ts';
import type { TrialRecord } from '../../run/campaign-records.ts';
import { within } from '../within.ts';
import { graphOf, type Draw } from './graph.ts';
import { lanesOf } from './lanes.ts';
import { locksOf } from './locks.ts';
import { html, lines, type Markup, type Piece } from './markup.ts';
import { scheduleOf } from './schedule.ts';
import { stacksOf } from './stacks.ts';
import { timelineOf } from './timeline.ts';
import { count, name, said, seconds } from './words.ts';

export interface Means {
  /** what the image of a dump says; without it the page has neither schedules nor what went before */
  readonly lookInto?: ((file: DumpFile) => Promise<Inside>) | undefined;
  /** draws a graph; Graphviz, unless said otherwise */
  readonly draw?: Draw | undefined;
}

const BLIND: Inside = { course: undefined, events: [] };

/** The section of a failure.  @param id of its heading, and before those in it */
export async function failureOf(
  trial: TrialRecord,
  directory: string,
  id: string,
  { lookInto, draw }: Means,
): Promise<Markup> {
  const { verdict, index, message, because, replay, dump } = trial;
  const { exact } = trial as Partial<TrialRecord>; //  nobody checked the journal
  const reasons = Array.isArray(because) ? because.map(said).filter((text) => text !== '') : [];
  return html`<section class="failure" aria-labelledby="${id}">
    <h3 id="${id}">
      <span class="verdict">${said(verdict)}</span>
      <small>trial ${count(index)}, after ${seconds(trial.seconds)}</small>
    </h3>
    <p class="message">${lines(said(message))}</p>
    ${
      reasons.length === 0
        ? undefined
        : html`<ul class="because">
            ${reasons.map((text) => html`<li>${text}</li>`)}
          </ul>`
    }
    ${exact === false ? html`<p class="note">Found by a timeout: not proven by two looks that agree.</p>` : undefined}
    ${dump === null || dump === undefined ? noDump(trial) : await dumped(said(dump), directory, id, lookInto, draw)}
    ${again(replay, dump, id)}
  </section> `;
}

function noDump({ dump_error: error }: TrialRecord): Markup {
  return html`<p class="note">
    ${error === null || error === undefined ? 'No dump was kept of this one.' : `There is no dump: ${said(error)}`}
  </p>`;
}

async function dumped(
  dump: string,
  directory: string,
  id: string,
  lookInto: Means['lookInto'],
  draw: Draw | undefined,
): Promise<Markup> {
  const path = within(directory, dump);
  if (path === undefined)
    return html`<p class="note">
      The journal names a dump outside the results directory: ${name(dump)}.
    </p>`;
  try {
    const file = await DumpFile.open(path);
    try {
      return await looked(file, id, lookInto, draw);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof Fail)) throw error;
    // Where it lies on this machine is nobody's business.
    return html`<p class="note">
      The dump could not be read: ${error.message.replaceAll(path, dump)}
    </p>`;
  }
}

async function looked(
  file: DumpFile,
  id: string,
  lookInto: Means['lookInto'],
  draw: Draw | undefined,
): Promise<Markup> {
  const { head } = file;
  const [threads, locks, texts, inside] = await Promise.all([
    file.threads(),
    file.locks(),
    file.sources(),
    lookInto === undefined ? BLIND : lookInto(file),
  ]);
  const sources = new Map([...texts].map(([path, text]) => [path, text.split(/\r?\n/)]));
  const timeline = timelineOf(lanesOf({ head, threads }, inside));
  const order = [...threads].toSorted(
    (a, b) => placeOf(head.cycle, a.id) - placeOf(head.cycle, b.id),
  );
  return html`${part(`${id}-waits`, 'Waits', await graphOf({ head, threads }, `${id}-graph`, draw))}
  ${part(`${id}-time`, inside.course === undefined ? 'The last moments' : 'The last choices', timeline)}
  ${part(`${id}-schedule`, 'Schedule', inside.course && scheduleOf(inside.course))}
  ${part(`${id}-stacks`, 'Stacks', stacksOf(order, sources))}
  ${part(`${id}-locks`, 'Locks', locksOf(locks, threads))}`;
}

function part(id: string, title: string, body: Piece): Markup | undefined {
  if (body === undefined) return undefined;
  return html`<section aria-labelledby="${id}">
    <h4 id="${id}">${title}</h4>
    ${body}
  </section>`;
}

function again(replay: unknown, dump: unknown, id: string): Markup {
  const look = said(dump);
  const commands = [
    said(replay),
    ...(look === ''
      ? []
      : [`gridlock analyze ${shellWord(look)}`, `gridlock mdb ${shellWord(look)}`]),
  ].filter((text) => text !== '');
  if (commands.length === 0) return html``;
  return html`<section aria-labelledby="${id}-again">
    <h4 id="${id}-again">Again</h4>
    ${commands.map(
      (text) => html`<div class="copyable"><pre>${lines(text)}</pre></div> `,
    )}${look === '' ? undefined : html`<p class="note">The dump is named from the results directory.</p>`}
  </section>`;
}

function placeOf(cycle: readonly number[], id: number): number {
  const place = cycle.indexOf(id);
  return place < 0 ? cycle.length : place;
}
