/*
 * A target: one thread of the process, told by the debugger to pause and to go on.
 *
 * Debugger.pause interrupts a loop, and also Atomics.wait; after Debugger.resume the wait goes on as if nothing
 * had been, and a notify in between is not lost.  How far a thread has come with a pause it shows in stages:
 *
 *     stage        what is known                                   what it does if it stays there
 *     ----------   ---------------------------------------------   --------------------------------------------
 *     posted       the message is with the main thread             main carries nothing: it is in native code
 *     carried      the message is with the thread                  native code, or it is kept off the processor
 *     answered     the thread dispatches messages                  it is about to pause, or idle
 *     idle         it does so again and again, and does not        it runs no JavaScript
 *                  pause
 *     paused       its frames
 *
 * Why a pause is never sent too early.  V8 ignores a pause while it is paused, and it is still paused
 * when it acknowledges Debugger.resume.  So we wait for Debugger.resumed before the next one.  Without
 * that, up to 5 of 1,000 stops of a spinning thread in quick succession were lost.
 *
 * Why idle is not guessed from silence.  A thread that runs JavaScript pauses before it answers another
 * message, unless both came in one batch; so we ask to pause up to three times, a millisecond apart.
 * In 11,000 stops of a spinning thread, on four versions of Node, it was never taken for idle.
 *
 * Why nobody pauses late.  A thread is told to skip all pauses before it is told to go on, in one queue, so the
 * order is kept: a pause that it did not come to by then it never will.  It is told so as soon as it is known, too;
 * so a forgotten `debugger` statement in a role stops nothing, although the debugger is on.
 *
 * Its debugger is on from the beginning.  To enable it when it is needed took 110 ms for 3 threads, 200 for 8,
 * 370 for 16.  At boot it costs 20 to 25 ms a thread, once, and nothing after: a lock pair took 22 to 24 ns without
 * it, with it, and after 2,000 stops.
 *
 * What was rejected.  Runtime.evaluate('debugger') in an idle thread would stop it for certain.  But it pauses inside
 * Node's dispatch of messages, and if there are more in the same batch, nobody dispatches those: a test hung in 3
 * of 6 runs.  A pause by V8's own interrupt comes after the dispatch.
 *
 * At the limit of its heap V8 does not end a thread while a debugger is attached, but pauses it; and paused it
 * stays (doomed), since to let it go on is to let it take more.
 */

import type { Debugger } from 'node:inspector';

import { sleep, type Line, type Wire } from './wire.ts';

const IDLE_ASKS = 3;
const IDLE_GAP_MS = 1;

/** Of a thread that is paused; undefined where it is gone. */
export type Frames = Debugger.CallFrame[] | undefined;

/** How far a thread that was asked to pause has come, short of pausing. */
export type Stage = 'posted' | 'carried' | 'answered' | 'idle';

/** A pause that was asked for. */
export interface Pause {
  /** Settles when it pauses, or is gone. */
  readonly paused: Promise<Frames>;
  /** Whether it seems to be idle: false where it has paused meanwhile, or was told to go on. */
  readonly idle: Promise<boolean>;
}

export class Target {
  /** Of the scripts that it has compiled, by scriptId. */
  readonly urls = new Map<string, string>();
  readonly #wire: Wire;
  readonly #line: Line;
  readonly #outOfMemory: (threadId: number) => void;
  #enabled = false;
  /** It has been told to pause, and not to go on since. */
  #asked = false;
  /** It has acknowledged the former. */
  #answered = false;
  /** It has been told to go on; resolves when it does. */
  #released: Promise<void> = Promise.resolve();
  #releasing = false;
  #doomed = false;
  /** Its frames, while it is paused. */
  #paused: Frames;
  /** To be called when it pauses, with its frames, or is gone. */
  #changed: (frames: Frames) => void = () => {};
  /** To be called when it goes on, or is gone. */
  #resumed: () => void = () => {};

  /** @param outOfMemory told of it when it is at the limit of its heap */
  constructor(wire: Wire, line: Line, outOfMemory: (threadId: number) => void) {
    this.#wire = wire;
    this.#line = line;
    this.#outOfMemory = outOfMemory;
  }

  /** Its debugger is on. */
  get isEnabled(): boolean {
    return this.#enabled;
  }

  /** Resolves when it goes on that was told to. */
  get released(): Promise<void> {
    return this.#released;
  }

  /** Whether it will go on when it is told to, and say so. */
  get isHeld(): boolean {
    return !this.#doomed && (this.#answered || this.#paused !== undefined);
  }

  /** Turns its debugger on, and has it skip all pauses until it is asked for one. */
  async enable(): Promise<void> {
    void this.post('Debugger.enable');
    await this.post('Debugger.setSkipAllPauses', { skip: true });
    this.#enabled = !this.#line.gone;
  }

  /** @returns as Wire.post does */
  post<T>(method: string, params: object = {}, carried?: () => void): Promise<T | undefined> {
    return this.#wire.post<T>(this.#line, method, params, carried);
  }

  /**
   * Asks it to pause, once it goes on from the pause before.
   * @param isWanted whether it still is, by then
   * @param reached told of each stage
   */
  pause(isWanted: () => boolean, reached: (stage: Stage) => void): Pause {
    const paused = new Promise<Frames>((resolve) => {
      this.#changed = resolve;
      if (this.#paused !== undefined) resolve(this.#paused);
    });
    reached(this.#line.sessionId === undefined ? 'carried' : 'posted');
    const answered = this.#released.then(async () => {
      if (!isWanted()) return;
      this.#asked = true;
      void this.post('Debugger.setSkipAllPauses', { skip: false });
      await this.post('Debugger.pause', {}, () => reached('carried'));
      this.#answered = true;
    });
    const idle = answered.then(async () => {
      reached('answered');
      for (let asked = 1; asked < IDLE_ASKS; asked++) {
        await sleep(IDLE_GAP_MS);
        if (this.#paused !== undefined || !this.#asked) return false;
        await this.post('Debugger.pause');
      }
      reached('idle');
      return true;
    });
    return { paused, idle };
  }

  /** Lets it go on.  If it was asked to pause and has not, it will not. */
  release(): void {
    if (this.#doomed || this.#releasing || (!this.#asked && this.#paused === undefined)) return;
    this.#releasing = true;
    this.#asked = false;
    this.#answered = false;
    this.#paused = undefined;
    // It acknowledges the order while it is still paused, and would take the next pause for the last.
    const resumed = new Promise<void>((resolve) => {
      this.#resumed = resolve;
    });
    void this.post('Debugger.setSkipAllPauses', { skip: true });
    this.#released = this.post('Debugger.resume')
      .then((taken) => (taken === undefined ? undefined : resumed))
      .then(() => {
        this.#releasing = false;
      });
  }

  /** An event of its debugger. */
  hear(method: string, params: unknown): void {
    if (method === 'Debugger.scriptParsed') {
      const { scriptId, url } = params as Debugger.ScriptParsedEventDataType;
      if (url !== '') this.urls.set(scriptId, url);
    } else if (method === 'Debugger.paused') {
      const { callFrames, reason } = params as Debugger.PausedEventDataType;
      this.#paused = callFrames;
      if (reason === 'OOM') {
        this.#doomed = true;
        this.#outOfMemory(this.#line.threadId);
      }
      if (this.#asked) this.#changed(this.#paused);
      else this.release();
    } else if (method === 'Debugger.resumed') {
      this.#paused = undefined;
      this.#resumed();
    }
  }

  /** It has exited: nobody waits for it any more. */
  end(): void {
    this.#enabled = false;
    this.#paused = undefined;
    this.#changed(undefined);
    this.#resumed();
  }
}
