/*
 * Planted: a reader that wants to write.  It waits until all readers are gone, and it is one.
 *
 * Twin: it asks with rw_tryupgrade(), and lets go before it waits.
 */

import {
  defineWorkload,
  global,
  krwlock,
  RW_READER,
  RW_WRITER,
  rw_enter,
  rw_exit,
  rw_tryupgrade,
} from 'gridlock';

const table = global('upgrade_table', krwlock);

export default defineWorkload({
  name: 'upgrade',
  title: 'a reader that wants to write',
  variants: {
    planted: { title: 'without letting go', verdict: 'self-deadlock' },
    twin: { title: 'or else lets go first', verdict: 'pass' },
  },
  roles: [
    {
      name: 'upgrader',
      psargs: 'upgrader',
      run({ variant, running, progress }) {
        while (running()) {
          rw_enter(table, RW_READER);
          if (variant === 'planted') {
            rw_enter(table, RW_WRITER);
          } else if (!rw_tryupgrade(table)) {
            rw_exit(table);
            rw_enter(table, RW_WRITER);
          }
          progress();
          rw_exit(table);
        }
      },
    },
    {
      name: 'bystander',
      psargs: 'bystander',
      run({ variant, running, progress }) {
        while (running()) {
          if (variant === 'twin') {
            rw_enter(table, RW_READER);
            rw_exit(table);
          }
          progress();
        }
      },
    },
  ],
});
