/*
 * All dcmds, one file each; related ones may share one.
 */

import type { Dcmd, Dmod } from '../dcmd.ts';
import { disassembler } from './dis.ts';
import { findstack, stack } from './findstack.ts';
import { dcmds, formats, help, walkers } from './help.ts';
import { json } from './json.ts';
import { mutex } from './mutex.ts';
import { print } from './print.ts';
import { quit } from './quit.ts';
import { status } from './status.ts';
import { walk } from './walk.ts';

export function allDcmds(dmods: readonly Dmod[]): Dcmd[] {
  return [
    dcmds,
    disassembler(dmods),
    findstack,
    formats,
    help,
    json,
    mutex,
    print,
    stack,
    quit,
    status,
    walk,
    walkers,
  ];
}
