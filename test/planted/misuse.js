/*
 * Planted: a mutex entered twice, or left by a stranger: the kernel panics by name.
 *
 * Twin: neither.
 */

import { defineWorkload, global, kmutex, mutex_enter, mutex_exit } from 'gridlock';

const seat = global('seat', kmutex);

export default defineWorkload({
  name: 'misuse',
  title: 'a mutex misused',
  variants: {
    planted: { title: 'panics', verdict: 'panic' },
    twin: { title: 'does not', verdict: 'pass' },
  },
  params: {
    how: {
      type: 'choice',
      default: 'twice',
      choices: ['twice', 'stranger'],
      title: 'what is done',
    },
  },
  roles: [
    {
      name: 'sitter',
      psargs: 'sitter',
      run({ variant, params: { how }, running, progress }) {
        while (running()) {
          mutex_enter(seat);
          if (variant === 'planted' && how === 'twice') mutex_enter(seat);
          mutex_exit(seat);
          if (variant === 'planted') mutex_exit(seat);
          progress();
        }
      },
    },
  ],
});
