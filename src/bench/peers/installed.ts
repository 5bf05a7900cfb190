/*
 * Packages of the user's: taken from where gridlock is called, not from where it is installed.
 *
 * An adapter lies in gridlock, and the package that it adapts beside the user's own code.  A plain import()
 * would look in the wrong place, and require() from the right one takes the `require` entry, which some
 * packages lack.  So the package is looked for in node_modules from the current directory up, and of its
 * `exports` the first condition is taken that an import would take.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const CONDITIONS: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default']);

/** The exports of a package.  @throws Error ERR_MODULE_NOT_FOUND, as an import would */
export async function installed<T>(name: string): Promise<T> {
  const directory = directoryOf(name);
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    readonly exports?: unknown;
    readonly main?: string;
  };
  const entry = entryOf(manifest.exports) ?? manifest.main ?? 'index.js';
  const module = (await import(pathToFileURL(resolve(directory, entry)).href)) as object;
  // Of a CommonJS module that hides its names from the loader, the whole is the default.
  const { default: whole } = module as { readonly default?: unknown };
  const isWhole = Object.keys(module).every((key) => key === 'default' || key === 'module.exports');
  return (isWhole && typeof whole === 'object' ? whole : module) as T;
}

function directoryOf(name: string): string {
  for (let at = process.cwd(); ; at = dirname(at)) {
    const directory = join(at, 'node_modules', name);
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (dirname(at) === at) break;
  }
  const message = `Cannot find package '${name}' from ${process.cwd()}`;
  throw Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
}

/** The file of the package's own name in its `exports`. */
function entryOf(exported: unknown): string | undefined {
  if (typeof exported === 'string') return exported;
  if (typeof exported !== 'object' || exported === null) return undefined;
  if ('.' in exported) return entryOf(exported['.']);
  for (const [condition, target] of Object.entries(exported)) {
    if (!CONDITIONS.has(condition)) continue;
    const found = entryOf(target);
    if (found !== undefined) return found;
  }
  return undefined;
}
