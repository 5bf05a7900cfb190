/*
 * The census: threads and locks as plain objects, read from an image.
 *
 * The watchdog reads a running image with it, and the dump a copy of a stopped one: whatever image this
 * thread is bound to (withImage()).  It takes no lock and trusts nothing: a thread may be half way
 * through an operation, a record may be garbage after an overrun.  So every loop is bounded and every
 * address is checked before it is followed.
 *
 * Who has a lock: its word, where the word says; else, for read holds, the held stacks of all threads.
 * What a thread wants: the declared resource behind the condvar it sleeps on, if it declared one, else
 * the object itself.
 */

import { symbolAt, symbolCount, threadAt } from '../layout/image.ts';
import {
  EXIT,
  header,
  HELD_MAX,
  image_header,
  kheld,
  kmutex,
  kresource,
  krwlock,
  ksymbol,
  kthread,
  PARK,
  SOBJ,
  sobj,
  TICKS_PER_MS,
  TS,
  turnstile,
  WAIT,
} from '../layout/records.ts';
import { textOf } from '../layout/strings.ts';
import type { Ref } from '../layout/struct.ts';
import { bindWords, boundImage, get, load, sub } from '../layout/word.ts';
import type { DumpSymbol } from './format.ts';

export type Thread = Ref<'kthread'>;
export type Sobj = Ref<'sobj'>;
/** The address of no object. */
export const NOTHING = 0 as Sobj;

export const KIND_NAME: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(SOBJ).map(([name, value]) => [value, name]),
);
export const STATE_NAME: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(TS).map(([name, value]) => [value, `TS_${name.toUpperCase()}`]),
);
export const EXIT_NAME: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(EXIT).map(([name, value]) => [value, name]),
);

/** Runs a function with this thread bound to another image, such as a copy. */
export function withImage<T>(image: SharedArrayBuffer, body: () => T): T {
  const before = boundImage();
  bindWords(image);
  try {
    return body();
  } finally {
    bindWords(before);
  }
}

/** All role threads' records: the boot thread is not one of them. */
export function threadsOf(): Thread[] {
  const count = Math.min(
    load(header, image_header.thread_count),
    get(header, image_header.thread_rows),
  );
  const threads: Thread[] = [];
  for (let i = 1; i < count; i++) threads.push(threadAt(i));
  return threads;
}

/** Whether an address can be an object's: in the image, and a whole object fits. */
function sane(object: number): boolean {
  return object > 0 && (object & 3) === 0 && object + sobj.$.size <= boundImage().byteLength;
}

export function kindOf(object: Sobj): number {
  return sane(object) ? get(object, sobj.kind) : SOBJ.none;
}

export interface Wait {
  readonly object: Sobj;
  /** what stands behind a condvar, if declared; else the object */
  readonly wanted: Sobj;
  readonly kind: number;
  readonly seq: number;
  readonly timed: boolean;
  readonly writer: boolean;
  readonly idle: boolean;
  readonly since: number;
}

/**
 * What a thread sleeps on right now, or undefined when it does not.
 *
 * One that was woken and has not got the CPU yet does not: it will act again whatever others do.  Nor does
 * one that stands in line and has something to give up first, such as cv_wait's mutex (kernel/disp.ts).
 */
export function waitOf(t: Thread): Wait | undefined {
  const seq = load(t, kthread.wait_seq);
  if ((seq & 1) === 0 || load(t, kthread.park) !== PARK.asleep) return undefined;
  const object = get(t, kthread.wchan);
  const resource = get(t, kthread.wants_resource);
  const flags = get(t, kthread.wait_flags);
  return {
    object,
    wanted: resource === 0 || !sane(resource) ? object : (resource as number as Sobj),
    kind: get(t, kthread.wait_kind),
    seq,
    timed: (flags & WAIT.timed) !== 0,
    writer: (flags & WAIT.writer) !== 0,
    idle: (flags & WAIT.idle) !== 0,
    since: get(t, kthread.wait_since),
  };
}

export interface Hold {
  readonly object: Sobj;
  readonly since: number;
  readonly mode: number;
}

/** What a thread holds, oldest first: its held stack. */
export function holdsOf(t: Thread): Hold[] {
  const holds: Hold[] = [];
  const base = sub(t, kthread.held);
  for (let i = 0; i < HELD_MAX; i++) {
    const slot = (base + i * kheld.$.size) as Ref<'kheld'>;
    const object = get(slot, kheld.lock);
    if (object === 0) break;
    if (!sane(object)) continue;
    // The lock's own word rules: a slot whose lock says otherwise is being written or cleared.
    const owner = wordOwner(object);
    if (owner !== undefined && owner !== t) continue;
    holds.push({ object, since: get(slot, kheld.since), mode: get(slot, kheld.mode) });
  }
  return holds;
}

/** Who owns an object by its own word: a thread, 0 for nobody, undefined where the word cannot tell. */
function wordOwner(object: Sobj): Thread | undefined {
  switch (kindOf(object)) {
    case SOBJ.mutex:
      return (load(object as Ref<string> as Ref<'kmutex'>, kmutex.owner) & ~1) as Thread;
    case SOBJ.resource:
      return load(object as Ref<string> as Ref<'kresource'>, kresource.owner);
    case SOBJ.rwlock: {
      const wwwh = load(object as Ref<string> as Ref<'krwlock'>, krwlock.wwwh);
      return (wwwh & 4) === 0 ? undefined : ((wwwh & ~7) as Thread);
    }
    default:
      return undefined;
  }
}

/** Who reads and who waits to write each rwlock, worked out once for all who ask. */
export class Rwlocks {
  private readonly threads: readonly Thread[];
  private readers: Map<Sobj, Thread[]> | undefined;
  private writers: Map<Sobj, Thread[]> | undefined;

  constructor(threads: readonly Thread[]) {
    this.threads = threads;
  }

  readersOf(object: Sobj): readonly Thread[] {
    this.readers ??= this.collect((t) =>
      holdsOf(t)
        .filter((hold) => kindOf(hold.object) === SOBJ.rwlock)
        .map((hold) => hold.object),
    );
    return this.readers.get(object) ?? [];
  }

  writersWaiting(object: Sobj): readonly Thread[] {
    this.writers ??= this.collect((t) => {
      const wait = waitOf(t);
      return wait?.writer === true ? [wait.object] : [];
    });
    return this.writers.get(object) ?? [];
  }

  private collect(objectsOf: (t: Thread) => readonly Sobj[]): Map<Sobj, Thread[]> {
    const found = new Map<Sobj, Thread[]>();
    for (const t of this.threads) {
      for (const object of new Set(objectsOf(t))) {
        const those = found.get(object);
        if (those === undefined) found.set(object, [t]);
        else those.push(t);
      }
    }
    return found;
  }
}

/**
 * The threads that must act before one that waits for `object` can go on.
 *
 * For one that wants to write what others read: all readers, itself among them if it is one.  For a reader
 * that queues: the writers in line; with none of them asleep it is about to be let in.  Empty for what has
 * no owner.  A lock that names the waiter itself was handed to it, and it has not woken up to take it; a
 * resource is never handed over, so there it means what it says.
 */
export function ownersOf(
  object: Sobj,
  waiter: Thread,
  writer: boolean,
  threads: readonly Thread[],
  rwlocks: Rwlocks = new Rwlocks(threads),
): readonly Thread[] {
  const owner = wordOwner(object);
  if (owner !== undefined) {
    if (owner === 0) return [];
    if (owner === waiter && kindOf(object) !== SOBJ.resource) return [];
    return threads.includes(owner) ? [owner] : [];
  }
  if (kindOf(object) !== SOBJ.rwlock) return [];
  return writer
    ? rwlocks.readersOf(object)
    : rwlocks.writersWaiting(object).filter((t) => t !== waiter);
}

/** A number that moves whenever a thread takes a lock, tries to, sleeps or wakes. */
export function activityOf(t: Thread): number {
  let sum = get(t, kthread.operations) + load(t, kthread.wait_seq);
  const base = sub(t, kthread.held);
  for (let i = 0; i < HELD_MAX; i++) {
    // The first free slot counts too: it still says when it was last filled.
    const slot = (base + i * kheld.$.size) as Ref<'kheld'>;
    sum += get(slot, kheld.since);
    if (get(slot, kheld.lock) === 0) break;
  }
  return sum | 0;
}

/**
 * A number that moves when an object is of use to anybody: a condvar is signalled, a barrier crossed, a unit of
 * a semaphore freed, a lock taken or given up.  To queue for it is no use of it.
 */
export function useOf(object: Sobj): number {
  return sane(object) ? load(object, sobj.word) : 0;
}

/** How many threads stand in line at an object. */
export function waitersOn(object: Sobj): number {
  return sane(object) ? load(sub(object, sobj.ts), turnstile.waiters) : 0;
}

/** An object's name: its own, else the symbol it lies in, else its kind and address. */
export function objectName(object: Sobj, symbols: readonly DumpSymbol[] = []): string {
  if (!sane(object)) return object === 0 ? '' : `?@${object.toString(16)}`;
  const name = textOf(get(object, sobj.name));
  if (name !== '' && name !== '?') return name;
  const within = symbols.find((s) => object >= s.address && object < s.address + s.size);
  if (within !== undefined) {
    const offset = object - within.address;
    return offset === 0 ? within.name : `${within.name}+0x${offset.toString(16)}`;
  }
  return `${KIND_NAME[get(object, sobj.kind)] ?? 'object'}@${object.toString(16)}`;
}

/** The symbol table: globals and named locks. */
export function symbolsOf(): DumpSymbol[] {
  const symbols: DumpSymbol[] = [];
  for (let i = 0; i < symbolCount(); i++) {
    const row = symbolAt(i);
    const address = load(row, ksymbol.address);
    if (address === 0) continue;
    symbols.push({
      name: textOf(get(row, ksymbol.name)),
      address,
      size: get(row, ksymbol.size),
      type: textOf(get(row, ksymbol.type)),
    });
  }
  return symbols;
}

/** Milliseconds since a clock word, as of the image's own clock. */
export function msSince(since: number): number {
  return Math.max(0, (get(header, image_header.clock) - since) / TICKS_PER_MS);
}

export function threadName(t: Thread): string {
  return textOf(get(t, kthread.name));
}

export function isAlive(t: Thread): boolean {
  const state = load(t, kthread.state);
  return state !== TS.free && state !== TS.zomb;
}
