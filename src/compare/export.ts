/*
 * Figures and comparisons as files: JSON, Markdown, CSV, as hyperfine exports its results.
 *
 * JSON has all that is known, in one object: `results` are figures, with their rounds, or rows.  Markdown is a table for a
 * pull request, CSV one for a spreadsheet: a header line, a line each, dots in numbers, empty where nothing is known.
 */

import { dirname, resolve } from 'node:path';
import { writeWhole } from '../base/disk.ts';
import { fail } from '../base/fail.ts';
import { percent } from '../base/interval.ts';
import type { FigureRecord } from '../run/figures.ts';
import { makeParents } from '../run/results.ts';
import type { Fields } from '../run/schema.ts';
import { SCHEMA } from '../run/schema.ts';
import type { Comparison, Row } from './compare.ts';
import { deltaText, differLines, digits, notesOf, paramsText } from './text.ts';

export interface Exports {
  readonly json?: string | undefined;
  readonly markdown?: string | undefined;
  readonly csv?: string | undefined;
}

type Cells = readonly (string | number | null)[];

/** @throws Fail EXPORT_UNWRITABLE */
export function exportFigures(
  { json, markdown, csv }: Exports,
  header: Fields,
  figures: readonly FigureRecord[],
): void {
  const heads = 'question,name,params,value,unit,floor,ratio,low,high,n,goal,process,failure'.split(
    ',',
  );
  const rows = figures.map((each) => [
    each.question,
    each.name,
    paramsText(each),
    each.value,
    each.unit,
    each.floor,
    each.ratio,
    each.low,
    each.high,
    each.n,
    each.goal,
    each.process,
    each.failure?.what ?? null,
  ]);
  if (json !== undefined) write(json, pretty({ ...header, type: 'bench', results: figures }));
  if (csv !== undefined) write(csv, csvOf(heads, rows));
  if (markdown !== undefined) write(markdown, markdownOf(heads, rows.map(shortened)));
}

/** @throws Fail EXPORT_UNWRITABLE */
export function exportComparison({ json, markdown, csv }: Exports, comparison: Comparison): void {
  if (json !== undefined) write(json, pretty(comparisonJson(comparison)));
  if (csv !== undefined) write(csv, csvOf(HEADS, comparison.rows.map(cellsOf)));
  if (markdown !== undefined) write(markdown, comparisonMarkdown(comparison));
}

/** All of a comparison, in one object; numbers that are not known are null. */
export function comparisonJson(comparison: Comparison): object {
  const { a, b, noise, differs, rows, geomeans, onlyA, onlyB, regressions } = comparison;
  const { failedA, failedB, broken, needed } = comparison;
  return {
    type: 'comparison',
    schema: SCHEMA,
    a: { label: a.label, from: a.from, facts: a.facts },
    b: { label: b.label, from: b.from, facts: b.facts },
    noise,
    differs,
    results: rows,
    geomeans,
    only_a: onlyA,
    only_b: onlyB,
    failed_a: failedA,
    failed_b: failedB,
    broken,
    regressions: regressions.length + broken.length,
    samples_needed: needed,
    notes: notesOf(comparison),
  };
}

const HEADS =
  'group,name,params,unit,a,a_low,a_high,a_n,b,b_low,b_high,b_n,ratio,low,high,test,p,p_corrected,verdict,past'.split(
    ',',
  );

function cellsOf(row: Row): Cells {
  const { group, name, unit, a, b, ratio, low, high, test, p, corrected, verdict, past } = row;
  return [
    group,
    name,
    paramsText(row),
    unit,
    a.middle,
    a.interval?.low ?? null,
    a.interval?.high ?? null,
    a.n,
    b.middle,
    b.interval?.low ?? null,
    b.interval?.high ?? null,
    b.n,
    ratio,
    low,
    high,
    test,
    p,
    corrected,
    verdict,
    String(past),
  ];
}

function comparisonMarkdown(comparison: Comparison): string {
  const { a, b, rows } = comparison;
  const heads = ['', 'params', 'unit', a.label, b.label, 'delta', ''];
  const shown = (value: number, unit: string): string =>
    Number.isNaN(value) ? '' : unit === 'of-trials' ? percent(value) : digits(value);
  const cells = rows.map((row) => [
    `${row.group} ${row.name}`,
    paramsText(row),
    row.unit,
    shown(row.a.middle, row.unit),
    shown(row.b.middle, row.unit),
    deltaText(row),
    row.past ? (row.verdict === 'worse' ? '**worse**' : row.verdict) : '',
  ]);
  const bullets = [...differLines(comparison), ...notesOf(comparison)];
  return `${markdownOf(heads, cells)}\n${bullets.map((line) => `- ${escaped(line)}\n`).join('')}`;
}

function markdownOf(heads: readonly string[], rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.map((cell) => escaped(cell)).join(' | ')} |\n`;
  return `${line(heads)}|${' --- |'.repeat(heads.length)}\n${rows.map(line).join('')}`;
}

/** As Markdown has text: what a name could do to a table, or to the page around it, it does not. */
function escaped(cell: Cells[number]): string {
  return String(cell ?? '')
    .replaceAll(/[\\`<>&|[\]]/g, (char) => `\\${char}`)
    .replaceAll(/\s+/g, ' ');
}

function shortened(cells: Cells): Cells {
  return cells.map((cell) => {
    if (typeof cell !== 'number' || Number.isInteger(cell)) return cell;
    return Number.isNaN(cell) ? null : digits(cell);
  });
}

function csvOf(heads: readonly string[], rows: readonly Cells[]): string {
  return [heads, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** RFC 4180; and a text that a spreadsheet would take for a formula is made a text. */
function csvCell(cell: Cells[number]): string {
  if (cell === null || (typeof cell === 'number' && !Number.isFinite(cell))) return '';
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+@\t\r-]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function pretty(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function write(file: string, text: string): void {
  try {
    makeParents(resolve(dirname(file)));
    writeWhole(file, [Buffer.from(text)]);
  } catch (error) {
    throw fail('EXPORT_UNWRITABLE', { file, reason: (error as Error).message }, { cause: error });
  }
}
