/*
 * All dcmds, one file each; related ones may share one.
 */

import type { Dcmd, Dmod } from '../dcmd.ts';
import { cpuinfo } from './cpuinfo.ts';
import { disassembler } from './dis.ts';
import { findstack, stack } from './findstack.ts';
import { findlocks } from './findlocks.ts';
import { dcmds, formats, help, walkers } from './help.ts';
import { json } from './json.ts';
import { mutex } from './mutex.ts';
import { print } from './print.ts';
import { rwlock } from './rwlock.ts';
import { stacks } from './stacks.ts';
import { status } from './status.ts';
import { thread, whatthread } from './thread.ts';
import { threadlist } from './threadlist.ts';
import { sobj2ts, turnstile } from './turnstile.ts';
import { walk } from './walk.ts';
import { wchaninfo } from './wchaninfo.ts';

export function allDcmds(dmods: readonly Dmod[]): Dcmd[] {
  return [
    cpuinfo,
    dcmds,
    disassembler(dmods),
    findlocks,
    findstack,
    formats,
    help,
    json,
    mutex,
    print,
    rwlock,
    sobj2ts,
    stack,
    stacks,
    status,
    thread,
    threadlist,
    turnstile,
    walk,
    walkers,
    wchaninfo,
    whatthread,
  ];
}
