/*
 * The target: a dump as a debugger sees it, which is memory, symbols, types and threads.
 *
 *     addresses                  what                                  read as
 *     ------------------------   -----------------------------------   ----------------------
 *     0 …                        the image: locks, threads, heap       bytes
 *     TEXT_BASE …  (text.ts)     the source of what ran                letters
 *     STACK_BASE … (stack.ts)    the threads' stacks                   words of 8 bytes
 *
 * Pointers in the image are 4 bytes, in stacks 8.  Everything is little-endian.
 *
 * Nothing here writes, and nothing is believed: every read is checked against what is mapped, and a dump
 * that contradicts itself gives an error or an odd value, never an exception of another kind.
 */

import type { DumpFile } from '../../dump/read.ts';
import type { Dump, DumpFrame, DumpSymbol, DumpThread, StructInfo } from '../../dump/format.ts';
import { oops } from '../error.ts';
import { layoutStack, STACK_BASE, STACK_BYTES, stackWord, type Stack } from './stack.ts';
import { lastAtMost, TextSegment, type TextSymbol } from './text.ts';
import { TypeTable } from './types.ts';

/** Bytes of a string that is read, at most. */
const STRING_MAX = 64 * 1024;
/** Locks keep flags in the low bits of the thread that they point to. */
const TAG = 7n;

/** What a frame or an address is called. */
export interface Named {
  readonly name: string;
  /** behind the symbol */
  readonly offset: number;
  readonly data?: DumpSymbol;
  readonly text?: TextSymbol;
}

export class Target {
  /** as it was named */
  readonly file: string;
  readonly dump: Dump;
  readonly types: TypeTable;
  readonly text: TextSegment;
  /** globals and named locks, but for those whose place is no number */
  readonly symbols: readonly DumpSymbol[];
  private readonly image: DataView;
  private readonly byAddress: ReadonlyMap<string, DumpThread>;
  private readonly byId: ReadonlyMap<number, DumpThread>;
  private readonly rows: ReadonlyMap<DumpThread, number>;
  private readonly stacks = new Map<DumpThread, Stack>();
  private readonly dataNames = new Map<string, DumpSymbol>();
  private readonly dataSorted: readonly DumpSymbol[];
  /** how each distinct place is called: stacks name the same ones over and over */
  private readonly called = new Map<number, string>();

  constructor(
    file: string,
    dump: Dump,
    types: readonly StructInfo[],
    image: Uint8Array,
    sources: ReadonlyMap<string, string>,
  ) {
    this.file = file;
    this.dump = dump;
    this.types = new TypeTable(types);
    this.image = new DataView(image.buffer, image.byteOffset, image.byteLength);
    this.text = new TextSegment(sources, framesOf(dump.threads));
    this.byId = new Map(dump.threads.toReversed().map((thread) => [thread.id, thread]));
    this.rows = new Map(dump.threads.map((thread, row) => [thread, row]));
    this.byAddress = new Map(dump.threads.map((thread) => [thread.address, thread]));
    this.symbols = dump.symbols.filter(isWhole);
    for (const symbol of this.symbols) {
      if (!this.dataNames.has(symbol.name)) this.dataNames.set(symbol.name, symbol);
    }
    this.dataSorted = this.symbols.toSorted((a, b) => a.address - b.address || b.size - a.size);
  }

  /** Reads all of a dump.  @throws Fail DUMP_UNREADABLE */
  static async open(file: DumpFile): Promise<Target> {
    // Side by side, as to inflate them is most of the work.
    const [dump, types, image, sources] = await Promise.all([
      file.dump(),
      file.types(),
      file.image(),
      file.sources(),
    ]);
    return new Target(file.file, dump, types, image, sources);
  }

  // --- memory -----------------------------------------------------------------------------------

  get imageBytes(): number {
    return this.image.byteLength;
  }

  /** Whether so many bytes can be read. */
  isMapped(address: bigint, bytes: number): boolean {
    return this.tryRead(address, bytes) !== undefined;
  }

  /** @throws MdbError `failed to read … : no mapping for address` */
  read(address: bigint, bytes: number): Uint8Array {
    const found = this.tryRead(address, bytes);
    if (found !== undefined) return found;
    throw oops(
      `failed to read ${bytes === 1 ? 'a byte' : `${bytes} bytes`} at ${address.toString(16)}`,
      'no mapping for address',
    );
  }

  /** A little-endian number of 1, 2, 4 or 8 bytes.  @throws MdbError */
  readNumber(address: bigint, bytes: number): bigint {
    const found = this.read(address, bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(found[i]!);
    return value;
  }

  /** A word of the image that may be outside it: undefined then. */
  word(address: number): number | undefined {
    if (address < 0 || address + 4 > this.image.byteLength || !Number.isInteger(address))
      return undefined;
    return this.image.getUint32(address, true);
  }

  /** NUL-terminated text, at most so many bytes.  @throws MdbError */
  readText(address: bigint, most = 1024): string {
    const bytes: number[] = [];
    while (bytes.length < most) {
      const byte = this.tryRead(address + BigInt(bytes.length), 1)?.[0];
      if (byte === undefined && bytes.length === 0) this.read(address, 1);
      if (byte === undefined || byte === 0) break;
      bytes.push(byte);
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }

  /** A string of the image's string table: its length, then that many bytes.  `?` where none is. */
  readString(address: bigint): string {
    const length = this.word(Number(address & 0xffff_ffffn)) ?? STRING_MAX + 1;
    const bytes = length > STRING_MAX ? undefined : this.tryRead(address + 4n, length);
    return bytes === undefined ? '?' : new TextDecoder().decode(bytes);
  }

  private tryRead(address: bigint, bytes: number): Uint8Array | undefined {
    if (address < 0n) return undefined;
    if (address + BigInt(bytes) <= BigInt(this.image.byteLength)) {
      return new Uint8Array(this.image.buffer, this.image.byteOffset + Number(address), bytes);
    }
    if (address > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
    const at = Number(address);
    if (at < STACK_BASE) return this.text.read(at, bytes);
    const stack = this.stackAt(at);
    const start = at - (at % 8);
    const word = stack === undefined ? undefined : stackWord(stack, start);
    if (word === undefined || at + bytes > start + 8) return undefined;
    return Uint8Array.from({ length: bytes }, (_, i) =>
      Number((word >> BigInt(8 * (at - start + i))) & 0xffn),
    );
  }

  // --- symbols ----------------------------------------------------------------------------------

  /**
   * The address of a symbol: a global or named lock, a function, object`function.
   *
   * Where both have one name, the global is meant, unless it is a stand-in for the function (type ktext).
   */
  lookup(name: string): bigint | undefined {
    const tick = name.lastIndexOf('`');
    if (tick >= 0) {
      const scope = name.slice(0, tick);
      const text = this.text.lookupIn(scope, name.slice(tick + 1));
      return text === undefined ? undefined : BigInt(text.address);
    }
    const data = this.dataNames.get(name);
    if (data !== undefined && data.type !== 'ktext') return BigInt(data.address >>> 0);
    const text = this.text.lookup(name) ?? this.textFile(name);
    return text !== undefined ? BigInt(text.address) : data && BigInt(data.address >>> 0);
  }

  /** Every name that lookup() knows. */
  *names(): Iterable<string> {
    yield* this.dataNames.keys();
    yield* this.text.allNames().keys();
  }

  dataSymbol(name: string): DumpSymbol | undefined {
    return this.dataNames.get(name);
  }

  /** The global or lock that an address lies in. */
  dataAt(address: number): DumpSymbol | undefined {
    const index = lastAtMost(this.dataSorted, address, (symbol) => symbol.address);
    const symbol = this.dataSorted[index];
    return symbol !== undefined && address < symbol.address + symbol.size ? symbol : undefined;
  }

  /** What an address is called; undefined where it lies in nothing that has a name. */
  nameAt(address: bigint): Named | undefined {
    if (address > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
    const at = Number(address);
    const object = this.text.objectAt(at);
    if (object !== undefined) {
      const text = object.functionAt(at);
      if (text === undefined) return { name: fileName(object.file), offset: at - object.base };
      const means = this.lookup(text.name);
      const name = means === BigInt(text.address) ? text.name : `${object.name}\`${text.name}`;
      return { name, offset: at - text.address, text };
    }
    const data = this.dataAt(at);
    return data && { name: data.name, offset: at - data.address, data };
  }

  /** `%a`: symbol+offset, or the number. */
  symbolic(address: bigint): string {
    const key = address > BigInt(Number.MAX_SAFE_INTEGER) ? -1 : Number(address);
    const known = this.called.get(key);
    if (key >= 0 && known !== undefined) return known;
    const named = this.nameAt(address);
    const text =
      named === undefined
        ? hexOf(address)
        : `${named.name}${named.offset === 0 ? '' : `+${offsetOf(named.offset)}`}`;
    this.called.set(key, text);
    return text;
  }

  private textFile(name: string): { address: number } | undefined {
    const object = this.text.objects.find(({ file }) => fileName(file) === name);
    return object && { address: object.base };
  }

  // --- threads ----------------------------------------------------------------------------------

  get threads(): readonly DumpThread[] {
    return this.dump.threads;
  }

  /** The thread whose record is at an address, which may carry the flags of a lock's owner. */
  threadAt(address: bigint): DumpThread | undefined {
    return this.byAddress.get((address & ~TAG).toString(16));
  }

  threadById(id: number): DumpThread | undefined {
    return this.byId.get(id);
  }

  /** The thread that the dump is about: the one that panicked, else the first of the cycle. */
  get representative(): DumpThread | undefined {
    const panicked = this.threads.find(
      (thread) => this.flagsOf(thread).includes('PANICKED') && thread.stack.length > 0,
    );
    const [first] = this.dump.head.cycle;
    return (
      panicked ?? (first === undefined ? undefined : this.threadById(first)) ?? this.threads[0]
    );
  }

  stackOf(thread: DumpThread): Stack {
    const known = this.stacks.get(thread);
    if (known !== undefined) return known;
    const stack = layoutStack(thread, this.rows.get(thread) ?? 0, this.text);
    this.stacks.set(thread, stack);
    return stack;
  }

  stackAt(address: number): Stack | undefined {
    const thread = this.threads[Math.floor((address - STACK_BASE) / STACK_BYTES)];
    return thread && this.stackOf(thread);
  }

  /** The flags of a thread's record, by name. */
  flagsOf(thread: DumpThread): string[] {
    const kthread = this.types.find('kthread');
    const field = kthread?.fields.find(({ name }) => name === 'flags');
    const word = field && this.word(Number.parseInt(thread.address, 16) + field.offset);
    if (field?.names === undefined || word === undefined) return [];
    return Object.entries(field.names)
      .filter(([bit]) => (word & Number(bit)) !== 0)
      .map(([, name]) => name);
  }
}

/** The address of a thread's kthread, or of anything else that the dump gives as text; 0 for what is none. */
export function addressOf({ address }: { readonly address: string }): bigint {
  return /^[0-9a-f]{1,16}$/i.test(address) ? BigInt(`0x${address}`) : 0n;
}

function isWhole({ address, size }: DumpSymbol): boolean {
  return Number.isSafeInteger(address) && address >= 0 && Number.isSafeInteger(size) && size >= 0;
}

function* framesOf(threads: readonly DumpThread[]): Iterable<DumpFrame> {
  for (const { stack } of threads) yield* stack;
}

function fileName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** `0x` before all but 0 … 9: what %a and `+offset` look like. */
export function offsetOf(value: number | bigint): string {
  return value < 10 ? String(value) : `0x${value.toString(16)}`;
}

/** `%#x`: 0 is 0. */
export function hexOf(value: number | bigint): string {
  return value === 0n || value === 0 ? '0' : `0x${value.toString(16)}`;
}
