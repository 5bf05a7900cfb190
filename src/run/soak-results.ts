/*
 * The results directory of a soak: a new one, or that of before, gone on with.
 *
 * A new one says in its manifest what was asked for, so that --resume asks for it again, and the names of its cells, since a
 * position in the rotation says nothing without them.  All cells of one workload, variant and strategy are one campaign there:
 * the ledger's.
 *
 * One that is gone on with is read first (soak-state.ts), which fills the ledgers and the budget for dumps; it is the same soak,
 * so it must have the same cells.  What would not fit into the job is refused before anything in it is touched.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Fail } from '../base/fail.ts';
import type { DumpBudget } from './dump-budget.ts';
import { factsOf } from './plan.ts';
import { ResultsDir } from './results.ts';
import { refuseLong, type SoakCell, type SoakOptions } from './soak-plan.ts';
import { readSoak, refuseChanged, resumable, type Ledgers } from './soak-state.ts';
import { headerOf } from './stress.ts';

/** Where a soak begins. */
export interface SoakStart {
  readonly results: ResultsDir;
  readonly header: Record<string, unknown>;
  /** in the rotation */
  readonly position: number;
  /** of its time, before */
  readonly usedMs: number;
}

/**
 * @param ledgers that are told of what was before
 * @param budget that is told of the dumps of before
 * @throws Fail RESULTS_UNWRITABLE, BUDGET, RUN_NOT_FOUND, USAGE, RESUME_CHANGED
 */
export function beginSoak(
  options: SoakOptions,
  cells: readonly SoakCell[],
  ledgers: Ledgers,
  budget: DumpBudget,
  onTrouble: (trouble: Fail) => void,
): SoakStart {
  const header = headerOf(options.rootSeed, options.shard);
  if (options.resume === undefined) {
    refuseLong(options, cells, 0);
    const manifest = manifestOf(options, cells, header);
    const results = ResultsDir.create(options.resultsRoot, manifest);
    results.onTrouble = onTrouble;
    results.append(header);
    return { results, header, position: 0, usedMs: 0 };
  }
  const before = resumable(options.resume);
  refuseChanged(options.resume, before.cells, namesOf(cells));
  const results = ResultsDir.open(options.resume, before.id);
  results.onTrouble = onTrouble;
  const { position, usedMs, unsaid } = readSoak(options.resume, ledgers, budget);
  refuseLong(options, cells, usedMs);
  rmSync(join(options.resume, 'done.json'), { force: true });
  for (const record of unsaid) results.append(record);
  return { results, header, position, usedMs };
}

function manifestOf(
  options: SoakOptions,
  cells: readonly SoakCell[],
  header: Record<string, unknown>,
): object {
  const names = [...new Set(cells.map(({ plan }) => `${plan.entry.given}\n${plan.variant}`))];
  const asked = names
    .map((name) => name.split('\n'))
    .map(([workload, variant]) => ({ workload, variant }));
  const facts = cells.map(({ plan }) => ({ ...factsOf(plan), params: {}, settings: {} }));
  const campaigns = [...new Map(facts.map((each) => [JSON.stringify(each), each])).values()];
  return {
    ...header,
    type: undefined,
    asked,
    campaigns,
    cells: namesOf(cells),
    soak: options.asked,
  };
}

function namesOf(cells: readonly SoakCell[]): string[] {
  return cells.map(({ name }) => name);
}
