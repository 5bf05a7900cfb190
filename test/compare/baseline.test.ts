/*
 * Goal: a baseline comes back as it was saved, and what is none is refused by name.
 * Method: a table of files; the control is the file that was mended.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  baselineFile,
  checkBaselineName,
  readBaseline,
  saveBaseline,
} from '../../src/compare/baseline.ts';
import { compareSides } from '../../src/compare/compare.ts';
import { readSide } from '../../src/compare/side.ts';
import { inScratch } from '../cli/gridlock.ts';
import { failedIn, processesOf, runDirectory, sideOf } from './made.ts';

test('of a bench, and of a run: there and back', () => {
  inScratch((root) => {
    const bench = sideOf('b', processesOf([1, 2, 3], {}, 10));
    const file = saveBaseline('main', root, bench);
    expect(file).toBe(join(root, 'baselines', 'main.json'));
    expect(readBaseline('main', root)).toEqual({ ...bench, label: 'main' });
    expect(compareSides(readBaseline('main', root), bench).rows[0]).toMatchObject({ p: 1 });
    const broken = sideOf('b', [
      ...processesOf([1]),
      failedIn(1, 'hung'),
      failedIn(0, 'x', { name: 'm' }),
    ]);
    saveBaseline('broken', root, broken);
    expect(readBaseline('broken', root)).toEqual({ ...broken, label: 'broken' });
    const given = { name: 'r', failures: [1, 2], passed: 5, outcomes: { hit: 2 } };
    const run = readSide('r', [runDirectory(root, given)]);
    const committed = join(root, 'perf', 'v1.json');
    expect(saveBaseline(committed, root, run)).toBe(committed);
    expect(readBaseline(committed, root, 'old')).toEqual({ ...run, label: 'old' });
    expect(readFileSync(committed, 'utf8')).not.toContain(root);
  });
});

const GOOD = { type: 'baseline', schema: 1, kind: 'bench', from: [], facts: {}, campaigns: [] };
const FIGURE = {
  question: 'q',
  name: 'n',
  unit: 'ns',
  better: 'less',
  params: {},
  seen: [],
  values: [1],
  ratios: null,
};

test.for([
  ['no bytes', '', 'BASELINE_EMPTY', /is empty: it has no bytes/],
  ['no figure', JSON.stringify({ ...GOOD, figures: [] }), 'BASELINE_EMPTY', /no figure and no/],
  ['no JSON', '{"type":"base', 'NOT_COMPARABLE', /JSON/],
  ['something else', '{"name":"gridlock"}', 'NOT_COMPARABLE', /type: /],
  [
    'a figure without samples',
    JSON.stringify({ ...GOOD, figures: [{ ...FIGURE, values: [] }] }),
    'NOT_COMPARABLE',
    /figures\.0\.values/,
  ],
  [
    'another schema',
    JSON.stringify({ ...GOOD, schema: 99, figures: [FIGURE] }),
    'SCHEMA_UNKNOWN',
    /schema 99/,
  ],
] as const)('%s', ([, text, code, says]) => {
  inScratch((root) => {
    mkdirSync(join(root, 'baselines'));
    writeFileSync(baselineFile('x', root), text);
    expect(() => readBaseline('x', root)).toThrow(
      expect.objectContaining({ code, exit: 2, message: expect.stringMatching(says) as string }),
    );
  });
});

test('control: the same with its figure is one; another name is suggested where there is none', () => {
  inScratch((root) => {
    mkdirSync(join(root, 'baselines'));
    writeFileSync(baselineFile('main', root), JSON.stringify({ ...GOOD, figures: [FIGURE] }));
    expect(readBaseline('main', root).figures).toHaveLength(1);
    expect(() => readBaseline('mian', root)).toThrow(
      expect.objectContaining({
        code: 'NO_BASELINE',
        exit: 2,
        hint: expect.stringContaining('there are main') as string,
      }),
    );
  });
});

test('a name is a word, or a path that ends in .json', () => {
  for (const name of ['main', 'v1.2', 'a/b.json', '../x.json'])
    expect(() => checkBaselineName(name, '--baseline')).not.toThrow();
  for (const name of ['', 'a/b', '../x', 'a b'])
    expect(() => checkBaselineName(name, '--baseline')).toThrow(/neither a name nor a path/);
});

test('a file that cannot be written: exit 3', () => {
  inScratch((root) => {
    writeFileSync(join(root, 'file'), '');
    const side = sideOf('b', processesOf([1]));
    expect(() => saveBaseline(join(root, 'file', 'x.json'), root, side)).toThrow(
      expect.objectContaining({ code: 'EXPORT_UNWRITABLE', exit: 3 }),
    );
  });
});
