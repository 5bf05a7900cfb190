/*
 * Completion: what the Tab key offers, by where the cursor is.
 *
 *     behind                       dcmds, walkers, types, members …
 *     --------------------------   ---------------------------------------------
 *     ::                           dcmds
 *     $                            dcmds of one letter
 *     ::walk                       walkers
 *     ::print ::sizeof ::array …   types; then members, through . -> and [n]
 *     lock::print                  members of what lies at that symbol, and types
 *     ::help                       dcmds and walkers
 *     <                            variables and registers
 *     object`                      the functions of a file
 *     anywhere else                globals, locks, functions, files
 *
 * Members are offered under the names that the dump has; a path may be begun with the kernel's.  A name that
 * cannot be typed as a word is offered in quotes where that works, else not at all: names come from dumps.
 */

import { printable } from '../../base/text.ts';
import type { StructInfo } from '../../dump/format.ts';
import { MdbError } from '../error.ts';
import type { Session } from '../session.ts';
import type { Target } from '../target/target.ts';

/** Candidates, and the part of the line that each would replace: as node:readline wants it. */
export type Completion = [candidates: string[], fragment: string];

const NOTHING: Completion = [[], ''];
/** Dcmds whose first argument is a type. */
const OF_TYPES = new Set(['print', 'sizeof', 'offsetof', 'array', 'list']);
const REGISTERS = ['rip', 'rbp', 'rsp', 'thread'];
const WORD = /^[A-Za-z_][\w.$@]*$/;
const LINE_MAX = 4096;

/** @param line up to the cursor */
export function complete(session: Session, line: string): Completion {
  if (line.length > LINE_MAX) return NOTHING;
  const stage = lastStage(line);
  const dcmd = /::([\w-]*)$/.exec(stage);
  if (dcmd !== null) {
    const names = [...session.dcmds.keys()].filter((name) => !name.startsWith('$'));
    return offered(names, dcmd[1]!);
  }
  const macro = /(?:^|[\s\d,])(\$\w?)$/.exec(stage);
  if (macro !== null) {
    return offered(
      [...session.dcmds.keys()].filter((name) => name.startsWith('$')),
      macro[1]!,
    );
  }
  const variable = /<([\w$]*)$/.exec(stage);
  if (variable !== null)
    return offered([...REGISTERS, ...session.variables().keys()], variable[1]!);
  const call = /^(.*?)::([\w-]+)\s+(.*)$/.exec(stage);
  if (call !== null) {
    const [, at = '', name = '', args = ''] = call;
    return ofArguments(session, at.trim(), name, args);
  }
  return ofSymbols(session.target, stage);
}

/** What stands behind the last `;` or `|` that is not in quotes. */
function lastStage(line: string): string {
  let quote = '';
  let from = 0;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === ';' || char === '|') from = i + 1;
  }
  return line.slice(from).trimStart();
}

function ofArguments(session: Session, at: string, dcmd: string, text: string): Completion {
  const words = text.split(/\s+/);
  const fragment = words.pop() ?? '';
  if (dcmd === 'walk') {
    return words.length === 0 ? offered([...session.walkers.keys()], fragment) : NOTHING;
  }
  if (dcmd === 'help')
    return offered([...session.dcmds.keys(), ...session.walkers.keys()], fragment);
  if (OF_TYPES.has(dcmd)) {
    const given = words.filter((word) => !word.startsWith('-') && word !== 'struct');
    return ofTypes(session.target, at, given, fragment);
  }
  return fragment === '' ? NOTHING : ofSymbols(session.target, fragment);
}

function ofTypes(
  target: Target,
  at: string,
  given: readonly string[],
  fragment: string,
): Completion {
  const { types } = target;
  const own = types.find(target.dataSymbol(at)?.type ?? '');
  const named = types.find(given[0] ?? '');
  if (named !== undefined) return ofMembers(target, named, fragment);
  if (given.length > 0) return own === undefined ? NOTHING : ofMembers(target, own, fragment);
  const [names] = offered(
    [...types.all].map((type) => type.name),
    fragment,
  );
  if (own === undefined) return [names, fragment];
  const [members, part] = ofMembers(target, own, fragment);
  // Behind a step of a path there are no types.
  if (part !== fragment) return [members, part];
  return [[...members, ...names], fragment];
}

/** The last step of a path: those before it say in which struct. */
function ofMembers(target: Target, struct: StructInfo, path: string): Completion {
  const [, before = '', fragment = ''] = /^(.*(?:\.|->))?([\w$]*)$/.exec(path) ?? [];
  let inside: StructInfo | undefined = struct;
  try {
    for (const step of before.split(/\.|->/).filter((each) => each !== '')) {
      if (inside === undefined) return NOTHING;
      const field = target.types.member(inside, step.replace(/\[.*$/, ''));
      inside = target.types.find(field.target ?? '');
    }
  } catch (error) {
    if (error instanceof MdbError) return NOTHING;
    throw error;
  }
  return offered(inside?.fields.map((field) => field.name) ?? [], fragment);
}

function ofSymbols(target: Target, text: string): Completion {
  const scoped = /([\w.$-]+)`([\w$]*)$/.exec(text);
  if (scoped !== null) {
    const [, object, fragment = ''] = scoped;
    const functions = target.text.objects
      .filter(({ name }) => name === object)
      .flatMap((each) => each.functions.map(({ name }) => name));
    return offered(functions, fragment);
  }
  const quoted = /"([^"]*)$/.exec(text);
  if (quoted !== null) {
    const names = [...target.names()].filter((name) => !name.includes('"'));
    const [found] = offered(names, quoted[1]!, /./);
    return [found.map((name) => `"${name}"`), `"${quoted[1]!}`];
  }
  const fragment = /[A-Za-z_][\w.$@]*$/.exec(text)?.[0] ?? '';
  if (fragment === '') return NOTHING;
  const objects = target.text.objects.map(({ name }) => `${name}\``);
  const [names] = offered([...target.names()], fragment);
  const [files] = offered(objects, fragment, /^[\w.$-]+`$/);
  return [[...names, ...(names.length === 0 ? files : [])], fragment];
}

/** Those that begin so and can be typed, each once. */
function offered(names: readonly string[], fragment: string, fits = WORD): Completion {
  const found = names.filter(
    (name) =>
      name.startsWith(fragment) &&
      name === printable(name) &&
      (fits.test(name) || name.startsWith('$')),
  );
  return [[...new Set(found)].sort(), fragment];
}
