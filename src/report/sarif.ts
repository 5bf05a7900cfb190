/*
 * SARIF 2.1.0, which code scanning reads: a result for each failure, at the line that waits.
 *
 *     a result's      is
 *     ------------    ---------------------------------------------------------------------------------
 *     ruleId          the verdict, or what else the campaign came to (findings.ts)
 *     level           error where it is forbidden; none, of kind informational, where it is declared
 *     locations       the first line that waits
 *     related         the others: those that wait, and those that hold
 *     stacks          of the threads of the cycle, innermost frame first
 *     fingerprint     the failure's signature, so that tomorrow's is known for the same
 *
 * Files are relative to the package of the workload, which is %SRCROOT% for a reader.  In a message `](` would begin a link
 * and `{0}` a placeholder; the first gets a space, the second its braces doubled, as the standard has it.
 */

import { printable } from '../base/text.ts';
import type { DumpFrame, DumpThread } from '../dump/format.ts';
import { bodyOf, findingsOf, titleOf, type Finding, type Place } from './findings.ts';
import type { RunModel } from './model.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0-rtm.5.json';
const FRAMES_MAX = 40;

export async function sarifReport(model: RunModel): Promise<string> {
  const findings = await findingsOf(model);
  const kinds = [...new Set(findings.map(({ kind }) => kind))];
  const { header, isDone, exit } = model;
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'gridlock',
            ...(header === null ? {} : { version: printable(header.gridlock) }),
            rules: kinds.map((kind) => ({ id: kind, shortDescription: { text: kind } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: isDone,
            ...(exit === null ? {} : { exitCode: exit }),
          },
        ],
        results: findings.map((finding) => resultOf(finding, kinds)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function resultOf(finding: Finding, kinds: readonly string[]): object {
  const { campaign, kind, isForbidden, trial, hang, times, again } = finding;
  const [first, ...others] = hang?.places ?? [];
  return {
    ruleId: kind,
    ruleIndex: kinds.indexOf(kind),
    ...(isForbidden ? { level: 'error' } : { level: 'none', kind: 'informational' }),
    message: {
      text: [`${titleOf(campaign)}: ${finding.message}`, ...bodyOf(finding)].map(plain).join('\n'),
    },
    locations: first === undefined ? [] : [{ ...locationOf(first), message: says(first) }],
    relatedLocations: others.map((place, i) => ({
      id: i + 1,
      ...locationOf(place),
      message: says(place),
    })),
    stacks: (hang?.threads ?? []).filter(({ stack }) => stack.length > 0).map(stackOf),
    partialFingerprints: { 'gridlock/v1': printable(trial?.signature ?? titleOf(campaign)) },
    occurrenceCount: Math.max(1, times),
    properties: {
      workload: campaign.workload,
      variant: campaign.variant,
      strategy: campaign.strategy,
      index: trial?.index ?? null,
      seed: trial?.seed ?? null,
      dump: trial?.dump ?? null,
      replay: again,
    },
  };
}

function plain(line: string): string {
  return printable(line)
    .replaceAll('](', '] (')
    .replaceAll(/\{(\d+)\}/g, '{{$1}}');
}

function says({ says }: Place): object {
  return { text: plain(says) };
}

function locationOf({ file, line }: Pick<Place, 'file' | 'line'>): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file), uriBaseId: '%SRCROOT%' },
      ...(line < 1 ? {} : { region: { startLine: line } }),
    },
  };
}

function stackOf({ name, stack }: DumpThread): object {
  return { message: { text: plain(name) }, frames: stack.slice(0, FRAMES_MAX).map(frameOf) };
}

function frameOf({ function: called, file, line }: DumpFrame): object {
  return {
    location: {
      ...locationOf({ file, line }),
      logicalLocations: [{ name: printable(called), kind: 'function' }],
    },
  };
}

/** A relative reference, whatever the file is called. */
function uriOf(file: string): string {
  return file.toWellFormed().split(/[\\/]/).map(encodeURIComponent).join('/');
}
