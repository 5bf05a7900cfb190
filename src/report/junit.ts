/*
 * JUnit XML, which every CI reads: a suite for each workload, a test case for each variant and strategy.
 *
 *     a campaign that came to          its test case has
 *     -----------------------------    ----------------------------------------------------------------
 *     what is declared                 nothing, or what showed as declared in system-out
 *     something else                   a failure for each kind of it
 *     no end, as the run was cut       an error that says so, behind the failures before it
 *
 * There is no published schema of all readers; this keeps to that of Jenkins (test/report/schemas), and to what
 * others want beside it: counts in every element that has them.  Of times only that of a campaign with failures is known
 * from a journal's summary, so others have none.
 */

import { xml } from './escape.ts';
import { bodyOf, findingsOf, titleOf, type Finding } from './findings.ts';
import type { CampaignModel, RunModel } from './model.ts';

export async function junitReport(model: RunModel): Promise<string> {
  const findings = await findingsOf(model);
  const all = [...new Set([...model.campaigns, ...findings.map(({ campaign }) => campaign)])];
  const workloads = [...new Set(all.map(({ workload }) => workload))];
  const suites = workloads.flatMap((workload) => {
    const campaigns = all.filter((each) => each.workload === workload);
    return [
      `  <testsuite name="${xml(workload)}" ${counts(campaigns, findings)}>`,
      ...properties(model),
      ...campaigns.flatMap((campaign) => testcase(campaign, findings)),
      '  </testsuite>',
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gridlock" ${counts(all, findings)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function isCut({ summary, trials }: CampaignModel): boolean {
  return summary === null && trials > 0;
}

function counts(campaigns: readonly CampaignModel[], findings: readonly Finding[]): string {
  const failed = campaigns.filter((campaign) => forbidden(campaign, findings).length > 0);
  const errors = campaigns.filter((campaign) => isCut(campaign));
  return `tests="${campaigns.length}" failures="${failed.length}" errors="${errors.length}"`;
}

function forbidden(campaign: CampaignModel, findings: readonly Finding[]): Finding[] {
  return findings.filter((each) => each.campaign === campaign && each.isForbidden);
}

function properties({ id, header, isDone }: RunModel): string[] {
  const pairs = Object.entries({ id, ...header, done: isDone }).filter(
    ([name, value]) => name !== 'type' && value !== null,
  );
  return [
    '    <properties>',
    ...pairs.map(
      ([name, value]) => `      <property name="${xml(name)}" value="${xml(String(value))}"/>`,
    ),
    '    </properties>',
  ];
}

function testcase(campaign: CampaignModel, findings: readonly Finding[]): string[] {
  const { workload, trials, statistics } = campaign;
  const name = titleOf(campaign).slice(workload.length + 1);
  const seconds = statistics.time_to_failure_s?.of;
  const time = seconds === undefined ? '' : ` time="${seconds.toFixed(3)}"`;
  const expected = findings.filter((each) => each.campaign === campaign && !each.isForbidden);
  return [
    `    <testcase classname="${xml(workload)}" name="${xml(name)}"${time}>`,
    ...(isCut(campaign)
      ? [
          `      <error type="cut" message="the run was cut off, or still goes on, after ${trials} trials of this"/>`,
        ]
      : []),
    ...forbidden(campaign, findings).flatMap((finding) => [
      `      <failure type="${xml(finding.kind)}" message="${xml(finding.message)}">`,
      ...lines(finding),
      '</failure>',
    ]),
    ...expected.flatMap((finding) => [
      '      <system-out>',
      `${xml(finding.kind)}: ${xml(finding.message)}`,
      ...lines(finding),
      '</system-out>',
    ]),
    '    </testcase>',
  ];
}

function lines(finding: Finding): string[] {
  return bodyOf(finding).map((line) => xml(line));
}
