/*
 * Goal: what is printed cannot act on the terminal, and what was harmless is unchanged.
 */

import { stripVTControlCharacters } from 'node:util';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { printable } from '../../src/base/text.ts';

test.for([
  ['mod_lock', 'mod_lock'],
  ['größer ロック 🔒', 'größer ロック 🔒'],
  ['C:\\threads', 'C:\\threads'],
  ['a\nb\tc\r', 'a\\nb\\tc\\r'],
  ['\u001b[2J', '\\x1b[2J'],
  ['\u009b31m', '\\x9b31m'],
  ['\u007f\u0000', '\\x7f\\x00'],
  ['user\u202egnp.exe', 'user\\u{202e}gnp.exe'],
  ['a\u2028b\u200bc', 'a\\u{2028}b\\u{200b}c'],
  ['\ud800', '\\u{d800}'],
] as const)('%j prints as %s', ([text, printed]) => {
  expect(printable(text)).toBe(printed);
});

test('nothing printed is a control character, and printing again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      const printed = printable(text);
      expect(printed).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(stripVTControlCharacters(printed)).toBe(printed);
      expect(printable(printed)).toBe(printed);
    }),
  );
});
