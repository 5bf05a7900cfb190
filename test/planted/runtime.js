/*
 * No fault: says what runs it.  A machine without a compiler has no WebAssembly, so the flags of V8 that reached it can be
 * counted as an outcome; and in the variant `picky` it is a finding that they did.
 */

import { defineWorkload } from 'gridlock';

export default defineWorkload({
  name: 'runtime',
  title: 'what runs it',
  variants: {
    twin: { title: 'whatever it is', verdict: 'pass' },
    picky: { title: 'not without a compiler', verdict: 'pass' },
  },
  params: { threads: { type: 'int', default: 1, min: 1, max: 4, title: 'threads that look' } },
  outcomes: {
    compiled: { grade: 'expected', title: 'code is compiled' },
    interpreted: { grade: 'expected', title: 'it is not' },
  },
  roles: [
    {
      name: 'looker',
      psargs: (nth) => `looker ${nth}`,
      count: ({ threads }) => threads,
      run({ nth, outcome, progress }) {
        if (nth === 0) outcome(isInterpreted() ? 'interpreted' : 'compiled');
        progress();
      },
    },
  ],
  check: ({ variant }) =>
    variant === 'picky' && isInterpreted() ? 'there is no compiler here' : undefined,
});

function isInterpreted() {
  return typeof WebAssembly === 'undefined';
}
