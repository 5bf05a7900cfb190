/*
 * One campaign: its figures, its curve, its outcomes, its distinct failures, and those of them that are looked into.
 */

import { formatNs } from '../../base/duration.ts';
import { PERCENTILES, timeAt, timesCounted, type Times } from '../../run/times.ts';
import type { DistinctFailure, Statistics, ToFailure } from '../../run/tally.ts';
import type { CampaignModel } from '../model.ts';
import { failureOf, type Means } from './failure.ts';
import { bar } from './locks.ts';
import { html, type Markup } from './markup.ts';
import { survivalOf } from './survival.ts';
import { cameTo, configuredAs, gradeOf, isDrawn, LOOKED_MAX, MESSAGE_MAX } from './verdicts.ts';
import {
  count,
  counted,
  cut,
  entriesOf,
  interval,
  isNumber,
  name,
  NOTHING,
  said,
  seconds,
  share,
} from './words.ts';

const ROWS_MAX = 100;

/** @param id of its heading, and before all others in it */
export async function campaignOf(
  campaign: CampaignModel,
  directory: string,
  id: string,
  means: Means,
): Promise<Markup> {
  const { workload, variant, strategy, configuration, grade, failures } = campaign;
  const statistics = campaign.statistics as Partial<Statistics>;
  const unit = strategy === 'free' || strategy === 'noise' ? 'trials' : 'schedules';
  const looked = failures.slice(0, LOOKED_MAX);
  const sections: Markup[] = [];
  for (const [i, failure] of looked.entries())
    sections.push(await failureOf(failure, directory, `${id}-f${i + 1}`, means));
  return html`<section class="campaign" aria-labelledby="${id}">
    <h2 id="${id}">
      ${name(workload)} <span>${name(variant)}</span>${configuredAs(configuration)}
      ${gradeOf(grade)}
    </h2>
    ${figures(campaign, statistics, unit)}
    <div class="charts">
      ${survivalOf(statistics.survival, unit)}${outcomesOf(campaign.outcomes)}
    </div>
    ${distinctOf(
      statistics.failures ?? [],
      looked.map(({ signature }) => signature),
      id,
    )}
    ${sections}
  </section> `;
}

function figures(
  { trials, verdicts, declared, strategy, summary, times }: CampaignModel,
  statistics: Partial<Statistics>,
  unit: string,
): Markup {
  const {
    rate,
    time_to_failure_s: time,
    schedules_to_failure: lengths,
    coverage,
    choices,
    preemptions,
  } = statistics;
  const figure = (term: string, value: Markup | string, more?: string): Markup =>
    html`<div>
      <dt>${term}</dt>
      <dd>${value}${more === undefined ? undefined : html` <small>${more}</small>`}</dd>
    </div>`;
  return html`<dl class="figures">
    ${[
      figure(
        'came to',
        cameTo(verdicts),
        declared === null ? undefined : `declared ${said(declared)}`,
      ),
      figure(unit, count(trials), said(strategy)),
      rate !== undefined && isNumber(rate.value)
        ? figure(
            'failed',
            share(rate.value),
            isDrawn(strategy) ? `95%: ${interval(rate)}` : undefined,
          )
        : undefined,
      lengths
        ? figure(`${unit} to failure`, ...told(lengths, isDrawn(strategy), count))
        : undefined,
      time ? figure('time to failure', ...told(time, isDrawn(strategy), seconds)) : undefined,
      ...Object.entries(times).map(([metric, each]) => figure(metric, ...timed(each))),
      coverage
        ? figure(
            'interleavings',
            `${coverage.exact ? '' : 'about '}${count(coverage.distinct)}`,
            `the next is new with ${share(coverage.next_is_new)}`,
          )
        : undefined,
      isNumber(choices)
        ? figure('choices a trial', count(choices), counted(preemptions ?? NaN, 'preemption'))
        : undefined,
      summary?.exhausted === true
        ? figure('schedules left', 'none', 'every one within the bound was tried')
        : undefined,
      summary?.strayed
        ? figure(
            'strayed',
            `trial ${count(summary.strayed.trial)}`,
            'scheduled the same, it did something else: nothing is proven',
          )
        : undefined,
    ].filter((each) => each !== undefined)}
  </dl>`;
}

/** The median and what else is known; the first alone, where there is no more, or nothing was drawn by chance. */
function told(
  { n, first, median, p90 }: ToFailure,
  isByChance: boolean,
  write: (value: unknown) => string,
): [string, string] {
  if (n < 2 || !isByChance) return [write(first), 'the first'];
  return [write(median), `median; p90 ${write(p90)}, the first ${write(first)}`];
}

/** The median of a histogram, and what is above it. */
function timed(times: Times): [string, string] {
  const n = timesCounted(times);
  if (n === 0) return [NOTHING, 'none was counted'];
  const [middle, ...tail] = PERCENTILES.map((p) => [`p${p}`, timeAt(times, p / 100)] as const);
  const above = [...tail, ['max', times.max] as const];
  const more = above.map(([term, ns]) => `${term} ${formatNs(ns)}`).join(', ');
  return [formatNs(middle![1]), `${middle![0]}; ${more} of ${count(n)}`];
}

/** Outcomes as bars, the most frequent first. */
function outcomesOf(outcomes: unknown): Markup | undefined {
  const counts = entriesOf(outcomes)
    .filter(([, n]) => n > 0)
    .slice(0, ROWS_MAX);
  if (counts.length === 0) return undefined;
  const all = counts.reduce((sum, [, n]) => sum + n, 0);
  const most = counts[0]![1];
  return html`<figure class="outcomes">
    <figcaption>Outcomes</figcaption>
    <table>
      <thead>
        <tr>
          <th scope="col">outcome</th>
          <th scope="col" class="n">count</th>
          <th scope="col" class="n">share</th>
          <th scope="col"><span class="hidden">as a bar</span></th>
        </tr>
      </thead>
      <tbody>
        ${counts.map(
          ([outcome, n]) =>
            html`<tr>
              <th scope="row">${name(outcome)}</th>
              <td class="n">${count(n)}</td>
              <td class="n">${share(n / all)}</td>
              <td class="wide">${bar(n / most)}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </figure>`;
}

function distinctOf(
  failures: readonly DistinctFailure[],
  looked: readonly string[],
  id: string,
): Markup | undefined {
  if (failures.length === 0) return undefined;
  const shown = failures.slice(0, ROWS_MAX);
  return html`<section aria-labelledby="${id}-distinct">
    <h3 id="${id}-distinct">${counted(failures.length, 'distinct failure')}</h3>
    <div class="scroll" tabindex="0" role="group" aria-label="Distinct failures">
      <table>
        <thead>
          <tr>
            <th scope="col" class="n">seen</th>
            <th scope="col" class="n">first</th>
            <th scope="col">verdict</th>
            <th scope="col">message</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(({ signature, verdict, message, count: times, first }) => {
            const at = looked.indexOf(signature);
            const text = cut(said(message), MESSAGE_MAX);
            return html`<tr>
              <td class="n">${count(times)}</td>
              <td class="n">${count(first)}</td>
              <th scope="row">
                ${at < 0 ? said(verdict) : html`<a href="#${id}-f${at + 1}">${said(verdict)}</a>`}
              </th>
              <td class="text">${text === '' ? NOTHING : text}</td>
            </tr> `;
          })}
        </tbody>
      </table>
    </div>
    ${failures.length > shown.length ? html`<p class="note">${counted(failures.length - shown.length, 'more')}.</p>` : undefined}
  </section>`;
}
