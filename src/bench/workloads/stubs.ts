/*
 * The workload of stub-call: threads that call shmgetid() of the kernel of workloads/dtrace-deadlock, again and again.
 *
 * It is that kernel, booted as it boots itself, stubs and modules and a database with shared memory; only the kind
 * of the one stub is set from here.  A kind is a word of the stub's record, so each kind leads to the same function,
 * which answers the same question: which segment does this process have mapped there?
 *
 * Each thread is one of the database's processes and asks about itself.  It wants no lock, so whatever the threads
 * do to each other they do in the stub.
 *
 * A call is counted if its answer is right.  When all threads are out nobody may hold the module: a hold that was
 * not given up, or given up twice, is the end of the trial.
 *
 * The loops below are the same loop, once for each place that a jump leads to, so that each call has one target.
 * In one loop for all, the compiler would be measured with them: it does not inline what differs.
 */

import { panic } from '../../kernel/panic.ts';
import type { Ref } from '../../layout/struct.ts';
import { get, put } from '../../layout/word.ts';
import { defineWorkload } from '../../run/workload.ts';
import { boot_kernel, db_proc } from '../../../workloads/dtrace-deadlock/boot.ts';
import { mod_find, modctl } from '../../../workloads/dtrace-deadlock/modctl.ts';
import {
  jump,
  NO_UNLOAD_STUB,
  NO_UNLOAD_WSTUB,
  STUB,
  stub,
  WSTUB,
} from '../../../workloads/dtrace-deadlock/modstubs.ts';
import { mod_stub_info, MODS_INSTALLED } from '../../../workloads/dtrace-deadlock/modsubr.ts';
import { params as knobs, type Values } from '../../../workloads/dtrace-deadlock/params.ts';
import { lwp_enter, proc_t } from '../../../workloads/dtrace-deadlock/proc.ts';
import { segacct } from '../../../workloads/dtrace-deadlock/shm.ts';
import { kobj_lookup, text_function } from '../../../workloads/dtrace-deadlock/text.ts';
import { wayOfSeed, type Way } from '../stub-kinds.ts';
import { THREADS_OF } from '../thread-counts.ts';

type Proc = Ref<'proc_t'>;
/** So many calls right of BATCH: shmgetid(p, address) is id. */
type Batch = (p: Proc, address: number, id: number) => number;

const BATCH = 64;
/** The database's processes beside the postmaster. */
const DATABASES = 8;
const KINDS: Readonly<Record<Way, number>> = {
  plain: STUB,
  STUB,
  WSTUB,
  NO_UNLOAD_STUB,
  NO_UNLOAD_WSTUB,
};
const BATCHES: Readonly<Record<Way, Batch>> = {
  plain: plainBatch,
  STUB: heldBatch,
  WSTUB: heldBatch,
  NO_UNLOAD_STUB: straightBatch,
  NO_UNLOAD_WSTUB: straightBatch,
};
const shmgetid = text_function(kobj_lookup('shmsys', 'shmgetid'));

function plainBatch(p: Proc, address: number, id: number): number {
  let right = 0;
  for (let i = 0; i < BATCH; i++) if (shmgetid(p, address) === id) right++;
  return right;
}

/** Through stubs_common_code. */
function heldBatch(p: Proc, address: number, id: number): number {
  let right = 0;
  for (let i = 0; i < BATCH; i++) if (jump(stub.shmgetid)(p, address) === id) right++;
  return right;
}

/** Straight to the function. */
function straightBatch(p: Proc, address: number, id: number): number {
  let right = 0;
  for (let i = 0; i < BATCH; i++) if (jump(stub.shmgetid)(p, address) === id) right++;
  return right;
}

/** The model's own params, but for the databases. */
function knobsOf(): Values {
  const defaults = Object.entries(knobs).map(([name, knob]) => [name, knob.default]);
  return { ...(Object.fromEntries(defaults) as Values), databases: DATABASES };
}

export default defineWorkload({
  name: 'bench-stubs',
  title: 'a function of a module, called again and again',
  variants: { calls: { title: 'in the way that the seed says', verdict: 'pass' } },
  params: { threads: { type: 'int', default: 1, ...THREADS_OF['stub-call'], title: 'threads' } },
  outcomes: { calls_s: { grade: 'expected', title: 'calls in a second, all together' } },
  heapBytes: 4 * 2 ** 20,
  roles: [
    {
      name: 'caller',
      psargs: 'caller',
      count: ({ threads }) => threads,
      run({ nth, seed, running, progress, outcome }) {
        const p = db_proc(nth % (DATABASES + 1));
        const sa = get(p, proc_t.p_segacct);
        const address = get(sa, segacct.sa_addr);
        const id = get(sa, segacct.sa_id);
        const batch = BATCHES[wayOfSeed(seed)];
        lwp_enter(p);
        let calls = 0;
        let right = 0;
        const began = performance.now();
        do {
          right += batch(p, address, id);
          calls += BATCH;
          progress(BATCH);
        } while (running());
        if (right !== calls) panic(`shmgetid: ${calls - right} of ${calls} answers were wrong`);
        outcome('calls_s', Math.round((calls * 1000) / (performance.now() - began)));
      },
    },
  ],
  boot({ seed }) {
    boot_kernel({ variant: 'no-unload-wstub', params: knobsOf(), seed });
    put(stub.shmgetid, mod_stub_info.mods_flag, KINDS[wayOfSeed(seed)] | MODS_INSTALLED);
  },
  check() {
    const holds = get(mod_find('shmsys'), modctl.mod_ref);
    return holds === 0 ? undefined : `shmsys is held ${holds} times, and nobody is in it`;
  },
});
