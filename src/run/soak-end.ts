/*
 * What a soak came to, and everything that is written last.
 *
 * Each campaign's summary is written once more: it is the last that is said of it, whoever reads on from there.
 *
 * Its exit says more than that of its trials: a finding is also that something grew, and that a declared failure has
 * shown in no cell of its variant, though each had three turns.  Which strategy shows it nobody promised, so a ledger by itself
 * is no finding for not having shown it (ledger.ts), and with fewer turns nobody may say that it does not show.
 */

import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import type { Summary } from './campaign-records.ts';
import type { DumpBudget } from './dump-budget.ts';
import type { GrowthRecord, GrowthWatch } from './growth.ts';
import type { ResultsDir } from './results.ts';
import { TURNS_TO_SHOW } from './rotation.ts';
import type { SoakCell, SoakOptions } from './soak-plan.ts';
import type { Ledgers } from './soak-state.ts';
import type { StressResult } from './stress.ts';

export interface SoakResult extends StressResult {
  readonly growth: readonly GrowthRecord[];
  /** whether it went on for long enough to say so, where nothing grew */
  readonly isGrowthJudged: boolean;
  readonly turns: number;
  /** cells that had none */
  readonly unturned: number;
  /** `workload variant`, where the declared failure did not show */
  readonly shy: readonly string[];
  readonly usedMs: number;
  readonly dumps: DumpBudget['used'];
}

/** A soak when its last turn is over. */
export interface SoakOver {
  readonly options: SoakOptions;
  readonly results: ResultsDir;
  readonly header: Record<string, unknown>;
  readonly cells: readonly SoakCell[];
  /** turns of each cell, by its place among them */
  readonly turned: ReadonlyMap<number, number>;
  /** those of this process */
  readonly turns: number;
  readonly ledgers: Ledgers;
  readonly growth: GrowthWatch;
  readonly usedMs: number;
  readonly dumps: DumpBudget['used'];
  readonly stopped: 'SIGINT' | 'SIGTERM' | undefined;
  /** exit codes of what ended it, or a turn of it, before its time */
  readonly troubles: readonly ExitCode[];
}

/** @param onGrowth hears what grew, once it is written */
export async function endSoak(
  over: SoakOver,
  onGrowth: (growth: GrowthRecord) => void,
): Promise<SoakResult> {
  const { options, results, cells, turned, ledgers, turns, usedMs, dumps } = over;
  const unturned = cells.filter((_, at) => !turned.has(at)).length;
  const young = cells.filter((_, at) => (turned.get(at) ?? 0) < TURNS_TO_SHOW);
  const shy = shyVariants(ledgers, young);
  const summaries = ledgers
    .list()
    .filter(({ trials }) => trials > 0)
    .map((ledger) => {
      const summary = ledger.summary();
      const judged: Summary = shy.has(nameOf(ledger))
        ? { ...summary, grade: 'forbidden' }
        : summary;
      results.append(judged);
      return judged;
    });
  const growth = over.growth.findings();
  for (const each of growth) {
    results.append(each);
    onGrowth(each);
  }
  const found = exitOf(over, summaries, growth);
  const troubles = over.stopped === undefined ? over.troubles : [];
  const judged = (await options.judge?.(worstExit([found, ...troubles]), results)) ?? EXIT.ok;
  const end = { turns, dumps, growth };
  const record = { ...over.header, type: 'run', summaries, ...end };
  const exit = results.end(record, found, [...troubles, judged]);
  const isGrowthJudged = over.growth.isJudged;
  return { summaries, exit, results, ...end, isGrowthJudged, unturned, shy: [...shy], usedMs };
}

/** Variants that declare a failure which has shown in none of their cells, though each had its turns. */
function shyVariants(all: Ledgers, young: readonly SoakCell[]): Set<string> {
  const spared = new Set(young.map(({ plan }) => `${plan.entry.workload.name} ${plan.variant}`));
  const ledgers = all.list().filter(({ trials }) => trials > 0);
  const shown = new Set(ledgers.filter(({ showed }) => showed).map(nameOf));
  return new Set(
    ledgers
      .filter((ledger) => all.declared(ledger) !== 'pass')
      .map(nameOf)
      .filter((name) => !shown.has(name) && !spared.has(name)),
  );
}

/** Of its trials, and of what grew. */
function exitOf(
  { stopped }: SoakOver,
  summaries: readonly Summary[],
  growth: readonly GrowthRecord[],
): ExitCode {
  if (stopped === 'SIGINT') return EXIT.sigint;
  if (stopped === 'SIGTERM') return EXIT.sigterm;
  const isFinding = growth.length > 0 || summaries.some(({ grade }) => grade === 'forbidden');
  return worstExit([
    summaries.length === 0 ? EXIT.nothing : EXIT.ok,
    isFinding ? EXIT.finding : EXIT.ok,
  ]);
}

function nameOf({ workload, variant }: { workload: string; variant: string }): string {
  return `${workload} ${variant}`;
}
