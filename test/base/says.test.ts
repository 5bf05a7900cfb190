/*
 * Goal: whatever is thrown can be said, and the two forms differ where they are meant to, and nowhere else.
 */

import { expect, test } from 'vitest';

import { saysAllOf, saysOf } from '../../src/base/says.ts';

const several = new AggregateError([new TypeError('one'), 'two', new Error('')], 'all of them');

test.for<[unknown, string, string]>([
  [new TypeError('x is no function'), 'TypeError: x is no function', 'TypeError: x is no function'],
  ['a text', 'a text', 'a text'],
  [undefined, 'undefined', 'undefined'],
  [null, 'null', 'null'],
  [new Error(''), 'Error: ', 'Error'],
  [Object.assign(new Error('that'), { name: '' }), ': that', 'that'],
  [
    several,
    'AggregateError: all of them',
    'AggregateError: all of them: TypeError: one; two; Error',
  ],
  [new AggregateError([several], ''), 'AggregateError: ', `AggregateError: ${saysAllOf(several)}`],
])('%s', ([thrown, says, saysAll]) => {
  expect([saysOf(thrown), saysAllOf(thrown)]).toEqual([says, saysAll]);
});
