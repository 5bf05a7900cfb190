/*
 * Sources: from a position in the JavaScript that ran to one in the source that people wrote.
 *
 * A stopped frame names a file: URL, a line and a column of built code.  Beside the build lies a source
 * map with the source's text in it, so a dump can carry that text even where the source is not
 * installed.  No map: the file itself is the source, as for a workload written in plain JavaScript.
 *
 * Paths in a dump are relative to the nearest package.json above the file; with none above it, a file's
 * name has to do.  URLs that are not of a file keep their scheme and the last part, but for node's own.
 * So a dump says nothing about where on a disk it was made, whatever a frame or a map may hold.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { DumpFrame } from './format.ts';

/** Text of one source file kept in a dump at most, in characters. */
const SOURCE_MAX = 512 * 1024;

export interface RawFrame {
  readonly function: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
  readonly locals?: readonly { readonly name: string; readonly value: string }[];
}

export class Sources {
  private readonly maps = new Map<string, TraceMap | undefined>();
  private readonly packages = new Map<string, string | undefined>();
  /** the text of each file that a frame named, or that was added, by its path in the dump */
  readonly texts = new Map<string, string>();

  /** Keeps the text behind a script, though no frame names it: a debugger shows the functions it has. */
  add(url: string): void {
    const path = pathOf(url);
    if (path === undefined) return;
    const map = this.mapOf(path);
    if (map === undefined) return this.keep(this.relative(path), () => readFileSync(path, 'utf8'));
    for (const [i, source] of map.resolvedSources.entries()) {
      const file = isUrl(source) ? pathOf(source) : resolve(dirname(path), source);
      const name = file === undefined ? lastPart(source) : this.relative(file);
      this.keep(name, () => map.sourcesContent?.[i] ?? readFileSync(file ?? '', 'utf8'));
    }
  }

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
    const path = pathOf(url);
    if (path === undefined) return { file: lastPart(url), line, column };
    const map = this.mapOf(path);
    if (map !== undefined && line > 0) {
      const found = originalPositionFor(map, { line, column: Math.max(0, column - 1) });
      if (found.source !== null) {
        const text = map.sourcesContent?.[map.resolvedSources.indexOf(found.source)];
        const source = isUrl(found.source)
          ? pathOf(found.source)
          : resolve(dirname(path), found.source);
        const name = source === undefined ? lastPart(found.source) : this.relative(source);
        this.keep(name, () => text ?? readFileSync(source ?? '', 'utf8'));
        return { file: name, line: found.line, column: found.column + 1 };
      }
    }
    const name = this.relative(path);
    this.keep(name, () => readFileSync(path, 'utf8'));
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

  private mapOf(path: string): TraceMap | undefined {
    if (this.maps.has(path)) return this.maps.get(path);
    let map: TraceMap | undefined;
    try {
      if (existsSync(`${path}.map`)) map = new TraceMap(readFileSync(`${path}.map`, 'utf8'));
    } catch {
      map = undefined; // a map that is broken is none
    }
    this.maps.set(path, map);
    return map;
  }

  /** A path without the machine in it. */
  private relative(path: string): string {
    const directory = dirname(path);
    const name = relative(this.packageOf(directory) ?? directory, path);
    return (name === '' ? basename(path) : name).split(sep).join('/').replaceAll('\\', '/');
  }

  /** The nearest directory with a package.json, from this one up; undefined when there is none. */
  private packageOf(directory: string): string | undefined {
    if (this.packages.has(directory)) return this.packages.get(directory);
    const above = dirname(directory);
    const found = existsSync(join(directory, 'package.json'))
      ? directory
      : above === directory
        ? undefined
        : this.packageOf(above);
    this.packages.set(directory, found);
    return found;
  }
}

/** A URL has a scheme; the drive of a Windows path is none. */
function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text);
}

/** Where a frame's file lies: for the URL of a file, and for a path as V8 reports it of a script. */
function pathOf(url: string): string | undefined {
  if (isAbsolute(url)) return resolve(url);
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : undefined;
  } catch {
    return undefined;
  }
}

/** What can be said of a URL that is of no file here. */
function lastPart(url: string): string {
  if (url.startsWith('node:')) return url;
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(url)?.[0] ?? '';
  return scheme === 'data:'
    ? scheme
    : `${scheme === 'file:' ? '' : scheme}${basename(url.slice(scheme.length))}`;
}
