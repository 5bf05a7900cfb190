/*
 * The workload of the boot question: threads that end as soon as they begin.
 */

import { defineWorkload } from '../../run/workload.ts';
import { THREADS_OF } from '../thread-counts.ts';

export default defineWorkload({
  name: 'bench-empty',
  title: 'nothing to do',
  variants: { empty: { title: 'return', verdict: 'pass' } },
  params: { threads: { type: 'int', default: 2, ...THREADS_OF.boot, title: 'threads' } },
  roles: [
    {
      name: 'idler',
      psargs: 'idler',
      count: ({ threads }) => threads,
      run({ progress }) {
        progress();
      },
    },
  ],
});
