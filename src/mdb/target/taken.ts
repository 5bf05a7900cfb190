/*
 * Where a thread took what it holds, as far as its source says.
 *
 * A dump has no record of it: a lock that was free when it was taken leaves no event.  But the thread is still
 * below the function that took it, or in it, so the text of the functions on its stack is read backwards from
 * where each stands: the nearest call of an …enter() that names the lock.  That is what a person would do, and
 * no more certain: who prints it says so.
 *
 * Locks that have no name in the source, or are taken by a function that has returned, are not found.
 */

import { blank } from '../../base/blank.ts';
import type { DumpThread } from '../../dump/format.ts';
import { ownFrames } from '../story/words.ts';
import type { Target } from './target.ts';

export interface Taken {
  /** `dtrace_unregister+0x5a` */
  readonly place: string;
  readonly file: string;
  readonly line: number;
}

/** @param lock as it is called in the dump: mod_lock, fork[1], fasttrap_provs[10].ftb_mtx */
export function takenAt(target: Target, thread: DumpThread, lock: string): Taken | undefined {
  const name = /([A-Za-z_]\w{1,63})(?:\[\d+\])?$/.exec(lock)?.[1];
  if (name === undefined) return undefined;
  const call = new RegExp(`\\b\\w{0,40}enter\\w{0,40}\\([^;\\n]{0,200}?\\b${name}\\b`, 'g');
  for (const frame of ownFrames(thread)) {
    const object = target.text.object(frame.file);
    const pc = target.text.addressOf(frame);
    const symbol = object?.functionAt(pc);
    if (object?.source === undefined || symbol === undefined) continue;
    // What stands there is the wait itself, or the call that leads to it.
    const before = blank(object.source).slice(symbol.start, pc - object.base);
    const last = [...before.matchAll(call)].at(-1);
    if (last === undefined) continue;
    const at = symbol.address + last.index;
    const { line } = object.placeOf(at);
    return { place: target.symbolic(BigInt(at)), file: object.file, line };
  }
  return undefined;
}
