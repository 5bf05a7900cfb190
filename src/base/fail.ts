/*
 * Failures that a person can act on, as errors: one class, and one table behind it (failures.ts).
 *
 * A Fail says what is wrong, with which values, seen where, and then the next command to try.  It is
 * for errors of the host.  A kernel panic is something else: one line named after the call, and a
 * verdict of the trial rather than an error of the program.
 *
 * The types of the values are read off the templates of the table, so a value forgotten, or misspelled, does not
 * compile.
 *
 * Values are made printable on their way in (text.ts): a workload's name must not move the cursor of
 * whoever reads that it is unknown.
 */

import { EXIT } from './exit.ts';
import type { ExitCode } from './exit.ts';
import { FAILS } from './failures.ts';
import { saysOf } from './says.ts';
import { printable } from './text.ts';

export type FailCode = keyof typeof FAILS;
export type FailValue = string | number;

// The names of the values of a template, those in brackets apart.
type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;
type Outside<T extends string> = T extends `${infer Before}[${string}]${infer After}`
  ? `${Before}${Outside<After>}`
  : T;
type Templates<C extends FailCode> = (typeof FAILS)[C]['says' | 'hint'] extends infer T
  ? T extends string
    ? T
    : T extends readonly (infer Line extends string)[]
      ? Line
      : never
  : never;
type Needed<T extends string> = T extends string ? Names<Outside<T>> : never;

/** What fail() must be told for this code, and what it may be told. */
export type FailValues<C extends FailCode> = {
  readonly [K in Needed<Templates<C>>]: FailValue;
} & {
  readonly [K in Exclude<Names<Templates<C>>, Needed<Templates<C>>>]?: FailValue | undefined;
};

type GivenValues = Readonly<Record<string, FailValue | undefined>>;

export class Fail extends Error {
  override readonly name = 'Fail';
  readonly code: FailCode;
  readonly exit: ExitCode;
  /** What it was made of.  A process that sends code and values has sent the failure. */
  readonly values: GivenValues;
  /** Advice, one line each, without indentation; may be empty. */
  readonly hint: string;

  constructor(code: FailCode, values: GivenValues, options?: ErrorOptions) {
    const { exit, says, hint } = FAILS[code];
    super(fill(says, values), options);
    this.code = code;
    this.values = values;
    this.exit = EXIT[exit];
    this.hint = hint
      .map((line) => fill(line, values))
      .filter((line) => line !== '')
      .join('\n');
  }
}

/** The error to throw: `throw fail('WORKLOAD_NOT_FOUND', { file })`. */
export function fail<C extends FailCode>(
  code: C,
  values: FailValues<C>,
  options?: ErrorOptions,
): Fail {
  return new Fail(code, values, options);
}

/** Any thrown thing as a Fail.  What is not one already is a fault of ours, and keeps its cause. */
export function toFail(thrown: unknown): Fail {
  if (thrown instanceof Fail) return thrown;
  return fail('INTERNAL', { what: saysOf(thrown) }, { cause: thrown });
}

/** A Fail as people read it: the message, then its hint, indented. */
export function explain(failure: Fail): string {
  const advice = failure.hint === '' ? [] : failure.hint.split('\n');
  return [failure.message, ...advice.map((line) => `  ${line}`)].join('\n');
}

function fill(template: string, values: GivenValues): string {
  return template
    .replace(/\[([^\]]*)\]/g, (_, part: string) => (isGiven(part, values) ? part : ''))
    .replace(/\{(\w+)\}/g, (_, name: string) => visible(values[name]));
}

function isGiven(part: string, values: GivenValues): boolean {
  return [...part.matchAll(/\{(\w+)\}/g)].every(([, name = '']) => (values[name] ?? '') !== '');
}

// Something is always there to be seen, even of a value that is empty.
function visible(value: FailValue | undefined): string {
  const text = printable(String(value ?? ''));
  return text === '' ? "''" : text;
}
