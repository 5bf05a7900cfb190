/*
 * Goal: an error names what is wrong and what to do, and cannot be made without its values.
 * Method: the table is checked as a whole, then the two marks of a template by example.
 */

import { expect, expectTypeOf, test } from 'vitest';

import { EXIT } from '../../src/base/exit.ts';
import { explain, Fail, fail, toFail } from '../../src/base/fail.ts';
import type { FailCode, FailValues } from '../../src/base/fail.ts';
import { FAILS } from '../../src/base/failures.ts';

const table = Object.entries(FAILS);

test.for(table)('%s is well formed', ([code, { exit, says, hint }]) => {
  expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
  expect(EXIT[exit]).not.toBe(EXIT.ok);
  for (const line of [says, ...hint]) {
    expect(line).not.toMatch(/[\n.]$|something|oops|sorry/i);
    expect(line.replace(/\[[^[\]]*\]|\{\w+\}/g, '')).not.toMatch(/[[\]{}]/);
    expect(line.replace(/[[\]{}]/g, '')).toBe(line.replace(/[[\]{}]/g, '').trim());
  }
});

test('a message with all of its values, and the hint below it', () => {
  const failure = fail('UNKNOWN_VARIANT', {
    workload: 'illumos-9056',
    name: 'fixd',
    known: 'buggy, fixed',
    suggestion: 'fixed',
  });
  expect(failure).toBeInstanceOf(Error);
  expect(failure.code).toBe('UNKNOWN_VARIANT');
  expect(failure.exit).toBe(EXIT.usage);
  expect(explain(failure)).toMatchInlineSnapshot(`
    "workload illumos-9056 has no variant fixd; it has buggy, fixed
      did you mean --variant fixed?
      gridlock list shows each variant and the verdict it declares"
  `);
});

test('what has no value is left out, with the words around it', () => {
  const range = { name: 'threads', value: 900, min: 1, max: 62 };
  expect(fail('PARAM_RANGE', range).message).toBe('parameter threads is 900, outside 1 to 62');
  expect(fail('PARAM_RANGE', { ...range, unit: 'ms' }).message).toBe(
    'parameter threads is 900 ms, outside 1 to 62 ms',
  );
  expect(fail('PARAM_RANGE', { ...range, unit: '' }).message).toBe(
    'parameter threads is 900, outside 1 to 62',
  );
  expect(explain(fail('BAD_NUMBER', { text: 'x', wanted: 'a number' }))).toBe('x is not a number');
});

test('a value can neither move the cursor, nor forge a line, nor act as a template', () => {
  const { message } = fail('WORKLOAD_NOT_FOUND', { file: '\u001b[2J{file}\n[x]\u202e' });
  expect(message).toBe('there is no file \\x1b[2J{file}\\n[x]\\u{202e}');
});

test('an empty value is still something to be seen', () => {
  expect(fail('PARAM_SYNTAX', { text: '' }).message).toBe("-P '' is not a name and a value");
});

test('a forgotten or misspelled value does not compile', () => {
  // @ts-expect-error `why` is missing
  fail('NOTHING_SELECTED', {});
  // @ts-expect-error `wy` is not a value of this template
  fail('NOTHING_SELECTED', { why: 'an empty shard', wy: '' });
  expectTypeOf<FailValues<'NOTHING_SELECTED'>>().toExtend<{ why: string | number }>();
  expectTypeOf<FailValues<'BAD_NUMBER'>>().toHaveProperty('where');
  expectTypeOf<undefined>().toExtend<FailValues<'BAD_NUMBER'>['where']>();
  expectTypeOf<undefined>().not.toExtend<FailValues<'BAD_NUMBER'>['text']>();
});

test('a failure can be sent to another process as its code and values', () => {
  const sent = fail('NOTHING_SELECTED', { why: 'shard 3/4 is empty' });
  const { code, values } = JSON.parse(JSON.stringify(sent)) as { code: FailCode; values: object };
  expect(explain(new Fail(code, { ...values }))).toBe(explain(sent));
});

test('what was thrown by accident is our fault, and keeps its cause', () => {
  const thrown = new TypeError('x is not a function');
  const failure = toFail(thrown);
  expect(failure.code).toBe('INTERNAL');
  expect(failure.exit).toBe(EXIT.internal);
  expect(failure.cause).toBe(thrown);
  expect(failure.message).toBe('gridlock itself is at fault: TypeError: x is not a function');
  expect(toFail(failure)).toBe(failure);
  expect(toFail('a string').message).toContain('a string');
});
