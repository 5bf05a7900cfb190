/*
 * The npm package worker-mutex: re-entrant, with its owner and its depth in shared memory.
 */

import type { PeerLock, PeerPair } from '../peer.ts';
import { installed } from './installed.ts';

interface Package {
  readonly WorkerMutex: {
    new (memory: SharedArrayBuffer): PeerPair;
    createSharedBuffer(): SharedArrayBuffer;
  };
}

const { WorkerMutex } = await installed<Package>('worker-mutex');

export const title = 'npm worker-mutex';

export const mutex: PeerLock<PeerPair> = {
  make: () => WorkerMutex.createSharedBuffer(),
  open: (memory) => new WorkerMutex(memory),
};
