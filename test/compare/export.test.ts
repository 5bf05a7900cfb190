/*
 * Goal: exports are the formats they say they are, whatever names are in them.
 * Method: read back: CSV by a reader of RFC 4180 of a few lines, Markdown by its pipes, JSON by JSON.parse.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareSides } from '../../src/compare/compare.ts';
import { exportComparison, exportFigures } from '../../src/compare/export.ts';
import { inScratch } from '../cli/gridlock.ts';
import { failedIn, HEADER, processesOf, sideOf } from './made.ts';

const NASTY = 'a,"b"|c <i>\n=d';

/** The cells of a CSV file. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n)/gy;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    const [, quoted, plain = '', end] = match;
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('figures', () => {
  inScratch((root) => {
    const figures = [
      ...processesOf([10, 20], { name: NASTY, params: { threads: 2, lock: 'x' } }, 10),
      ...processesOf([5], { name: '=1+1' }),
    ];
    const [json, markdown, csv] = ['j', 'm', 'c'].map((name) => join(root, name));
    exportFigures({ json, markdown, csv }, HEADER, figures);
    expect(JSON.parse(readFileSync(json!, 'utf8'))).toMatchObject({
      type: 'bench',
      node: '20.20.2',
      results: figures,
    });
    const [heads, ...rows] = readCsv(readFileSync(csv!, 'utf8'));
    expect(heads!.slice(0, 4)).toEqual(['question', 'name', 'params', 'value']);
    expect(rows).toHaveLength(3);
    expect(rows.every((row) => row.length === heads!.length)).toBe(true);
    expect(rows[0]!.slice(0, 7)).toEqual(['q', NASTY, 'threads=2,lock=x', '10', 'ns', '10', '1']);
    // A formula is a text, and what is not known is empty.
    expect(rows[2]!.slice(1, 7)).toEqual(["'=1+1", '', '5', 'ns', '', '']);
    const lines = readFileSync(markdown!, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    const columns = lines.map((line) => line.match(/(?<!\\)\|/g)!.length);
    expect(new Set(columns)).toEqual(new Set([heads!.length + 1]));
    expect(lines[2]).toContain('a,"b"\\|c \\<i\\> =d');
  });
});

test('a figure that failed has no number, and says why', () => {
  inScratch((root) => {
    const [json, markdown, csv] = ['j', 'm', 'c'].map((name) => join(root, 'new', name));
    const figures = [...processesOf([2]), failedIn(1, 'lost 3 updates')];
    exportFigures({ json, markdown, csv }, HEADER, figures);
    const [heads, ...rows] = readCsv(readFileSync(csv!, 'utf8'));
    expect(heads!.at(-1)).toBe('failure');
    expect(rows.map((row) => [row[3], row.at(-1)])).toEqual([
      ['2', ''],
      ['', 'lost 3 updates'],
    ]);
    expect(readFileSync(markdown!, 'utf8')).toMatch(
      /\| q \| n \| {2}\| {2}\| ns \|.*lost 3 updates/,
    );
    expect(readFileSync(markdown!, 'utf8')).not.toContain('∞');
    expect(JSON.parse(readFileSync(json!, 'utf8'))).toMatchObject({
      results: [{ value: 2 }, { value: null, failure: { what: 'lost 3 updates' } }],
    });
  });
});

test('a comparison', () => {
  inScratch((root) => {
    const values = [1, 1.1, 1.2, 1.3, 1.4, 1.5];
    const a = sideOf('A', processesOf(values, { name: NASTY }));
    const b = sideOf(
      'B',
      processesOf(
        values.map((value) => value * 2),
        { name: NASTY },
      ),
    );
    const comparison = compareSides(a, b);
    const [json, markdown, csv] = ['j', 'm', 'c'].map((name) => join(root, name));
    exportComparison({ json, markdown, csv }, comparison);
    expect(JSON.parse(readFileSync(json!, 'utf8'))).toMatchObject({
      type: 'comparison',
      schema: 1,
      regressions: 1,
      results: [{ name: NASTY, verdict: 'worse', past: true, test: 'mann-whitney' }],
    });
    const [heads, row] = readCsv(readFileSync(csv!, 'utf8'));
    const named = Object.fromEntries(heads!.map((head, i) => [head, row![i]]));
    expect(named).toMatchObject({
      name: NASTY,
      a_n: '6',
      b_n: '6',
      verdict: 'worse',
      past: 'true',
    });
    expect(Number(named['ratio'])).toBeCloseTo(2, 12);
    expect(readFileSync(markdown!, 'utf8')).toMatch(
      /\| \+100\.00% \(p=0\.002 n=6\) \| \*\*worse\*\* \|/,
    );
  });
});

test('a file that cannot be written: exit 3', () => {
  inScratch((root) => {
    writeFileSync(join(root, 'none'), '');
    const json = join(root, 'none', 'x.json');
    expect(() => exportFigures({ json }, HEADER, [])).toThrow(
      expect.objectContaining({ code: 'EXPORT_UNWRITABLE', exit: 3 }),
    );
  });
});
