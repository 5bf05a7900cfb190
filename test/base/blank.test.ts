/*
 * Goal: what is left of a text is its code, and nothing has moved.
 *
 * Method: each case is a text and what must be left of it, blanks shown as dots.  What looks like a comment, a
 * string or a regular expression and is none has a case beside the one that is.
 */

import { describe, expect, test } from 'vitest';
import { blank } from '../../src/base/blank.ts';

/** The code, with a dot for each blank that was none. */
function codeOf(text: string): string {
  return blank(text).replaceAll(/ /g, (_, i: number) => (text[i] === ' ' ? ' ' : '.'));
}

describe('blank', () => {
  test.for([
    ['comments', 'a; // { b\n/* } */ c', 'a; .. . .\n.. . .. c'],
    ['strings', `f('}', "{") + ''`, `f('.', ".") + ''`],
    ['an escaped quote', String.raw`'a\'b' c`, `'....' c`],
    ['a quote that never ends', `it's\n{}`, `it's\n{}`],
    ['a division', 'a / b / c', 'a / b / c'],
    ['a regular expression', 'x = /[/{]/g; y', 'x = .......; y'],
    [
      'one after a keyword, and a word that ends like one',
      'return /{/; myreturn /{/ 1',
      'return ...; myreturn /{/ 1',
    ],
    ['one behind another is a division', '= /a/ / b / c', '= ... / b / c'],
    ['one at the beginning', '/{/', '...'],
    ['one behind a comment', '( /* x */ /{/ )', '( .. . .. ... )'],
    ['a template', '`{${a}}`', '`.${a}.`'],
    ['a template within one', '`${`{${b}`}` + {}', '`${`.${b}`}` + {}'],
    ['braces within a substitution', '`${ {a: {}} }}`', '`${ {a: {}} }.`'],
    ['a dollar', '`$a $ ${b}`', '`.. . ${b}`'],
    ['a template that never ends', '`{', '`.'],
    ['nothing', '', ''],
  ])('%s', ([, text, code]) => {
    expect(codeOf(text!)).toBe(code);
    expect(blank(text!)).toHaveLength(text!.length);
  });
});
