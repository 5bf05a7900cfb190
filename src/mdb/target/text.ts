/*
 * The text segment: the source, one address a character.
 *
 * JavaScript has no program counter.  A frame is at a place in a file, and what people read there is its
 * source, so the source is the text: each file lies somewhere above TEXT_BASE, and its n-th character has the
 * n-th address.  A function is a symbol at its first word.  So `prgetmap+0x109` is a place, can be typed back,
 * compared and disassembled (`::dis` shows source), and memory there reads as letters.
 *
 *     TEXT_BASE                  the first file by name, and so on, each from a page of its own;
 *                                those without their text come last
 *     a file without its text    its lines are LINE_BYTES apart, and its functions begin where a frame of
 *                                them was seen first: Node's own, and what was too large to keep
 *
 * A file is an object, named by its last part without the extension: mutex`mutex_enter.  A dmod may give it
 * the name of the kernel module that it models.  A second function of one name in a file is told by its line
 * (run@57), and a function whose plain name means something else is printed
 * with its object, so that what is printed can always be typed.
 *
 * All of it is worked out from the dump, when it is first asked for.
 */

import type { DumpFrame } from '../../dump/format.ts';
import { functionsOf, mayDefine, type FunctionText } from './functions.ts';

export const TEXT_BASE = 0x1_0000_0000;
const PAGE = 0x1000;
/** Of a file without its text. */
const LINE_BYTES = 0x100;
const LINES_MAX = 0x4000;

export interface TextSymbol extends FunctionText {
  readonly object: TextObject;
  readonly address: number;
  /** the function around it, if any */
  readonly outer: TextSymbol | undefined;
}

export interface TextPlace {
  readonly object: TextObject;
  /** 1-based */
  readonly line: number;
  readonly column: number;
}

/** One file. */
export class TextObject {
  readonly file: string;
  readonly base: number;
  readonly size: number;
  readonly source: string | undefined;
  private readonly seen: readonly DumpFrame[];
  private lineStarts: number[] | undefined;
  private found: TextSymbol[] | undefined;
  /** the file's last part without its extension */
  readonly stem: string;
  /** the same, or the module that it models: a dmod says so */
  name: string;

  constructor(file: string, base: number, source: string | undefined, seen: readonly DumpFrame[]) {
    this.file = file;
    this.base = base;
    this.source = source;
    this.seen = seen;
    this.size = source === undefined ? LINES_MAX * LINE_BYTES : Math.max(1, source.length);
    this.stem = nameOf(file);
    this.name = this.stem;
  }

  /** Whether an address is in it. */
  holds(address: number): boolean {
    return address >= this.base && address < this.base + this.size;
  }

  /** Its functions, by address. */
  get functions(): readonly TextSymbol[] {
    this.found ??= this.find();
    return this.found;
  }

  /** The address of a place, 1-based; the nearest there is for one outside the text. */
  addressOf(line: number, column: number): number {
    if (this.source === undefined) {
      const row = clamp(line, 0, LINES_MAX - 1);
      return this.base + row * LINE_BYTES + clamp(column - 1, 0, LINE_BYTES - 1);
    }
    const start = this.lines[clamp(line, 1, this.lines.length) - 1] ?? 0;
    return this.base + clamp(start + column - 1, 0, this.size - 1);
  }

  placeOf(address: number): TextPlace {
    const offset = address - this.base;
    if (this.source === undefined) {
      return {
        object: this,
        line: Math.floor(offset / LINE_BYTES),
        column: (offset % LINE_BYTES) + 1,
      };
    }
    const line = lastAtMost(this.lines, offset, (start) => start);
    return { object: this, line: line + 1, column: offset - (this.lines[line] ?? 0) + 1 };
  }

  /** The text of a line, 1-based; undefined outside the file. */
  lineText(line: number): string | undefined {
    const start = this.lines[line - 1];
    if (this.source === undefined || start === undefined) return undefined;
    const end = this.lines[line] ?? this.source.length + 1;
    return this.source.slice(start, end - 1).replace(/\r$/, '');
  }

  /** Where each line begins. */
  get lines(): readonly number[] {
    if (this.lineStarts !== undefined) return this.lineStarts;
    const starts = [0];
    const { source = '' } = this;
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) {
      starts.push(at + 1);
    }
    this.lineStarts = starts;
    return starts;
  }

  /** Whether a function of that name may be in it; false is certain. */
  mayDefine(name: string): boolean {
    if (this.found !== undefined || this.source === undefined) return true;
    return mayDefine(this.source, name);
  }

  /** The innermost function around an address. */
  functionAt(address: number): TextSymbol | undefined {
    const index = lastAtMost(this.functions, address, (symbol) => symbol.address);
    let symbol = this.functions[index];
    while (symbol !== undefined && address >= this.base + symbol.end) symbol = symbol.outer;
    return symbol;
  }

  private find(): TextSymbol[] {
    const { source } = this;
    const texts = source === undefined ? this.seenFunctions() : functionsOf(source);
    const found: TextSymbol[] = [];
    let outer: TextSymbol | undefined;
    const names = new Set<string>();
    for (const text of texts.toSorted((a, b) => a.start - b.start)) {
      while (outer !== undefined && text.start >= outer.end) outer = outer.outer;
      const address = this.base + text.start;
      // A second one of its name is told by its line: run@57.
      const { line } = this.placeOf(address);
      const name = names.has(text.name) ? `${text.name}@${line}` : text.name;
      names.add(name);
      const symbol = { ...text, name, object: this, address, outer };
      found.push(symbol);
      outer = symbol;
    }
    return found;
  }

  /** What frames say of a file whose text is not there: each function from where it was seen first. */
  private seenFunctions(): FunctionText[] {
    const starts = new Map<string, number>();
    for (const frame of this.seen) {
      const at = this.addressOf(frame.line, frame.column) - this.base;
      starts.set(frame.function, Math.min(at, starts.get(frame.function) ?? Infinity));
    }
    const sorted = [...starts].sort(([, a], [, b]) => a - b);
    return sorted.map(([name, start], i) => ({
      name,
      start,
      end: sorted[i + 1]?.[1] ?? this.size,
      parameters: [],
    }));
  }
}

/** All files of a dump. */
export class TextSegment {
  readonly objects: readonly TextObject[];
  private readonly byFile: ReadonlyMap<string, TextObject>;
  private names: Map<string, TextSymbol> | undefined;
  /** what lookup() found so far; null for nothing */
  private readonly byName = new Map<string, TextSymbol | null>();

  constructor(sources: ReadonlyMap<string, string>, frames: Iterable<DumpFrame>) {
    const seen = new Map<string, DumpFrame[]>();
    for (const frame of frames) {
      const known = seen.get(frame.file);
      if (known === undefined) seen.set(frame.file, [frame]);
      else known.push(frame);
    }
    let base = TEXT_BASE;
    // Those with a text first: their addresses do not depend on what Node had to do.
    const files = [...new Set([...[...sources.keys()].sort(), ...[...seen.keys()].sort()])];
    this.objects = files.map((file) => {
      // A file whose text could not be kept is in the dump as an empty one.
      const source = sources.get(file);
      const object = new TextObject(
        file,
        base,
        source === '' ? undefined : source,
        seen.get(file) ?? [],
      );
      base += Math.ceil((object.size + PAGE) / PAGE) * PAGE;
      return object;
    });
    this.byFile = new Map(this.objects.map((object) => [object.file, object]));
  }

  object(file: string): TextObject | undefined {
    return this.byFile.get(file);
  }

  objectAt(address: number): TextObject | undefined {
    const object = this.objects[lastAtMost(this.objects, address, ({ base }) => base)];
    return object !== undefined && address < object.base + object.size ? object : undefined;
  }

  /** The address of a frame. */
  addressOf(frame: DumpFrame): number {
    const object = this.byFile.get(frame.file);
    return object === undefined ? 0 : object.addressOf(frame.line, frame.column);
  }

  /**
   * A function by its plain name: of those with one name, that of the first object.
   *
   * Files that cannot define it are not taken apart for it: a stack names few of those there are.
   */
  lookup(name: string): TextSymbol | undefined {
    if (this.names !== undefined) return this.names.get(name);
    const known = this.byName.get(name);
    if (known !== undefined) return known ?? undefined;
    let found: TextSymbol | undefined;
    for (const object of this.objects) {
      if (object.mayDefine(name)) found = object.functions.find((symbol) => symbol.name === name);
      if (found !== undefined) break;
    }
    this.byName.set(name, found ?? null);
    return found;
  }

  /** The objects that a name means: a module's, a file's, or a file's last part. */
  named(name: string): TextObject[] {
    return this.objects.filter((each) => [each.name, each.stem, each.file].includes(name));
  }

  /** A function by object and name. */
  lookupIn(object: string, name: string): TextSymbol | undefined {
    const of = this.named(object);
    for (const each of of) {
      const symbol = each.functions.find((known) => known.name === name);
      if (symbol !== undefined) return symbol;
    }
    return undefined;
  }

  allNames(): ReadonlyMap<string, TextSymbol> {
    if (this.names !== undefined) return this.names;
    const names = new Map<string, TextSymbol>();
    for (const object of this.objects) {
      for (const symbol of object.functions) {
        if (!names.has(symbol.name)) names.set(symbol.name, symbol);
      }
    }
    this.names = names;
    return names;
  }

  /** The characters from an address on, as bytes; undefined where no text is. */
  read(address: number, bytes: number): Uint8Array | undefined {
    const object = this.objectAt(address);
    const { source } = object ?? {};
    if (object === undefined || source === undefined) return undefined;
    const from = address - object.base;
    if (from + bytes > source.length) return undefined;
    return Uint8Array.from({ length: bytes }, (_, i) => {
      const code = source.charCodeAt(from + i);
      return code < 0x100 ? code : 0x3f;
    });
  }
}

/** The last part of a file's name, without its extension. */
function nameOf(file: string): string {
  const last = file.slice(file.lastIndexOf('/') + 1);
  return file.startsWith('node:') ? file : last.replace(/\.[cm]?[jt]sx?$/, '');
}

/** The index of the last element whose key is at most this; -1 before the first. */
export function lastAtMost<T>(list: readonly T[], key: number, keyOf: (each: T) => number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(list[middle]!) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.trunc(value) || 0));
}
