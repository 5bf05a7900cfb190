/*
 * Expressions: what the parser found, as a number of 64 bits.
 *
 * Everything is unsigned and wraps, but % and #, which divide with signs: all as in mdb.  A word is a symbol if there is one of that name and the word
 * could not begin a number (it starts with a letter), else a number in the default radix, else an error that
 * suggests a symbol.
 */

import { suggest } from '../../base/suggest.ts';
import { oops } from '../error.ts';
import type { BinaryOp, Expression } from './ast.ts';
import { digitsOf } from './literals.ts';

/** What an expression may refer to. */
export interface Environment {
  /** the current address: `.` */
  dot(): bigint;
  /** how far a format went: `+` and `^` */
  increment(): bigint;
  /** the address that was typed last: `&` */
  typed(): bigint;
  /** undefined for one that is not defined */
  variable(name: string): bigint | undefined;
  /** undefined for a symbol that is not there */
  symbol(name: string): bigint | undefined;
  /** names like it */
  symbolNames(): Iterable<string>;
  /** @throws MdbError where nothing is mapped */
  read(address: bigint, bytes: 1 | 2 | 4 | 8): bigint;
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

/** @throws MdbError */
export function evaluate(expression: Expression, env: Environment): bigint {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'word':
      return wordValue(expression.text, expression.quoted, env);
    case 'variable': {
      const value = env.variable(expression.name);
      if (value === undefined) throw oops(`variable '${expression.name}' is not defined`);
      return value;
    }
    case 'dot':
      return u64(dotValue(expression.which, env));
    case 'unary': {
      const value = evaluate(expression.of, env);
      if (expression.op === '#') return value === 0n ? 1n : 0n;
      return u64(expression.op === '-' ? -value : ~value);
    }
    case 'deref':
      return env.read(evaluate(expression.of, env), expression.bytes);
    case 'binary':
    default:
      return binary(expression.op, evaluate(expression.left, env), evaluate(expression.right, env));
  }
}

function dotValue(which: '.' | '+' | '^' | '&', env: Environment): bigint {
  if (which === '.') return env.dot();
  if (which === '&') return env.typed();
  return which === '+' ? env.dot() + env.increment() : env.dot() - env.increment();
}

function wordValue(text: string, quoted: boolean, env: Environment): bigint {
  const isNumberFirst = !quoted && /^[0-9]/.test(text);
  if (!isNumberFirst) {
    const value = env.symbol(text);
    if (value !== undefined) return value;
  }
  const number = quoted ? undefined : digitsOf(text, 16);
  if (number !== undefined) return number;
  const value = isNumberFirst ? env.symbol(text) : undefined;
  if (value !== undefined) return value;
  const near = text.length > 64 ? undefined : suggest(text, env.symbolNames());
  throw oops(
    'failed to dereference symbol',
    `unknown symbol name ('${text.slice(0, 64)}'${near === undefined ? '' : `: is it ${near}?`})`,
  );
}

function binary(op: BinaryOp, a: bigint, b: bigint): bigint {
  switch (op) {
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '==':
      return a === b ? 1n : 0n;
    case '!=':
      return a === b ? 0n : 1n;
    case '<<':
      return b > 63n ? 0n : u64(a << b);
    case '>>':
      return b > 63n ? 0n : a >> b;
    case '+':
      return u64(a + b);
    case '-':
      return u64(a - b);
    case '*':
      return u64(a * b);
    case '%':
      return u64(signed(a) / divisor(signed(b)));
    case '%%':
      return a % divisor(b);
    case '#':
    default:
      return u64((signed(a + b - 1n) / divisor(signed(b))) * b);
  }
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw oops('attempted to divide by zero');
  return value;
}
