/*
 * Functions: which of them a source text has, and from where to where.
 *
 * A dump names functions by the frames that were on a stack.  A debugger also answers for those that
 * were not (`shmsys`_fini::dis`), so it finds them in the text.  No parser: the code without its prose
 * (base/blank.ts), the brackets that belong together, and the four ways to write a function.
 *
 *     function name(…) { … }              a declaration or a named expression, `export` and all
 *     const name = (…) => …               also of a property, name: (…) => …; and with `function`
 *     name(…) { … }                       a method, at the beginning of a line
 *     get name() { … }                    an accessor: V8 calls its frames `get name`
 *
 * Type parameters, parameters and the type of the result are skipped by their brackets.  What has no body
 * (an overload, a declaration) is none.  Functions without a name are not listed: a place in one belongs to
 * the function around it.
 *
 * The time is linear in the text, whatever it holds: a dump may come from a stranger.
 */

import { blank } from '../../base/blank.ts';

export interface FunctionText {
  readonly name: string;
  /** where its first word begins: an offset into the text */
  readonly start: number;
  /** behind its last brace, or the end of its expression */
  readonly end: number;
  /** names of its parameters, as far as they are plain */
  readonly parameters: readonly string[];
}

// Every repetition has an end: a text may hold a million blanks, or one word of a megabyte.
const S = String.raw`\s{0,99}`;
const S1 = String.raw`\s{1,99}`;
const NAME = String.raw`[\w$]{1,200}`;
const HEAD = new RegExp(
  [
    String.raw`(?<![\w$.])(?:export${S1}(?:default${S1})?)?(?:async${S1})?function${S}\*?${S}(?<declared>${NAME})${S}(?=[(<])`,
    String.raw`(?<![\w$.])(?:(?:export${S1})?(?:const|let|var)${S1})?(?<assigned>${NAME})${S}(?::[^=;(){}\n]{0,200})?[=:]${S}(?:async${S1})?(?:function${S}\*?${S})?(?=[(<]|${NAME}${S}=>)`,
    String.raw`^[ \t]{1,200}(?:(?:public|private|protected|static|async|override|readonly)${S1}){0,8}(?<method>(?:(?:get|set)${S1})?[#\w$]{1,200})${S}(?=[(<])`,
  ].join('|'),
  'gm',
);
const NO_METHOD = new Set(
  'if for while switch catch return function with do else await typeof new super'.split(' '),
);
/** How far a type or an expression is followed: what keeps the time linear. */
const FAR = 1000;
/** How much of what is behind a name is looked at, at a glance. */
const NEAR = 200;
/** Of one text: how much of it is read, and how many beginnings of functions are looked at. */
const TEXT_MAX = 1 << 20;
const HEADS_MAX = 20_000;
const OPEN = '([{';
const CLOSE = ')]}';

/** Every named function of a text, by where it starts; an inner one comes after the one around it. */
export function functionsOf(text: string): FunctionText[] {
  const code = blank(text.slice(0, TEXT_MAX));
  const pairs = pairsOf(code);
  const found: FunctionText[] = [];
  let heads = 0;
  for (const match of code.matchAll(HEAD)) {
    if (++heads > HEADS_MAX) break;
    const { declared, assigned, method } = match.groups ?? {};
    const name = declared ?? assigned ?? method ?? '';
    if (method !== undefined && NO_METHOD.has(name)) continue;
    const body = bodyAt(code, pairs, match.index + match[0].length, assigned !== undefined);
    if (body === undefined) continue;
    const start = match.index + (method === undefined ? 0 : match[0].lastIndexOf(method));
    found.push({ name, start, ...body });
  }
  return found;
}

/** Before a name: only words, as before one that is declared, assigned or a method. */
const BEFORE_NAME = /[\s*{(,;#]/;
/** Behind it: what makes it a name of something, or a parenthesis without the semicolon of a call. */
const BEHIND_NAME = /^\s*(?:[:=]|[(<](?![^{\n]*;[ \t]*(?:\n|$)))/;

/**
 * Whether a text may have a function of that name, at a glance and without an error to the one side: when the
 * answer is no, functionsOf() has none either, unless it is written as no formatter would.
 */
export function mayDefine(text: string, name: string): boolean {
  const last = name.slice(name.lastIndexOf(' ') + 1);
  if (last === '') return false;
  for (let at = text.indexOf(last); at >= 0; at = text.indexOf(last, at + last.length)) {
    if (at > 0 && !BEFORE_NAME.test(text[at - 1]!)) continue;
    const end = at + last.length;
    if (BEHIND_NAME.test(text.slice(end, end + NEAR))) return true;
  }
  return false;
}

type Body = Pick<FunctionText, 'end' | 'parameters'>;

/** From the bracket behind a function's name to its end; undefined when it is no function after all. */
function bodyAt(
  code: string,
  pairs: Int32Array,
  from: number,
  mayBeArrow: boolean,
): Body | undefined {
  let at = code[from] === '<' ? skipTypes(code, pairs, from) : from;
  at = blanks(code, at);
  let parameters: string[] = [];
  if (code[at] === '(') {
    const end = pairs[at]!;
    if (end === NONE) return undefined;
    parameters = parametersOf(code.slice(at + 1, end));
    at = blanks(code, end + 1);
    if (code[at] === ':') at = skipResult(code, pairs, at + 1, mayBeArrow);
  } else {
    const word = wordAt(code, at);
    if (word === '') return undefined;
    parameters = [word];
    at = blanks(code, at + word.length);
  }
  if (code.startsWith('=>', at)) {
    if (!mayBeArrow) return undefined;
    at = blanks(code, at + 2);
    if (code[at] !== '{') return { end: expressionEnd(code, pairs, at), parameters };
  }
  if (code[at] !== '{' || pairs[at] === NONE) return undefined;
  return { end: pairs[at]! + 1, parameters };
}

const NONE = -1;

const BRACKETS = /[()[\]{}]/g;

/** For each opening bracket, where its closing one is. */
function pairsOf(code: string): Int32Array {
  const pairs = new Int32Array(code.length).fill(NONE);
  const open: number[] = [];
  for (const { 0: char, index } of code.matchAll(BRACKETS)) {
    const kind = CLOSE.indexOf(char);
    // A bracket of another kind is a slip of the lexer or of the author: forget what it cannot close.
    if (kind < 0) open.push(index);
    else if (open.length > 0 && code[open.at(-1)!] === OPEN[kind]) pairs[open.pop()!] = index;
  }
  return pairs;
}

/** Type parameters: to behind their `>`. */
function skipTypes(code: string, pairs: Int32Array, from: number): number {
  const end = Math.min(code.length, from + FAR);
  let depth = 0;
  for (let at = nextMark(code, from, end); at < end; at = nextMark(code, behind(pairs, at), end)) {
    const mark = code[at];
    if (mark === ';') break;
    if (mark === '<') depth++;
    if (mark === '>' && code[at - 1] !== '=' && --depth === 0) return at + 1;
  }
  return from;
}

/** The type of the result: to the brace of the body, or to the arrow. */
function skipResult(code: string, pairs: Int32Array, from: number, mayBeArrow: boolean): number {
  const end = Math.min(code.length, from + FAR);
  let angles = 0;
  for (let at = nextMark(code, from, end); at < end; at = nextMark(code, behind(pairs, at), end)) {
    const mark = code[at]!;
    if (mark === ';') return at;
    if (mark === '{' && !opensType(code, at)) return at;
    if (OPEN.includes(mark) && pairs[at] === NONE) return at;
    if (mark === '<') angles++;
    if (mark === '>' && code[at - 1] !== '=') angles--;
    // In angle brackets, and behind a declaration, it is the type of a function.
    else if (mark === '>' && mayBeArrow && angles === 0) return at - 1;
  }
  return from;
}

/** Whether a brace begins a type: by what stands before it. */
function opensType(code: string, brace: number): boolean {
  let at = brace - 1;
  while (at >= 0 && code.charCodeAt(at) <= 32) at--;
  return /(?:[|&<,:]|=>|\bis)$/.test(code.slice(Math.max(0, at - 2), at + 1));
}

/** Where an arrow function without braces ends: at the comma, the bracket or the semicolon behind it. */
function expressionEnd(code: string, pairs: Int32Array, from: number): number {
  const end = Math.min(code.length, from + FAR);
  for (let at = nextMark(code, from, end); at < end; at = nextMark(code, behind(pairs, at), end)) {
    const mark = code[at]!;
    if (mark === ';' || mark === ',' || CLOSE.includes(mark)) return at;
    if (OPEN.includes(mark) && pairs[at] === NONE) return at;
  }
  return end;
}

const MARKS = new Uint8Array(128);
for (const mark of `${OPEN}${CLOSE},;<>`) MARKS[mark.charCodeAt(0)] = 1;

/** The next place of one of the characters that structure code, or the end. */
function nextMark(code: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (MARKS[code.charCodeAt(at)] === 1) return at;
  }
  return end;
}

/** The next character, or the one behind the bracket that closes this one. */
function behind(pairs: Int32Array, at: number): number {
  return (pairs[at] === NONE ? at : pairs[at]!) + 1;
}

/** Names of parameters: `a, b: Type = 1, ...rest`; one that is taken apart has none. */
function parametersOf(list: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let begin = 0;
  for (let i = 0; i <= list.length; i++) {
    const char = list[i] ?? ',';
    if (`${OPEN}<`.includes(char)) depth++;
    else if (CLOSE.includes(char) || (char === '>' && list[i - 1] !== '=')) depth--;
    if (char !== ',' || depth > 0) continue;
    const name = /^\s*(?:\.\.\.)?([\w$]+)/.exec(list.slice(begin, i))?.[1];
    if (name !== undefined && name !== 'this') names.push(name);
    begin = i + 1;
  }
  return names;
}

function blanks(code: string, from: number): number {
  let at = from;
  while (at < code.length && code.charCodeAt(at) <= 32) at++;
  return at;
}

function wordAt(code: string, from: number): string {
  const word = /[\w$]*/y;
  word.lastIndex = from;
  return word.exec(code)?.[0] ?? '';
}
