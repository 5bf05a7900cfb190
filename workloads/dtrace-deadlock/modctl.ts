/*
 * Modules: loading, unloading, and holding one for the length of a call.
 *
 * One lock, mod_lock, guards the state of all modules.  It is held for a few stores at a time by whoever
 * works with modules, with one exception: DTrace holds it to keep modules from changing under it, and
 * takes dtrace_lock inside.  Since mod_lock is that coarse, this is in order, and so the order is
 * mod_lock before dtrace_lock.
 *
 * What takes longer than a few stores (reading a file, _init, _fini) is done without mod_lock, by the
 * thread that made the module busy.
 *
 *     loaded   installed   busy   ref     the module
 *     ------   ---------   ----   -----   ----------------------------------------------------------
 *     0        0           0      0       is a name
 *     1        1           0      n       is in use by n calls through stubs; unloads when n is 0
 *     any      any         1      any     is being loaded or unloaded; others wait for mod_cv
 *
 * The rule that matters for 9056: mod_hold_stub() takes mod_lock first, always.  A stub of a module that
 * has long been there, and never goes away, costs its caller mod_lock twice a call.
 */

import {
  at,
  char,
  curthread,
  cv_broadcast,
  cv_wait,
  fillBytes,
  get,
  getText,
  global,
  kcondvar,
  kmem_alloc,
  kmem_free,
  kmutex,
  mutex_enter,
  mutex_exit,
  panic,
  put,
  putText,
  ref,
  struct,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { install_stubs, mod_modinfo, mod_stub_info, MODS_WEAK, reset_stubs } from './modsubr.ts';
import { assert_held, assert_not_held, assert_that, EBUSY, ENOENT, ENOMEM } from './parts.ts';
import { kobj_lookup, text_function } from './text.ts';

export const modctl = struct('modctl', {
  mod_next: ref('modctl'), //     all modules, in a ring
  mod_prev: ref('modctl'),
  mod_id: u32,
  mod_busy: u32, //               1: mod_inprogress_thread is at work on it
  mod_want: u32, //               1: somebody waits on mod_cv for it
  mod_ref: u32, //                calls through its stubs that have not returned
  mod_loaded: u32,
  mod_installed: u32,
  mod_loadcnt: u32,
  mod_nenabled: u32, //           probes enabled in it
  mod_inprogress_thread: ref('kthread'),
  mod_modinfo: ref('mod_modinfo'),
  mod_text: u32,
  mod_text_size: u32,
  mod_modname: at(64, char(32)),
});
type Modctl = Ref<'modctl'>;
const NO_MODULE = 0 as Modctl;

/** Every module that there is, the resident ones first. */
export const MODULES = [
  'unix',
  'genunix',
  'specfs',
  'procfs',
  'dtrace',
  'fasttrap',
  'shmsys',
  'semsys',
  'doorfs',
  'fifofs',
  'sysacct',
  'md5',
] as const;
export type ModuleName = (typeof MODULES)[number];
const TEXT_BYTES = 7 * 1024; // "this is tiny: 7K of text"

export const mod_lock = global('mod_lock', kmutex);
const mod_cv = global('mod_cv', kcondvar);
export const modules = global('modules', modctl, MODULES.length);

let modload_hook: ((mp: Modctl) => void) | undefined;

/** DTrace asks to be told of each module that is loaded: dtrace_modload.  At module level only. */
export function mod_set_hook(loaded: (mp: Modctl) => void): void {
  modload_hook = loaded;
}

export function mod_find(name: ModuleName): Modctl {
  return (modules + MODULES.indexOf(name) * modctl.$.size) as Modctl;
}

export function mod_name(mp: Modctl): string {
  return getText(mp, modctl.mod_modname, 32);
}

/** Boot: the ring of modules, with the ones that are there from the start. */
export function mod_setup(): void {
  for (const [id, name] of MODULES.entries()) {
    const mp = mod_find(name);
    put(mp, modctl.mod_id, id);
    putText(mp, modctl.mod_modname, 32, name);
    put(mp, modctl.mod_next, mod_find(MODULES[(id + 1) % MODULES.length]!));
    put(mp, modctl.mod_prev, mod_find(MODULES.at(id - 1)!));
  }
}

/** Boot: loads and installs all of them, but for the ones that nobody has used yet. */
export function mod_setup_installed(unused: ReadonlySet<ModuleName>): void {
  for (const name of MODULES) {
    if (!unused.has(name) && modload(name) < 0) panic(`cannot load ${name}`);
  }
}

/** Makes a module this thread's to work on.  mod_lock is held, and dropped while it waits. */
function mod_hold_by_modctl(mp: Modctl): void {
  assert_held(mod_lock, '&mod_lock');
  while (get(mp, modctl.mod_busy) === 1) {
    put(mp, modctl.mod_want, 1);
    cv_wait(mod_cv, mod_lock);
  }
  put(mp, modctl.mod_busy, 1);
  put(mp, modctl.mod_inprogress_thread, curthread);
}

export function mod_hold_by_name(name: ModuleName): Modctl {
  const mp = mod_find(name);
  mutex_enter(mod_lock);
  mod_hold_by_modctl(mp);
  mutex_exit(mod_lock);
  return mp;
}

/** Lets others at it again.  mod_lock is held. */
function mod_release(mp: Modctl): void {
  put(mp, modctl.mod_busy, 0);
  put(mp, modctl.mod_inprogress_thread, 0 as Ref<'kthread'>);
  mod_wakeup(mp);
}

export function mod_release_mod(mp: Modctl): void {
  assert_not_held(mod_lock, '&mod_lock');
  mutex_enter(mod_lock);
  mod_release(mp);
  mutex_exit(mod_lock);
}

function mod_wakeup(mp: Modctl): void {
  if (get(mp, modctl.mod_want) === 0) return;
  put(mp, modctl.mod_want, 0);
  cv_broadcast(mod_cv);
}

// --- stubs --------------------------------------------------------------------------------------

/**
 * Holds the module of a stub for the length of a call, loading it first if need be.
 * @returns 0, and mod_release_stub() is due; -1 when the err function should answer
 */
export function mod_hold_stub(stub: Ref<'mod_stub_info'>): number {
  const mip = get(stub, mod_stub_info.mods_modinfo);
  mutex_enter(mod_lock);
  let mp = get(mip, mod_modinfo.modm_mp);
  for (; mp !== 0; mp = get(mip, mod_modinfo.modm_mp)) {
    if (get(mp, modctl.mod_busy) === 0) {
      if (get(mp, modctl.mod_installed) === 1) {
        put(mp, modctl.mod_ref, get(mp, modctl.mod_ref) + 1);
        mutex_exit(mod_lock);
        return 0;
      }
      mod_hold_by_modctl(mp);
      break;
    }
    // Wait once, then see what has become of it: it may be gone again.
    put(mp, modctl.mod_want, 1);
    cv_wait(mod_cv, mod_lock);
  }
  mutex_exit(mod_lock);
  if (mp === 0) {
    mp = mod_hold_by_name(MODULES[get(mip, mod_modinfo.modm_id)]!);
    put(mip, mod_modinfo.modm_mp, mp);
  }
  if (get(mp, modctl.mod_installed) === 0) {
    const weak = (get(stub, mod_stub_info.mods_flag) & MODS_WEAK) !== 0;
    if (weak || mod_load(mp) !== 0 || mod_install(mp) !== 0) {
      mod_release_mod(mp);
      return -1;
    }
  }
  mutex_enter(mod_lock);
  put(mp, modctl.mod_ref, get(mp, modctl.mod_ref) + 1);
  mod_release(mp);
  mutex_exit(mod_lock);
  return 0;
}

export function mod_release_stub(stub: Ref<'mod_stub_info'>): void {
  mutex_enter(mod_lock);
  const mp = get(get(stub, mod_stub_info.mods_modinfo), mod_modinfo.modm_mp);
  assert_that(mp !== NO_MODULE && get(mp, modctl.mod_ref) > 0, 'mp->mod_ref > 0');
  put(mp, modctl.mod_ref, get(mp, modctl.mod_ref) - 1);
  if (get(mp, modctl.mod_ref) === 0) mod_wakeup(mp);
  mutex_exit(mod_lock);
}

// --- loading and unloading ----------------------------------------------------------------------

/** Loads and installs a module.  @returns its id, or -errno */
export function modload(name: ModuleName): number {
  const mp = mod_hold_by_name(name);
  const error = mod_load(mp) || mod_install(mp);
  mod_release_mod(mp);
  return error === 0 ? get(mp, modctl.mod_id) : -error;
}

/** Uninstalls and unloads a module.  @returns 0 or an errno */
export function modunload(name: ModuleName): number {
  const mp = mod_hold_by_name(name);
  const error = moduninstall(mp);
  if (error === 0) mod_unload(mp);
  mod_release_mod(mp);
  return error;
}

/** Reads the module in: its text is relocated word by word.  The module is busy, no lock is held. */
function mod_load(mp: Modctl): number {
  assert_not_held(mod_lock, '&mod_lock');
  if (get(mp, modctl.mod_loaded) === 1) return 0;
  const text = kmem_alloc(TEXT_BYTES);
  if (text === 0) return ENOMEM;
  fillBytes(text, TEXT_BYTES, 0xc3);
  put(mp, modctl.mod_text, text);
  put(mp, modctl.mod_text_size, TEXT_BYTES);
  put(mp, modctl.mod_loaded, 1);
  put(mp, modctl.mod_loadcnt, get(mp, modctl.mod_loadcnt) + 1);
  modload_hook?.(mp);
  return 0;
}

function mod_install(mp: Modctl): number {
  if (get(mp, modctl.mod_installed) === 1) return 0;
  const init = kobj_lookup(mod_name(mp), '_init');
  const error = init === 0 ? 0 : text_function(init)();
  if (error !== 0) return error;
  const mip = get(mp, modctl.mod_modinfo);
  if (mip !== 0) install_stubs(mip, mod_name(mp));
  put(mp, modctl.mod_installed, 1);
  return 0;
}

/** The module is busy, so no call can come in through a stub: mod_ref can only fall. */
function moduninstall(mp: Modctl): number {
  if (get(mp, modctl.mod_installed) === 0) return ENOENT;
  if (get(mp, modctl.mod_ref) !== 0 || get(mp, modctl.mod_nenabled) !== 0) return EBUSY;
  const fini = kobj_lookup(mod_name(mp), '_fini');
  const error = fini === 0 ? EBUSY : text_function(fini)();
  if (error !== 0) return error;
  const mip = get(mp, modctl.mod_modinfo);
  if (mip !== 0) reset_stubs(mip);
  put(mp, modctl.mod_installed, 0);
  return 0;
}

function mod_unload(mp: Modctl): void {
  kmem_free(get(mp, modctl.mod_text), TEXT_BYTES);
  put(mp, modctl.mod_text, 0);
  put(mp, modctl.mod_loaded, 0);
}
