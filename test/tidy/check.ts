/*
 * The checks of tidy: a source in, its faults out, each as `path:line: X is banned, use Y`.
 */

import { builtinModules } from 'node:module';
import { posix } from 'node:path';

import { BANS, MAY_IMPORT, NOT_USED, ONLY_IN, PURE, SNAKE_CASE } from './rules.ts';
import type { Ban } from './rules.ts';
import { importsOf, lineAt } from './source.ts';
import type { Source } from './source.ts';

/** All faults of a file.  `dependencies` are the packages that a user of ours has installed. */
export function faultsOf(source: Source, dependencies: ReadonlySet<string>): string[] {
  return [
    ...BANS.flatMap((ban) => banned(source, ban)),
    ...importFaults(source, dependencies),
    ...nameFaults(source),
    ...headerFaults(source),
  ];
}

/** What a rule is about: folders by name, or the beginnings of paths. */
export interface Subjects {
  readonly folders: readonly string[];
  readonly prefixes: readonly string[];
}

/** All that the rules are about. */
export function subjectsOfRules(): Subjects {
  return {
    folders: [
      ...Object.entries(MAY_IMPORT).flatMap(([from, row]) => [from, ...row]),
      ...PURE,
      ...Object.values(ONLY_IN),
    ],
    prefixes: BANS.flatMap(({ holds, except }) => [...holds, ...(except ?? [])]),
  };
}

/** Rules about what is not there: whoever reads them believes that it is, and they protect nothing. */
export function ruleFaults({ folders, prefixes }: Subjects, paths: readonly string[]): string[] {
  const there = new Set(paths.map((path) => rowOf(folderOf(path))));
  const empty = [
    ...folders.filter((folder) => folder !== '*' && !there.has(folder)),
    ...prefixes.filter((prefix) => !paths.some((path) => path.startsWith(prefix))),
  ];
  return [...new Set(empty)].map(
    (name) => `test/tidy/rules.ts: a rule about ${name} is banned, use what is in the tree`,
  );
}

function fault(source: Source, offset: number, what: string, use: string): string {
  return `${source.path}:${lineAt(source, offset)}: ${what} is banned, use ${use}`;
}

function holdsFor(path: string, holds: readonly string[], except: readonly string[] = []): boolean {
  return holds.some((p) => path.startsWith(p)) && !except.some((p) => path.startsWith(p));
}

function banned(source: Source, { ban, use, find, holds, except, within }: Ban): string[] {
  if (!holdsFor(source.path, holds, except)) return [];
  const matches = source[within ?? 'code'].matchAll(find);
  return [...matches].map((match) => fault(source, match.index, ban, use));
}

// --- imports ------------------------------------------------------------------------------------

function importFaults(source: Source, dependencies: ReadonlySet<string>): string[] {
  const from = folderOf(source.path);
  return importsOf(source).flatMap(({ specifier, offset }) => {
    const no = (what: string, use: string) => [fault(source, offset, what, use)];
    const name = packageOf(specifier);

    if (specifier.startsWith('.')) {
      // A file that Node runs as it is can only name what Node can run.
      const plain = !source.path.endsWith('.ts');
      if (!plain && !/\.(?:ts|json)$/.test(specifier) && !isThreadEntry(source, offset)) {
        return no(`the extension of ${specifier}`, `${specifier.replace(/\.[cm]?js$/, '')}.ts`);
      }
      const to = folderOf(posix.join(posix.dirname(source.path), specifier));
      return mayImport(from, to) ? [] : no(`${rowOf(from)} importing ${to}`, allowed(from));
    }
    if (builtinModules.includes(specifier)) return no(specifier, `node:${specifier}`);
    const instead = NOT_USED[specifier] ?? NOT_USED[name];
    if (instead !== undefined) return no(specifier, instead);
    if (from === 'test') return [];
    if (specifier === 'gridlock') {
      return mayImport(from, 'index') ? [] : no(`${rowOf(from)} importing gridlock`, allowed(from));
    }
    if (specifier.startsWith('node:')) {
      return PURE.includes(from) ? no(`${specifier} in ${from}`, 'an argument: it is pure') : [];
    }
    const home = ONLY_IN[name];
    if (home !== undefined && home !== from) return no(`${name} in ${from}`, `it in ${home} alone`);
    if (!dependencies.has(name)) return no(`${name} here`, 'a package of "dependencies"');
    return [];
  });
}

/** 'src/kernel/mutex.ts' → 'kernel', 'workloads/dining/roles.ts' → 'workloads/dining'. */
export function folderOf(path: string): string {
  const [top = '', second = '', third] = path.split('/');
  if (top === 'src') return third === undefined ? second.replace(/\.ts$/, '') : second;
  return top === 'workloads' ? `${top}/${second}` : top;
}

function rowOf(folder: string): string {
  return folder.startsWith('workloads/') ? 'workload' : folder;
}

function mayImport(from: string, to: string): boolean {
  if (from === to || from === 'test') return true;
  const row = MAY_IMPORT[rowOf(from)] ?? [];
  return row.includes('*') ? to !== 'test' : row.includes(rowOf(to));
}

function allowed(from: string): string {
  const row = MAY_IMPORT[rowOf(from)];
  if (row === undefined) return `a folder of the table in test/tidy/rules.ts, not ${from}`;
  return row.length === 0 ? 'nothing but itself' : row.join(', ');
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

// A thread is started from the built file, so its entry may be named .js.
function isThreadEntry({ code }: Source, offset: number): boolean {
  return /new URL\(\s*$/.test(code.slice(0, offset));
}

// --- names and headers --------------------------------------------------------------------------

const EXPORTED_FUNCTION = /^export (?:async )?function\*? ?(?<name>[\w$]+)/gm;

function nameFaults(source: Source): string[] {
  if (!holdsFor(source.path, ['src/', 'workloads/'])) return [];
  const isKernel = holdsFor(source.path, SNAKE_CASE.holds);
  if (isKernel && SNAKE_CASE.except.test(source.path)) return [];
  const isTidy = isKernel ? /^[a-z][a-z0-9_]*$/ : /^[a-z][a-zA-Z0-9]*$/;
  return [...source.code.matchAll(EXPORTED_FUNCTION)].flatMap((match) => {
    const name = match.groups?.['name'] ?? '';
    if (isTidy.test(name)) return [];
    const use = isKernel ? snakeCase(name) : camelCase(name);
    return [fault(source, match.index, `the name ${name} in ${folderOf(source.path)}`, use)];
  });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '');
}

function camelCase(name: string): string {
  const joined = name.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());
  return joined.slice(0, 1).toLowerCase() + joined.slice(1);
}

const LETTERS_MIN = 20; //  of a header: a sentence, not a label

function headerFaults(source: Source): string[] {
  if (!source.path.endsWith('.ts')) return [];
  const [header = ''] =
    /^(?:#![^\n]*\n)?\s*(?:\/\*[^]*?\*\/|(?:\/\/[^\n]*\n)+)/.exec(source.text) ?? [];
  if (header.replace(/[^\p{L}]/gu, '').length >= LETTERS_MIN) return [];
  return [fault(source, 0, 'a file without a header', 'a comment that says what it is and why')];
}
