/*
 * A source file as the checks of tidy see it.
 *
 * `code` is the text with the insides of comments, strings, templates and regular expressions replaced
 * by blanks.  Nothing moves: an offset means the same in both, so a match in the code gives the line,
 * and the specifier of an import is read from the text at the place where the code shows quotes.  So
 * prose may speak of what code may not do, and a test may quote what it forbids.
 *
 * The lexer knows as much of the language as that takes.  Whether a slash divides or starts a regular
 * expression is decided by the token before it, which is right for all code a formatter would write.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

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

const TOKEN =
  /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|[\w$]+|\s+|[^]/y;
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const TEMPLATE = /(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y;
const BEFORE_REGEXP =
  /^(?:[(,=:[!&|?{};+\-*%<>~^]|return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield)$/;

/** The code alone: every character that is not code is a blank, and none has moved. */
export function blank(text: string): string {
  let code = '';
  let before = ';'; //  the last token that was code
  let depth = 0; //  of braces, within the substitution of a template
  const outer: number[] = []; //  its value in the templates around

  function take(pattern: RegExp): string {
    pattern.lastIndex = code.length;
    return pattern.exec(text)?.[0] ?? '';
  }

  function takeTemplate(): void {
    const part = take(TEMPLATE);
    const isOpen = part.endsWith('${');
    const end = isOpen ? 2 : Math.min(1, part.length);
    code += blanks(part.slice(0, part.length - end)) + part.slice(part.length - end);
    if (isOpen) {
      outer.push(depth);
      depth = 0;
    }
    before = isOpen ? '{' : '`';
  }

  while (code.length < text.length) {
    const token = take(TOKEN);
    if (token === '`') {
      code += token;
      takeTemplate();
    } else if (token === '}' && depth === 0 && outer.length > 0) {
      code += token;
      depth = outer.pop() ?? 0;
      takeTemplate();
    } else if (/^\/[/*]/.test(token)) {
      code += blanks(token);
    } else if (/^['"]./.test(token)) {
      code += token.slice(0, 1) + blanks(token.slice(1, -1)) + token.slice(-1);
      before = token.slice(-1);
    } else if (token === '/' && BEFORE_REGEXP.test(before) && take(REGEXP) !== '') {
      code += blanks(take(REGEXP));
      before = '/';
    } else {
      if (token === '{') depth += 1;
      if (token === '}') depth -= 1;
      code += token;
      if (token.trim() !== '') before = token;
    }
  }
  return code;
}

function blanks(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
