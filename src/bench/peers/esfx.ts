/*
 * The npm package @esfx/threading-mutex (1.0.0-dev): a futex mutex that keeps who owns it on the heap of its thread.
 */

import type { PeerLock, PeerPair } from '../peer.ts';
import { installed } from './installed.ts';

interface Package {
  readonly Mutex: new (memory: SharedArrayBuffer) => { lock(): boolean; unlock(): boolean };
}

const { Mutex } = await installed<Package>('@esfx/threading-mutex');

export const title = 'npm @esfx/threading-mutex';

export const mutex: PeerLock<PeerPair> = {
  open(memory) {
    const lock = new Mutex(memory);
    return { lock: () => void lock.lock(), unlock: () => void lock.unlock() };
  },
};
