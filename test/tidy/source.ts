/*
 * A source file as the checks of tidy see it.
 *
 * `code` is the text with the insides of comments, strings, templates and regular expressions blanked
 * (src/base/blank.ts).  An offset means the same in both, so a match in the code gives the line, and the
 * specifier of an import is read from the text at the place where the code shows quotes.  So prose may
 * speak of what code may not do, and a test may quote what it forbids.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

import { blank } from '../../src/base/blank.ts';

export interface Source {
  readonly path: string; //  from the root of the repository, with slashes
  readonly text: string;
  readonly code: string;
}

export interface Import {
  readonly specifier: string;
  readonly offset: number;
}

export function sourceOf(path: string, text: string): Source {
  return { path, text, code: /\.[cm]?[jt]s$/.test(path) ? blank(text) : '' };
}

const NOT_OURS = new Set([
  '.git',
  'node_modules',
  'dist',
  'results',
  'coverage',
  'package-lock.json',
]);
const READABLE = /\.([cm]?[jt]s|json|md|ya?ml|txt|stdout)$/;

/** Every readable file below a directory. */
export function readTree(root: string, folder = ''): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (NOT_OURS.has(entry.name)) return [];
    if (entry.isDirectory()) return readTree(root, path);
    const isRead = entry.isFile() && (READABLE.test(path) || path.startsWith('.ci/'));
    return isRead ? [sourceOf(path, readFileSync(join(root, path), 'utf8'))] : [];
  });
}

export function lineAt({ text }: Source, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

// The quotes of a specifier, in code where its letters are blanks.
const IMPORTS = [
  /\b(?:import|export)\b(?:[^'"`;()]*?\bfrom\b)?\s*(?<quoted>'[ ]*'|"[ ]*")/g,
  /\bimport\s*\(\s*(?<quoted>'[ ]*'|"[ ]*")/g,
  /\bnew URL\(\s*(?<quoted>'[ ]*'|"[ ]*")\s*,\s*import\.meta\.url/g, //  the entry of a thread
];

/** All that a file imports: statically, dynamically, or as the entry of a thread. */
export function importsOf({ code, text }: Source): Import[] {
  return IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => {
      const quoted = match.groups?.['quoted'] ?? '';
      const offset = match.index + match[0].indexOf(quoted);
      return { offset, specifier: text.slice(offset + 1, offset + quoted.length - 1) };
    }),
  );
}
