/*
 * Planted: a writer that wants to write again; the kernel panics by name.
 *
 * Twin: more writers than CPUs, so that the lock is handed to sleepers that have no CPU to take it with.  A
 * lock that names the one who waits for it is no deadlock with itself; nor does the block panic.
 */

import { defineWorkload, global, krwlock, RW_READER, RW_WRITER, rw_enter, rw_exit } from 'gridlock';

const baton = global('baton', krwlock);

export default defineWorkload({
  name: 'handover',
  title: 'a lock that is handed over',
  variants: {
    planted: { title: 'to the one who has it', verdict: 'panic' },
    twin: { title: 'to the next', verdict: 'pass' },
  },
  panicOnCycle: true,
  roles: [
    {
      name: 'runner',
      psargs: (nth) => `runner ${nth}`,
      count: 6,
      run({ nth, variant, running, progress }) {
        while (running()) {
          rw_enter(baton, nth === 5 ? RW_READER : RW_WRITER);
          if (variant === 'planted' && nth === 2) rw_enter(baton, RW_WRITER);
          progress();
          rw_exit(baton);
        }
      },
    },
  ],
});
