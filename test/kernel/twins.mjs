/*
 * Broken twins: locks with one mistake each, over the same words and by the same means as the kernel's.
 *
 * A test that passes with the kernel's lock must fail with its twin, or it has proved nothing.  Each twin
 * is the kernel's algorithm with one step left out or moved, and says which.  `k` is the kernel.
 */

const WAITERS = 1;

/** Moves all in a condvar's line into that of their mutex, and has that marked. */
function moved(k, cvp, mark) {
  const mp = k.get(cvp, k.kcondvar.mutex);
  const from = k.turnstile_lookup(cvp);
  const threads = [];
  for (let t = k.turnstile_first(from); t !== 0; t = k.turnstile_first(from)) {
    k.turnstile_remove(from, t);
    threads.push(t);
  }
  k.turnstile_exit(from);
  const to = k.turnstile_lookup(mp);
  for (const t of threads) k.turnstile_adopt(to, t, mp, k.SOBJ.mutex);
  mark(mp);
  k.turnstile_exit(to);
}

/** What a role is given by the name of a lock.  Each takes the kernel and returns functions. */
export const LOCKS = {
  kernel: (k) => ({
    enter: k.mutex_enter,
    enter_timed: k.mutex_enter_timed,
    exit: k.mutex_exit,
    wait: k.cv_wait,
    timedwait: k.cv_timedwait,
    signal: k.cv_signal,
    broadcast: k.cv_broadcast,
    p: k.sema_p,
    v: k.sema_v,
    rw_enter: k.rw_enter,
    rw_enter_timed: k.rw_enter_timed,
    rw_exit: k.rw_exit,
    barrier: k.barrier_wait,
    barrier_timed: k.barrier_wait_timed,
    chain_enter: (object) => void k.turnstile_lookup(object),
    chain_exit: k.turnstile_exit,
  }),

  /** No lock at all. */
  none: (k) => ({
    ...LOCKS.kernel(k),
    enter() {},
    exit() {},
    rw_enter() {},
    rw_exit() {},
    barrier() {},
    p() {},
    v() {},
  }),

  /** A blocker sets WAITERS without looking at the owner again: it may be nobody's by then. */
  'mutex: no second look': (k) => ({
    ...LOCKS.kernel(k),
    enter(lp) {
      while (k.cas(lp, k.kmutex.owner, 0, k.me) !== 0) {
        const ts = k.turnstile_lookup(lp);
        k.setBits(lp, k.kmutex.owner, WAITERS);
        k.turnstile_block(ts, lp, k.SOBJ.mutex, 0, Infinity);
      }
      k.held_push(lp);
    },
  }),

  /** A blocker looks, and lets the chain go before it joins the line. */
  'mutex: joins without the chain': (k) => ({
    ...LOCKS.kernel(k),
    enter(lp) {
      for (;;) {
        const owner = k.load(lp, k.kmutex.owner);
        if (owner === 0) {
          if (k.cas(lp, k.kmutex.owner, 0, k.me) === 0) break;
          continue;
        }
        const seen = k.turnstile_lookup(lp);
        const set =
          (owner & WAITERS) !== 0 || k.cas(lp, k.kmutex.owner, owner, owner | WAITERS) === owner;
        k.turnstile_exit(seen);
        if (!set) continue;
        const ts = k.turnstile_lookup(lp);
        k.turnstile_block(ts, lp, k.SOBJ.mutex, 0, Infinity);
      }
      k.held_push(lp);
    },
  }),

  /** One that was woken and runs out of time keeps the wakeup to itself. */
  'mutex: keeps the wakeup': (k) => ({
    ...LOCKS.kernel(k),
    enter_timed(lp, ms) {
      const deadline = performance.now() + ms;
      for (let woken = false; ;) {
        const owner = k.load(lp, k.kmutex.owner);
        if (owner === 0) {
          const bit = woken && k.turnstile_waiters(k.sub(lp, k.kmutex.ts)) !== 0 ? WAITERS : 0;
          if (k.cas(lp, k.kmutex.owner, 0, k.me | bit) === 0) break;
          continue;
        }
        const left = deadline - performance.now();
        if (left <= 0) return false;
        const ts = k.turnstile_lookup(lp);
        const now = k.load(lp, k.kmutex.owner);
        if (
          now === 0 ||
          ((now & WAITERS) === 0 && k.cas(lp, k.kmutex.owner, now, now | WAITERS) !== now)
        ) {
          k.turnstile_exit(ts);
          continue;
        }
        woken = k.turnstile_block(ts, lp, k.SOBJ.mutex, 0, left) === k.WOKE.granted;
      }
      k.held_push(lp);
      return true;
    },
  }),

  /** One that was woken takes the lock and forgets those who still stand in line. */
  'mutex: forgets the line': (k) => ({
    ...LOCKS.kernel(k),
    enter(lp) {
      while (k.cas(lp, k.kmutex.owner, 0, k.me) !== 0) {
        const ts = k.turnstile_lookup(lp);
        const now = k.load(lp, k.kmutex.owner);
        if (
          now === 0 ||
          ((now & WAITERS) === 0 && k.cas(lp, k.kmutex.owner, now, now | WAITERS) !== now)
        ) {
          k.turnstile_exit(ts);
        } else k.turnstile_block(ts, lp, k.SOBJ.mutex, 0, Infinity);
      }
      k.held_push(lp);
    },
  }),

  /** Drops the mutex first, then joins the line. */
  'cv: joins late': (k) => ({
    ...LOCKS.kernel(k),
    wait(cvp, mp) {
      k.mutex_exit(mp);
      const ts = k.turnstile_lookup(cvp);
      k.turnstile_join(ts, cvp, k.SOBJ.cv, 0);
      k.turnstile_exit(ts);
      k.turnstile_sleep(cvp, Infinity);
      k.mutex_enter(mp);
    },
  }),

  /** Sleeps while a word holds what it always holds: as two published condition variables do. */
  'cv: a constant word': (k) => ({
    ...LOCKS.kernel(k),
    wait(cvp, mp) {
      k.mutex_exit(mp);
      k.wait(cvp, k.kcondvar.unheard, 0, Infinity);
      k.mutex_enter(mp);
    },
    signal(cvp) {
      k.notify(cvp, k.kcondvar.unheard, 1);
    },
  }),

  /** A broadcast moves who waits to the mutex, and whoever has that is not told. */
  'cv: moves without WAITERS': (k) => ({
    ...LOCKS.kernel(k),
    broadcast: (cvp) => moved(k, cvp, () => {}),
  }),

  /** A broadcast moves who waits to the mutex, though nobody has that. */
  'cv: moves to a free mutex': (k) => ({
    ...LOCKS.kernel(k),
    broadcast: (cvp) =>
      moved(k, cvp, (mp) => {
        if (k.load(mp, k.kmutex.owner) !== 0) k.setBits(mp, k.kmutex.owner, WAITERS);
      }),
  }),

  /** A broadcast is a signal. */
  'cv: wakes one': (k) => ({ ...LOCKS.kernel(k), broadcast: k.cv_signal }),

  /** One that was moved to its mutex, and woken there, takes it and forgets those who still stand in line. */
  'cv: forgets the line': (k) => ({
    ...LOCKS.kernel(k),
    wait(cvp, mp) {
      const ts = k.turnstile_lookup(cvp);
      k.put(cvp, k.kcondvar.mutex, mp);
      k.turnstile_enlist(ts, cvp, k.SOBJ.cv, 0);
      k.turnstile_exit(ts);
      k.mutex_exit(mp);
      k.sleep_commit();
      k.turnstile_sleep(cvp, Infinity);
      k.mutex_enter(mp);
    },
  }),

  /** One whose time is up says so, though it was chosen: the signal is gone. */
  'cv: a timeout eats a signal': (k) => ({
    ...LOCKS.kernel(k),
    timedwait(cvp, mp, ms) {
      const ts = k.turnstile_lookup(cvp);
      k.turnstile_join(ts, cvp, k.SOBJ.cv, k.WAIT.timed);
      k.turnstile_exit(ts);
      k.mutex_exit(mp);
      const woke = k.swtch(ms);
      k.turnstile_lookup(cvp);
      k.turnstile_remove(ts, k.me);
      k.turnstile_exit(ts);
      k.sleep_end();
      k.mutex_enter(mp);
      return woke === k.WOKE.timeout ? -1 : 1;
    },
  }),

  /** One that gives up does not wait for the waker that has chosen it. */
  'turnstile: a late setrun': (k) => ({
    ...LOCKS.kernel(k),
    timedwait(cvp, mp, ms) {
      const ts = k.turnstile_lookup(cvp);
      k.turnstile_join(ts, cvp, k.SOBJ.cv, k.WAIT.timed);
      k.turnstile_exit(ts);
      k.mutex_exit(mp);
      let woke = k.swtch(ms);
      if (woke !== k.WOKE.granted) {
        k.turnstile_lookup(cvp);
        if (!k.turnstile_remove(ts, k.me)) woke = k.WOKE.granted;
        k.turnstile_exit(ts);
      }
      k.sleep_end();
      k.mutex_enter(mp);
      return woke === k.WOKE.timeout ? -1 : 1;
    },
  }),

  /** Wakes somebody only when the count leaves 0: as published semaphores do. */
  'sema: tells of 0 to 1 alone': (k) => ({
    ...LOCKS.kernel(k),
    p(sp) {
      for (;;) {
        const count = k.load(sp, k.ksema.count);
        if (count === 0) k.wait(sp, k.ksema.count, 0, Infinity);
        else if (k.cas(sp, k.ksema.count, count, count - 1) === count) return;
      }
    },
    v(sp) {
      if (k.add(sp, k.ksema.count, 1) === 0) k.notify(sp, k.ksema.count, 1);
    },
  }),

  /** Lets the chain go, and tells nobody. */
  'chain: goes quietly': (k) => ({
    ...LOCKS.kernel(k),
    chain_exit: (ts) => k.store(ts, k.turnstile.chain, 0),
  }),

  /** Takes the chain without looking at who has it. */
  'chain: takes it': (k) => ({
    ...LOCKS.kernel(k),
    chain_enter: (object) => k.store(k.sub(object, k.sobj.ts), k.turnstile.chain, 1),
  }),

  /** Looks for a unit, and then joins the line. */
  'sema: looks, then joins': (k) => ({
    ...LOCKS.kernel(k),
    p(sp) {
      if (k.sema_tryp(sp)) return;
      const ts = k.turnstile_lookup(sp);
      k.turnstile_join(ts, sp, k.SOBJ.sema, 0);
      k.turnstile_exit(ts);
      k.turnstile_sleep(sp, Infinity);
    },
  }),

  /** A reader decides by its first look whether it is the last, and whether anybody waits. */
  'rwlock: decides once': (k) => ({
    ...LOCKS.kernel(k),
    rw_exit(rw) {
      const word = k.load(rw, k.krwlock.wwwh);
      if ((word & 4) !== 0 || (word & 1) !== 0) return k.rw_exit(rw);
      k.held_pop(rw);
      return void k.add(rw, k.krwlock.wwwh, -8);
    },
  }),

  /** A writer that gives up leaves WRITE_WANTED behind, and those who queued for its sake. */
  'rwlock: a ghost writer': (k) => ({
    ...LOCKS.kernel(k),
    rw_enter_timed(rw, type, ms) {
      if (k.rw_tryenter(rw, type)) return true;
      const ts = k.turnstile_lookup(rw);
      const word = k.load(rw, k.krwlock.wwwh);
      if (word === 0 || k.cas(rw, k.krwlock.wwwh, word, word | 3) !== word) {
        k.turnstile_exit(ts);
        return false;
      }
      k.put(rw, k.krwlock.writers, k.get(rw, k.krwlock.writers) + 1);
      if (k.turnstile_block(ts, rw, k.SOBJ.rwlock, k.WAIT.writer, ms) !== k.WOKE.granted) {
        k.put(rw, k.krwlock.writers, k.get(rw, k.krwlock.writers) - 1);
        return false;
      }
      k.held_push_as(rw, k.HOLD.writer);
      return true;
    },
  }),

  /** A writer that was woken and gives up tells nobody. */
  'rwlock: keeps the wakeup': (k) => ({
    ...LOCKS.kernel(k),
    rw_enter_timed(rw, type, ms) {
      const deadline = performance.now() + ms;
      for (let woken = false; ;) {
        const word = k.load(rw, k.krwlock.wwwh);
        if (word === 0) {
          const wanted = woken && k.turnstile_waiters(k.sub(rw, k.krwlock.ts)) !== 0 ? 3 : 0;
          if (k.cas(rw, k.krwlock.wwwh, 0, k.me | 4 | wanted) === 0) break;
          continue;
        }
        const left = deadline - performance.now();
        if (left <= 0) return false;
        const ts = k.turnstile_lookup(rw);
        const now = k.load(rw, k.krwlock.wwwh);
        if (now === 0 || k.cas(rw, k.krwlock.wwwh, now, now | 3) !== now) {
          k.turnstile_exit(ts);
          continue;
        }
        k.put(rw, k.krwlock.writers, k.get(rw, k.krwlock.writers) + 1);
        woken = k.turnstile_block(ts, rw, k.SOBJ.rwlock, k.WAIT.writer, left) === k.WOKE.granted;
      }
      k.held_push_as(rw, k.HOLD.writer);
      return true;
    },
  }),

  /** Counts arrivals in a word beside the line, which one that gives up does not take back. */
  'barrier: a second count': (k) => ({
    ...LOCKS.kernel(k),
    barrier: (bp) => counted_barrier(k, bp, Infinity),
    barrier_timed: (bp, ms) => counted_barrier(k, bp, ms),
  }),

  /** The last one opens, and those it woke go by a word that the next crossing changes again. */
  'barrier: opens by a word': (k) => ({
    ...LOCKS.kernel(k),
    barrier(bp) {
      const parties = k.get(bp, k.kbarrier.parties);
      if (k.add(bp, k.kbarrier.crossings, 1) + 1 === parties) {
        k.store(bp, k.kbarrier.crossings, 0);
        k.notify(bp, k.kbarrier.crossings, Infinity);
        return;
      }
      for (
        let n = k.load(bp, k.kbarrier.crossings);
        n !== 0;
        n = k.load(bp, k.kbarrier.crossings)
      ) {
        k.wait(bp, k.kbarrier.crossings, n, Infinity);
      }
    },
  }),
};

function counted_barrier(k, bp, ms) {
  const ts = k.turnstile_lookup(bp);
  if (k.add(bp, k.kbarrier.crossings, 1) + 1 >= k.get(bp, k.kbarrier.parties)) {
    k.store(bp, k.kbarrier.crossings, 0);
    const woken = [];
    for (let t = k.turnstile_first(ts); t !== 0; t = k.turnstile_first(ts)) {
      k.turnstile_remove(ts, t);
      woken.push(t);
    }
    k.turnstile_exit(ts);
    for (const t of woken) k.setrun(t);
    return true;
  }
  k.turnstile_join(ts, bp, k.SOBJ.barrier, 0);
  k.turnstile_exit(ts);
  return k.turnstile_sleep(bp, ms) === k.WOKE.granted;
}
