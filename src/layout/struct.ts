/*
 * Structs: one declaration, three uses.
 *
 * A struct is declared once.  From that declaration come the offsets that the kernel compiles into
 * its loads and stores, the types that keep an offset of one struct away from an address of another,
 * and the struct table that travels inside every dump (as CTF does), from which the debugger prints.
 * A layout that is written twice drifts; this one cannot.
 *
 *     export const kmutex = struct('kmutex', {
 *       owner: ref('kthread'),     // the next free word, 4 bytes
 *       name: text,
 *     });
 *     kmutex.owner                 // 0: the offset itself, a branded number
 *     kmutex.$.size                // bytes
 *
 * Foreign structs keep their real offsets where a bug depends on them: wrap the kind in at(offset, …)
 * and give the size, and struct() checks that nothing overlaps or sticks out.
 *
 *     kind                 bytes   read and written by (word.ts)
 *     ------------------   -----   -------------------------------------------------------------
 *     u8, u16              1, 2    get8/put8, get16/put16: plain, never waited on
 *     u32 i32 time text    4       get/put plain, load/store/cas/… atomic
 *     ref enum bits        4       the same
 *     u64                  8       get64/put64: two halves, exact up to 2^53
 *     char(n)              n       getText/putText: NUL-padded UTF-8
 *     embed, array         any     the address of a part, by sub() and element()
 *
 * Hot words are 32 bits wide because Atomics.wait needs an Int32Array, and because JavaScript has no
 * unaligned words whose packing could save anything.  A `time` is a clock word: ticks of 100 us since
 * boot (see image.ts).  A `text` is the address of a string in the image's string table.
 *
 * Not here: reading memory.  A declaration is data, and the debugger uses it without any of ours.
 */

declare const refOf: unique symbol;
declare const fieldOf: unique symbol;

/** The address, in bytes from the start of the image, of a struct S.  0 is NULL. */
export type Ref<S extends string = string> = number & { readonly [refOf]: S };

/** The offset, in bytes, of a field of struct S; W is its width class, V what a read returns. */
export type Field<S extends string, W extends Width, V = number> = number & {
  readonly [fieldOf]: readonly [S, W, V];
};

/** How a field is accessed: by byte, half word, word, word pair, as text, or as a part. */
export type Width = 8 | 16 | 32 | 64 | 'char' | 'part';

export interface Kind<W extends Width = Width, V = unknown> {
  readonly kind: string;
  readonly width: W;
  readonly size: number;
  readonly align: number;
  readonly count?: number;
  readonly target?: string;
  readonly names?: Readonly<Record<number, string>>;
  readonly offset?: number;
  readonly value?: V;
}

/** One field as the struct table of a dump describes it. */
export interface FieldInfo {
  readonly name: string;
  readonly kind: string;
  readonly offset: number;
  /** bytes, of the whole field: of all elements for an array */
  readonly size: number;
  readonly count?: number;
  /** the struct that a ref points to or that a part is */
  readonly target?: string;
  /** an enum's values, or the bits of a set, by name */
  readonly names?: Readonly<Record<number, string>>;
}

export interface StructInfo {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly FieldInfo[];
}

export type Struct<S extends string, D> = {
  readonly [K in keyof D]: D[K] extends Kind<infer W, infer V> ? Field<S, W, V> : never;
} & { readonly $: StructInfo & { readonly name: S } };

function word<V = number>(kind: string): Kind<32, V> {
  return { kind, width: 32, size: 4, align: 4 };
}

export const u8: Kind<8, number> = { kind: 'u8', width: 8, size: 1, align: 1 };
export const u16: Kind<16, number> = { kind: 'u16', width: 16, size: 2, align: 2 };
export const u32: Kind<32, number> = word('u32');
export const i32: Kind<32, number> = word('i32');
export const u64: Kind<64, number> = { kind: 'u64', width: 64, size: 8, align: 4 };
/** A clock word: ticks of 100 us since boot. */
export const time: Kind<32, number> = word('time');
/** The address of a string in the string table. */
export const text: Kind<32, number> = word('text');

/** A pointer to a struct S, 32 bits. */
export function ref<S extends string>(target: S): Kind<32, Ref<S>> {
  return { ...word<Ref<S>>('ref'), target };
}

/** A 64-bit pointer of a foreign struct: the upper half is always zero in the image. */
export function ref64<S extends string>(target: S): Kind<64, Ref<S>> {
  return { kind: 'ref', width: 64, size: 8, align: 4, target };
}

/** A word (or byte) whose values have names. */
export function enumeration(names: Readonly<Record<number, string>>): Kind<32, number>;
export function enumeration(
  names: Readonly<Record<number, string>>,
  as: Kind<8, number>,
): Kind<8, number>;
export function enumeration(names: Readonly<Record<number, string>>, as: Kind = u32): Kind {
  return { ...as, kind: 'enum', names };
}

/** A word (or byte) whose bits have names. */
export function bits(names: Readonly<Record<number, string>>): Kind<32, number>;
export function bits(names: Readonly<Record<number, string>>, as: Kind<8, number>): Kind<8, number>;
export function bits(names: Readonly<Record<number, string>>, as: Kind = u32): Kind {
  return { ...as, kind: 'bits', names };
}

/** char[n]: NUL-padded text in place. */
export function char(n: number): Kind<'char', string> {
  return { kind: 'char', width: 'char', size: n, align: 1, count: n };
}

/** A struct inside a struct. */
export function embed<S extends string>(part: {
  readonly $: StructInfo & { name: S };
}): Kind<'part', Ref<S>> {
  return {
    kind: 'struct',
    width: 'part',
    size: part.$.size,
    align: part.$.align,
    target: part.$.name,
  };
}

/** n structs in a row, each at a multiple of the struct's own size. */
export function array<S extends string>(
  part: { readonly $: StructInfo & { name: S } },
  n: number,
): Kind<'part', Ref<S>> {
  return { ...embed(part), size: part.$.size * n, count: n };
}

/** The same kind, at a given offset: for foreign layouts and for cache-line separation. */
export function at<K extends Kind>(offset: number, kind: K): K {
  return { ...kind, offset };
}

const registry = new Map<string, StructInfo>();

/**
 * Declares a struct.  Fields follow one another at their alignment unless at() places them.
 * @param size bytes; by default the end of the last field, rounded up to the alignment
 * @throws RangeError when two fields overlap, one sticks out of the given size, or structs of that size
 *   would not be aligned in a row
 */
export function struct<const S extends string, D extends Record<string, Kind>>(
  name: S,
  definition: D,
  size?: number,
): Struct<S, D> {
  const fields: FieldInfo[] = [];
  const offsets: Record<string, unknown> = {};
  let next = 0;
  let align = 4;
  for (const [field, kind] of Object.entries(definition)) {
    const offset = kind.offset ?? Math.ceil(next / kind.align) * kind.align;
    if (offset < next || offset % kind.align !== 0) {
      throw new RangeError(
        `struct ${name}: ${field} at ${offset} overlaps or is misaligned (free from ${next})`,
      );
    }
    next = offset + kind.size;
    align = Math.max(align, kind.align);
    offsets[field] = offset;
    fields.push({
      name: field,
      kind: kind.kind,
      offset,
      size: kind.size,
      ...(kind.count === undefined ? {} : { count: kind.count }),
      ...(kind.target === undefined ? {} : { target: kind.target }),
      ...(kind.names === undefined ? {} : { names: kind.names }),
    });
  }
  const whole = size ?? Math.ceil(next / align) * align;
  if (whole < next) throw new RangeError(`struct ${name}: fields end at ${next}, size is ${whole}`);
  if (whole % align !== 0)
    throw new RangeError(`struct ${name}: size ${whole} is no multiple of ${align}`);
  const info: StructInfo = { name, size: whole, align, fields };
  registry.set(name, info);
  return Object.freeze({ ...offsets, $: info }) as Struct<S, D>;
}

/** Every struct declared so far in this thread, for the dump's struct table. */
export function structTable(): StructInfo[] {
  return [...registry.values()];
}
