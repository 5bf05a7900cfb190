/*
 * Goal: the functions of a text are found where they are, whatever way they are written.
 *
 * Method: small texts with the answer beside them; then our own sources, where what is found must agree with
 * what a simpler look finds; and texts made to be slow.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { functionsOf } from '../../src/mdb/target/functions.ts';
import { readTree } from '../tidy/source.ts';

/** Name, parameters and text of each function. */
function found(text: string): [string, string, string][] {
  return functionsOf(text).map(({ name, parameters, start, end }) => [
    name,
    parameters.join(' '),
    text.slice(start, end),
  ]);
}

describe('is found', () => {
  test.for<[string, string, string, string]>([
    ['function f() { return 1; }', 'f', '', 'function f() { return 1; }'],
    ['export function f(a, b) {}', 'f', 'a b', '*'],
    ['export async function* g(a = {}) {}', 'g', 'a', '*'],
    ['function f<T extends {}>(a: T): T { return a; }', 'f', 'a', '*'],
    ['function f(a: { b: number }): { c: number } { return x; }', 'f', 'a', '*'],
    ['function f(a): a is { b: 1 } { return true; }', 'f', 'a', '*'],
    ['function f(): Map<string, () => void> { return m; }', 'f', '', '*'],
    ['function f(this: T, ...rest: number[]) {}', 'f', 'rest', '*'],
    ['const f = (a, b) => { return a; };', 'f', 'a b', 'const f = (a, b) => { return a; }'],
    ['const f = a => a + 1;', 'f', 'a', 'const f = a => a + 1'],
    ['let f: F = async (a: number): Promise<void> => { };', 'f', 'a', '*'],
    ['const f = function (a) {};', 'f', 'a', 'const f = function (a) {}'],
    ['const o = { run: (a) => a, b: 1 };', 'run', 'a', 'run: (a) => a'],
    ['class A {\n  m(a: number): void { }\n}', 'm', 'a', 'm(a: number): void { }'],
    ['class A {\n  private static async #m() { }\n}', '#m', '', '#m() { }'],
    ['class A {\n  get size() { return 1; }\n}', 'get size', '', 'get size() { return 1; }'],
    ['const o = {\n  run({ a }, b) { }\n};', 'run', 'b', 'run({ a }, b) { }'],
    ['function $f_1() {}', '$f_1', '', '*'],
    ['function f() { return "}"; }', 'f', '', '*'],
    ['function f() { return `}${g({})}`; }', 'f', '', '*'],
    ['function f() { // }\n}', 'f', '', '*'],
    ['function f() { return /}/.test(s); }', 'f', '', '*'],
  ])('%s', ([text, name, parameters, whole]) => {
    expect(found(text)).toContainEqual([
      name,
      parameters,
      whole === '*' ? text.replace(/;$/, '') : whole,
    ]);
  });
});

describe('is none', () => {
  test.for([
    'function f(): void;',
    'declare function f(a: number): string;',
    'if (a) { b(); }',
    '  while (a) { b(); }',
    '  f(a);',
    '  return f(a) ? { b } : c;',
    'const a = (b);',
    'const a = b ? (c) : d;',
    '// function f() {}',
    '"function f() {}"',
    '/* function f() {} */',
    'a.function f() {}',
    'function f(',
    'function f() {',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

test('an inner one comes after the one around it, and lies in it', () => {
  const text = 'function a() { function b() { const c = () => 1; } }\nfunction d() {}';
  const all = functionsOf(text);
  expect(all.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  const [a, b, c, d] = all.map(({ start, end }) => ({ start, end }));
  expect(a!.start < b!.start && b!.end < a!.end).toBe(true);
  expect(b!.start < c!.start && c!.end < b!.end).toBe(true);
  expect(d!.start).toBeGreaterThan(a!.end);
});

test('every exported function of our own sources is found, and ends in a brace', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const sources = readTree(root).filter(({ path }) => /^(?:src|workloads)\/.*\.ts$/.test(path));
  let seen = 0;
  for (const { path, text, code } of sources) {
    const all = functionsOf(text);
    for (const [, name = ''] of code.matchAll(
      /^(?:export )?(?:async )?function\*? (\w+)(?=[(<])/gm,
    )) {
      const isDeclaration = all.some((each) => each.name === name && text[each.end - 1] === '}');
      // An overload has no body; the implementation behind it has.
      expect(isDeclaration, `${path}: ${name}`).toBe(true);
      seen++;
    }
    for (const { name, start, end } of all) {
      expect(end, `${path}: ${name}`).toBeGreaterThan(start);
      expect(end, `${path}: ${name}`).toBeLessThanOrEqual(text.length);
    }
  }
  expect(seen).toBeGreaterThan(500);
});

test('any text has functions that lie in it', () => {
  const pieces = [
    'function f',
    '(',
    ')',
    '{',
    '}',
    '=>',
    'a',
    '=',
    ':',
    ';',
    '\n  ',
    '<',
    '>',
    '`',
    '${',
    '"',
    '/',
    ' ',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (parts) => {
      const text = parts.join('');
      let last = -1;
      for (const { start, end } of functionsOf(text)) {
        expect(start).toBeGreaterThan(last);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(text.length);
        last = start;
      }
    }),
    { numRuns: 2000 },
  );
});

// What takes the square of its length takes minutes here; the test's timeout is the bound.
test.for([
  ['openings', 'function f('],
  ['results', 'function f(): '],
  ['annotations', 'a:'],
  ['arrows', 'a=b=>c '],
  ['blanks', ' '],
  ['names', 'static '],
  ['brackets', '(['],
  ['types', 'a=<'],
  ['templates', '`${'],
])('400,000 characters of %s take no time', ([, piece]) => {
  const text = piece!.repeat(Math.ceil(400_000 / piece!.length));
  expect(functionsOf(text).length).toBeLessThanOrEqual(text.length);
});

test('this file has functions of its own', () => {
  const text = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  expect(functionsOf(text)[0]).toMatchObject({ name: 'found', parameters: ['text'] });
});
