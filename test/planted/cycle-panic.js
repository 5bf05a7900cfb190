/*
 * Planted: the cycle of cycle.js, in a machine that panics on the spot when a block closes one, as illumos
 * does.
 */

import { defineWorkload } from 'gridlock';

import cycle from './cycle.js';

export default defineWorkload({
  ...cycle,
  name: 'cycle-panic',
  title: 'the one who closes the circle panics',
  variants: {
    planted: { title: 'round the table', verdict: 'panic' },
    twin: { title: 'the last one takes the lower fork first', verdict: 'pass' },
  },
  panicOnCycle: true,
});
