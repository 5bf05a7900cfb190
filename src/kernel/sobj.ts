/*
 * What every synchronization object begins and ends with: its kind, its name, its row in the symbol
 * table.
 *
 * A global (layout/linker.ts) has its row already, under the name of the symbol.  Anything that lives on
 * the heap gets one here if it is given a name, and then shows in the lock table of a dump; a nameless
 * one shows only where some thread holds it, wants it or waits on it, by its address.
 */

import { addSymbol, symbolAt, symbolCount } from '../layout/image.ts';
import { header, image_header, ksymbol, sobj, turnstile } from '../layout/records.ts';
import { intern, textOf } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { get, load, put, store, sub } from '../layout/word.ts';
import { panic_lock } from './panic.ts';

/** sobj.flags */
const REGISTERED = 1;
const DESTROYED = 2;
const NONE = 0 as Ref<'kthread'>;

/** Makes an object of the given kind: free, with nobody in line. */
export function sobj_init(object: number, kind: number, type: string, name: string): void {
  const at = object as Ref<'sobj'>;
  const ts = sub(at, sobj.ts);
  put(at, sobj.word, 0);
  put(at, sobj.name, intern(name));
  put(at, sobj.flags, 0);
  put(ts, turnstile.chain, 0);
  put(ts, turnstile.first, NONE);
  put(ts, turnstile.last, NONE);
  put(ts, turnstile.waiters, 0);
  put(at, sobj.contended, 0);
  put(at, sobj.blocked, 0);
  store(at, sobj.kind, kind);
  if (name !== '' && object >= get(header, image_header.bss_end)) {
    put(at, sobj.flags, REGISTERED);
    addSymbol(name, object, sobj.$.size, type);
  }
}

/**
 * Ends an object.  Panics when it has waiters.
 * @param call the misused function, for the panic
 * @param owner who has it, for the same
 */
export function sobj_destroy(object: number, call: string, owner = NONE): void {
  const at = object as Ref<'sobj'>;
  if (load(sub(at, sobj.ts), turnstile.waiters) !== 0) {
    panic_lock(`${call}: has waiters`, object, sobj_name(object), owner);
  }
  if (get(at, sobj.flags) & REGISTERED) {
    for (let i = symbolCount() - 1; i >= 0; i--) {
      if (get(symbolAt(i), ksymbol.address) === object) {
        store(symbolAt(i), ksymbol.address, 0);
        break;
      }
    }
  }
  put(at, sobj.flags, DESTROYED);
  store(at, sobj.kind, 0);
}

/** An object's name, or ''. */
export function sobj_name(object: number): string {
  return textOf(get(object as Ref<'sobj'>, sobj.name));
}

/** Counts that an object's fast path did not do. */
export function sobj_contended(object: number): void {
  const at = object as Ref<'sobj'>;
  put(at, sobj.contended, (get(at, sobj.contended) + 1) | 0);
}
