/*
 * The linker: gives every global of the simulated kernel one address that all threads agree on.
 *
 * A thread of the host shares no variables with another, only the image.  So a global such as
 * mod_lock cannot be a JavaScript variable; it must be an address, and the same one in each thread.
 * Handing addresses around at boot would make every use of a global a lookup.  Instead they are
 * assigned while modules are evaluated, as a linker lays out .bss:
 *
 *     export const mod_lock = global('mod_lock', kmutex);      // a number from here on
 *
 * Why all threads agree: they import the same workload, and ES modules are evaluated in an order
 * that depends on the import graph alone.  Where that is not so (a conditional dynamic import, two
 * workloads imported in another order), attach() finds another checksum in the image than its own
 * and refuses by name, before anything runs.
 *
 * The bss starts on the page after the header and is cleared by each boot.
 */

import { PAGE } from './records.ts';
import type { Ref, StructInfo } from './struct.ts';

export const BSS_BASE = PAGE;
/** Room for globals, in bytes. */
export const BSS_BYTES = 64 * PAGE;

export interface LinkedSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly type: string;
}

const symbols: LinkedSymbol[] = [];
const names = new Set<string>();
let next = BSS_BASE;

/**
 * Defines a global of the simulated kernel and returns its address.
 * @param count more than one: an array of that many structs in a row
 * @throws RangeError on a second definition of the name, or when the data segment is full
 */
export function global<S extends string>(
  name: string,
  type: { readonly $: StructInfo & { name: S } },
  count = 1,
): Ref<S> {
  if (names.has(name)) throw new RangeError(`linker: ${name} is multiply defined`);
  // A whole line for each global: no two of them ever share one.
  const address = Math.ceil(next / 64) * 64;
  const size = type.$.size * count;
  if (address + size > BSS_BASE + BSS_BYTES) {
    throw new RangeError(
      `linker: no room for ${name} (${size} bytes): the data segment holds ${BSS_BYTES}`,
    );
  }
  next = address + size;
  names.add(name);
  symbols.push({ name, address, size, type: type.$.name });
  return address as Ref<S>;
}

/**
 * A checksum of all names and addresses: equal in two threads if they agree on every global.
 * FNV-1a, over the text that a link map would have.
 */
export function linkedSum(): number {
  let sum = 0x811c9dc5;
  for (const { name, address } of symbols) {
    for (const char of `${name}@${address};`)
      sum = Math.imul(sum ^ char.codePointAt(0)!, 0x01000193);
  }
  return sum | 0;
}

/** Everything defined so far in this thread, in address order. */
export function linkedSymbols(): readonly LinkedSymbol[] {
  return symbols;
}

/** Where the data segment of this thread ends. */
export function linkedEnd(): number {
  return next;
}
