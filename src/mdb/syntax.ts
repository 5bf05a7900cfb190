/*
 * The language: from a line to commands.
 *
 *     line        command { ; command } [ // comment ]
 *     command     [ expr ] [ , count ] verb [ arg … ] { | command } [ ! shell ]
 *               | expr > name                           a variable is set
 *               | expr                                  the last command again, there
 *               | ! shell                               the shell alone
 *     verb        ::dcmd   $c $C $q …   /fmt =fmt ?fmt \fmt      (format verbs: formats.ts)
 *     expr        operators of two operands, loosest first, all left associative:
 *
 *                     |   ^   &   == !=   << >>   + -   * % #
 *
 *                 before an operand: - ~ # (logical not) * (8 bytes at) *\/1/ *\/2/ *\/4/ *\/8/ (so many) %
 *     operand     number, 'c', symbol, object`symbol, "any symbol", <variable, . + ^ &, (expr)
 *     arg         word, "…", '…', $[expr]
 *
 * Numbers are hexadecimal unless prefixed (0x 0t 0o 0i), and as in mdb a word that could be a number and is a
 * symbol is a symbol if it starts with a letter.  So whether `add` is 0xadd is not the parser's to say: it
 * leaves words to the evaluator (expression.ts).  `|` before a verb is the operator, after one the pipe, and
 * `/` is never a division, so no look ahead is needed.  A quoted symbol is ours: names of locks are free text.
 *
 * A Pratt parser by hand, since the grammar is small and the error should name the place.
 */

import { oops } from './error.ts';

export type Expression =
  | { readonly kind: 'number'; readonly value: bigint }
  /** a symbol, or a number in the default radix */
  | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'dot'; readonly which: '.' | '+' | '^' | '&' }
  | { readonly kind: 'unary'; readonly op: '-' | '~' | '#'; readonly of: Expression }
  | { readonly kind: 'deref'; readonly bytes: 1 | 2 | 4 | 8; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOp;
      readonly left: Expression;
      readonly right: Expression;
    };

export type BinaryOp = '|' | '^' | '&' | '==' | '!=' | '<<' | '>>' | '+' | '-' | '*' | '%' | '#';

/** An argument: text, or the number that `$[ ]` comes to. */
export type Argument = string | Expression;

export interface Stage {
  readonly at?: Expression;
  readonly count?: Expression;
  readonly verb: Verb;
}

export type Verb =
  | { readonly kind: 'dcmd'; readonly name: string; readonly args: readonly Argument[] }
  | { readonly kind: 'format'; readonly source: '/' | '=' | '?' | '\\'; readonly format: string }
  | { readonly kind: 'assign'; readonly name: string }
  /** nothing was said but where */
  | { readonly kind: 'again' };

export interface Command {
  readonly stages: readonly Stage[];
  /** the text behind `!` */
  readonly shell?: string;
  /** as it was typed */
  readonly text: string;
}

/** Longest line that is read, in characters, and how deep it may nest. */
const LINE_MAX = 64 * 1024;
const DEPTH_MAX = 200;

const BINDS: Readonly<Record<BinaryOp, number>> = {
  '|': 1,
  '^': 2,
  '&': 3,
  '==': 4,
  '!=': 4,
  '<<': 5,
  '>>': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '%': 7,
  '#': 7,
};
const OPERATORS = Object.keys(BINDS).sort((a, b) => b.length - a.length) as BinaryOp[];
const RADIX: Readonly<Record<string, number>> = { x: 16, t: 10, o: 8, i: 2 };
/** Not a word: where one ends, within an argument. */
const ARGUMENT_END = /[\s;|!]/;

/** @throws MdbError `syntax error near "…"` */
export function parse(line: string): Command[] {
  return new Parser(line).line();
}

/** An expression alone, as in `$[…]` and in options that take an address. */
export function parseExpression(text: string): Expression {
  return new Parser(text).alone();
}

class Parser {
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    if (text.length > LINE_MAX) throw oops(`a line of ${text.length} characters is too long`);
    this.text = text;
  }

  line(): Command[] {
    const commands: Command[] = [];
    for (;;) {
      while (this.skip() && this.peek(';')) this.at++;
      if (this.atEnd()) return commands;
      commands.push(this.command());
      this.skip();
      if (!this.atEnd() && !this.peek(';')) throw this.wrong();
    }
  }

  alone(): Expression {
    const value = this.expression();
    this.skip();
    if (this.at < this.text.length) throw this.wrong();
    return value;
  }

  private command(): Command {
    const begin = this.at;
    const stages: Stage[] = [];
    while (!this.peek('!')) {
      stages.push(this.stage());
      this.skip();
      if (!this.peek('|')) break;
      this.at++;
      this.skip();
      if (this.atEnd() || this.peek('!')) throw this.wrong();
    }
    let shell: string | undefined;
    if (this.peek('!')) {
      shell = this.text.slice(this.at + 1).trim();
      this.at = this.text.length;
    }
    const text = this.text.slice(begin, this.at).trim();
    return { stages, ...(shell === undefined ? {} : { shell }), text };
  }

  private stage(): Stage {
    const where: { at?: Expression; count?: Expression } = {};
    if (!this.isVerb() && !this.peek(',')) where.at = this.expression();
    this.skip();
    if (this.peek(',')) {
      this.at++;
      where.count = this.expression();
    }
    this.skip();
    return { ...where, verb: this.verb() };
  }

  private isVerb(): boolean {
    const [char, next = ''] = [this.text[this.at] ?? '', this.text[this.at + 1]];
    return (
      this.text.startsWith('::', this.at) ||
      (char === '$' && next !== '[') ||
      '/=?\\'.includes(char) ||
      (char === '>' && next !== '>')
    );
  }

  private verb(): Verb {
    if (this.text.startsWith('::', this.at)) {
      this.at += 2;
      const name = this.take(/[\w-]+(?:`[\w-]+)?|\?/y);
      if (name === '') throw this.wrong();
      return { kind: 'dcmd', name, args: this.args() };
    }
    const char = this.text[this.at] ?? '';
    if (char === '$' && this.text[this.at + 1] !== '[') {
      const name = this.take(/\$(?:\w+|[?<>%!@$])/y);
      if (name === '') throw this.wrong();
      return { kind: 'dcmd', name, args: this.args() };
    }
    if (char === '>') {
      this.at++;
      this.skip();
      const name = this.take(/\/[\w]+\/[\w$]+|[\w$]+/y);
      if (name === '') throw this.wrong();
      return { kind: 'assign', name };
    }
    if (char !== '' && '/=?\\'.includes(char)) {
      this.at++;
      const format = this.take(/(?:(?:"[^"]*")|[^\s;|!"])*/y);
      this.skip();
      // `/w` and its like are followed by values: part of the format, for whoever refuses it to name.
      const values = /^[vwWZ]/.test(format) ? this.take(/[^;|!]*/y) : '';
      return {
        kind: 'format',
        source: char as '/',
        format: `${format} ${values}`.trim(),
      };
    }
    return { kind: 'again' };
  }

  private args(): Argument[] {
    const args: Argument[] = [];
    for (;;) {
      const spaced = /\s/.test(this.text[this.at] ?? '');
      this.skip();
      const char = this.text[this.at] ?? '';
      if (char === '' || char === ';' || char === '|' || char === '!') return args;
      if (!spaced) throw this.wrong();
      if (this.text.startsWith('$[', this.at)) {
        this.at += 2;
        args.push(this.expression());
        this.skip();
        this.expect(']');
      } else {
        args.push(this.word());
      }
    }
  }

  /** A word of an argument; quotes may be around all or a part of it. */
  private word(): string {
    let word = '';
    for (;;) {
      const char = this.text[this.at] ?? '';
      if (char === '"' || char === "'") {
        const end = this.text.indexOf(char, this.at + 1);
        if (end < 0) throw oops(`syntax error near "${this.near()}"`, `missing closing ${char}`);
        word += this.text.slice(this.at + 1, end);
        this.at = end + 1;
      } else if (char === '' || ARGUMENT_END.test(char)) {
        return word;
      } else {
        word += char;
        this.at++;
      }
    }
  }

  private expression(tightest = 0): Expression {
    if (++this.depth > DEPTH_MAX) throw oops('expression is too deep');
    let left = this.operand();
    for (;;) {
      this.skip();
      const op = this.operator();
      if (op === undefined || BINDS[op] <= tightest) break;
      this.at += op.length;
      left = { kind: 'binary', op, left, right: this.expression(BINDS[op]) };
    }
    this.depth--;
    return left;
  }

  private operator(): BinaryOp | undefined {
    const op = OPERATORS.find((each) => this.text.startsWith(each, this.at));
    // `!=` but `!` is the shell's; `=` alone is a verb, as is `>`.
    return op;
  }

  private operand(): Expression {
    this.skip();
    const char = this.text[this.at] ?? '';
    if (char === '(') {
      this.at++;
      const inner = this.expression();
      this.skip();
      this.expect(')');
      return inner;
    }
    if (char === '*' || char === '%') return this.deref();
    if (char === '-' || char === '~' || char === '#') {
      this.at++;
      return { kind: 'unary', op: char, of: this.tight() };
    }
    if (char === '<') {
      this.at++;
      const name = this.take(/[\w$?]+/y);
      if (name === '') throw this.wrong();
      return { kind: 'variable', name };
    }
    if (char === "'") return this.character();
    if (char === '"') {
      const end = this.text.indexOf('"', this.at + 1);
      if (end < 0) throw oops(`syntax error near "${this.near()}"`, 'missing closing "');
      const text = this.text.slice(this.at + 1, end);
      this.at = end + 1;
      return { kind: 'word', text, quoted: true };
    }
    const prefixed = this.take(/0[xtoi][0-9a-zA-Z_]+/y);
    if (prefixed !== '') return { kind: 'number', value: numberOf(prefixed) };
    // A number before a macro is no part of its name: `,0$C`, `41a00$C`.
    const counted = this.take(/[0-9][0-9a-fA-F]*(?=\$[A-Za-z?<>])/y);
    if (counted !== '') return { kind: 'word', text: counted, quoted: false };
    const word = this.take(
      /[A-Za-z0-9_$#@.]*[A-Za-z0-9_](?:[\w$.`/@-]*`)?(?:[\w$@]|\.(?=\w))*/y,
      true,
    );
    if (word !== '') return { kind: 'word', text: word, quoted: false };
    if (char === '.' || char === '+' || char === '^' || char === '&') {
      this.at++;
      return { kind: 'dot', which: char };
    }
    throw this.wrong();
  }

  /** What a prefix operator applies to: one operand, with prefixes of its own. */
  private tight(): Expression {
    if (++this.depth > DEPTH_MAX) throw oops('expression is too deep');
    const operand = this.operand();
    this.depth--;
    return operand;
  }

  private deref(): Expression {
    this.at++;
    const sized = this.take(/\/[1248]\//y);
    const bytes = sized === '' ? 8 : (Number(sized[1]) as 1 | 2 | 4 | 8);
    return { kind: 'deref', bytes, of: this.tight() };
  }

  private character(): Expression {
    const end = this.text.indexOf("'", this.at + 1);
    const chars = end < 0 ? '' : this.text.slice(this.at + 1, end);
    if (chars === '' || chars.length > 8) throw this.wrong();
    this.at = end + 1;
    let value = 0n;
    for (const char of chars) value = (value << 8n) | BigInt(char.charCodeAt(0) & 0xff);
    return { kind: 'number', value };
  }

  private take(pattern: RegExp, isWord = false): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    if (isWord && !/^[A-Za-z0-9_$]/.test(found)) return '';
    this.at += found.length;
    return found;
  }

  private peek(char: string): boolean {
    return this.text[this.at] === char;
  }

  private expect(char: string): void {
    if (!this.peek(char)) throw this.wrong();
    this.at++;
  }

  private skip(): true {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
    return true;
  }

  private atEnd(): boolean {
    return this.at >= this.text.length || this.text.startsWith('//', this.at);
  }

  private near(): string {
    const rest = this.text.slice(this.at).trim();
    return rest === '' ? 'end of line' : rest.length > 32 ? `${rest.slice(0, 31)}…` : rest;
  }

  private wrong(): Error {
    return oops(`syntax error near "${this.near()}"`);
  }
}

/** A number with its prefix.  @throws MdbError for digits that are none */
function numberOf(text: string): bigint {
  const radix = RADIX[text[1]!]!;
  const digits = text.slice(2);
  const value = digitsOf(digits, radix);
  if (value === undefined)
    throw oops(`invalid number "${text}"`, `not all of it is of radix ${radix}`);
  return value;
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
