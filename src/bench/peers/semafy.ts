/*
 * The npm package semafy (2.0): its Mutex, by the calls that block.  What else it has only answers with promises.
 */

import type { PeerLock, PeerPair } from '../peer.ts';
import { installed } from './installed.ts';

interface Package {
  readonly Mutex: new (memory: SharedArrayBuffer) => { lockSync(): void; unlockSync(): void };
}

const { Mutex } = await installed<Package>('semafy');

export const title = 'npm semafy';

export const mutex: PeerLock<PeerPair> = {
  open(memory) {
    const lock = new Mutex(memory);
    return { lock: () => lock.lockSync(), unlock: () => lock.unlockSync() };
  },
};
