/*
 * ::dis: the source around a place, from the dump itself.
 *
 * The text of a program is its source (target/text.ts), so a line is what an instruction is elsewhere: it has an
 * address, that of its first letter, and a place within it is marked.
 */

import { printable } from '../../base/text.ts';
import { left } from '../columns.ts';
import type { Dcmd, Dmod, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import type { Target } from '../target/target.ts';
import type { TextObject, TextSymbol } from '../target/text.ts';

/** Lines before and after the place. */
const AROUND = 10;
const LABEL = 32;
const LINES_MAX = 10_000;
/** Of a line, what is shown. */
const LINE_MAX = 1000;
// A declaration is no call.
const CALL = /(?<![\w$.]|function\s{0,9}\*?\s{0,9})([\w$]{1,200})\s{0,99}\(/g;
/** Where the words of the image are read and written. */
const ACCESSORS = 'src/layout/';
const MARK = '> ';
const NO_MARK = '  ';

/** ::dis, which knows how the workload of the dump calls what it calls. */
export function disassembler(dmods: readonly Dmod[]): Dcmd {
  return {
    name: 'dis',
    usage: '[-n lines] [addr]',
    address: 'optional',
    summary: 'show the source around a place',
    help: [
      'The source around the address, which is a function or a place in one: prgetmap+0x109::dis.  A',
      'function is shown whole; around another place 10 lines before it and after it, or -n, and the line',
      'itself is marked.  Labels are addresses and can be typed back.  What a line calls stands behind it.',
    ].join('\n'),
    options: { n: 'value', f: 'flag', w: 'flag' },
    *run({ target, address, hasAddress, args, options, session }) {
      const at = args[0] === undefined ? address : session.evaluate(args[0]);
      if (!hasAddress && args[0] === undefined)
        throw oops('::dis needs an address', 'prgetmap::dis');
      const { object, symbol } = placeAt(target, at);
      const around = options['n'];
      const isWhole =
        symbol?.address === Number(at) && around === undefined && options['w'] !== true;
      const lines = isWhole
        ? linesOf(object, symbol.address, object.base + symbol.end - 1)
        : window(
            object,
            Number(at),
            around === undefined ? AROUND : countOf(session.evaluate(String(around))),
          );
      const indentation = Math.min(
        ...lines.map((line) => /^\s*/.exec(textAt(object, line))![0].length),
      );
      for (const line of lines) {
        yield rowOf(target, object, line, isWhole ? undefined : Number(at), indentation, dmods);
      }
    },
  };
}

/** One line for the formats /i and /I. */
export function lineAt(target: Target, address: bigint): { text: string; next: bigint } {
  const { object } = placeAt(target, address);
  const { line } = object.placeOf(Number(address));
  const next = nextLine(object, line);
  return {
    text: printable(textAt(object, line).trim()),
    next: next === undefined ? BigInt(object.base + object.size) : BigInt(startOf(object, next)),
  };
}

function rowOf(
  target: Target,
  object: TextObject,
  line: number,
  at: number | undefined,
  indentation: number,
  dmods: readonly Dmod[],
): Row {
  const start = startOf(object, line);
  const next = nextLine(object, line);
  const isHere =
    at !== undefined && at >= start && (next === undefined || at < startOf(object, next));
  const address = BigInt(isHere ? at : start);
  const source = textAt(object, line).slice(indentation);
  const calls = callsOf(target, object, source, dmods);
  const mark = at === undefined ? '' : isHere ? MARK : NO_MARK;
  const note = calls.length === 0 ? '' : `    <${calls.join('> <')}>`;
  return {
    text: `${left(`${target.symbolic(address)}:`, LABEL)} ${mark}${printable(source)}${note}`.trimEnd(),
    address,
    data: {
      address: target.symbolic(address),
      file: object.file,
      line,
      source,
      calls,
      ...(isHere ? { here: true } : {}),
    },
  };
}

/** The functions that a line calls, as far as they are known by name. */
function callsOf(
  target: Target,
  object: TextObject,
  source: string,
  dmods: readonly Dmod[],
): string[] {
  const found = new Set<string>();
  let rest = source;
  for (const { calls = [] } of dmods) {
    for (const { pattern, object: module } of calls) {
      const [text = '', name] = pattern.exec(source) ?? [];
      if (name === undefined) continue;
      found.add(`${module}\`${name}`);
      // What leads there stands for the call, and is none of its own.
      rest = rest.replace(text, ' ');
    }
  }
  if (/^\s*(?:\*|\/[/*])/.test(source)) return [...found];
  for (const [, name = ''] of rest.matchAll(CALL)) {
    const symbol =
      object.functions.find((known) => known.name === name) ?? target.text.lookup(name);
    // To load and to store is what instructions do.
    if (symbol === undefined || symbol.object.file.startsWith(ACCESSORS)) continue;
    found.add(`${symbol.object.name}\`${name}`);
  }
  return [...found];
}

function placeAt(
  target: Target,
  address: bigint,
): { object: TextObject; symbol: TextSymbol | undefined } {
  const object =
    address > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : target.text.objectAt(Number(address));
  if (object === undefined) {
    throw oops(
      `${target.symbolic(address)} is not in the text of this dump`,
      '::objects lists what is',
    );
  }
  if (object.source === undefined) {
    throw oops(`the dump has no source of ${object.file}`, `only ${target.symbolic(address)}`);
  }
  return { object, symbol: object.functionAt(Number(address)) };
}

/** All lines with something on them from one address to another. */
function linesOf(object: TextObject, from: number, to: number): number[] {
  const lines: number[] = [];
  const last = object.placeOf(to).line;
  for (let line = object.placeOf(from).line; line <= last && lines.length < LINES_MAX; line++) {
    if (textAt(object, line).trim() !== '') lines.push(line);
  }
  return lines;
}

function window(object: TextObject, at: number, around: number): number[] {
  const here = object.placeOf(at).line;
  const before: number[] = [];
  const after: number[] = [];
  for (let line = here - 1; line >= 1 && before.length < around; line--) {
    if (textAt(object, line).trim() !== '') before.unshift(line);
  }
  for (let line = here + 1; line <= object.lines.length && after.length < around; line++) {
    if (textAt(object, line).trim() !== '') after.push(line);
  }
  return [...before, here, ...after];
}

function nextLine(object: TextObject, line: number): number | undefined {
  for (let next = line + 1; next <= object.lines.length; next++) {
    if (textAt(object, next).trim() !== '') return next;
  }
  return undefined;
}

/** The address of a line's first letter. */
function startOf(object: TextObject, line: number): number {
  return object.addressOf(line, /^\s*/.exec(textAt(object, line))![0].length + 1);
}

function textAt(object: TextObject, line: number): string {
  return (object.lineText(line) ?? '').slice(0, LINE_MAX);
}

function countOf(value: bigint): number {
  return Number(value > BigInt(LINES_MAX) ? BigInt(LINES_MAX) : value);
}
