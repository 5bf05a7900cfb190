/*
 * A workload to start from: the smallest that has everything, a bug, its twin without, a param, an outcome.
 *
 * It runs as it is printed, and its planted variant deadlocks, so that whoever begins sees a failure, a dump and a schedule before
 * writing a line.
 */

import type { Template } from './template.ts';

export const workload: Template = {
  engine: 'workload',
  describe: 'a workload of your own to start from',
  print: ({ name }) => `/*
 * Two accounts with a lock each, and clerks that move money between them.
 *
 *     gridlock run ./${name}.js                   each variant once, until it hangs or its time is up
 *     gridlock run ./${name}.js -s pct -n 1000    a thousand schedules; a failure prints the line that replays it
 *     gridlock analyze latest                     who holds what, who waits for it, where
 */

import { defineWorkload, global, kmutex, mutex_enter, mutex_exit } from 'gridlock';

// What threads share is in the image, at addresses that are the same in all of them.
const accounts = global('account', kmutex, 2);

function account(i) {
  return accounts + i * kmutex.$.size;
}

export default defineWorkload({
  name: '${name}',
  title: 'money between two accounts',
  // Each variant declares how it ends; a trial that ends otherwise is a finding.
  variants: {
    planted: { title: 'each clerk takes its own account first', verdict: 'deadlock' },
    fixed: { title: 'all take the accounts in one order', verdict: 'pass' },
  },
  params: {
    clerks: { type: 'int', default: 2, min: 2, max: 32, title: 'threads that move money' },
  },
  // One thread each, and all of them at once.
  roles: [
    {
      name: 'clerk',
      psargs: (nth) => \`clerk \${nth}\`,
      count: ({ clerks }) => clerks,
      run({ nth, variant, running, progress }) {
        const own = variant === 'planted' ? nth % 2 : 0;
        while (running()) {
          mutex_enter(account(own));
          mutex_enter(account(1 - own));
          progress();
          mutex_exit(account(1 - own));
          mutex_exit(account(own));
        }
      },
    },
  ],
});
`,
};
