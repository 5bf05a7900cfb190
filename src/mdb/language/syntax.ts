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
 *                     |   ^   &   == !=   << >>   + -   * % # (round up)   %% (remainder)
 *
 *                 before an operand: - ~ # (logical not) * (8 bytes at) *\/1/ *\/2/ *\/4/ *\/8/ (so many) %
 *     operand     number, 'c', symbol, object`symbol, "any symbol", <variable, . + ^ &, (expr)
 *     arg         word, "…", '…', $[expr]
 *
 * The sizes may also be given by letter, as in mdb: c s i l.  A shell's command ends at `;`, or at its closing
 * quote if it begins with one.
 *
 * Numbers are hexadecimal unless prefixed (0x 0t 0o 0i; 0t1.5 is the bits of a double), and as in mdb a word that could be a number and is a
 * symbol is a symbol if it starts with a letter.  So whether `add` is 0xadd is not the parser's to say: it
 * leaves words to the evaluator (expression.ts).  `|` before a verb is the operator, after one the pipe, and
 * `/` is never a division, so no look ahead is needed.  A quoted symbol is ours: names of locks are free text, and
 * those of JavaScript may hold a `$`, which ends a word here (`,0$C`).
 *
 * A Pratt parser by hand, since the grammar is small and the error should name the place.
 */

import type { Argument, BinaryOp, Command, Expression, Stage, Verb } from './ast.ts';
import { oops } from '../error.ts';
import { doubleBits, ESCAPES, numberOf, SIZES } from './literals.ts';

export type { Argument, BinaryOp, Command, Expression, Stage, Verb } from './ast.ts';

/** Longest line that is read, in characters, and how deep it may nest. */
const LINE_MAX = 64 * 1024;
const DEPTH_MAX = 200;
/** Operators and stages in a line: what evaluates them nests as deep. */
const OPERATORS_MAX = 1000;
const STAGES_MAX = 64;

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
  '%%': 8,
};
const OPERATORS = Object.keys(BINDS).sort((a, b) => b.length - a.length) as BinaryOp[];
/**
 * A number without a prefix, or [object`]symbol.  A `$` is part of a name, but for that of a verb: 0$C, kthread$C.
 * The length of an object is bounded, so that a line takes time in proportion.
 */
const NAME = String.raw`(?:[A-Za-z_]|\$(?![cCq?](?![\w$])))(?:[\w@]|\$(?![cCq?](?![\w$]))|\.(?=\w))*`;
const WORD = new RegExp(String.raw`[0-9][0-9A-Za-z_]*|[\w$.\/@:-]{1,256}\`#?${NAME}|${NAME}`, 'y');
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
  private operators = 0;

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
      if (stages.length > STAGES_MAX) throw oops(`a pipe of more than ${STAGES_MAX} commands`);
      this.skip();
      if (!this.peek('|')) break;
      this.at++;
      this.skip();
      if (this.atEnd() || this.peek('!')) throw this.wrong();
    }
    let shell: string | undefined;
    if (this.peek('!')) {
      this.at++;
      shell = this.shell();
    }
    const text = this.text.slice(begin, this.at).trim();
    return { stages, ...(shell === undefined ? {} : { shell }), text };
  }

  /** The shell's part: to its closing quote if it begins with one, else to the end of the command. */
  private shell(): string {
    this.skip();
    const char = this.text[this.at];
    if (char === '"' || char === "'") return this.quoted(char);
    const text = this.take(/[^;]*/y).trim();
    if (text === '') throw this.wrong();
    return text;
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
      // One letter, as in adb: `$C0` is $C with an argument.
      const name = this.take(/\$(?:<<|[\w?<>%@^`])/y) || this.take(/\$$/y) + '?';
      if (name === '?') throw this.wrong();
      return { kind: 'dcmd', name, args: this.args(true) };
    }
    if (char === '>') {
      this.at++;
      this.skip();
      const name = this.take(/\/\w\/\w+|\w+/y);
      if (name === '') throw this.wrong();
      return { kind: 'assign', name };
    }
    if (char !== '' && '/=?\\'.includes(char)) {
      this.at++;
      return { kind: 'format', source: char as '/', format: this.format() };
    }
    return { kind: 'again' };
  }

  /** The letters of a format, with what is quoted; `/w` and its like take values, which are kept as they are. */
  private format(): string {
    let format = '';
    for (;;) {
      if (this.atEnd()) break;
      const char = this.text[this.at]!;
      if (char === ';' || char === '|' || char === '!') break;
      if (char === '"') format += `"${this.quoted(char)}"`;
      else {
        format += char;
        this.at++;
      }
    }
    return format.trim();
  }

  /** @param isStuck whether the first may follow without a blank */
  private args(isStuck = false): Argument[] {
    const args: Argument[] = [];
    for (;;) {
      const spaced = /\s/.test(this.text[this.at] ?? '');
      this.skip();
      const char = this.text[this.at] ?? '';
      if (this.atEnd() || char === ';' || char === '|' || char === '!') return args;
      if (!spaced && !(isStuck && args.length === 0)) throw this.wrong();
      if (this.text.startsWith('$[', this.at)) {
        const from = this.at;
        this.at += 2;
        args.push(this.expression());
        this.skip();
        if (!this.peek(']')) throw this.unmatched('$[', from);
        this.at++;
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
        word += this.quoted(char);
      } else if (char === '' || ARGUMENT_END.test(char)) {
        return word;
      } else {
        word += char;
        this.at++;
      }
    }
  }

  /** What is between quotes, from the opening one on; \ escapes between double ones. */
  private quoted(quote: string): string {
    const from = this.at;
    let text = '';
    for (let at = from + 1; at < this.text.length; at++) {
      const char = this.text[at]!;
      if (char === quote) {
        this.at = at + 1;
        return text;
      }
      if (char === '\\' && quote === '"') {
        const escaped = this.text[++at] ?? '';
        text += ESCAPES[escaped] ?? escaped;
      } else {
        text += char;
      }
    }
    throw this.unmatched(quote, from);
  }

  private expression(tightest = 0): Expression {
    if (++this.depth > DEPTH_MAX) throw oops('expression is too deep');
    let left = this.operand();
    for (;;) {
      this.skip();
      const op = this.operator();
      if (op === undefined || BINDS[op] <= tightest) break;
      this.at += op.length;
      if (++this.operators > OPERATORS_MAX) {
        throw oops(`an expression of more than ${OPERATORS_MAX} operators`);
      }
      left = { kind: 'binary', op, left, right: this.expression(BINDS[op]) };
    }
    this.depth--;
    return left;
  }

  private operator(): BinaryOp | undefined {
    // `!=` but `!` is the shell's; `=` alone is a verb, as is `>`.
    return OPERATORS.find((each) => this.text.startsWith(each, this.at));
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
      const name = this.take(/\w+/y);
      if (name === '') throw this.wrong();
      return { kind: 'variable', name };
    }
    if (char === "'") return this.character();
    if (char === '"') {
      return { kind: 'word', text: this.quoted(char), quoted: true };
    }
    const real = this.take(/0t[0-9_]+\.[0-9_]+/iy);
    if (real !== '') return { kind: 'number', value: doubleBits(real.slice(2)) };
    const prefixed = this.take(/0[xtoi][0-9a-z_]*/iy);
    if (prefixed !== '') return { kind: 'number', value: numberOf(prefixed) };
    const word = this.take(WORD);
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
    const cast = this.take(/\/\w\//y);
    const bytes = cast === '' ? 8 : SIZES[cast[1]!];
    if (bytes === undefined) throw oops(`invalid cast -- *${cast}`, 'use 1, 2, 4 or 8');
    return { kind: 'deref', bytes, of: this.tight() };
  }

  /** `'add'`: its bytes as a number, the first the highest. */
  private character(): Expression {
    const from = this.at;
    const match = /'((?:[^'\\]|\\.)*)'/y;
    match.lastIndex = from;
    const [whole, inner] = match.exec(this.text) ?? [];
    if (whole === undefined || inner === undefined) throw this.unmatched("'", from);
    this.at += whole.length;
    const text = inner.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.length > 8) throw oops('character constant may not exceed 8 bytes');
    return { kind: 'number', value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) };
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
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

  private unmatched(quote: string, from: number): Error {
    this.at = from;
    return oops(`syntax error: ${quote} unmatched near "${this.near()}"`);
  }

  private wrong(): Error {
    return oops(`syntax error near "${this.near()}"`);
  }
}
