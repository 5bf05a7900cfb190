/*
 * The other loadable modules: only as much of each as its stubs lead to.
 *
 *     module    its _fini             so it
 *     -------   -------------------   -----------------------------------------------------------
 *     doorfs    has none              cannot be unloaded
 *     fifofs    has none              cannot be unloaded
 *     semsys    returns EBUSY         cannot be unloaded
 *     sysacct   returns EBUSY         cannot be unloaded, and nobody has loaded it: accounting is off
 *     md5       returns 0             comes and goes; a WSTUB is right for it, before the fix and since
 */

import { get, peek8, put } from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import type { ModuleName } from './modctl.ts';
import { EBUSY, ENOENT } from './parts.ts';
import { proc_t } from './proc.ts';
import { text_symbol } from './text.ts';

/** The modules that nobody has used when the machine comes up. */
export const NOT_LOADED: ReadonlySet<ModuleName> = new Set(['sysacct', 'md5']);

/** A process that exits gives up its doors. */
function door_exit(exiting: number): number {
  put(exiting as Ref<'proc_t'>, proc_t.p_door_list, 0);
  return 0;
}

/** A child has the doors of its parent. */
function door_fork(parent: number, child: number): number {
  put(child as Ref<'proc_t'>, proc_t.p_door_list, get(parent as Ref<'proc_t'>, proc_t.p_door_list));
  return 0;
}

/** The door behind a path: there are none. */
function door_ki_open(): number {
  return ENOENT;
}

/** The vnode of a named pipe: a shadow of the one in the file system. */
function fifovp(vp: number): number {
  return vp;
}

/** Undoes the semaphore operations of a process that exits. */
function semexit(exiting: number): number {
  put(exiting as Ref<'proc_t'>, proc_t.p_semacct, 0);
  return 0;
}

function acct(): number {
  return 0;
}

/** Not the real digest, but work over the real bytes. */
function md5_update(digest: number, from: number, length: number): number {
  let sum = digest | 1;
  for (let at = from; at < from + length; at++) sum = Math.imul(sum ^ peek8(at), 0x01000193);
  return sum >>> 0 || 1;
}

function fini_busy(): number {
  return EBUSY;
}

function fini_done(): number {
  return 0;
}

for (const func of [door_exit, door_fork, door_ki_open]) text_symbol('doorfs', func);
text_symbol('fifofs', fifovp);
text_symbol('semsys', semexit);
text_symbol('semsys', fini_busy, '_fini');
text_symbol('sysacct', acct);
text_symbol('sysacct', fini_busy, '_fini');
text_symbol('md5', md5_update, 'MD5Update');
text_symbol('md5', fini_done, '_fini');
