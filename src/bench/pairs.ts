/*
 * Our locks, taken and given back so many times: what lock-pair measures, in its own process and in machines alike.
 *
 * One lock of each kind, which nobody else wants.  A loop is a function of its own and its bound comes from outside, like that of
 * the floor (floor.ts): so a floor and a lock are called in the same way, and who calls says how long a call takes.
 */

import { global } from '../layout/linker.ts';
import { kmutex, krwlock, ksema } from '../layout/records.ts';
import { mutex_enter, mutex_exit } from '../kernel/mutex.ts';
import { RW_READER, RW_WRITER, rw_enter, rw_exit } from '../kernel/rwlock.ts';
import { sema_init, sema_p, sema_v } from '../kernel/semaphore.ts';
import type { PeerKind } from './peer.ts';

const mutex = global('bench_pair_mutex', kmutex);
const rwlock = global('bench_pair_rwlock', krwlock);
const sema = global('bench_pair_sema', ksema);

/** What is measured, and of which kind it is. */
export const PAIRS_OF = {
  mutex: 'mutex',
  rwlock_reader: 'rwlock',
  rwlock_writer: 'rwlock',
  semaphore: 'semaphore',
} as const satisfies Readonly<Record<string, PeerKind>>;

export type PairName = keyof typeof PAIRS_OF;

/** Each takes its lock so many times. */
export const OUR_PAIRS: Readonly<Record<PairName, (pairs: number) => void>> = {
  mutex(pairs) {
    for (let i = 0; i < pairs; i++) {
      mutex_enter(mutex);
      mutex_exit(mutex);
    }
  },
  rwlock_reader(pairs) {
    for (let i = 0; i < pairs; i++) {
      rw_enter(rwlock, RW_READER);
      rw_exit(rwlock);
    }
  },
  rwlock_writer(pairs) {
    for (let i = 0; i < pairs; i++) {
      rw_enter(rwlock, RW_WRITER);
      rw_exit(rwlock);
    }
  },
  semaphore(pairs) {
    for (let i = 0; i < pairs; i++) {
      sema_p(sema);
      sema_v(sema);
    }
  },
};

/** Before the first pair, in a kernel that has booted. */
export function initPairs(): void {
  sema_init(sema, 1, 'bench_pair_sema');
}
