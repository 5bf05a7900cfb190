/*
 * Goal: a param has the value that was said last: by -P, else by the variant, else the default of who decides which thread runs.
 * Method: a made-up workload with a param of each kind, resolved both ways.  The controls: without a strategy a default for
 * strategies is nobody's; with one, a param without such a default has its own.
 */

import { expect, test } from 'vitest';
import { resolveParams, type CatalogEntry } from '../../src/run/catalog.ts';
import { defineWorkload, type Variant, type Workload } from '../../src/run/workload.ts';

const workload = defineWorkload({
  name: 'made-up',
  title: 'made up',
  variants: { plain: { title: 'nothing set', verdict: 'pass' } },
  params: {
    length: { type: 'int', default: 5_000, controlled: 7, min: 1, max: 9_000, title: 'how long' },
    zone: { type: 'flag', default: false, controlled: true, title: 'whether' },
    fix: {
      type: 'choice',
      default: 'a',
      controlled: 'b',
      choices: ['a', 'b', 'c'],
      title: 'which',
    },
    threads: { type: 'int', default: 2, min: 0, max: 9, title: 'how many' },
    none: { type: 'int', default: 4, controlled: 0, min: 0, max: 9, title: 'a 0 is a value' },
  },
  roles: [{ name: 'nobody', psargs: '', run: () => undefined }],
});
const entry = { workload: workload as unknown as Workload, url: '', given: 'x' } as CatalogEntry;
const plain: Variant = workload.variants['plain']!;
const NONE = new Map<string, string>();
const FREE = { length: 5_000, zone: false, fix: 'a', threads: 2, none: 4 };
const CONTROLLED = { length: 7, zone: true, fix: 'b', threads: 2, none: 0 };

test('the default is that of who decides', () => {
  expect(resolveParams(entry, plain, NONE)).toEqual(FREE);
  expect(resolveParams(entry, plain, NONE, false)).toEqual(FREE);
  expect(resolveParams(entry, plain, NONE, true)).toEqual(CONTROLLED);
});

test('a variant beats it, and -P both', () => {
  const set = { ...plain, params: { length: 1_000, zone: false } };
  expect(resolveParams(entry, set, NONE, true)).toEqual({
    ...CONTROLLED,
    length: 1_000,
    zone: false,
  });
  const given = new Map([
    ['length', '5000'],
    ['fix', 'c'],
  ]);
  const said = { ...CONTROLLED, length: 5_000, zone: false, fix: 'c' };
  expect(resolveParams(entry, set, given, true)).toEqual(said);
});

test('a default for strategies that is out of range is refused, and by them alone', () => {
  const wrong = { ...workload.params!.length, controlled: 0 };
  const wronged = { ...workload, params: { length: wrong } } as unknown as Workload;
  const other = { ...entry, workload: wronged };
  expect(() => resolveParams(other, plain, NONE, true)).toThrow(
    expect.objectContaining({ code: 'PARAM_RANGE' }),
  );
  expect(resolveParams(other, plain, NONE)).toEqual({ length: 5_000 });
});
