/*
 * The workload of watchdog-cost: threads that take a lock of their own without a pause.
 */

import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import type { Ref } from '../../layout/struct.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { defineWorkload } from '../../run/workload.ts';
import { THREADS_OF } from '../thread-counts.ts';

const { min, max } = THREADS_OF['watchdog-cost'];
const PAIRS = 10_000;
const locks = global('bench_busy', kmutex, max);

export default defineWorkload({
  name: 'bench-busy',
  title: 'a lock of their own, without a pause',
  variants: { busy: { title: 'nobody in the way', verdict: 'pass' } },
  params: { threads: { type: 'int', default: 2, min, max, title: 'threads' } },
  roles: [
    {
      name: 'busy',
      psargs: 'busy',
      count: ({ threads }) => threads,
      run({ nth, running, progress }) {
        const lp = (locks + nth * kmutex.$.size) as Ref<'kmutex'>;
        while (running()) {
          for (let i = 0; i < PAIRS; i++) {
            mutex_enter(lp);
            mutex_exit(lp);
          }
          progress(PAIRS);
        }
      },
    },
  ],
});
