/*
 * Gathering: from an image and the stacks of its stopped threads to what a dump says.
 *
 * Bound to a copy of the image (census.ts, withImage), so that what is written about the holds and the
 * waits is of one moment, while the threads themselves have long been let go again.
 */

import { header, image_header, kthread, sobj, SOBJ } from '../layout/records.ts';
import { textOf } from '../layout/strings.ts';
import { boundImage, get } from '../layout/word.ts';
import {
  EXIT_NAME,
  holdsOf,
  isAlive,
  KIND_NAME,
  msSince,
  objectName,
  ownersOf,
  STATE_NAME,
  symbolsOf,
  threadName,
  threadsOf,
  waitOf,
  type Sobj,
  type Thread,
} from './census.ts';
import type { DumpFrame, DumpLock, DumpSymbol, DumpThread, OsView, Part } from './format.ts';

/** What is known of one host thread beside its record. */
export interface Stopped {
  readonly stack: readonly DumpFrame[];
  readonly unstopped?: string;
  readonly os?: OsView;
}

export interface Cast {
  readonly cycle: readonly Thread[];
  readonly victims: readonly Thread[];
}

const LOCK_TYPES = new Set(['kmutex', 'krwlock', 'kcondvar', 'ksema', 'kbarrier', 'kresource']);

/** A thread's number in dumps and in --json: its row in the thread table. */
export function idOf(t: Thread): number {
  return get(t, kthread.index);
}

/** Every role thread, as of the bound image. */
export function gatherThreads(
  stops: ReadonlyMap<number, Stopped>,
  { cycle, victims }: Cast,
  silence: (t: Thread) => number,
): DumpThread[] {
  const threads = threadsOf();
  const symbols = symbolsOf();
  return threads.map((t) => {
    const stop = stops.get(get(t, kthread.thread_id));
    const exit = get(t, kthread.exit_reason);
    const exitMessage = textOf(get(t, kthread.exit_message));
    return {
      id: idOf(t),
      name: threadName(t),
      role: textOf(get(t, kthread.role)),
      psargs: textOf(get(t, kthread.psargs)),
      address: hex(t),
      thread_id: get(t, kthread.thread_id),
      os_tid: get(t, kthread.os_tid),
      cpu: get(t, kthread.cpu),
      state: STATE_NAME[get(t, kthread.state)] ?? `?${get(t, kthread.state)}`,
      part: partOf(t, cycle, victims),
      holds: holdsOf(t).map((hold) => ({
        name: objectName(hold.object, symbols),
        kind: KIND_NAME[get(hold.object, sobj.kind)] ?? '?',
        address: hex(hold.object),
        ...(get(hold.object, sobj.kind) === SOBJ.rwlock
          ? { mode: hold.mode === 1 ? ('reader' as const) : ('writer' as const) }
          : {}),
        held_ms: msSince(hold.since),
      })),
      wants: wantsOf(t, threads, symbols),
      stack: stop?.stack ?? [],
      ...(stop?.unstopped === undefined ? {} : { unstopped: stop.unstopped }),
      progress: get(t, kthread.progress) >>> 0,
      progress_after: 0,
      silent_ms: Math.round(silence(t)),
      ...(exit === 0
        ? {}
        : { exit: `${EXIT_NAME[exit] ?? exit}${exitMessage === '' ? '' : `: ${exitMessage}`}` }),
      ...(stop?.os === undefined ? {} : { os: stop.os }),
    };
  });
}

/** Every named lock, the most contended first. */
export function gatherLocks(symbols: readonly DumpSymbol[]): DumpLock[] {
  const threads = threadsOf();
  const waits = threads.map((t) => ({ t, wait: waitOf(t) }));
  const holds = threads.map((t) => ({
    t,
    objects: new Set(holdsOf(t).map((hold) => hold.object)),
  }));
  const locks: DumpLock[] = [];
  for (const { name, address, size, type } of symbols) {
    if (!LOCK_TYPES.has(type) || address < 0) continue;
    // A row may be garbage, as anything in an image may.
    const end = Math.min(address + size, boundImage().byteLength);
    for (let at = address; at < end; at += sobj.$.size) {
      const object = at as Sobj;
      locks.push({
        name: size === sobj.$.size ? name : objectName(object),
        kind: KIND_NAME[get(object, sobj.kind)] ?? '?',
        address: hex(object),
        owners: holds.filter(({ objects }) => objects.has(object)).map(({ t }) => idOf(t)),
        waiters: waits
          .filter(({ wait }) => wait?.object === object || wait?.wanted === object)
          .map(({ t }) => idOf(t)),
        contended: get(object, sobj.contended) >>> 0,
        blocked: get(object, sobj.blocked) >>> 0,
      });
    }
  }
  return locks.sort(
    (a, b) => b.blocked - a.blocked || b.contended - a.contended || a.name.localeCompare(b.name),
  );
}

/** How much progress each thread made since a gather, by id. */
export function progressNow(): Map<number, number> {
  return new Map(threadsOf().map((t) => [idOf(t), get(t, kthread.progress) >>> 0]));
}

/** Seconds from the start gate to now, by the image's clock. */
export function secondsSinceGate(): number {
  return msSince(get(header, image_header.gate_time)) / 1000;
}

function partOf(t: Thread, cycle: readonly Thread[], victims: readonly Thread[]): Part {
  if (cycle.includes(t)) return 'cycle';
  if (victims.includes(t)) return 'victim';
  if (!isAlive(t)) return 'gone';
  return waitOf(t) === undefined ? 'running' : 'waiting';
}

function wantsOf(
  t: Thread,
  threads: readonly Thread[],
  symbols: readonly DumpSymbol[],
): DumpThread['wants'] {
  const wait = waitOf(t);
  if (wait === undefined) return null;
  const { object, wanted } = wait;
  const kind = wanted === object ? wait.kind : get(wanted, sobj.kind);
  return {
    name: wanted === 0 ? 'delay' : objectName(wanted, symbols),
    kind: KIND_NAME[kind] ?? '?',
    address: hex(wanted),
    ...(kind === SOBJ.rwlock
      ? { mode: wait.writer ? ('writer' as const) : ('reader' as const) }
      : {}),
    waited_ms: msSince(wait.since),
    ...(wanted === object ? {} : { via: objectName(object, symbols) }),
    owners: ownersOf(wanted, t, wait.writer, threads).map(idOf),
  };
}

function hex(address: number): string {
  return address.toString(16);
}
