/*
 * Figures on the disk: what the bench measured, as its results directory keeps it.
 *
 *     manifest.json     {"kind":"bench", …}: which questions, how, on what
 *     journal.ndjson    a record for each figure of each process, as its question ends; `failed` for a question that broke off
 *     done.json         the bench came to its end
 *
 * A figure keeps the rounds that it was made of, beside what they come to, so that whoever compares two of them years
 * later need not trust our median, and the process that it was measured in: processes of the same code differ by a few
 * hundredths, and rounds of one process do not, so it is processes that are compared (compare/side.ts).
 */

import { join } from 'node:path';
import { eachRecord } from './results.ts';
import type { Fields } from './schema.ts';

/** What a bench's manifest and journal begin with, beside what every run's do. */
export const BENCH_KIND = 'bench';

/** The unit of what is counted in trials of a strategy. */
export const SCHEDULES = 'schedules';

export type Params = Readonly<Record<string, string | number>>;

export interface FigureRecord {
  readonly type: 'figure';
  readonly question: string;
  readonly name: string;
  readonly params: Params;
  /** the median of the rounds */
  readonly value: number;
  readonly unit: string;
  /** what the floor, or the peer, needed in the same rounds; null where there is none */
  readonly floor: number | null;
  /** the median of the rounds' ratios, ours over the floor; null without a floor */
  readonly ratio: number | null;
  /** the quartiles of the ratio, or of the value where there is no floor */
  readonly low: number;
  readonly high: number;
  /** rounds */
  readonly n: number;
  /** what the ratio, or without a floor the value, should not exceed; null where nothing was promised */
  readonly goal: number | null;
  /** which is better, a smaller value or a larger */
  readonly better: 'less' | 'more';
  /** params that are not what was asked but what came of it, so they do not tell one figure from another */
  readonly seen: readonly string[];
  /** the rounds, and round by round beside them the floor's; null where there is none */
  readonly values: readonly number[];
  readonly floors: readonly number[] | null;
  /** which process of the bench measured it, from 0 */
  readonly process: number;
}

/** What tells one figure from another: its question, its name, and what was asked. */
export function figureKey({
  question,
  name,
  params,
  seen,
}: Pick<FigureRecord, 'question' | 'name' | 'params' | 'seen'>): string {
  const asked = Object.entries(params)
    .filter(([param]) => !seen.includes(param))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([question, name, asked]);
}

/** A question that broke off. */
export interface QuestionFailed {
  readonly type: 'failed';
  readonly question: string;
  readonly message: string;
}

export interface FiguresRead {
  readonly header: Fields | null;
  readonly figures: readonly FigureRecord[];
  readonly failed: readonly QuestionFailed[];
  /** whether the last line of the journal was not whole */
  readonly isCut: boolean;
}

/** The figures of a bench's directory, each once, as far as they got to the disk.  @throws Fail SCHEMA_UNKNOWN */
export function readFigures(directory: string): FiguresRead {
  const figures = new Map<string, FigureRecord>();
  const failed: QuestionFailed[] = [];
  let header: Fields | null = null;
  const isCut = eachRecord(join(directory, 'journal.ndjson'), (record) => {
    const { type } = record;
    if (type === 'header') header ??= record;
    else if (type === 'failed') failed.push(record as unknown as QuestionFailed);
    else if (type === 'figure') {
      const each = record as unknown as FigureRecord;
      // A journal that was written to twice says it twice.
      figures.set(`${each.process} ${figureKey(each)}`, each);
    }
  });
  return { header, figures: [...figures.values()], failed, isCut };
}
