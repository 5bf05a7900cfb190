/*
 * What a line of the language is, once it is read (syntax.ts): commands, their stages, and expressions.
 */

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

export type BinaryOp =
  | '|'
  | '^'
  | '&'
  | '=='
  | '!='
  | '<<'
  | '>>'
  | '+'
  | '-'
  | '*'
  | '%'
  | '#'
  | '%%';

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
