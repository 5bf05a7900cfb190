/*
 * The top: one sentence, the failure that is to be read first, and the table, a row a campaign: what it came to and how often.
 */

import type { CampaignModel } from '../model.ts';
import { html, type Markup } from './markup.ts';
import {
  count,
  counted,
  cut,
  entriesOf,
  interval,
  name,
  NOTHING,
  said,
  seconds,
  share,
} from './words.ts';

/** @param ids of the campaigns' sections, in their order */
export function verdictsOf(campaigns: readonly CampaignModel[], ids: readonly string[]): Markup {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Verdicts">
    <table class="verdicts">
      <thead>
        <tr>
          <th scope="col">workload</th>
          <th scope="col">variant</th>
          <th scope="col">grade</th>
          <th scope="col">came to</th>
          <th scope="col">declared</th>
          <th scope="col">strategy</th>
          <th scope="col" class="n">trials</th>
          <th scope="col" class="n">failed</th>
          <th scope="col" class="n">95%</th>
          <th scope="col" class="n">median</th>
          <th scope="col" class="n">p90</th>
          <th scope="col" class="n">distinct</th>
        </tr>
      </thead>
      <tbody>
        ${campaigns.map((campaign, i) => row(campaign, ids[i]!))}
      </tbody>
    </table>
  </div>`;
}

function row(campaign: CampaignModel, id: string): Markup {
  const { workload, variant, strategy, declared, grade, trials, verdicts, statistics } = campaign;
  const { configuration } = campaign;
  const { rate, time_to_failure_s: lengths, failures } = statistics as Partial<typeof statistics>;
  const time = isDrawn(strategy) ? lengths : null;
  const range = rate === undefined || !isDrawn(strategy) ? NOTHING : interval(rate);
  return html`<tr>
    <th scope="row"><a href="#${id}">${name(workload)}</a></th>
    <td>${name(variant)}${configuredAs(configuration)}</td>
    <td>${gradeOf(grade)}</td>
    <td class="text" data-is="came to">${cameTo(verdicts)}</td>
    <td data-is="declared">${declared === null ? NOTHING : name(declared)}</td>
    <td data-is="strategy">${name(strategy)}</td>
    <td class="n" data-is="trials">${count(trials)}</td>
    <td class="n" data-is="failed">${rate === undefined ? NOTHING : share(rate.value)}</td>
    <td class="n" data-is="95%">${range}</td>
    <td class="n" data-is="median">${seconds(time?.median)}</td>
    <td class="n" data-is="p90">${seconds(time?.p90)}</td>
    <td class="n" data-is="distinct">${count(failures?.length ?? NaN)}</td>
  </tr> `;
}

/** Of a matrix: which of its configurations. */
export function configuredAs(configuration: string | null): Markup | undefined {
  return configuration === null ? undefined : html` <small>${name(configuration)}</small>`;
}

const NOT_DRAWN: ReadonlySet<string> = new Set(['dfs', 'replay']);

/** Whether trials are drawn by chance, so that their rate says something of the next ones. */
export function isDrawn(strategy: string): boolean {
  return !NOT_DRAWN.has(strategy);
}

/** `deadlock ×18, pass ×2`. */
export function cameTo(verdicts: unknown): Markup {
  const counts = entriesOf(verdicts);
  const [only] = counts;
  if (only !== undefined && counts.length === 1) return name(only[0]);
  return html`${counts.map(([verdict, n], i) => html`${i === 0 ? '' : ', '}${name(verdict)}&nbsp;×${count(n)}`)}`;
}

/** Failures of a campaign that are looked into; the others have a row. */
export const LOOKED_MAX = 8;
/** Letters of a message where it is one of many things. */
export const MESSAGE_MAX = 240;
const TITLE_MAX = 40;
const GRADES: ReadonlySet<string> = new Set(['expected', 'interesting', 'forbidden']);

/** A grade as a word in its colour. */
export function gradeOf(grade: unknown): Markup {
  const text = said(grade);
  if (text === '') return html`<span class="grade">cut off</span>`;
  return html`<span class="grade ${GRADES.has(text) ? text : ''}">${text}</span>`;
}

/** The sentence at the top. */
export function conclusionOf(campaigns: readonly CampaignModel[], isDone: boolean): string {
  const [first] = campaigns;
  if (first === undefined) return isDone ? 'Nothing ran' : 'No trial came to its end';
  const forbidden = campaigns.filter(({ grade }) => grade === 'forbidden').length;
  const open = campaigns.filter(({ grade }) => grade === null).length;
  if (forbidden === 0 && (open > 0 || !isDone)) return 'The run was cut off, or still goes on';
  if (campaigns.length === 1) return sentenceOf(first);
  const all = counted(campaigns.length, 'campaign');
  if (forbidden > 0) return `${count(forbidden)} of ${all} came to what they must not`;
  const interesting = campaigns.filter(({ grade }) => grade === 'interesting').length;
  return interesting > 0
    ? `${count(interesting)} of ${all} came to something interesting, none to what it must not`
    : `All ${all} came to what they declare`;
}

/** The failure to be read first, with where it is told: a forbidden one before others. */
export function leadOf(
  campaigns: readonly CampaignModel[],
  ids: readonly string[],
): Markup | undefined {
  const told = campaigns.flatMap(({ workload, variant, failures }, i) =>
    failures.slice(0, LOOKED_MAX).map(({ message, grade }, j) => {
      const whose =
        campaigns.length === 1 ? '' : `${cut(workload, TITLE_MAX)} ${cut(variant, TITLE_MAX)}: `;
      return {
        grade,
        text: `${whose}${cut(said(message), MESSAGE_MAX)}`,
        at: `#${ids[i]!}-f${j + 1}`,
      };
    }),
  );
  const first = told.find(({ grade }) => grade === 'forbidden') ?? told[0];
  if (first === undefined || first.text === '') return undefined;
  return html`<p class="lead">${first.text} <a href="${first.at}">Look closer</a></p>`;
}

/** `once opposite: deadlock, as declared`.  Of the verdicts the one that is not a pass, where there is one. */
function sentenceOf({ workload, variant, verdicts, declared, grade }: CampaignModel): string {
  const came = entriesOf(verdicts).map(([verdict]) => verdict);
  const told = came.find((verdict) => verdict !== 'pass') ?? came[0] ?? 'nothing';
  const what = `${cut(workload, TITLE_MAX)} ${cut(variant, TITLE_MAX)}: ${cut(told, TITLE_MAX)}`;
  if (declared === told && grade !== 'forbidden')
    return `${what}, as declared${grade === 'interesting' ? ', with interesting outcomes' : ''}`;
  return `${what}${declared === null ? '' : `, declared ${cut(declared, TITLE_MAX)}`}`;
}
