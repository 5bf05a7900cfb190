/*
 * The report of a run as one HTML file: for people who were not there.
 *
 *     html/markup.ts                          escapes: the one place
 *     html/page.ts style.ts script.ts         the document, its looks, its few buttons
 *     html/verdicts.ts campaign.ts            the table at the top; a section a campaign
 *     html/survival.ts                        a curve
 *     html/failure.ts                         a failure, from its dump:
 *     html/graph.ts lanes.ts timeline.ts        who waits for whom; what they had, and when
 *     html/schedule.ts stacks.ts locks.ts       choices; frames with their source; contention
 *
 * It is made of the results alone (model.ts, and the dumps that the journal names), can be sent to anybody, and fetches
 * nothing.  All drawings are made here and now: a reader needs no script, and what is searched for is found.
 *
 * To look into a dump's image takes a debugger, which a report may not import; who has one hands it over (Means.lookInto,
 * which is insideOf() of mdb/inside.ts).
 */

import { growthLine } from '../run/growth.ts';
import { isNumber, name, count, counted, cut, said } from './html/words.ts';
import { campaignOf } from './html/campaign.ts';
import type { Means } from './html/failure.ts';
import { html, type Markup } from './html/markup.ts';
import { documentOf } from './html/page.ts';
import { conclusionOf, leadOf, verdictsOf } from './html/verdicts.ts';
import type { Header, RunModel } from './model.ts';

/** The report, a whole document.  Dumps that cannot be read cost their own section, and nothing else. */
export async function renderHtml(model: RunModel, means: Means = {}): Promise<string> {
  const { campaigns, directory, id, isDone } = model;
  const ids = campaigns.map((_, i) => `c${i + 1}`);
  const sections: Markup[] = [];
  for (const [i, campaign] of campaigns.entries())
    sections.push(await campaignOf(campaign, directory, ids[i]!, means));
  const came = conclusionOf(campaigns, isDone);
  const conclusion = model.growth.length === 0 ? came : `${came}; something grew`;
  return documentOf({
    title: `${conclusion} – gridlock ${cut(said(id))}`,
    header: html`<span class="mark">gridlock</span>
      <h1>${conclusion}</h1>
      ${leadOf(campaigns, ids)}
      <p class="facts">${factsOf(model)}</p>`,
    main: html`<section aria-labelledby="verdicts">
        <h2 class="hidden" id="verdicts">Verdicts</h2>
        ${model.growth.map((each) => html`<p class="message">${growthLine(each)}</p>`)}
        ${campaigns.length === 0 ? html`<p>The journal has no trial.</p>` : verdictsOf(campaigns, ids)}
      </section>
      ${sections}`,
    footer: html`<p>
      Made of the journal and the dumps of this run, and of nothing else. 95% is Clopper and
      Pearson's interval; median, p90 and curves are Kaplan and Meier's.
    </p>`,
  });
}

function factsOf({ id, header, isDone, isCut, exit }: RunModel): Markup {
  const ended = isDone
    ? isNumber(exit)
      ? `exit code ${exit}`
      : 'done'
    : `cut off${isCut ? ' in the middle of a record' : ''}, or still running`;
  const facts = [
    ...(id === '' ? [] : [html`run ${name(id)}`]),
    html`${ended}`,
    ...machineOf(header),
  ];
  return html`${facts.map((fact) => html`<span>${fact}</span>`)}`;
}

function machineOf(header: Header | null): Markup[] {
  if (header === null) return [];
  const { gridlock, node, os, cpus, seed, shard } = header;
  return [
    html`gridlock ${name(gridlock)}`,
    html`Node ${name(node)}`,
    html`${name(os)}`,
    html`${isNumber(cpus) ? counted(cpus, 'CPU') : count(cpus)}`,
    html`seed ${name(seed)}`,
    ...(shard === null || shard === undefined ? [] : [html`shard ${name(shard)}`]),
  ];
}
