/*
 * The debugger module of dtrace-deadlock: modules, stubs and processes, in a dump of this workload.
 *
 *     ::modinfo            every module, and who has mod_lock
 *     ::stubs [-w]         every stub, and whether holding its module is of any use; -w: those where it is not
 *     ::walk modctl        the modules;  ::walk stub, the stubs;  ::walk proc, the processes
 *
 * A source file here models a kernel module, so that module`function means what it means in the report:
 * shmsys`_fini::dis.  A stub has no frame and no function: jump(stub.NAME)(…) is the call of unix`NAME.
 *
 * It runs in the debugger and in no machine: all it knows is what the dump holds.
 */

import type { Dmod } from '../../src/index.ts';
import { modctl_walker, modinfo, proc_walker } from './dmod_modules.ts';
import { stub_walker, stubs } from './dmod_stubs.ts';

const GENUNIX = 'as callout fio fork modctl modsubr proc syscall vnode';
const UNIX = 'boot modstubs';
const PROCFS = 'procfs prsubr sprlock';
const DTRACE = 'dtrace dtrace_helper dtrace_state';
const FASTTRAP = 'fasttrap fasttrap_provider fasttrap_sweep tracepoint';

const dmod: Dmod = {
  name: 'dtrace-deadlock',
  dcmds: [modinfo, stubs],
  walkers: [modctl_walker, proc_walker, stub_walker],
  objects: {
    ...modelledBy('genunix', GENUNIX),
    ...modelledBy('unix', UNIX),
    ...modelledBy('procfs', PROCFS),
    ...modelledBy('dtrace', DTRACE),
    ...modelledBy('fasttrap', FASTTRAP),
    ...modelledBy('specfs', 'specfs'),
    ...modelledBy('shmsys', 'shm'),
  },
  calls: [{ pattern: /\bjump\(stub\.(\w+)\)/, object: 'unix' }],
};

export default dmod;

function modelledBy(module: string, files: string): Record<string, string> {
  return Object.fromEntries(files.split(' ').map((file) => [file, module]));
}
