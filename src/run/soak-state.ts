/*
 * Where a soak is: what its journal says of it.
 *
 * A soak writes one record that a run does not: `turn`, before each turn, with its position in the rotation and the seconds
 * that were used up to there.  With it a journal is all that is needed to go on after a kill:
 *
 *     the position     of the last turn: its cell has that turn again, for as long as any turn takes
 *     the indices      behind the last one that was journalled, of each workload, variant and strategy
 *     the time used    at the last turn, and what its trials took
 *     the totals       the ledgers, told of all that was journalled
 *     the dumps        those that trials name, and the failures that they are of
 *
 * A trial that was under way is not in the journal, or only as a verdict of the watchdog.  That counts as the trial, since
 * nothing more will come of it.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../base/exit.ts';
import { fail } from '../base/fail.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import type { DumpBudget } from './dump-budget.ts';
import { Ledger } from './ledger.ts';
import type { TrialOutcome } from './protocol.ts';
import { eachRecord } from './results.ts';

/** Before each turn. */
export interface TurnRecord {
  readonly type: 'turn';
  readonly position: number;
  readonly cell: string;
  /** the index of its first trial */
  readonly first: number;
  /** of the soak's time, used before it */
  readonly at_s: number;
}

type Key = Pick<Summary, 'workload' | 'variant' | 'strategy'>;

/** The ledgers of a soak, made as they are asked for. */
export class Ledgers {
  private readonly all = new Map<string, Ledger>();
  private readonly declared: (key: Key) => VerdictName;

  constructor(declared: (key: Key) => VerdictName) {
    this.declared = declared;
  }

  of(key: Key): Ledger {
    const name = `${key.workload}\n${key.variant}\n${key.strategy}`;
    const known = this.all.get(name) ?? new Ledger(key, this.declared(key));
    this.all.set(name, known);
    return known;
  }

  list(): Ledger[] {
    return [...this.all.values()];
  }
}

export interface SoakState {
  readonly position: number;
  readonly usedMs: number;
}

/** Reads a soak's journal, and enters what it says.  @returns where the soak was */
export function readSoak(directory: string, ledgers: Ledgers, budget: DumpBudget): SoakState {
  let [position, atS, sinceS] = [0, 0, 0];
  const early = new Map<string, Key & TrialOutcome>();
  eachRecord(join(directory, 'journal.ndjson'), (record) => {
    if (record['type'] === 'turn') {
      const turn = record as unknown as TurnRecord;
      ({ position, at_s: atS } = turn);
      sinceS = 0;
    } else if (record['type'] === 'series') {
      const series = record as unknown as SeriesRecord;
      ledgers.of(series).passed(series);
      sinceS += series.seconds;
    } else if (record['type'] === 'verdict') {
      const verdict = record as unknown as Key & TrialOutcome;
      early.set(trialName(verdict), verdict);
    } else if (record['type'] === 'trial') {
      const trial = record as unknown as TrialRecord;
      early.delete(trialName(trial));
      enter(trial, ledgers, budget, directory);
      sinceS += trial.seconds;
    }
  });
  for (const verdict of early.values()) enter(recordOf(verdict), ledgers, budget, directory);
  return { position, usedMs: (atS + sinceS) * 1000 };
}

function enter(trial: TrialRecord, ledgers: Ledgers, budget: DumpBudget, directory: string): void {
  ledgers.of(trial).trial(trial);
  if (trial.verdict === 'pass') return;
  if (trial.dump !== null) {
    budget.signatures(trial).push(trial.signature);
    budget.took(join(directory, trial.dump));
  }
  if (trial.schedule !== null) budget.takesSchedule(trial, trial.signature);
}

function trialName({ workload, variant, strategy, index }: Key & { index: number }): string {
  return `${workload}\n${variant}\n${strategy}\n${index}`;
}

/** A verdict as the trial that it stands for. */
function recordOf(verdict: Key & TrialOutcome): TrialRecord {
  return {
    ...verdict,
    type: 'trial',
    seed: 0,
    grade: 'interesting',
    dump: null,
    replay: null,
    dump_ms: null,
    dump_error: null,
  };
}

/**
 * A soak that can go on: what was asked of it, as its manifest says.
 * @throws Fail RUN_NOT_FOUND; USAGE where the run is no soak, or came to its end
 */
export function resumable(directory: string): {
  readonly id: string;
  readonly seed: number;
  readonly soak: Readonly<Record<string, unknown>>;
} {
  const manifest = jsonOf(join(directory, 'manifest.json'));
  if (manifest === undefined) throw fail('RUN_NOT_FOUND', { run: directory });
  const { id, seed, soak } = manifest as { id?: string; seed?: number; soak?: object };
  if (id === undefined || seed === undefined || soak === undefined) {
    throw fail('USAGE', {
      what: `${directory} is no soak, and cannot be resumed`,
      command: 'soak',
    });
  }
  const done: { exit?: number } | undefined = jsonOf(join(directory, 'done.json'));
  const isOver = done !== undefined && done.exit !== EXIT.sigint && done.exit !== EXIT.sigterm;
  if (isOver) {
    throw fail('USAGE', {
      what: `${directory} came to its end, with exit code ${done.exit}: there is nothing to resume`,
      command: 'soak',
    });
  }
  return { id, seed, soak: soak as Record<string, unknown> };
}

/** The newest soak of a results root that can go on.  @throws Fail RUN_NOT_FOUND */
export function latestSoak(root: string): string {
  const names = existsSync(root) ? readdirSync(root) : [];
  const found = names
    .map((name) => join(root, name))
    .filter(isResumable)
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs || b.localeCompare(a))[0];
  if (found === undefined) throw fail('RUN_NOT_FOUND', { run: 'to resume', directory: root });
  return found;
}

function isResumable(directory: string): boolean {
  try {
    return resumable(directory).id !== '';
  } catch {
    return false;
  }
}

function jsonOf(file: string): object | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch {
    return undefined;
  }
}
