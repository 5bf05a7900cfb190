/*
 * The debugger module of kstat-race: the kstats, and the arithmetic of the buffer that was too small.
 *
 *     ::kstat [-ov] [-m module] [-i instance] [-n name]    every kstat, in the order of their ids
 *     ::kbuf                                               the last read of all headers, byte by byte
 *     ::walk kstat                                         the chain
 *
 * It runs in the debugger and in no machine: all it knows is what the dump holds.
 */

import type { Dmod } from '../../src/index.ts';
import { kbuf } from './dmod_kbuf.ts';
import { kstat, kstat_walker } from './dmod_kstat.ts';

const dmod: Dmod = {
  name: 'kstat-race',
  dcmds: [kbuf, kstat],
  walkers: [kstat_walker],
  objects: {
    kstat_fr: 'genunix',
    kstat_headers: 'genunix',
    kstat_chain: 'genunix',
    zone: 'genunix',
  },
};

export default dmod;
