/*
 * Goal: a package is found where gridlock is called, and of it what an import would take.
 *
 * Method: packages made up in a directory of their own, one for each way in which packages say where they
 * begin.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installed } from '../../src/bench/peers/installed.ts';

const here = process.cwd();
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'gridlock-installed-'));
  mkdirSync(join(scratch, 'deeper', 'down'), { recursive: true });
  process.chdir(join(scratch, 'deeper', 'down'));
});

afterAll(() => {
  process.chdir(here);
  rmSync(scratch, { recursive: true, force: true });
});

function make(name: string, manifest: object, files: Readonly<Record<string, string>>): void {
  const directory = join(scratch, 'node_modules', name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, ...manifest }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
}

const right = 'export const which = "right";';
const wrong = 'export const which = "wrong";';

test.for([
  ['exports a file', { exports: './a.mjs' }, { 'a.mjs': right }],
  [
    'exports by condition',
    {
      main: './b.js',
      exports: { '.': { types: './t.d.ts', require: './b.js', import: './a.mjs' } },
    },
    { 'a.mjs': right, 'b.js': wrong },
  ],
  [
    'exports by condition within a condition, without a dot',
    { exports: { browser: './b.mjs', node: { import: './a.mjs' } } },
    { 'a.mjs': right, 'b.mjs': wrong },
  ],
  ['has a main', { main: 'a.js', type: 'module' }, { 'a.js': right }],
  ['says nothing', {}, { 'index.js': 'exports.which = "right";' }],
  [
    'hides its names',
    { main: './a.cjs' },
    { 'a.cjs': 'module.exports = { ...{ which: "right" } };' },
  ],
] as const)('a package that %s', async ([what, manifest, files]) => {
  const name = `@made-up/${what.replaceAll(/\W+/g, '-')}`;
  make(name, manifest, files);
  expect((await installed<{ which: string }>(name)).which).toBe('right');
});

test('what is nowhere is not found, as an import would not find it', async () => {
  await expect(installed('a-package-that-nobody-has')).rejects.toMatchObject({
    code: 'ERR_MODULE_NOT_FOUND',
    message: expect.stringMatching(/^Cannot find package 'a-package-that-nobody-has'/) as string,
  });
});
