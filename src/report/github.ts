/*
 * GitHub Actions: annotations on the lines that hold and that wait, a group with the pictures, the step's summary.
 *
 *     ::error file=…,line=…,title=…::sentence     for each place of a failure that is forbidden
 *     ::notice …                                  of one that is declared
 *     ::group::gridlock: … / ::endgroup::         the failures as text, folded
 *     $GITHUB_STEP_SUMMARY                        markdown.ts, appended
 *
 * A failure without a place (no dump, no source) is annotated without a file.  GitHub shows ten annotations of a level a
 * step and drops the rest without a word, so no more are made, and the group has all.  A summary may have a
 * mebibyte a step, far above what markdown.ts makes.
 *
 * No line of the text in the group can be a command (escape.ts).
 */

import { printable } from '../base/text.ts';
import { githubData, githubProperty, noCommand } from './escape.ts';
import { bodyOf, findingsOf, titleOf, type Finding } from './findings.ts';
import type { RunModel } from './model.ts';

const ANNOTATIONS_MAX = 10;

/** The lines for the log of the step. */
export async function githubReport(model: RunModel): Promise<string> {
  const findings = await findingsOf(model);
  const forbidden = findings.filter(({ isForbidden }) => isForbidden);
  const declared = findings.filter(({ isForbidden }) => !isForbidden);
  return [
    ...forbidden.flatMap((each) => annotations('error', each)).slice(0, ANNOTATIONS_MAX),
    ...declared.flatMap((each) => annotations('notice', each)).slice(0, ANNOTATIONS_MAX),
    ...[...forbidden, ...declared].flatMap(groupOf),
    '',
  ].join('\n');
}

function annotations(level: 'error' | 'notice', finding: Finding): string[] {
  const { campaign, kind, message, hang, again } = finding;
  const title = githubProperty(`${kind}: ${titleOf(campaign)}`);
  const places = hang?.places ?? [];
  if (places.length === 0) return [`::${level} title=${title}::${githubData(message, again)}`];
  return places.map(
    ({ file, line, says }) =>
      `::${level} file=${githubProperty(file)},line=${line},title=${title}::${githubData(says, again)}`,
  );
}

function groupOf(finding: Finding): string[] {
  const { campaign, kind, message } = finding;
  return [
    `::group::${githubData(`gridlock: ${kind} in ${titleOf(campaign)}`)}`,
    ...[message, ...bodyOf(finding)].map((line) => noCommand(printable(line))),
    '::endgroup::',
  ];
}
