/*
 * Targets made by hand, for what no golden dump shows: a lock that contradicts its holder, ten thousand threads,
 * an image full of garbage.
 *
 * Types and sources are those of a golden dump, so a field that is renamed there is renamed here.
 */

import { DumpFile } from '../../src/dump/read.ts';
import type { Dump, DumpThread, StructInfo } from '../../src/dump/format.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import type { Session } from '../../src/mdb/session.ts';
import { Target } from '../../src/mdb/target/target.ts';
import { dumpPath } from './session.ts';

/** Where things are in an image made here. */
export const THREADS = 0x41000;
export const THREAD_BYTES = 1280;
export const LOCKS = 0x2000;
export const LOCK_BYTES = 64;

export const KIND = { mutex: 1, rwlock: 2, cv: 3, sema: 4, resource: 8, barrier: 9 } as const;
export const STATE = { SLEEP: 1, ONPROC: 4, STOPPED: 16 } as const;

export interface Parts {
  readonly dump: Dump;
  readonly types: readonly StructInfo[];
  readonly sources: ReadonlyMap<string, string>;
  readonly image: Buffer;
}

/** All of a golden dump, to be taken apart. */
export async function partsOf(name: string): Promise<Parts> {
  const file = await DumpFile.open(dumpPath(name));
  try {
    const [dump, types, sources] = [await file.dump(), await file.types(), await file.sources()];
    return { dump, types, sources, image: Buffer.from(await file.image()) };
  } finally {
    file.close();
  }
}

/** An image to write structs into, by the names of their fields. */
export class Made {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly parts: Parts;
  readonly threads: DumpThread[] = [];
  readonly locks: Dump['locks'][number][] = [];

  constructor(parts: Parts, size = 0x80000) {
    this.parts = parts;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A word of a struct: `put('kmutex', at, 'ts.waiters', 2)`. */
  put(type: string, address: number, path: string, value: number): this {
    let struct = this.struct(type);
    let at = address;
    const names = path.split('.');
    for (const [i, name] of names.entries()) {
      const field = struct.fields.find((known) => known.name === name);
      if (field === undefined) throw new RangeError(`${struct.name} has no ${name}`);
      at += field.offset;
      if (i < names.length - 1) struct = this.struct(field.target ?? '');
    }
    this.view.setUint32(at, value, true);
    return this;
  }

  /** The n-th thread, with its record. */
  thread(n: number, more: Partial<DumpThread> = {}, state: keyof typeof STATE = 'SLEEP'): number {
    const address = THREADS + (n + 1) * THREAD_BYTES;
    this.put('kthread', address, 'state', STATE[state]);
    this.threads.push({
      id: n + 1,
      name: `thread/${n}`,
      role: 'thread',
      psargs: `/bin/thread -n ${n}`,
      address: address.toString(16),
      thread_id: n + 10,
      os_tid: n + 1000,
      cpu: n % 2,
      state: `TS_${state}`,
      part: 'waiting',
      holds: [],
      wants: null,
      stack: [],
      progress: 0,
      progress_after: 0,
      silent_ms: 0,
      ...more,
    });
    return address;
  }

  /** The n-th lock, of a kind, named by nothing but the list of locks. */
  lock(n: number, kind: keyof typeof KIND, word = 0): number {
    const address = LOCKS + n * LOCK_BYTES;
    this.put('sobj', address, 'kind', KIND[kind]).put('sobj', address, 'word', word);
    this.locks.push({
      name: `lock/${n}`,
      kind,
      address: address.toString(16),
      owners: [],
      waiters: [],
      contended: 0,
      blocked: 0,
    });
    return address;
  }

  /** A slot of a thread's held stack. */
  held(thread: number, slot: number, lock: number, mode = 0, since = 0): this {
    const held = this.struct('kthread').fields.find(({ name }) => name === 'held')!;
    const at = thread + held.offset + slot * this.struct('kheld').size;
    return this.put('kheld', at, 'lock', lock)
      .put('kheld', at, 'mode', mode)
      .put('kheld', at, 'since', since);
  }

  /** Threads asleep in line at an object, first to last. */
  line(lock: number, ...threads: readonly number[]): this {
    this.put('sobj', lock, 'ts.first', threads[0] ?? 0)
      .put('sobj', lock, 'ts.last', threads.at(-1) ?? 0)
      .put('sobj', lock, 'ts.waiters', threads.length);
    for (const [i, thread] of threads.entries()) {
      this.put('kthread', thread, 'wchan', lock)
        .put('kthread', thread, 'wait_seq', 1)
        .put('kthread', thread, 'park_next', threads[i + 1] ?? 0);
    }
    return this;
  }

  target(): Target {
    const { dump, types, sources } = this.parts;
    const { threads, locks } = this;
    const made = { head: { ...dump.head, cycle: [] }, threads, locks, symbols: [] };
    return new Target('made.dump', made, types, this.bytes, sources);
  }

  session(): Session {
    return sessionOf(this.target());
  }

  private struct(name: string): StructInfo {
    const struct = this.parts.types.find((type) => type.name === name);
    if (struct === undefined) throw new RangeError(`there is no ${name}`);
    return struct;
  }
}
