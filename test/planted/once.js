/*
 * Planted: programs of one round, small enough that every schedule of them can be tried.
 *
 *     variant     each thread                                       comes to
 *     --------    ----------------------------------------------   ------------------------------------------
 *     split       reads the balance, and adds to it, each locked   a deposit lost, where both read first
 *     whole       the same under one hold                          the sum
 *     opposite    takes two locks, in opposite orders              a deadlock, where both have their first
 *     ordered     in one order                                     the end
 *     unheard     waits for a signal without asking whether it     a lost wakeup, where that came before
 *                 is due
 *     heard       asks                                             the end
 *     timed       waits ten seconds for what never comes           the end, ten seconds later by its own clock
 *     polls       asks running() until another has been            the end
 *     keeps       takes the one or the other, by a count that   the end, but no two trials are alike
 *                 is outside the image, and then a third
 *     fickle      takes another lock in each trial              the end, of another program each time
 *     leaves      ends the process of its thread, if second     a crash, where it is
 *     kills       kills its machine, if second                  the same
 *     throws      throws, if first, and the second takes its time    a crash, behind the end of the second
 *     early       counts an outcome, of interest if first       the end
 *     loops       the second never comes back to the kernel        a stall
 */

import {
  cv_signal,
  cv_timedwait,
  cv_wait,
  defineWorkload,
  get,
  global,
  kcondvar,
  kmutex,
  mutex_enter,
  mutex_exit,
  put,
  struct,
  u32,
} from 'gridlock';

const account = struct('account', { balance: u32, due: u32 });
const purse = global('purse', account);
const north = global('north', kmutex);
const south = global('south', kmutex);
const bank = global('bank', kmutex);
const bell = global('bell', kcondvar);

/** What a thread remembers from trial to trial, though it should not. */
let kept = 0;

const PROGRAMS = {
  split() {
    mutex_enter(north);
    const seen = get(purse, account.balance);
    mutex_exit(north);
    mutex_enter(north);
    put(purse, account.balance, seen + 1);
    mutex_exit(north);
  },
  whole() {
    mutex_enter(north);
    put(purse, account.balance, get(purse, account.balance) + 1);
    mutex_exit(north);
  },
  opposite({ nth }) {
    const [first, second] = nth === 0 ? [north, south] : [south, north];
    mutex_enter(first);
    mutex_enter(second);
    mutex_exit(second);
    mutex_exit(first);
  },
  ordered() {
    mutex_enter(north);
    mutex_enter(south);
    mutex_exit(south);
    mutex_exit(north);
  },
  unheard: bells(() => false),
  heard: bells(() => get(purse, account.due) === 1),
  keeps() {
    const mine = kept++ % 2 === 0 ? north : south;
    mutex_enter(mine);
    mutex_exit(mine);
    mutex_enter(bank);
    mutex_exit(bank);
  },
  fickle({ nth }) {
    const lock = nth === 0 && kept++ % 2 === 0 ? north : south;
    mutex_enter(nth === 0 ? lock : bank);
    mutex_exit(nth === 0 ? lock : bank);
  },
  leaves({ nth }) {
    mutex_enter(north);
    if (nth === 0 && get(purse, account.due) === 1) process.exit(3);
    put(purse, account.due, 1);
    mutex_exit(north);
  },
  kills({ nth }) {
    // Where the one is through before the other begins.
    mutex_enter(north);
    const isRare = get(purse, account.due) === 1 && nth === 0;
    mutex_exit(north);
    mutex_enter(south);
    put(purse, account.due, get(purse, account.due) + 1);
    mutex_exit(south);
    mutex_enter(bank);
    if (isRare && get(purse, account.due) === 2) process.kill(process.pid, 'SIGKILL');
    mutex_exit(bank);
  },
  throws({ nth }) {
    mutex_enter(north);
    mutex_exit(north);
    if (nth === 0) throw new Error('the first has enough');
    // Outside the kernel, for many looks of the watchdog.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    mutex_enter(south);
    mutex_exit(south);
  },
  early({ nth, outcome }) {
    mutex_enter(north);
    if (nth === 0) outcome(get(purse, account.due) === 0 ? 'first' : 'second');
    put(purse, account.due, 1);
    mutex_exit(north);
  },
  loops({ nth }) {
    mutex_enter(north);
    mutex_exit(north);
    while (nth === 1);
    mutex_enter(south);
    mutex_exit(south);
  },
  timed({ nth }) {
    if (nth !== 0) return;
    mutex_enter(north);
    cv_timedwait(bell, north, 10_000);
    mutex_exit(north);
  },
  polls({ nth, running }) {
    mutex_enter(north);
    if (nth === 0) put(purse, account.due, 1);
    mutex_exit(north);
    while (nth !== 0 && get(purse, account.due) === 0 && running());
  },
};

function bells(isDue) {
  return ({ nth }) => {
    mutex_enter(north);
    if (nth === 0) {
      if (!isDue()) cv_wait(bell, north);
    } else {
      put(purse, account.due, 1);
      cv_signal(bell);
    }
    mutex_exit(north);
  };
}

export default defineWorkload({
  name: 'once',
  title: 'one round each',
  variants: {
    split: { title: 'read, and then add', verdict: 'panic' },
    whole: { title: 'read and add', verdict: 'pass' },
    opposite: { title: 'two orders', verdict: 'deadlock' },
    ordered: { title: 'one order', verdict: 'pass' },
    unheard: { title: 'waits in any case', verdict: 'lost-wakeup' },
    heard: { title: 'waits if it must', verdict: 'pass' },
    timed: { title: 'waits for nothing', verdict: 'pass' },
    polls: { title: 'asks again and again', verdict: 'pass' },
    keeps: { title: 'counts for itself', verdict: 'pass' },
    fickle: { title: 'does another thing each time', verdict: 'pass' },
    leaves: { title: 'ends its process, if second', verdict: 'crash' },
    kills: { title: 'kills its machine, if second', verdict: 'crash' },
    throws: { title: 'throws, if first', verdict: 'crash' },
    early: { title: 'says who was first', verdict: 'pass' },
    loops: { title: 'never comes back', verdict: 'stall' },
  },
  outcomes: {
    first: { grade: 'interesting', title: 'the first was first' },
    second: { grade: 'expected', title: 'it was not' },
  },
  roles: [
    {
      name: 'saver',
      psargs: (nth) => `saver ${nth}`,
      count: 2,
      run(context) {
        PROGRAMS[context.variant](context);
        context.progress();
      },
    },
  ],
  check({ variant }) {
    const balance = get(purse, account.balance);
    const isSum = variant !== 'split' && variant !== 'whole';
    return isSum || balance === 2 ? undefined : `the balance is ${balance}, after 2 deposits`;
  },
});
