/*
 * Goal: a row of bars says what its numbers say, in letters that the terminal has.
 * Method: rows whose picture can be worked out by hand.  The twin begins at the least, as a careless one would: it shows a
 * slope where there is none to speak of.
 */

import { describe, expect, test } from 'vitest';
import { hasUnicode, sparkline } from '../../src/base/sparkline.ts';

const unicode = { isUnicode: true } as const;

test.for([
  { row: [0, 1, 2, 3, 4, 5, 6, 7], bars: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' },
  { row: [100, 101, 102], bars: '███', ascii: '###' },
  { row: [0, 0, 0], bars: '▁▁▁', ascii: '___' },
  { row: [4, NaN, 8], bars: '▅·█', ascii: '=?#' },
  { row: [-1, 7], bars: '▁█', ascii: '_#' },
  { row: [NaN, Infinity], bars: '··', ascii: '??' },
  { row: [5], bars: '', ascii: '' },
  { row: [], bars: '', ascii: '' },
])('$row is $bars', ({ row, bars, ascii }) => {
  expect(sparkline(row, unicode)).toBe(bars);
  expect(sparkline(row, { isUnicode: false })).toBe(ascii);
});

test('bars begin at zero: what differs by a hundredth looks level (control: from the least it does not)', () => {
  const row = [100, 101, 102];
  const least = Math.min(...row);
  const careless = row.map((value) => value - least);
  expect(new Set(sparkline(row, unicode)).size).toBe(1);
  expect(new Set(sparkline(careless, unicode)).size).toBe(3);
});

test('several rows are drawn against one largest', () => {
  expect(sparkline([1, 2], { ...unicode, most: 8 })).toBe('▂▃');
  expect(sparkline([9, 9], { ...unicode, most: 8 })).toBe('██');
});

test('a long row is thinned out, and keeps its peak', () => {
  const row = Array.from({ length: 1_000 }, (_, i) => (i === 777 ? 10 : 1));
  const bars = sparkline(row, unicode);
  expect(bars).toHaveLength(32);
  expect(bars.indexOf('█')).toBe(Math.floor((777 * 32) / 1_000));
});

describe('letters', () => {
  test.for([
    { env: { LANG: 'en_GB.UTF-8' }, platform: 'linux', has: true },
    { env: { LANG: 'C.utf8' }, platform: 'darwin', has: true },
    { env: {}, platform: 'linux', has: true },
    { env: { LC_ALL: '', LANG: 'C' }, platform: 'linux', has: false },
    { env: { LC_ALL: 'POSIX', LANG: 'en_GB.UTF-8' }, platform: 'linux', has: false },
    { env: { LANG: 'en_GB.UTF-8', TERM: 'linux' }, platform: 'linux', has: false },
    { env: {}, platform: 'win32', has: false },
    { env: { WT_SESSION: '1' }, platform: 'win32', has: true },
  ])('$env on $platform: $has', ({ env, platform, has }) => {
    expect(hasUnicode(env, platform)).toBe(has);
  });
});
