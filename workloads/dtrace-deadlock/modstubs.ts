/*
 * Stubs: how the resident kernel calls a function of a loadable module.
 *
 *     kind              module not there               module there
 *     ---------------   ----------------------------   -------------------------------------------
 *     STUB              load it, hold, call, release   hold, call, release
 *     WSTUB             the err function answers       hold, call, release
 *     NO_UNLOAD_STUB    load it, hold, call, release   jump straight to the function
 *     NO_UNLOAD_WSTUB   the err function answers       jump straight to the function
 *
 * Hold and release take mod_lock, each once: mod_hold_stub().  So a WSTUB takes mod_lock in order to keep
 * the module from being unloaded during the call, and a caller must be in a position to take it.
 *
 * Bug 9056: shmgetid, shmfork and shmexit were WSTUBs, and the _fini of shmsys returns EBUSY.  The module
 * cannot be unloaded, so the hold was for nothing; and prgetmap() calls shmgetid with P_PR_LOCK held,
 * where mod_lock must not be taken.  The fix changed a column of the table below, for shmsys and for
 * every other module that never unloads (9057).
 *
 * A stub has no frame.  It looks at its flags and jumps, leaving its mod_stub_info in a register for
 * stubs_common_code(), so a stack shows the caller and then stubs_common_code, or the caller and then
 * the real function: never the stub.  Here, jump() stands for those instructions: it returns where they
 * lead, and the caller goes there.
 */

import { get, global, intern, load, panic, put, textOf } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { mod_find, mod_hold_stub, mod_release_stub, modctl, MODULES } from './modctl.ts';
import type { ModuleName } from './modctl.ts';
import {
  mod_modinfo,
  mod_stub_info,
  MODS_INSTALLED,
  MODS_NOUNLOAD,
  MODS_WEAK,
  stub_initial,
} from './modsubr.ts';
import { EINVAL } from './parts.ts';
import { text_function, text_symbol } from './text.ts';
import type { TextFunction } from './text.ts';

export const STUB = 0;
export const WSTUB = MODS_WEAK;
export const NO_UNLOAD_STUB = MODS_NOUNLOAD;
export const NO_UNLOAD_WSTUB = MODS_NOUNLOAD | MODS_WEAK;

function nomod_zero(): number {
  return 0;
}
function nomod_minus_one(): number {
  return -1;
}
function nomod_einval(): number {
  return EINVAL;
}
const zero = text_symbol('unix', nomod_zero);
const minus_one = text_symbol('unix', nomod_minus_one);
const einval = text_symbol('unix', nomod_einval);

/** The table: module, function, kind before the fix, kind since, err function (none for a STUB). */
const TABLE = [
  ['fifofs', 'fifovp', STUB, NO_UNLOAD_STUB, zero],
  ['doorfs', 'door_exit', WSTUB, NO_UNLOAD_WSTUB, zero],
  ['doorfs', 'door_fork', WSTUB, NO_UNLOAD_WSTUB, zero],
  ['doorfs', 'door_ki_open', NO_UNLOAD_STUB, NO_UNLOAD_STUB, einval],
  ['sysacct', 'acct', WSTUB, NO_UNLOAD_WSTUB, zero],
  ['semsys', 'semexit', WSTUB, NO_UNLOAD_WSTUB, zero],
  ['shmsys', 'shmexit', WSTUB, NO_UNLOAD_WSTUB, zero],
  ['shmsys', 'shmfork', WSTUB, NO_UNLOAD_WSTUB, zero],
  ['shmsys', 'shmgetid', WSTUB, NO_UNLOAD_WSTUB, minus_one],
  ['md5', 'MD5Update', WSTUB, WSTUB, zero],
] as const satisfies readonly (readonly [ModuleName, string, number, number, number])[];

type StubName = (typeof TABLE)[number][1];
type Stub = Ref<'mod_stub_info'>;

const MODULE_NAMES = [...new Set(TABLE.map(([module]) => module))];
// A row of stubs for each module, each with room for the empty one that ends it.
const infos = MODULE_NAMES.map((module) => {
  const names = TABLE.flatMap(([owner, name]) => (owner === module ? [name] : []));
  const first = global(`${module}_info`, mod_stub_info, names.length + 1);
  return { module, names, first, mip: global(`${module}_modinfo`, mod_modinfo) };
});

/** The stubs, by the name of the function. */
export const stub = Object.fromEntries(
  infos.flatMap(({ names, first }) =>
    names.map((name, i) => [name, (first + i * mod_stub_info.$.size) as Stub]),
  ),
) as Readonly<Record<StubName, Stub>>;

/** Boot: writes the table into the image.  @param fixed with the kinds of the fix of 9056 and 9057 */
export function stubs_setup(fixed: boolean): void {
  for (const { module, first, mip } of infos) {
    put(mip, mod_modinfo.modm_module_name, intern(module));
    put(mip, mod_modinfo.modm_stubs, first);
    put(mip, mod_modinfo.modm_id, MODULES.indexOf(module));
    put(mod_find(module), modctl.mod_modinfo, mip);
  }
  for (const [module, name, before, since, errfcn] of TABLE) {
    const info = stub[name];
    put(info, mod_stub_info.mods_modinfo, infos.find((each) => each.module === module)!.mip);
    put(info, mod_stub_info.mods_stub_adr, intern(name));
    const kind = fixed ? since : before;
    put(info, mod_stub_info.mods_errfcn, kind === STUB ? 0 : errfcn);
    put(info, mod_stub_info.mods_flag, kind);
    put(info, mod_stub_info.mods_func_adr, stub_initial(info));
  }
}

/** The register in which a stub leaves its mod_stub_info. */
let rax = 0 as Stub;

/** The instructions of a stub: returns where they lead. */
export function jump(info: Stub): TextFunction {
  rax = info;
  const flag = load(info, mod_stub_info.mods_flag);
  if ((flag & MODS_INSTALLED) !== 0) {
    if ((flag & MODS_NOUNLOAD) === 0) return stubs_common_code;
    return text_function(get(info, mod_stub_info.mods_func_adr));
  }
  if ((flag & MODS_WEAK) === 0) return stubs_common_code;
  return text_function(get(info, mod_stub_info.mods_errfcn));
}

/** Holds the module, calls the real function without mod_lock, releases the module. */
export function stubs_common_code(...args: number[]): number {
  const info = rax;
  if (mod_hold_stub(info) !== 0) {
    const errfcn = get(info, mod_stub_info.mods_errfcn);
    if (errfcn === 0) {
      panic(
        `stubs_common_code: couldn't resolve ${textOf(get(info, mod_stub_info.mods_stub_adr))}`,
      );
    }
    return text_function(errfcn)(...args);
  }
  const value = text_function(get(info, mod_stub_info.mods_func_adr))(...args);
  mod_release_stub(info);
  return value;
}
