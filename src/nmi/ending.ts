/*
 * What is watched beside the roles: the main thread, and the end of a trial.
 *
 * The main thread of a machine turns an event loop and must never block.  Its beat is a word of the image; when
 * that has not moved for the hang timeout, of which the host must have given it a quarter, it is stuck.
 *
 * When a machine is halted every thread unwinds, in its next kernel call or when running() says so.  One that
 * does not is stuck in a loop of its own or in native code, unless the host gave it no CPU to end on.
 */

import { isAlive, type Thread } from '../dump/census.ts';
import { header, image_header, kthread } from '../layout/records.ts';
import { get, load } from '../layout/word.ts';
import { names, plain, seconds, type Finding } from './findings.ts';
import { ownTime, type Early, type Host } from './hosttime.ts';

export class MainThread {
  private readonly hangMs: number;
  private readonly host: Host;
  private beat = -1;
  private silentMs = 0;
  private spanMs = 0;
  private early: Early | undefined;

  constructor(hangMs: number, host: Host) {
    this.hangMs = hangMs;
    this.host = host;
  }

  /** One look.  @param step milliseconds since the last @param factor what one of them counts */
  look(step: number, factor: number): Finding | undefined {
    const beat = load(header, image_header.main_beat);
    if (beat !== this.beat) {
      this.beat = beat;
      this.silentMs = 0;
      this.spanMs = 0;
      this.early = undefined;
      return undefined;
    }
    this.spanMs += step;
    this.silentMs += step * factor;
    if (this.silentMs < this.hangMs / 4) return undefined;
    if (this.early === undefined) {
      const host = this.host.time(process.pid);
      if (host !== undefined) this.early = { spanMs: this.spanMs, host };
    }
    if (this.silentMs < this.hangMs) return undefined;
    const { spanMs, early } = this;
    if (ownTime(this.host, process.pid, { spanMs, early }).hadMs < this.hangMs / 4)
      return undefined;
    return plain('stall', `the main thread’s event loop has not turned for ${seconds(spanMs)}`, [
      'a machine’s main thread must never block: boot(), check() and module code run there',
    ]);
  }
}

export class Unwinding {
  private readonly hangMs: number;
  private readonly host: Host;
  private spanMs = 0;
  /** when each thread was first seen to unwind, and its host time then */
  private readonly early = new Map<Thread, Early>();

  constructor(hangMs: number, host: Host) {
    this.hangMs = hangMs;
    this.host = host;
  }

  /** One look at a machine in which all is over but for threads that were told to unwind. */
  look(step: number, threads: readonly Thread[]): Finding | undefined {
    this.spanMs += step;
    const left = threads.filter((t) => isAlive(t) && this.isStuck(t));
    if (left.length === 0) return undefined;
    return {
      verdict: 'stall',
      message: `${names(left)} ${left.length === 1 ? 'does' : 'do'} not come to an end, ${seconds(this.spanMs)} after all others did`,
      because: ['a daemon ends when running() says so, or in its next kernel call'],
      exact: false,
      cycle: left,
      victims: [],
    };
  }

  private isStuck(t: Thread): boolean {
    const { spanMs } = this;
    const osTid = get(t, kthread.os_tid);
    const host = this.early.has(t) ? undefined : this.host.time(osTid);
    if (host !== undefined) this.early.set(t, { spanMs, host });
    if (spanMs < this.hangMs) return false;
    return ownTime(this.host, osTid, { spanMs, early: this.early.get(t) }).hadMs >= this.hangMs / 4;
  }
}
