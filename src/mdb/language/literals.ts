/*
 * Numbers, as they are written: their prefixes, and what wraps.  And the letters that mean something else behind a
 * backslash, or in a cast.
 */

import { oops } from '../error.ts';

const RADIX: Readonly<Record<string, number>> = { x: 16, t: 10, o: 8, i: 2 };
/** Bytes that a sized read takes, by digit and by the letter of mdb. */
export const SIZES: Readonly<Record<string, 1 | 2 | 4 | 8>> = {
  1: 1,
  2: 2,
  4: 4,
  8: 8,
  c: 1,
  s: 2,
  i: 4,
  l: 8,
};
export const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** A number with its prefix.  @throws MdbError for digits that are none */
export function numberOf(text: string): bigint {
  const radix = RADIX[text[1]!.toLowerCase()]!;
  const digits = text.slice(2);
  const value = digitsOf(digits, radix);
  if (value === undefined)
    throw oops(`invalid number "${text}"`, `not all of it is of radix ${radix}`);
  return value;
}

/** The bits of a double, as 0t1.5 means them. */
export function doubleBits(text: string): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(text.replaceAll('_', '')));
  return view.getBigUint64(0);
}

/** The value of digits, or undefined; wraps at 64 bits as mdb does. */
export function digitsOf(digits: string, radix: number): bigint | undefined {
  let value = 0n;
  if (digits === '' || digits.length > 128) return undefined;
  for (const char of digits.toLowerCase()) {
    if (char === '_') continue;
    const digit = parseInt(char, radix);
    if (Number.isNaN(digit)) return undefined;
    value = value * BigInt(radix) + BigInt(digit);
  }
  return BigInt.asUintN(64, value);
}
