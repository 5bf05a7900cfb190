/*
 * All dcmds, one file each; related ones may share one.
 */

import type { Dcmd, Dmod } from '../dcmd.ts';
import { acquires } from './acquires.ts';
import { cpuinfo } from './cpuinfo.ts';
import { deadlock, victims } from './deadlock.ts';
import { disassembler } from './dis.ts';
import { modules, vars } from './dmods.ts';
import { dump } from './dump.ts';
import { events } from './events.ts';
import { findlocks } from './findlocks.ts';
import { findstack, stack } from './findstack.ts';
import { dcmds, formats, help, walkers } from './help.ts';
import { json } from './json.ts';
import { locals } from './locals.ts';
import { locks } from './locks.ts';
import { msgbuf } from './msgbuf.ts';
import { mutex } from './mutex.ts';
import { nm, objects } from './nm.ts';
import { panicinfo } from './panicinfo.ts';
import { print } from './print.ts';
import { pflags, pgrep, pid2proc, ps } from './ps.ts';
import { quit } from './quit.ts';
import { rwlock } from './rwlock.ts';
import { schedule } from './schedule.ts';
import { list, offsetof, sizeof } from './sizeof.ts';
import { stacks } from './stacks.ts';
import { status } from './status.ts';
import { thread, whatthread } from './thread.ts';
import { threadlist } from './threadlist.ts';
import { sobj2ts, turnstile } from './turnstile.ts';
import { walk } from './walk.ts';
import { wchaninfo } from './wchaninfo.ts';
import { whatis } from './whatis.ts';
import { why } from './why.ts';

export function allDcmds(dmods: readonly Dmod[]): Dcmd[] {
  return [
    acquires,
    cpuinfo,
    dcmds,
    deadlock,
    disassembler(dmods),
    dump,
    events,
    findlocks,
    findstack,
    formats,
    help,
    json,
    list,
    locals,
    locks,
    modules,
    msgbuf,
    mutex,
    nm,
    objects,
    offsetof,
    panicinfo,
    pflags,
    pgrep,
    pid2proc,
    print,
    ps,
    quit,
    rwlock,
    schedule,
    sizeof,
    sobj2ts,
    stack,
    stacks,
    status,
    thread,
    threadlist,
    turnstile,
    vars,
    victims,
    walk,
    walkers,
    wchaninfo,
    whatis,
    whatthread,
    why,
  ];
}
