/*
 * Sources: from a position in the JavaScript that ran to one in the source that people wrote.
 *
 * A stopped frame names a file: URL, a line and a column of built code.  Beside the build lies a source
 * map with the source's text in it, so a dump can carry that text even where the source is not
 * installed.  No map: the file itself is the source, as for a workload written in plain JavaScript.
 *
 * Paths in a dump are relative to the nearest package.json above the file, and carry that package's name
 * only if it is not ours: a dump says nothing about where on a disk it was made.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { DumpFrame } from './format.ts';

/** Text of one source file kept in a dump at most, in characters. */
const SOURCE_MAX = 512 * 1024;

interface BuiltFile {
  readonly map?: TraceMap;
  readonly path: string;
}

export interface RawFrame {
  readonly function: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
  readonly locals?: readonly { readonly name: string; readonly value: string }[];
}

export class Sources {
  private readonly built = new Map<string, BuiltFile | undefined>();
  private readonly roots = new Map<string, string>();
  /** the text of each file that a frame named, by its path in the dump */
  readonly texts = new Map<string, string>();

  /** A frame in terms of the source. */
  resolve(raw: RawFrame): DumpFrame {
    const at = this.place(raw.url, raw.line, raw.column);
    return {
      function: raw.function === '' ? '(anonymous)' : raw.function,
      ...at,
      ...(raw.locals === undefined ? {} : { locals: raw.locals }),
    };
  }

  private place(
    url: string,
    line: number,
    column: number,
  ): Pick<DumpFrame, 'file' | 'line' | 'column'> {
    if (!url.startsWith('file:')) return { file: url, line, column };
    const file = this.file(url);
    if (file === undefined) return { file: basename(url), line, column };
    if (file.map !== undefined) {
      const found = originalPositionFor(file.map, { line, column: Math.max(0, column - 1) });
      if (found.source !== null && found.line !== null) {
        const source = resolve(dirname(file.path), found.source);
        const name = this.relative(source);
        const index = file.map.sources.indexOf(found.source);
        this.keep(name, () => file.map?.sourcesContent?.[index] ?? readFileSync(source, 'utf8'));
        return { file: name, line: found.line, column: found.column + 1 };
      }
    }
    const name = this.relative(file.path);
    this.keep(name, () => readFileSync(file.path, 'utf8'));
    return { file: name, line, column };
  }

  private keep(name: string, read: () => string): void {
    if (this.texts.has(name)) return;
    try {
      this.texts.set(name, read().slice(0, SOURCE_MAX));
    } catch {
      this.texts.set(name, '');
    }
  }

  private file(url: string): BuiltFile | undefined {
    if (this.built.has(url)) return this.built.get(url);
    let file: BuiltFile | undefined;
    try {
      const path = fileURLToPath(url);
      const mapPath = `${path}.map`;
      file = existsSync(mapPath)
        ? { path, map: new TraceMap(readFileSync(mapPath, 'utf8')) }
        : { path };
    } catch {
      file = undefined;
    }
    this.built.set(url, file);
    return file;
  }

  /** A path without the machine in it. */
  private relative(path: string): string {
    const root = this.rootOf(dirname(path));
    return relative(root, path).split(sep).join('/');
  }

  private rootOf(directory: string): string {
    const known = this.roots.get(directory);
    if (known !== undefined) return known;
    const above = dirname(directory);
    const root =
      above === directory
        ? directory
        : existsSync(join(directory, 'package.json'))
          ? directory
          : this.rootOf(above);
    // Without a package anywhere above, the file's own directory has to do.
    const chosen = dirname(root) === root ? directory : root;
    this.roots.set(directory, chosen);
    return chosen;
  }
}
