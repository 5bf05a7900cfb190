/*
 * All dcmds, one file each; related ones may share one.
 */

import type { Dcmd, Dmod } from '../dcmd.ts';
import { deadlock, victims } from './deadlock.ts';
import { disassembler } from './dis.ts';
import { events } from './events.ts';
import { findstack, stack } from './findstack.ts';
import { dcmds, formats, help, walkers } from './help.ts';
import { json } from './json.ts';
import { locals } from './locals.ts';
import { locks } from './locks.ts';
import { mutex } from './mutex.ts';
import { print } from './print.ts';
import { status } from './status.ts';
import { walk } from './walk.ts';
import { why } from './why.ts';

export function allDcmds(dmods: readonly Dmod[]): Dcmd[] {
  return [
    dcmds,
    deadlock,
    disassembler(dmods),
    events,
    findstack,
    formats,
    help,
    json,
    locals,
    locks,
    mutex,
    print,
    stack,
    status,
    victims,
    walk,
    walkers,
    why,
  ];
}
