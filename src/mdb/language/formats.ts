/*
 * Format verbs: `addr/fmt` shows memory, `expr=fmt` a number.
 *
 *     letter    bytes   shows                      letter    bytes   shows
 *     -------   -----   ------------------------   -------   -----   ---------------------------------
 *     B x X J   1248    hexadecimal                c C       1       a character
 *     b o O q   1248    octal                      s S       to NUL  text; S with escapes
 *     v d D e   1248    signed decimal             a A       0       dot as a symbol
 *     V u U E   1248    unsigned decimal           i I       line    the source there (text addresses)
 *     K         ptr     hexadecimal                n t r     0       newline, tab, blank
 *     p P       ptr     a symbol                   "…"       0       that text
 *     Y         4       a clock word, in ms        + -       0       dot moves by a byte
 *
 * A pointer (K, P) is as wide as one is where it lies: 4 bytes in the image, 8 on a stack.  mdb's `/K` of a
 * kernel of 64 bits reads 8, and would read the word behind a lock along with its owner.
 *
 * A letter may have a count before it: /2X.  Nothing here writes: /v /w /W /Z are refused, a dump being what it
 * is.  (`/v` followed by a value is the write, alone it is the format.)
 */

import { printable } from '../../base/text.ts';
import type { Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { hexOf, type Target } from '../target/target.ts';
import { STACK_BASE } from '../target/stack.ts';

/** A row of output is broken where the next cell would begin behind this column. */
const ROW = 80;
const CELL = 16;
const CELLS_MAX = 100_000;
const TEXT_MAX = 4096;

interface Letter {
  readonly shows: string;
  readonly bytes: number | 'pointer' | 'text' | 'line';
  readonly show: (value: bigint, bits: number, target: Target) => string;
}

const asHex = (value: bigint): string => value.toString(16);
const asOctal = (value: bigint): string => value.toString(8);
const asSigned = (value: bigint, bits: number): string => BigInt.asIntN(bits, value).toString();
const asUnsigned = (value: bigint): string => value.toString();
const asSymbol = (value: bigint, _: number, target: Target): string => target.symbolic(value);
const asChar = (value: bigint): string => printable(String.fromCharCode(Number(value & 0xffn)));
/** A clock word counts ticks of 100 us. */
const asTime = (value: bigint): string => `${Number(value) / 10} ms`;
const nothing = (): string => '';

export const FORMATS: Readonly<Record<string, Letter>> = {
  B: { bytes: 1, show: asHex, shows: 'hexadecimal' },
  x: { bytes: 2, show: asHex, shows: 'hexadecimal' },
  X: { bytes: 4, show: asHex, shows: 'hexadecimal' },
  J: { bytes: 8, show: asHex, shows: 'hexadecimal' },
  b: { bytes: 1, show: asOctal, shows: 'octal' },
  o: { bytes: 2, show: asOctal, shows: 'octal' },
  O: { bytes: 4, show: asOctal, shows: 'octal' },
  q: { bytes: 8, show: asOctal, shows: 'octal' },
  v: { bytes: 1, show: asSigned, shows: 'decimal, signed' },
  d: { bytes: 2, show: asSigned, shows: 'decimal, signed' },
  D: { bytes: 4, show: asSigned, shows: 'decimal, signed' },
  e: { bytes: 8, show: asSigned, shows: 'decimal, signed' },
  V: { bytes: 1, show: asUnsigned, shows: 'decimal, unsigned' },
  u: { bytes: 2, show: asUnsigned, shows: 'decimal, unsigned' },
  U: { bytes: 4, show: asUnsigned, shows: 'decimal, unsigned' },
  E: { bytes: 8, show: asUnsigned, shows: 'decimal, unsigned' },
  c: { bytes: 1, show: asChar, shows: 'a character' },
  C: { bytes: 1, show: asChar, shows: 'a character' },
  Y: { bytes: 4, show: asTime, shows: 'a clock word, in milliseconds' },
  K: { bytes: 'pointer', show: asHex, shows: 'a pointer, in hexadecimal' },
  p: { bytes: 'pointer', show: asSymbol, shows: 'a pointer, as a symbol' },
  P: { bytes: 'pointer', show: asSymbol, shows: 'a pointer, as a symbol' },
  s: { bytes: 'text', show: nothing, shows: 'text to its NUL' },
  S: { bytes: 'text', show: nothing, shows: 'text to its NUL, with escapes' },
  i: { bytes: 'line', show: nothing, shows: 'the source there' },
  I: { bytes: 'line', show: nothing, shows: 'the source there' },
  a: { bytes: 0, show: nothing, shows: 'dot as a symbol' },
  A: { bytes: 0, show: nothing, shows: 'dot as a symbol' },
  n: { bytes: 0, show: nothing, shows: 'a newline' },
  t: { bytes: 0, show: nothing, shows: 'a tab' },
  T: { bytes: 0, show: nothing, shows: 'a tab' },
  r: { bytes: 0, show: nothing, shows: 'a blank' },
  R: { bytes: 0, show: nothing, shows: 'a blank' },
  '+': { bytes: 0, show: nothing, shows: 'dot moves on by a byte' },
  '-': { bytes: 0, show: nothing, shows: 'dot moves back by a byte' },
};

type Item =
  | { readonly letter: string; readonly repeat: number }
  | { readonly literal: string; readonly repeat: 1 };

/** What a source line prints as; dcmds/dis.ts has it, and gives it to the formats. */
export type LineAt = (target: Target, address: bigint) => { text: string; next: bigint };

/** `addr[,count]/fmt`.  @returns rows, and by `moved` where dot is afterwards */
export function* showMemory(
  target: Target,
  address: bigint,
  count: bigint,
  format: string,
  lineAt: LineAt,
  moved: (dot: bigint, increment: bigint) => void,
): Iterable<Row> {
  if (/^[wWZ]|^v\s/.test(format)) {
    throw oops(
      `failed to write at ${asHex(address)}`,
      'target is a crash dump: nothing in it can be written',
    );
  }
  const items = itemsOf(format);
  const symbol = target.nameAt(address);
  if (symbol?.offset === 0) yield { text: `${printable(target.symbolic(address))}:` };
  let at = address;
  let line = new Line(target, at);
  let cells = 0;
  for (let turn = 0n; turn < count; turn++) {
    for (const item of items) {
      for (let n = 0; n < item.repeat; n++) {
        if (++cells > CELLS_MAX) throw oops(`that is more than ${CELLS_MAX} values`);
        if ('literal' in item) {
          line.add(item.literal);
          continue;
        }
        if (line.isFull()) {
          yield line.row();
          line = new Line(target, at);
        }
        const step = showOne(target, at, item.letter, lineAt);
        if (item.letter === 'n') {
          yield line.row();
          line = new Line(target, at);
        } else if (step.alone) {
          line.add(step.text);
          at = BigInt.asUintN(64, at + step.bytes);
          if (n + 1 < item.repeat || turn + 1n < count) {
            yield line.row();
            line = new Line(target, at);
          }
          continue;
        } else {
          line.cell(step.text, step.value);
        }
        at = BigInt.asUintN(64, at + step.bytes);
      }
    }
  }
  moved(address, at - address);
  if (!line.isEmpty()) yield line.row();
}

/** `expr=fmt`. */
export function* showValue(target: Target, value: bigint, format: string): Iterable<Row> {
  const cells: string[] = [];
  for (const item of itemsOf(format)) {
    if ('literal' in item) {
      cells.push(item.literal);
      continue;
    }
    const { bytes, show } = FORMATS[item.letter]!;
    if (bytes === 'text' || bytes === 'line') {
      throw oops(`format '${item.letter}' needs memory`, `write ${asHex(value)}/${item.letter}`);
    }
    if (item.letter === 'a' || item.letter === 'A') cells.push(target.symbolic(value));
    else if (bytes !== 0) {
      const bits = bytes === 'pointer' ? 64 : bytes * 8;
      cells.push(show(BigInt.asUintN(bits, value), bits, target));
    }
  }
  const text = cells.map((cell) => cell.padEnd(CELL)).join('');
  yield { text: `${' '.repeat(CELL)}${text}`, address: value, data: { value: hexOf(value) } };
}

interface Step {
  readonly text: string;
  readonly bytes: bigint;
  readonly value?: string;
  /** takes the rest of its row */
  readonly alone?: boolean;
}

function showOne(target: Target, at: bigint, letter: string, lineAt: LineAt): Step {
  const { bytes, show } = FORMATS[letter]!;
  if (typeof bytes === 'number' && bytes > 0) {
    const value = target.readNumber(at, bytes);
    return { text: show(value, bytes * 8, target), bytes: BigInt(bytes), value: asHex(value) };
  }
  if (bytes === 'pointer') {
    const width = at >= BigInt(STACK_BASE) ? 8 : 4;
    const value = target.readNumber(at, width);
    return { text: show(value, 64, target), bytes: BigInt(width), value: asHex(value) };
  }
  if (bytes === 'text') {
    const text = target.readText(at, TEXT_MAX);
    const shown = letter === 'S' ? JSON.stringify(text).slice(1, -1) : text;
    return {
      text: printable(shown),
      bytes: BigInt(Buffer.byteLength(text) + 1),
      value: text,
      alone: true,
    };
  }
  if (bytes === 'line') {
    const { text, next } = lineAt(target, at);
    return { text, bytes: next - at, value: text, alone: true };
  }
  if (letter === 'a' || letter === 'A') return { text: `${target.symbolic(at)}:`, bytes: 0n };
  if (letter === '+') return { text: '', bytes: 1n };
  if (letter === '-') return { text: '', bytes: -1n };
  return { text: letter === 'r' || letter === 'R' ? ' ' : '', bytes: 0n };
}

/** One row: its label, then cells that begin at multiples of 16 columns. */
class Line {
  private readonly at: bigint;
  private readonly values: string[] = [];
  private text: string;
  private used = false;

  constructor(target: Target, at: bigint) {
    this.at = at;
    const label = `${printable(target.symbolic(at))}:`;
    // The next tab stop, and at least one blank.
    this.text = label.padEnd(Math.ceil((label.length + 1) / CELL) * CELL);
  }

  cell(text: string, value?: string): void {
    this.used = true;
    if (value !== undefined) this.values.push(value);
    if (text === '') return;
    this.text += text.length < CELL ? text.padEnd(CELL) : `${text} `;
  }

  add(text: string): void {
    this.used = true;
    this.text += text;
  }

  isFull(): boolean {
    return this.used && this.text.length + CELL > ROW;
  }

  isEmpty(): boolean {
    return !this.used;
  }

  row(): Row {
    const address = this.at;
    return { text: this.text, address, data: { address: asHex(address), values: this.values } };
  }
}

/** @throws MdbError `invalid format string` */
function itemsOf(format: string): Item[] {
  const items: Item[] = [];
  const item = /(\d{0,6})(?:"([^"]*)"|([A-Za-z+-]))\s*/y;
  while (item.lastIndex < format.length) {
    const from = item.lastIndex;
    const [, count = '', literal, letter] = item.exec(format) ?? [];
    if (literal !== undefined) items.push({ literal: printable(literal), repeat: 1 });
    else if (letter !== undefined && FORMATS[letter] !== undefined) {
      items.push({ letter, repeat: count === '' ? 1 : Number(count) });
    } else {
      throw oops(
        `invalid format string '${printable(format.slice(from, from + 16))}'`,
        '::formats lists the letters',
      );
    }
  }
  if (items.length === 0)
    throw oops('invalid format string', 'it is empty: ::formats lists the letters');
  return items;
}
