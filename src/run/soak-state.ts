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
 * A trial that was under way is not in the journal, or only as a verdict of the watchdog (verdict-record.ts).  That counts as the
 * trial, and is written as one when the soak goes on: so a journal of a soak that was resumed says as much as any other.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../base/exit.ts';
import { fail } from '../base/fail.ts';
import type { VerdictName } from '../base/verdict.ts';
import type { SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import type { DumpBudget } from './dump-budget.ts';
import { Ledger } from './ledger.ts';
import { eachRecord } from './results.ts';
import type { Fields } from './schema.ts';
import { recordsOfVerdict } from './verdict-record.ts';

/** Cells that an error names. */
const CELLS_SHOWN = 3;

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
  readonly declared: (key: Key) => VerdictName;

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
  /** what its journal says by verdicts alone, as records of trials */
  readonly unsaid: readonly object[];
}

/** Reads a soak's journal, and enters what it says.  @returns where the soak was */
export function readSoak(directory: string, ledgers: Ledgers, budget: DumpBudget): SoakState {
  let [position, atS, sinceS] = [0, 0, 0];
  const early = new Map<string, Fields>();
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
      early.set(trialName(record as unknown as TrialRecord), record);
    } else if (record['type'] === 'trial') {
      const trial = record as unknown as TrialRecord;
      early.delete(trialName(trial));
      enter(trial, ledgers, budget, directory);
      sinceS += trial.seconds;
    }
  });
  const unsaid = [...early.values()].flatMap((verdict) => {
    const declared = ledgers.declared(verdict as unknown as TrialRecord);
    const { series, trial } = recordsOfVerdict(verdict, declared);
    enter(trial, ledgers, budget, directory);
    if (series === null) return [trial];
    ledgers.of(series).passed(series);
    const { hashes: _, ...line } = series;
    return [line, trial];
  });
  return { position, usedMs: (atS + sinceS) * 1000, unsaid };
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

/** What a soak was begun with. */
export interface Resumable {
  readonly id: string;
  readonly seed: number;
  /** `2/4`, and who said so; null where it was the whole */
  readonly shard: string | null;
  readonly engine: string | null;
  /** the options of its command line */
  readonly soak: Readonly<Record<string, unknown>>;
  /** names of the rotation's cells; undefined in manifests of old */
  readonly cells: readonly string[] | undefined;
}

/**
 * A soak that can go on: what was asked of it, as its manifest says.
 * @throws Fail RUN_NOT_FOUND; USAGE where the run is no soak, or came to its end
 */
export function resumable(directory: string): Resumable {
  const manifest = jsonOf(join(directory, 'manifest.json'));
  if (manifest === undefined) throw fail('RUN_NOT_FOUND', { run: directory });
  const { id, seed, soak, shard, engine, cells } = manifest as Partial<Resumable>;
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
  return { id, seed, soak, cells, shard: shard ?? null, engine: engine ?? null };
}

/**
 * A soak goes on only with what it had: a position in the rotation means something else in another one.
 * @throws Fail RESUME_CHANGED
 */
export function refuseChanged(
  directory: string,
  before: readonly string[] | undefined,
  cells: readonly string[],
): void {
  if (before === undefined || String(before) === String(cells)) return;
  const gone = before.filter((cell) => !cells.includes(cell));
  const added = cells.filter((cell) => !before.includes(cell));
  throw fail('RESUME_CHANGED', { directory, gone: some(gone), added: some(added) });
}

function some(cells: readonly string[]): string {
  const more = cells.length - CELLS_SHOWN;
  const shown = cells.slice(0, CELLS_SHOWN).join('; ');
  return more > 0 ? `${shown}; and ${more} more` : shown;
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
