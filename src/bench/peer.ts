/*
 * The contract of a peer: a lock that somebody else wrote, and how it is used here.
 *
 * A peer is a module of some ten lines, an adapter, which exports one or more of mutex, rwlock, condvar and
 * semaphore.  This is a whole one, and `gridlock bench lock-contended --against ./my-lock.js` measures it:
 *
 *     export const mutex = {
 *       open(memory) {
 *         const word = new Int32Array(memory);
 *         return {
 *           lock() {
 *             while (Atomics.compareExchange(word, 0, 0, 1) !== 0) Atomics.wait(word, 0, 1);
 *           },
 *           unlock() {
 *             Atomics.store(word, 0, 0);
 *             Atomics.notify(word, 0);
 *           },
 *         };
 *       },
 *     };
 *
 * A lock is made once and opened by every thread:
 *
 *     make(wanted)            on the main thread of a machine, before each trial.  What it returns goes to the
 *                             threads by structured clone, so it is a SharedArrayBuffer, a thing with some
 *                             inside, or one of V8's shared objects.  Left out, it is 1,024 bytes of zeros,
 *                             the first word of which holds the permits, where there are some.
 *     open(shared, thread)    in each thread, with its clone: plain functions, which block the thread
 *
 *     kind        what open() returns
 *     ---------   ---------------------------------------------------------------------------------------
 *     mutex       lock(), unlock(); or locked(section), which calls the section while it has the lock
 *     rwlock      readLock(), readUnlock(), writeLock(), writeUnlock()
 *     condvar     a mutex, as above, with one condition: wait(), which is called with the mutex held, gives
 *                 it up to sleep and has it again when it returns, early or not; notify() wakes one who
 *                 waits, notifyAll() all (the latter may be left out)
 *     semaphore   acquire() takes a permit or waits for one, release() gives one back, whoever took it
 *
 * Both forms of a mutex are here since both are in use, and to turn one into the other would cost more than
 * some locks do.
 *
 * Two more exports help where a lock is not everywhere: execArgv, the options of node that it needs, and
 * missing(), which says in words what this Node lacks for it.  The module itself must import without them.
 *
 * A peer is imported by the main thread and the role threads of its machine, and not by its watchdog, so it
 * cannot be made of globals of the image: what it shares, it makes.
 *
 * Not here: locks that answer with a promise.  Threads that wait are what is measured, and an event loop
 * between a lock and who waits for it is another question.
 */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Who opens a lock. */
export interface PeerThread {
  /** which thread, from 0 */
  readonly nth: number;
  /** of how many */
  readonly threads: number;
}

/** What a lock is made for. */
export interface PeerWanted {
  /** how many threads will open it */
  readonly threads: number;
  /** of a semaphore: how many it begins with; 0 for the other kinds */
  readonly permits: number;
}

/** One kind of lock: how it is made, and how a thread gets at it. */
export interface PeerLock<Opened, Shared = SharedArrayBuffer> {
  make?(wanted: PeerWanted): Shared;
  open(shared: Shared, thread: PeerThread): Opened;
}

/** Taken and given back by two calls. */
export interface PeerPair {
  lock(): void;
  unlock(): void;
}

/** Taken around a function. */
export interface PeerGuard {
  locked(section: () => void): void;
}

export type PeerMutex = PeerPair | PeerGuard;

export interface PeerRwlock {
  readLock(): void;
  readUnlock(): void;
  writeLock(): void;
  writeUnlock(): void;
}

export interface PeerCondition {
  wait(): void;
  notify(): void;
  notifyAll?(): void;
}

export type PeerCondvar = PeerMutex & PeerCondition;

export interface PeerSemaphore {
  acquire(): void;
  release(): void;
}

/** What each kind opens into. */
export interface PeerKinds {
  readonly mutex: PeerMutex;
  readonly rwlock: PeerRwlock;
  readonly condvar: PeerCondvar;
  readonly semaphore: PeerSemaphore;
}

export type PeerKind = keyof PeerKinds;

/** The exports of an adapter; `never` stands for whatever its make() returns. */
export type Peer = {
  readonly [K in PeerKind]?: PeerLock<PeerKinds[K], never>;
} & {
  /** one line for people */
  readonly title?: string;
  /** options of node that its machine is started with */
  readonly execArgv?: readonly string[];
  /** what this Node, started with those, lacks for it; undefined when nothing */
  missing?(): string | undefined;
};

/** The functions that each kind opens into, each in the forms that will do. */
export const FORMS: Readonly<Record<PeerKind, readonly (readonly string[])[]>> = {
  mutex: [['lock', 'unlock'], ['locked']],
  rwlock: [['readLock', 'readUnlock', 'writeLock', 'writeUnlock']],
  condvar: [
    ['lock', 'unlock', 'wait', 'notify'],
    ['locked', 'wait', 'notify'],
  ],
  semaphore: [['acquire', 'release']],
};

export const KINDS = Object.keys(FORMS) as readonly PeerKind[];

const MEMORY_BYTES = 1024;

/** What make() returns for it, or memory of zeros and permits. */
export function makeLock(lock: PeerLock<unknown, never>, wanted: PeerWanted): unknown {
  if (lock.make !== undefined) return lock.make(wanted);
  const memory = new SharedArrayBuffer(MEMORY_BYTES);
  new Int32Array(memory)[0] = wanted.permits;
  return memory;
}

/** Opens what makeLock() made, in whichever thread this is. */
export function openLock<Opened>(
  lock: PeerLock<Opened, never>,
  shared: unknown,
  thread: PeerThread,
): Opened {
  return lock.open(shared as never, thread);
}

/**
 * Where the module of a peer is: a bare name is one of peers/, all else a path from the current directory.
 * Said so, and not as a URL, it can be told to another process, and nothing of the disk gets into a dump.
 */
export function peerUrl(file: string): string {
  return isShipped(file)
    ? new URL(`./peers/${file}.js`, import.meta.url).href
    : pathToFileURL(resolve(file)).href;
}

export function isShipped(file: string): boolean {
  return /^[a-z][a-z0-9-]*$/.test(file);
}

/** The module that measures this peer: a workload of the bench is told by its own URL. */
export function withPeer(module: string, file: string): string {
  return `${module}?peer=${encodeURIComponent(file)}`;
}

/** The peer that the module of this URL was told of; undefined: none, so ours is measured. */
export async function peerOf(moduleUrl: string): Promise<Peer | undefined> {
  const file = new URL(moduleUrl).searchParams.get('peer');
  return file === null ? undefined : importPeer(file);
}

/** Its exports: those of its module, or of the object that a CommonJS module is. */
export async function importPeer(file: string): Promise<Peer> {
  const exported = (await import(peerUrl(file))) as Peer & { readonly default?: Peer };
  const isNamed = KINDS.some((kind) => exported[kind] !== undefined);
  return isNamed ? exported : (exported.default ?? exported);
}
