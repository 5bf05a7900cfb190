/*
 * reorder: two words that belong together, written one after the other.
 *
 *     setter    a = 1                    checker    sees 0 0 or 1 -1, or it is the bug
 *               b = -1
 *
 * From SCTBench (CS/reorder_3, _5, _10, _100), there with nothing but plain variables.  To see it, the checker must
 * run while the first setter of all stands between its two writes; each setter more makes that rarer, since one that
 * got through hides all who follow.  So it tells search by chance from search by design.
 *
 *     median schedules to the first bug    POS              PCT3             RFF
 *     3, 5, 10, 100 setters                164 4257 - -     124 954 1568 7447    6 5 5 5
 *
 * (RFF's artifact, 20 tries; a dash: in none of them; 4257 in 17 of them, 7447 in one.)
 *
 * The twin does both writes, and all reads, under one lock.
 */

import {
  defineWorkload,
  get,
  global,
  i32,
  kmutex,
  mutex_enter,
  mutex_exit,
  panic,
  put,
  shared,
  struct,
  type RoleContext,
} from '../../src/index.ts';

const words = shared(struct('reorder_words', { a: i32, b: i32 }));
const pair = global('pair', words);
const pair_lock = global('pair_lock', kmutex);

const params = {
  setters: { type: 'int', default: 3, min: 1, max: 100, title: 'threads that set the pair' },
} as const;

function set_pair(): void {
  put(pair, words.a, 1);
  put(pair, words.b, -1);
}

function check_pair(): void {
  if (get(pair, words.a) === 0 && get(pair, words.b) === 0) return;
  if (get(pair, words.a) === 1 && get(pair, words.b) === -1) return;
  panic('reorder: the pair is half set');
}

function locked(body: () => void, { variant }: RoleContext<typeof params>): void {
  if (variant === 'planted') return body();
  mutex_enter(pair_lock);
  body();
  mutex_exit(pair_lock);
}

export default defineWorkload({
  name: 'reorder',
  title: 'two words written one after the other, and read by who sees one of them',
  variants: {
    planted: { title: 'without a lock', verdict: 'panic' },
    fixed: { title: 'under one', verdict: 'pass' },
  },
  params,
  roles: [
    {
      name: 'setter',
      psargs: (nth) => `setter ${nth}`,
      count: ({ setters }) => setters,
      run: (context) => locked(set_pair, context),
    },
    { name: 'checker', psargs: 'checker', run: (context) => locked(check_pair, context) },
  ],
});
