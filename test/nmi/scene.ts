/*
 * A scene: the image of a machine whose threads are moved by hand, and a deadman who looks at it.
 *
 * Between two looks the kernel may be anywhere, and most of the time it is not where a real machine can be
 * made to stop: a lock handed over and not yet taken, an owner that died right after it let go.  Here each
 * such moment is written down word for word, as the kernel writes it, and lasts as long as the test wants.
 * Time is an argument, so nothing is waited for.
 */

import { createImage, threadAt } from '../../src/layout/image.ts';
import { global } from '../../src/layout/linker.ts';
import {
  EXIT,
  header,
  image_header,
  kbarrier,
  kcondvar,
  kheld,
  kmutex,
  kresource,
  krwlock,
  ksema,
  kthread,
  PHASE,
  sobj,
  SOBJ,
  TICKS_PER_MS,
  TS,
  turnstile,
} from '../../src/layout/records.ts';
import { intern } from '../../src/layout/strings.ts';
import type { Ref } from '../../src/layout/struct.ts';
import { get, put, store, sub } from '../../src/layout/word.ts';
import { kernel_boot, kernel_ready, thread_create } from '../../src/kernel/startup.ts';
import { threadName, type Sobj, type Thread } from '../../src/dump/census.ts';
import { Deadman } from '../../src/nmi/deadman.ts';
import type { Finding } from '../../src/nmi/findings.ts';

export const HANG_MS = 1000;

export const lock_a = global('lock_a', kmutex);
export const lock_b = global('lock_b', kmutex);
export const lock_c = global('lock_c', kmutex);
export const table = global('table', krwlock);
export const ready = global('ready', kcondvar);
export const empty = global('empty', kcondvar);
export const units = global('units', ksema);
export const meeting = global('meeting', kbarrier);
export const P_LOCK = global('P_LOCK', kresource);

const DAEMON = 1;
const REPORTS = 8;
const WAIT = { timed: 1, writer: 2, idle: 4 } as const;
const WRITE_LOCKED = 4;
const READER = 8;
export type How = keyof typeof WAIT;

export class Scene {
  readonly deadman: Deadman;
  /** what the host says of a thread; by default it has run all the time and runs now */
  readonly host = new Map<Thread | 'main', { ranMs: number; heldUpMs: number; ready: boolean }>();
  private readonly names: readonly string[];
  private ms = 0;

  /** @param names of the threads; `name (daemon)` is one, `name (mute)` never says progress() */
  constructor(...names: string[]) {
    this.names = names;
    createImage({ threads: names.length, heapBytes: 4096 });
    kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
    for (const [i, says] of names.entries()) {
      const [name = '', kind = ''] = says.split(/ \(|\)/);
      const flags = (kind === 'daemon' ? DAEMON : 0) | (kind === 'mute' ? 0 : REPORTS);
      const t = thread_create({ name, role: name, psargs: name, flags });
      put(t, kthread.os_tid, 1000 + i);
      store(t, kthread.state, TS.onproc);
      this.host.set(t, { ranMs: 0, heldUpMs: 0, ready: true });
    }
    this.host.set('main', { ranMs: 0, heldUpMs: 0, ready: false });
    kernel_ready();
    store(header, image_header.phase, PHASE.run);
    store(header, image_header.gate_open, 1);
    const of = (osTid: number) =>
      this.host.get(osTid === process.pid ? 'main' : threadAt(osTid - 999));
    this.deadman = new Deadman(HANG_MS, {
      time: (osTid) => {
        const { ranMs = 0, heldUpMs = 0 } = of(osTid) ?? {};
        return { ranMs, heldUpMs };
      },
      isReady: (osTid) => of(osTid)?.ready === true,
    });
  }

  t(name: string): Thread {
    return threadAt(this.names.findIndex((each) => each.split(' ')[0] === name) + 1);
  }

  // --- what threads do ----------------------------------------------------------------------------

  progress(...names: string[]): void {
    for (const name of names)
      put(this.t(name), kthread.progress, get(this.t(name), kthread.progress) + 1);
  }

  /** Asks running(). */
  polls(name: string): void {
    put(this.t(name), kthread.polls, get(this.t(name), kthread.polls) + 1);
  }

  /** Goes to sleep, in line for an object. */
  sleeps(name: string, object: number, ...how: How[]): void {
    const t = this.t(name);
    put(t, kthread.wchan, object as Sobj);
    put(t, kthread.wait_kind, object === 0 ? SOBJ.delay : get(object as Sobj, sobj.kind));
    put(
      t,
      kthread.wait_flags,
      how.reduce((flags, each) => flags | WAIT[each], 0),
    );
    put(t, kthread.wait_since, this.ms * TICKS_PER_MS);
    put(t, kthread.operations, get(t, kthread.operations) + 1);
    store(t, kthread.park, 1);
    store(t, kthread.wait_seq, get(t, kthread.wait_seq) | 1);
    store(t, kthread.state, TS.sleep);
    if (object !== 0) this.line(object, 1);
    this.host.get(t)!.ready = false;
  }

  /** Was chosen to wake, and has not got a CPU yet. */
  granted(name: string): void {
    store(this.t(name), kthread.park, 2);
    this.line(get(this.t(name), kthread.wchan), -1);
  }

  wakes(name: string): void {
    const t = this.t(name);
    if (get(t, kthread.park) === 1) this.line(get(t, kthread.wchan), -1);
    store(t, kthread.park, 0);
    store(t, kthread.state, TS.onproc);
    put(t, kthread.wchan, 0 as Sobj);
    store(t, kthread.wait_seq, (get(t, kthread.wait_seq) | 1) + 1);
    this.host.get(t)!.ready = true;
  }

  /** One wait, over and done with. */
  naps(name: string, object: number): void {
    this.sleeps(name, object, 'timed');
    this.wakes(name);
  }

  private line(object: number, n: number): void {
    if (object === 0) return;
    const ts = sub(object as Sobj, sobj.ts);
    store(ts, turnstile.waiters, get(ts, turnstile.waiters) + n);
    if (n > 0) put(object as Sobj, sobj.blocked, get(object as Sobj, sobj.blocked) + 1);
  }

  /** Has a lock, by its word and by the thread's own record. */
  holds(name: string, lock: number, as: 'owner' | 'reader' = 'owner'): void {
    const t = this.t(name);
    this.names_owner(lock, name, as);
    let slot = sub(t, kthread.held);
    while (get(slot, kheld.lock) !== 0) slot = (slot + kheld.$.size) as Ref<'kheld'>;
    put(slot, kheld.mode, as === 'reader' ? 1 : 0);
    put(slot, kheld.since, this.ms * TICKS_PER_MS);
    put(slot, kheld.lock, lock as Sobj);
  }

  /** The lock's word names it, and that is all: it was handed over. */
  names_owner(lock: number, name: string, as: 'owner' | 'reader' = 'owner'): void {
    const t = this.t(name);
    if (get(lock as Sobj, sobj.kind) !== SOBJ.rwlock) put(lock as Sobj, sobj.word, t);
    else
      put(
        lock as Sobj,
        sobj.word,
        as === 'reader' ? get(lock as Sobj, sobj.word) + READER : t | WRITE_LOCKED,
      );
  }

  /** Gives up all it has. */
  drops(name: string): void {
    for (let slot = sub(this.t(name), kthread.held); get(slot, kheld.lock) !== 0;) {
      put(get(slot, kheld.lock), sobj.word, 0);
      put(slot, kheld.lock, 0 as Sobj);
      slot = (slot + kheld.$.size) as Ref<'kheld'>;
    }
  }

  /** Tried a lock, and did not get it. */
  tries(name: string, lock: number): void {
    put(this.t(name), kthread.tried, lock as Sobj);
    put(this.t(name), kthread.operations, get(this.t(name), kthread.operations) + 1);
  }

  /** The condvar was signalled; who woke is not told here. */
  signalled(object: number): void {
    put(object as Sobj, sobj.word, get(object as Sobj, sobj.word) + 1);
  }

  dies(name: string, reason: keyof typeof EXIT, message = ''): void {
    const t = this.t(name);
    put(t, kthread.exit_reason, EXIT[reason]);
    put(t, kthread.exit_message, intern(message));
    put(t, kthread.exit_time, this.ms * TICKS_PER_MS);
    store(t, kthread.state, TS.zomb);
  }

  // --- what the deadman sees ------------------------------------------------------------------------

  /** One look, so long after the last.  Who is ready ran all the while, if nothing else is said. */
  look(ms = 10, mainTurns = true): Finding | undefined {
    this.ms += ms;
    put(header, image_header.clock, this.ms * TICKS_PER_MS);
    for (const host of this.host.values()) if (host.ready) host.ranMs += ms;
    if (mainTurns) store(header, image_header.main_beat, get(header, image_header.main_beat) + 1);
    return this.deadman.look(ms);
  }

  /**
   * Looks every 10 ms, until something is found or so much time is over.
   * @param meanwhile what happens before each look
   */
  looks(ms: number, meanwhile: () => void = () => undefined): Found | undefined {
    for (let left = ms; left > 0; left -= 10) {
      meanwhile();
      const finding = this.look();
      if (finding !== undefined) return found(finding, ms - left + 10);
    }
    return undefined;
  }
}

export interface Found {
  readonly verdict: string;
  readonly message: string;
  readonly exact: boolean;
  readonly cycle: readonly string[];
  readonly victims: readonly string[];
  readonly nudges: readonly string[];
  /** how long it took */
  readonly afterMs: number;
  readonly finding: Finding;
}

export function found(finding: Finding, afterMs: number): Found {
  const { verdict, message, exact, cycle, victims, nudges = [] } = finding;
  return {
    verdict,
    message,
    exact,
    cycle: cycle.map(threadName),
    victims: victims.map(threadName),
    nudges: nudges.map(({ thread }) => threadName(thread)),
    afterMs,
    finding,
  };
}
