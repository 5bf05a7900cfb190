/*
 * Planted: two semaphores in two orders.  A semaphore has no owner, so there is no edge to see.
 *
 * Twin: one order.
 */

import {
  barrier_init,
  barrier_wait,
  defineWorkload,
  delay,
  global,
  kbarrier,
  ksema,
  sema_init,
  sema_p,
  sema_v,
} from 'gridlock';

const printer = global('printer', ksema);
const scanner = global('scanner', ksema);
const both = global('both_have_a_unit', kbarrier);

export default defineWorkload({
  name: 'semaphores',
  title: 'two semaphores in two orders',
  variants: {
    planted: { title: 'printer and scanner, scanner and printer', verdict: 'deadlock' },
    twin: { title: 'printer and scanner', verdict: 'pass' },
  },
  params: {
    bystander: { type: 'int', default: 0, min: 0, max: 1, title: 'threads that get on' },
  },
  boot() {
    barrier_init(both, 2, 'both_have_a_unit');
    sema_init(printer, 1, 'printer');
    sema_init(scanner, 1, 'scanner');
  },
  roles: [
    {
      name: 'copier',
      psargs: (nth) => `copier ${nth}`,
      count: 2,
      run({ nth, variant, running, progress }) {
        const [first, second] =
          nth === 0 || variant === 'twin' ? [printer, scanner] : [scanner, printer];
        while (running()) {
          sema_p(first);
          if (variant === 'planted') barrier_wait(both);
          sema_p(second);
          progress();
          sema_v(second);
          sema_v(first);
        }
      },
    },
    {
      name: 'bystander',
      psargs: 'bystander',
      count: ({ bystander }) => bystander,
      run({ running, progress }) {
        while (running()) {
          delay(1);
          progress();
        }
      },
    },
  ],
});
