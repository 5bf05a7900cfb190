/*
 * Goal: a file is taken apart only when it may have the function that is looked for, and never left out when it
 * has.
 *
 * Method: every function of every source of ours must be one that its text may define.  The counterpart: a text
 * that only calls it may not.  And a name leads to the same function whether all files were taken apart or none.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { functionsOf, mayDefine } from '../../src/mdb/target/functions.ts';
import { partsOf, Made } from './made.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('no function is overlooked', () => {
  let functions = 0;
  for (const folder of ['src', 'workloads', 'test']) {
    for (const file of readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })) {
      if (!/\.[jt]s$/.test(file)) continue;
      const text = readFileSync(`${ROOT}${folder}/${file}`, 'utf8');
      const missed = functionsOf(text).filter(({ name }) => !mayDefine(text, name));
      expect(missed, file).toEqual([]);
      functions += functionsOf(text).length;
    }
  }
  expect(functions).toBeGreaterThan(1000);
});

describe('f', () => {
  test.for([
    ['function f() {}', true],
    ['async function* f<T>(a: T): X {}', true],
    ['const f = (a) => a;', true],
    ['const f: Look = a => a;', true],
    ['  f(a, b) {\n  }', true],
    ['  get f() { return 1; }', true],
    ['  readonly #f = () => 1;', true],
    ['{ f: function (a) {} }', true],
    ['  f(a, b);', false],
    ['  x.f(a) {', false],
    ['  if (f()) {', true],
    ['function ff() {}', false],
    ["import { f } from './f.ts';", false],
    ['return f', false],
  ] as const)('may be defined in %s: %s', ([text, may]) => {
    expect(mayDefine(text, text.includes('get ') ? 'get f' : text.includes('#') ? '#f' : 'f')).toBe(
      may,
    );
  });
});

test('a name leads to the same function, however many files were taken apart', async () => {
  const parts = await partsOf('dtrace-deadlock.wstub');
  const [lazy, whole] = [new Made(parts).target().text, new Made(parts).target().text];
  const names = whole.allNames();
  expect(names.size).toBeGreaterThan(300);
  for (const [name, { address }] of names) expect(lazy.lookup(name)?.address, name).toBe(address);
  expect(lazy.lookup('no_such_function')).toBeUndefined();
});
