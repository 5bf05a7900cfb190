/*
 * The plainest lock there is: Drepper's three-state mutex ("Futexes Are Tricky", mutex 2).
 *
 *     word    means
 *     ----    -------------------
 *     0       free
 *     1       held
 *     2       held, and wanted
 *
 * It knows no owner, checks nothing and never spins.  It is the bar for contended locks.
 */

import type { PeerLock, PeerPair } from '../peer.ts';

export const title = 'plain three-state futex mutex';

export const mutex: PeerLock<PeerPair> = {
  open(memory) {
    const words = new Int32Array(memory);
    return {
      lock() {
        let was = Atomics.compareExchange(words, 0, 0, 1);
        if (was === 0) return;
        if (was !== 2) was = Atomics.exchange(words, 0, 2);
        while (was !== 0) {
          Atomics.wait(words, 0, 2);
          was = Atomics.exchange(words, 0, 2);
        }
      },
      unlock() {
        if (Atomics.sub(words, 0, 1) === 1) return;
        Atomics.store(words, 0, 0);
        Atomics.notify(words, 0, 1);
      },
    };
  },
};
