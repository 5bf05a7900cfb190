/*
 * One JSON document of a run: what the journal comes to, with the places and the picture of each failure.
 *
 * Field names are those of the records of --json; what is added is `findings`.  There is
 * no path of a machine in it: dumps are named relative to the results directory.
 */

import { findingsOf } from './findings.ts';
import type { RunModel } from './model.ts';

export async function jsonReport(model: RunModel): Promise<string> {
  const { id, header, campaigns, isDone, isCut, exit } = model;
  const findings = (await findingsOf(model)).map(
    ({ campaign, kind, isForbidden, message, because, trial, times, hang, again }) => ({
      workload: campaign.workload,
      variant: campaign.variant,
      strategy: campaign.strategy,
      kind,
      grade: isForbidden ? 'forbidden' : (trial?.grade ?? null),
      message,
      because,
      index: trial?.index ?? null,
      seed: trial?.seed ?? null,
      times,
      signature: trial?.signature ?? null,
      dump: trial?.dump ?? null,
      picture: hang?.picture ?? [],
      places: hang?.places ?? [],
      replay: again,
    }),
  );
  const page = {
    type: 'report',
    schema: 1,
    id,
    header,
    done: isDone,
    cut: isCut,
    exit,
    campaigns: campaigns.map(
      ({
        workload,
        variant,
        strategy,
        declared,
        grade,
        trials,
        verdicts,
        outcomes,
        statistics,
      }) => ({
        workload,
        variant,
        strategy,
        declared,
        grade,
        trials,
        verdicts,
        outcomes,
        rate: statistics.rate,
        time_to_failure_s: statistics.time_to_failure_s,
        schedules_to_failure: statistics.schedules_to_failure,
        coverage: statistics.coverage,
      }),
    ),
    findings,
  };
  return `${JSON.stringify(page, null, 2)}\n`;
}
