/*
 * Planted: a workload whose threads share something that is not in the image.
 *
 *     variant      share()                                    comes to
 *     ----------   ----------------------------------------   --------------------------------------------
 *     twin         makes a counter, which each role adds to   the end, with both in it, in every trial
 *     stale        returns the counter of the first trial     a panic in the second: check() counts four
 *     throws       throws                                     a crash
 *     unsendable   returns a function, which no thread can    a crash
 *                  be sent
 */

import { defineWorkload } from 'gridlock';

const first = new SharedArrayBuffer(4);

const SHARE = {
  twin: () => new SharedArrayBuffer(4),
  stale: () => first,
  throws() {
    throw new Error('nothing to share');
  },
  unsendable: () => () => undefined,
};

export default defineWorkload({
  name: 'shared',
  title: 'a counter outside of the image',
  variants: {
    twin: { title: 'a fresh one for each trial', verdict: 'pass' },
    stale: { title: 'always the same one', verdict: 'panic' },
    throws: { title: 'none', verdict: 'crash' },
    unsendable: { title: 'one that stays where it is', verdict: 'crash' },
  },
  share: ({ variant }) => SHARE[variant](),
  roles: [
    {
      name: 'adder',
      psargs: 'adder',
      count: 2,
      run({ shared }) {
        Atomics.add(new Int32Array(shared), 0, 1);
      },
    },
  ],
  check({ shared }) {
    const added = Atomics.load(new Int32Array(shared), 0);
    return added === 2 ? undefined : `two threads added once each, and that came to ${added}`;
  },
});
