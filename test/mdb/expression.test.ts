/*
 * Goal: an expression comes to what mdb would make of it.
 *
 * Method: trees of operators are made by chance, written as text with no more parentheses than they need, and
 * parsed and evaluated; a reference beside it evaluates the tree with BigInt, from the C of mdb_grammar.y.  Then
 * tables: words that are symbols or numbers, what is read from memory, and errors.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { evaluate, type Environment } from '../../src/mdb/language/expression.ts';
import { MdbError, oops } from '../../src/mdb/error.ts';
import { parseExpression } from '../../src/mdb/language/syntax.ts';

const SYMBOLS: Readonly<Record<string, bigint>> = {
  add: 0x41a00n,
  mod_lock: 0x1000n,
  face: 7n,
  'a lock': 9n,
  '12th': 5n,
};

const environment: Environment = {
  dot: () => 0x100n,
  increment: () => 8n,
  typed: () => 0x42n,
  variable: (name) => (name === 'x' ? 3n : undefined),
  symbol: (name) => (Object.hasOwn(SYMBOLS, name) ? SYMBOLS[name] : undefined),
  symbolNames: () => Object.keys(SYMBOLS),
  read: (address, bytes) => {
    if (address >= 0x10000n) throw oops('failed to read from address', 'no mapping for address');
    return BigInt.asUintN(bytes * 8, 0x8877665544332211n);
  },
};

function valueOf(text: string): bigint {
  return evaluate(parseExpression(text), environment);
}

const LEVELS = [
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '%', '#'],
  ['%%'],
];
const TIGHT = LEVELS.length;

type Tree =
  | { readonly leaf: bigint }
  | { readonly op: '-' | '~' | '#'; readonly of: Tree }
  | { readonly op: string; readonly left: Tree; readonly right: Tree };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, depthSize: 'large' },
    fc
      .oneof(fc.bigInt({ min: 0n, max: 70n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
      .map((leaf) => ({ leaf })),
    fc.record({ op: fc.constantFrom('-', '~', '#'), of: tie('tree') }) as fc.Arbitrary<Tree>,
    fc.record({
      op: fc.constantFrom(...LEVELS.flat()),
      left: tie('tree'),
      right: tie('tree'),
    }),
  ),
}));

function levelOf(it: Tree): number {
  return 'right' in it ? LEVELS.findIndex((level) => level.includes(it.op)) : TIGHT;
}

/** No parentheses but where the grammar needs them: a mistake in how tight an operator binds shows. */
function written(it: Tree): string {
  if ('leaf' in it) return `0x${it.leaf.toString(16)}`;
  const inside = (part: Tree, least: number): string =>
    levelOf(part) >= least ? written(part) : `(${written(part)})`;
  if ('of' in it) return `${it.op} ${inside(it.of, TIGHT)}`;
  const level = levelOf(it);
  return `${inside(it.left, level)} ${it.op} ${inside(it.right, level + 1)}`;
}

const u = (value: bigint): bigint => value & 0xffff_ffff_ffff_ffffn;
const s = (value: bigint): bigint => (u(value) >= 1n << 63n ? u(value) - (1n << 64n) : u(value));

/** Undefined where it divides by zero. */
function reference(it: Tree): bigint | undefined {
  if ('leaf' in it) return it.leaf;
  if ('of' in it) {
    const of = reference(it.of);
    if (of === undefined) return undefined;
    if (it.op === '#') return of === 0n ? 1n : 0n;
    return u(it.op === '-' ? -of : -of - 1n);
  }
  const [a, b] = [reference(it.left), reference(it.right)];
  if (a === undefined || b === undefined) return undefined;
  const divides = it.op === '%' || it.op === '%%' || it.op === '#';
  if (divides && b === 0n) return undefined;
  const all: Readonly<Record<string, () => bigint>> = {
    '|': () => a | b,
    '^': () => a ^ b,
    '&': () => a & b,
    '==': () => BigInt(a === b),
    '!=': () => BigInt(a !== b),
    '<<': () => (b >= 64n ? 0n : u(a * 2n ** b)),
    '>>': () => (b >= 64n ? 0n : a / 2n ** b),
    '+': () => u(a + b),
    '-': () => u(a - b),
    '*': () => u(a * b),
    '%': () => u(s(a) / s(b)),
    '%%': () => a % b,
    '#': () => u((s(a + b - 1n) / s(b)) * b),
  };
  return all[it.op]!();
}

test('an expression comes to what the reference says, however it is written', () => {
  let [values, zeros] = [0, 0];
  fc.assert(
    fc.property(tree, (it) => {
      const wanted = reference(it);
      if (wanted === undefined) {
        zeros++;
        expect(() => valueOf(written(it))).toThrow('attempted to divide by zero');
      } else {
        values++;
        expect(valueOf(written(it))).toBe(wanted);
      }
    }),
    { numRuns: 3000 },
  );
  expect(values).toBeGreaterThan(1000);
  expect(zeros).toBeGreaterThan(10);
});

describe('comes to', () => {
  test.for<[text: string, value: bigint]>([
    // A word that starts with a letter is a symbol if there is one; one that starts with a digit is a number.
    ['add', 0x41a00n],
    ['0xadd', 0xaddn],
    ['abc', 0xabcn],
    ['face', 7n],
    ['FACE', 0xfacen],
    ['1add', 0x1addn],
    ['12th', 5n],
    ['"a lock"', 9n],
    ['mod_lock+109', 0x1109n],
    ['10', 16n],
    ['0t10', 10n],
    ['f_f', 0xffn],
    ['.', 0x100n],
    ['+', 0x108n],
    ['^', 0xf8n],
    ['&', 0x42n],
    ['&&&', 0x42n],
    ['<x', 3n],
    ['*mod_lock', 0x8877665544332211n],
    ['*/4/mod_lock', 0x44332211n],
    ['*/2/mod_lock', 0x2211n],
    ['*/1/mod_lock+1', 0x12n],
    ['-1', 0xffffffffffffffffn],
    ['-8%3', 0xfffffffffffffffen],
    ['5#4', 8n],
    ['7%%4', 3n],
    ['1<<0t64', 0n],
  ])('%s', ([text, value]) => {
    expect(valueOf(text)).toBe(value);
  });
});

describe('is refused', () => {
  test.for<[text: string, says: string]>([
    ['nothing', "failed to dereference symbol: unknown symbol name ('nothing')"],
    ['mod_lokc', "failed to dereference symbol: unknown symbol name ('mod_lokc': is it mod_lock?)"],
    ['"add "', "failed to dereference symbol: unknown symbol name ('add ': is it add?)"],
    ['<y', "variable 'y' is not defined"],
    ['*ffffffff', 'failed to read from address: no mapping for address'],
    ['1%0', 'attempted to divide by zero'],
    ['1%%0', 'attempted to divide by zero'],
    ['1#0', 'attempted to divide by zero'],
  ])('%s', ([text, says]) => {
    expect(() => valueOf(text)).toThrow(new MdbError(says));
  });
});
