/*
 * Planted: a reader that reads again while a writer stands in line.  It queues behind the writer, which
 * waits for it.
 *
 * Twin: the second time it only tries.
 */

import {
  defineWorkload,
  global,
  krwlock,
  load,
  RW_READER,
  RW_WRITER,
  rw_enter,
  rw_exit,
  rw_tryenter,
} from 'gridlock';

const list = global('reread_list', krwlock);
const WRITE_WANTED = 2;

export default defineWorkload({
  name: 'reread',
  title: 'a reader that reads again, with a writer in between',
  variants: {
    planted: { title: 'and waits', verdict: 'deadlock' },
    twin: { title: 'and only tries', verdict: 'pass' },
  },
  roles: [
    {
      name: 'reader',
      psargs: 'reader',
      run({ variant, running, progress }) {
        while (running()) {
          rw_enter(list, RW_READER);
          while (running() && (load(list, krwlock.wwwh) & WRITE_WANTED) === 0);
          if (variant === 'planted') rw_enter(list, RW_READER);
          if (variant === 'planted' || rw_tryenter(list, RW_READER)) rw_exit(list);
          rw_exit(list);
          progress();
        }
      },
    },
    {
      name: 'writer',
      psargs: 'writer',
      run({ running, progress }) {
        while (running()) {
          rw_enter(list, RW_WRITER);
          rw_exit(list);
          progress();
        }
      },
    },
  ],
});
