/*
 * Kernel text, as far as memory points to it.
 *
 * A kstat carries two function pointers.  A function of the host has no address, and each thread has a
 * function object of its own, so what the image holds is the address of a symbol: one word of the data
 * segment under the function's name, which all threads agree on like on any global.
 *
 *     text_symbol(header_kstat_update)      &header_kstat_update
 *     text_at(get64(ksp, ks_update))        *ks_update, to be called by whoever asks
 *
 * So a debugger that prints a pointer as the symbol it points to prints ks_update = header_kstat_update,
 * and the frame of the call has the function's own name, with none of ours in between.
 */

import { global, struct, u32 } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';

/** What stands at the address of a function: nothing that is ever read. */
export const ktext = struct('ktext', { reserved: u32 });

/** Both of a kstat's entry points: `buf` is the snapshot's alone. */
export type KstatFunction = (ksp: Ref<'kstat_t'>, rw: number, buf: number) => number;

const functions = new Map<number, KstatFunction>();

/** Gives a function an address.  At module level only, as with every global. */
export function text_symbol(fn: KstatFunction): Ref<'ktext'> {
  const address = global(fn.name, ktext);
  functions.set(address, fn);
  return address;
}

/** The function at an address.  @throws TypeError when there is none: a jump into nowhere */
export function text_at(address: Ref<'ktext'>): KstatFunction {
  const fn = functions.get(address);
  if (fn === undefined) throw new TypeError(`no function at ${address.toString(16)}`);
  return fn;
}
