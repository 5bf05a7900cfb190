/*
 * Goal: columns line up on the screen, whatever is in the cells.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fit, table, width } from '../../src/base/table.ts';

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

test('heads are capitals, numbers go right, nothing trails', () => {
  const rows = [
    [9871, '98.7%', 'expected', 'completed', 'pager and reaper took turns'],
    [129, '1.3%', 'FORBIDDEN', 'deadlock', 'each holds what the other wants'],
    [0, '-', 'expected', null, ''],
  ];
  const heads = ['schedules', 'freq', 'grade', 'verdict', 'meaning'];
  expect(table(heads, rows)).toMatchInlineSnapshot(`
    "SCHEDULES   FREQ  GRADE      VERDICT    MEANING
        9,871  98.7%  expected   completed  pager and reaper took turns
          129   1.3%  FORBIDDEN  deadlock   each holds what the other wants
            0      -  expected   -"
  `);
});

test.for([
  '0',
  '1,234.5',
  '-3',
  '98.7%',
  '340ms',
  '4h30m',
  '3.1M/s',
  '12/s',
  '2x',
  '±5%',
  '0x1a40',
])('%s is a number', (cell) => {
  expect(table(['a long head'], [[cell]]).split('\n')[1]).toBe(cell.padStart(11));
});

test.for(['pager', 'v20', '2 of 3', '2/4', '3rd floor', '9056-fixed', 'illumos-9056', '.', 'a1'])(
  '%s is not a number',
  (cell) => {
    expect(table(['a long head'], [[cell]]).split('\n')[1]).toBe(cell);
  },
);

test('one word in a column of numbers makes it a column of words', () => {
  expect(
    table(
      ['n', 'x'],
      [
        [1000, 'a'],
        ['many', 'b'],
      ],
    ),
  ).toBe('N      X\n1,000  a\nmany   b');
});

test('an empty table is its heads', () => {
  expect(table(['name', 'state'], [])).toBe('NAME  STATE');
});

test('colours take no room, and wide characters two columns', () => {
  expect(width(red('deadlock'))).toBe(8);
  expect(width('ロック')).toBe(6);
  expect(width('e\u0301')).toBe(1);
  expect(width('🔒')).toBe(2);
  expect(width('')).toBe(0);
  expect(
    table(
      ['verdict', 'x'],
      [
        [red('pass'), 'a'],
        ['ロック', 'b'],
      ],
    ),
  ).toBe(`VERDICT  X\n${red('pass')}     a\nロック   b`);
});

test('a cut line ends in an ellipsis and closes its colours', () => {
  expect(fit('abcdef', 6)).toBe('abcdef');
  expect(fit('abcdef', 5)).toBe('abcd…');
  expect(fit(`ab${red('cdef')}`, 4)).toBe(`ab${red('c…')}`);
  expect(fit(`ab${red('cdef')}gh`, 4)).toBe(`ab${red('c…')}`);
  expect(fit('ロック', 4)).toBe('ロ…');
  expect(fit('abc', 0)).toBe('');
  expect(table(['a', 'b'], [['x', 'a long story']], { widthMax: 10 })).toBe('A  B\nx  a long…');
});

const cell = fc.oneof(
  fc.stringMatching(/^[a-z-]{0,10}$/),
  fc.integer({ min: -1e6, max: 1e6 }),
  fc.stringMatching(/^[a-z]{1,5}$/).map(red),
  fc.constantFrom('ロック', '🔒', '-', null, '98.7%'),
);

test('each column starts and ends in one place, and no line is too wide', () => {
  const shape = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(shape, fc.integer({ min: 1, max: 60 }), fc.nat(4), (rows, widthMax, indent) => {
      const heads = ['first', 'second', 'end'];
      // The last column is given a mark that nothing else holds, so its place can be read off.
      const marked = rows.map(([a, b]) => [a, b, '|']);
      const places = table([...heads.slice(0, 2), '|'], marked, { indent })
        .split('\n')
        .map((line) => width(line.slice(0, line.indexOf('|'))));
      expect(new Set(places).size).toBe(1);

      for (const line of table(heads, rows, { widthMax, indent }).split('\n')) {
        expect(width(line)).toBeLessThanOrEqual(widthMax);
        expect(line).not.toMatch(/ $/);
      }
    }),
  );
});

test('a hostile cell costs no time', () => {
  const hostile = `${'1a'.repeat(20_000)}!`;
  expect(table(['x'], [[hostile], ['1'.repeat(40_000) + '!']])).toContain(hostile);
});
