/*
 * Stub tables: what the kernel knows of a function that a loadable module has, or will have.
 *
 * A mod_stub_info stands for one such function.  The stubs of a module lie in a row that ends with an
 * empty one, and a mod_modinfo ties the row to the module.  When a module is installed, each of its
 * stubs gets the address of the real function; when it is unloaded they are reset.  What a caller of the
 * stub then meets is a matter of its kind: modstubs.ts.
 *
 *     mods_flag          means
 *     --------------     ---------------------------------------------------------------------
 *     MODS_WEAK          do not load the module for the sake of a call: the err function answers
 *     MODS_NOUNLOAD      the module never unloads once it is installed: no hold is needed
 *     MODS_INSTALLED     func_adr is the real function
 *
 * func_adr is written before MODS_INSTALLED is set, with an atomic store, since callers look at the flag
 * without a lock.  When it is cleared again a caller may be past its look, which is why a stub of a
 * module that can be unloaded must go through mod_hold_stub(), and look again under mod_lock.
 */

import { bits, get, ref, store, struct, text, textOf, u32, put } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { kobj_lookup } from './text.ts';

export const MODS_WEAK = 0x01;
export const MODS_NOUNLOAD = 0x02;
export const MODS_INSTALLED = 0x10;

export const mod_modinfo = struct('mod_modinfo', {
  modm_module_name: text,
  modm_mp: ref('modctl'), //    NULL until a stub of the module was first called
  modm_stubs: ref('mod_stub_info'),
  modm_id: u32, //              the module it names, by number
});
export const mod_stub_info = struct('mod_stub_info', {
  mods_func_adr: u32, //        a text address; 0 ends the row
  mods_modinfo: ref('mod_modinfo'),
  mods_stub_adr: text, //       the stub's symbol
  mods_errfcn: u32, //          answers when the module is not there; 0: nothing can, panic
  mods_flag: bits({ 0x01: 'MODS_WEAK', 0x02: 'MODS_NOUNLOAD', 0x10: 'MODS_INSTALLED' }),
});

type Stub = Ref<'mod_stub_info'>;

/** What func_adr of a plain stub is before its module is there. */
export const MOD_HOLD_STUB = 1;

/** The stub after this one; its func_adr is 0 behind the last. */
export function stub_next(stub: Stub): Stub {
  return (stub + mod_stub_info.$.size) as Stub;
}

/** Points the stubs of a module at its functions.  @param module its name */
export function install_stubs(mip: Ref<'mod_modinfo'>, module: string): void {
  for (let s = get(mip, mod_modinfo.modm_stubs); get(s, mod_stub_info.mods_func_adr) !== 0;) {
    const real = kobj_lookup(module, textOf(get(s, mod_stub_info.mods_stub_adr)));
    if (real !== 0) {
      put(s, mod_stub_info.mods_func_adr, real);
      store(s, mod_stub_info.mods_flag, get(s, mod_stub_info.mods_flag) | MODS_INSTALLED);
    }
    s = stub_next(s);
  }
}

/** Takes them back, and forgets which module it was. */
export function reset_stubs(mip: Ref<'mod_modinfo'>): void {
  for (let s = get(mip, mod_modinfo.modm_stubs); get(s, mod_stub_info.mods_func_adr) !== 0;) {
    const flag = get(s, mod_stub_info.mods_flag);
    store(s, mod_stub_info.mods_flag, flag & ~MODS_INSTALLED);
    put(s, mod_stub_info.mods_func_adr, stub_initial(s));
    s = stub_next(s);
  }
  put(mip, mod_modinfo.modm_mp, 0 as Ref<'modctl'>);
}

/** func_adr of a stub whose module is not installed: never 0, which would end the row. */
export function stub_initial(stub: Stub): number {
  const flag = get(stub, mod_stub_info.mods_flag);
  const plain = (flag & (MODS_WEAK | MODS_NOUNLOAD)) === 0;
  return (plain ? 0 : get(stub, mod_stub_info.mods_errfcn)) || MOD_HOLD_STUB;
}
