/*
 * Markdown: a run as a comment on a pull request, and as the summary of a step on GitHub.
 *
 *     ### what it came to
 *     the verdict table
 *     for each failure: a heading, its message and picture in a fence, and the line that runs it again in another
 *
 * What is forbidden comes first.  Names stand in <code> or in a fence, where nothing is markup and nobody is called by
 * name.  A comment on GitHub takes 65,536 characters, so failures that do not fit are counted instead.
 */

import { counted } from '../base/counted.ts';
import { printable } from '../base/text.ts';
import { fenced, markdownCode, noCommand, shown } from './escape.ts';
import { bodyOf, findingsOf, titleOf, type Finding } from './findings.ts';
import type { CampaignModel, RunModel } from './model.ts';

const CHARACTERS_MAX = 60_000;
const ROWS_MAX = 100;
const NAMES_MAX = 60;

export async function markdownReport(model: RunModel): Promise<string> {
  const findings = (await findingsOf(model)).toSorted(
    (a, b) => Number(b.isForbidden) - Number(a.isForbidden),
  );
  let page = [...headOf(model, findings), '', ...tableOf(model.campaigns), ''].join('\n');
  for (const [i, finding] of findings.entries()) {
    const section = [...sectionOf(finding), ''].join('\n');
    if (page.length + section.length > CHARACTERS_MAX) {
      return `${page}\nAnd ${findings.length - i} more, which do not fit here.\n`;
    }
    page += `\n${section}`;
  }
  return page;
}

function headOf(model: RunModel, findings: readonly Finding[]): string[] {
  const { campaigns, header, isDone } = model;
  const forbidden = findings.filter(({ isForbidden }) => isForbidden).length;
  const interesting = campaigns.filter(({ grade }) => grade === 'interesting').length;
  const trials = campaigns.reduce((sum, each) => sum + each.trials, 0);
  const came =
    forbidden === 0
      ? `${counted(campaigns.length - interesting, 'variant')} as declared${interesting === 0 ? '' : `, ${interesting} interesting`}`
      : counted(forbidden, 'finding');
  return [
    `### gridlock: ${isDone ? came : `cut off; until then ${came}`}`,
    '',
    `${counted(trials, 'trial')}${header === null ? '' : `, seed ${markdownCode(String(header.seed))}, gridlock ${markdownCode(header.gridlock)}, node ${markdownCode(header.node)}`}`,
  ];
}

function tableOf(campaigns: readonly CampaignModel[]): string[] {
  const rest = campaigns.length - ROWS_MAX;
  return [
    '| workload | variant | strategy | declared | came to | trials | grade |',
    '|---|---|---|---|---|--:|---|',
    ...campaigns
      .slice(0, ROWS_MAX)
      .map(({ workload, variant, strategy, configuration, declared, verdicts, trials, grade }) => {
        const came = Object.entries(verdicts)
          .toSorted(([, a], [, b]) => b - a)
          .map(([verdict, n]) => `${verdict}×${n}`);
        const named = configuration === null ? variant : `${variant} (${configuration})`;
        const cells = [workload, named, strategy, declared ?? '?', came.join(', ')];
        const names = cells.map((cell) => markdownCode(shown(cell, NAMES_MAX)));
        const graded = grade === 'forbidden' ? '**forbidden**' : markdownCode(grade ?? 'cut off');
        return `| ${names.join(' | ')} | ${trials.toLocaleString('en')} | ${graded} |`;
      }),
    ...(rest > 0 ? ['', `And ${counted(rest, 'more campaign')}.`] : []),
  ];
}

function sectionOf(finding: Finding): string[] {
  const { campaign, kind, message, times, again } = finding;
  const title = markdownCode(shown(titleOf(campaign), NAMES_MAX));
  const often = times > 1 ? `, ${counted(times, 'time')}` : '';
  const body = bodyOf(finding).slice(0, -1);
  return [
    `#### ${markdownCode(kind)} in ${title}${often}${finding.isForbidden ? '' : ', as declared'}`,
    '',
    ...fenced(
      'text',
      [message, ...body]
        .map((line) => noCommand(shown(line)))
        .join('\n')
        .trimEnd()
        .split('\n'),
    ),
    '',
    ...fenced('sh', [noCommand(printable(again))]),
  ];
}
