/*
 * The NMI: stops the threads of this process wherever they are, reads their stacks, lets them go.
 *
 * It runs in the watchdog thread, and reaches the others through the inspector: a session connected to
 * the main thread, which NodeWorker.enable makes carry messages to and from every other thread, those
 * that come later included.  Debugger.pause interrupts a loop, and also Atomics.wait; after
 * Debugger.resume the wait goes on as if nothing had been, and a notify in between is not lost.
 *
 *     the thread is …                    Debugger.pause is …              reported as
 *     --------------------------------   ------------------------------   -------------------------
 *     in a loop, or in Atomics.wait      answered, and it pauses          stopped, with its frames
 *     idle in its event loop             answered, and it does not        idle, and see below
 *     in native code, as execSync()      answered when it comes back      no answer
 *     anywhere, main in native code      not even carried                 no answer from main
 *     ourselves                          never sent: it would hang us     the watchdog itself
 *     at the limit of its heap           needless: V8 has paused it       stopped, and stays so
 *
 * What a caller may rely on
 *
 *   (1) stop() returns within its budget, whatever the threads do; so do ready(), resume() and close().
 *   (2) From stop() to resume(), a thread that was reported stopped does not move, and one that was
 *       not is caught by the first JavaScript it runs: it is told to pause, and stays told.  So a dump
 *       is of one moment, and main, if it was asked too, cannot end the process in the middle of it.
 *   (3) After resume() nobody is paused and nobody will be, however late: each thread is told to skip
 *       all pauses before it is told to go on, in one queue, so the order is kept.  For the same reason
 *       a forgotten `debugger` statement in a role stops nothing, although the debugger is on.
 *   (4) Every stop() must be followed by resume(), also after an error: use finally.
 *
 * Why a pause is never sent too early.  V8 ignores a pause while it is paused, and it is still paused
 * when it acknowledges Debugger.resume.  So we wait for Debugger.resumed before the next one.  Without
 * that, up to 5 of 1,000 stops of a spinning thread in quick succession were lost.
 *
 * Why idle is not guessed from silence.  A thread that runs JavaScript pauses before it answers another
 * message, unless both came in one batch; so we ask to pause up to three times, a millisecond apart.
 * In 11,000 stops of a spinning thread, on four versions of Node, it was never taken for idle.
 *
 * What was rejected
 *
 *   - Runtime.evaluate('debugger') in an idle thread would stop it for certain.  But it pauses inside
 *     Node's dispatch of messages, and if there are more in the same batch, nobody dispatches those:
 *     a test hung in 3 of 6 runs.  A pause by V8's own interrupt comes after the dispatch.
 *   - process.report.getReport() has no locals, and took 145 ms for 16 threads against 9.
 *   - Enabling the debugger when it is needed: 110 ms for 3 threads, 200 for 8, 370 for 16.  At boot it
 *     costs 20 to 25 ms a thread, once, and nothing after: a lock pair took 22 to 24 ns without it, with
 *     it, and after 2,000 stops.
 *
 * Measured: threads asleep 13 frames deep, 2 processors with other work to do, medians in ms of 12 stops,
 * the best and the worst of Node 20, 22, 24 and 26:
 *
 *     threads     frames only     and locals of 3 frames     resume
 *     3           2.3 – 3.1       2.9 – 4.1                  0.4 – 0.5
 *     8           5.0 – 6.5       6.1 – 8.7                  0.7 – 0.9
 *     16          9.2 – 14        13 – 16                    1.1 – 1.5
 *
 * Nearly all of it is V8 working out frames, in the threads themselves, so deep stacks take longer, and
 * more processors help.  Threads that spin take as long to stop, while the processors last; to see 16 of
 * them go on again, on 2 processors, takes 40 to 60 ms.
 *
 * A pause can end a process in which V8 compiles, unless that was started for it: see flags.ts.
 *
 * Two defects of Node to live with.  A thread that exits at the moment a message is posted to it can
 * abort the process, silently (in the destructor of MainThreadInterface): it took one watchdog in 60 that
 * hung up and ended at once.  So close() waits until all is quiet before it hangs up, and a little after;
 * since then, none in 570, nor in 5,600 threads that came and went beside an open session.  And a thread
 * that is paused when its session ends stays paused, and cannot even be terminated.  So close() lets go
 * first, and so does the watchdog's exit.  Nothing helps if the watchdog is terminated from outside in
 * the middle of a stop.  Do not do that.
 *
 * Messages wake the watchdog's loop, in 0.1 ms, but do not keep it alive.  Each wait has a timer for
 * its budget, and that does.
 */

import { Session } from 'node:inspector';
import type { Debugger, NodeWorker, Runtime } from 'node:inspector';

import { addLocals, ownScopes, toFrame } from './frames.ts';
import type { Frame } from './frames.ts';

export type { Frame, LocalValue, Place } from './frames.ts';

export interface ThreadStop {
  /** 0 is the main thread. */
  threadId: number;
  /** It was running JavaScript, and now stands still. */
  stopped: boolean;
  /** Innermost first; none unless stopped. */
  frames: Frame[];
  /** How many more there are, beyond maxFrames. */
  framesCut: number;
  /** From stop() until it paused, or until it was given up. */
  millis: number;
  /** Why it is not stopped. */
  reason?: string;
}

export interface StopOptions {
  threadIds: readonly number[];
  budgetMs: number;
  /** How many frames from the top have their locals read. */
  locals: number;
  /** Threads of which all frames have: few, as each frame costs two messages. */
  wholly?: ReadonlySet<number>;
  maxFrames?: number;
}

const MAIN = 0;
const FRAMES_MAX = 64;
const OPEN_BUDGET_MS = 5_000;
const RESUME_BUDGET_MS = 1_000;
const HANG_UP_MS = 10;
const IDLE_ASKS = 3;
const IDLE_GAP_MS = 1;
const THREAD_TITLE = /^\[worker (\d+)\]/;

/** Why a thread is not stopped. */
const WHY = {
  closed: 'the NMI is closed',
  gone: 'it has exited',
  idle: 'idle in its event loop',
  nobody: 'no such thread',
  running: 'it answers, and does not pause',
  self: 'it is the watchdog itself',
  silent: 'no answer: it is in native code, or kept off the processor',
  unreached: 'no answer from the main thread, which carries the messages',
  unready: 'its debugger is not ready',
} as const;

type Frames = Debugger.CallFrame[] | undefined;

/** One thread of the process, and what is known of it. */
interface Target {
  readonly threadId: number;
  /** Absent for the main thread, whose messages go straight to it. */
  readonly sessionId: string | undefined;
  /** Of the scripts that it has compiled, by scriptId. */
  readonly urls: Map<string, string>;
  /** Who waits for its answers, by message id. */
  readonly replies: Map<number, (result: unknown) => void>;
  /** Its debugger is on. */
  enabled: boolean;
  /** It has been told to pause, and not to go on since. */
  asked: boolean;
  /** It has acknowledged the former. */
  answered: boolean;
  /** It has been told to go on; resolves when it does. */
  released: Promise<void>;
  releasing: boolean;
  gone: boolean;
  /** It is out of memory, and stays paused. */
  doomed: boolean;
  /** Its frames, while it is paused. */
  paused: Frames;
  /** To be called when it pauses, with its frames, or is gone. */
  changed: (frames: Frames) => void;
  /** To be called when it goes on, or is gone. */
  resumed: () => void;
}

export class Nmi {
  readonly #session = new Session();
  readonly #self: number;
  readonly #bySession = new Map<string, Target>();
  readonly #byThread = new Map<number, Target>();
  /** What is waited for: asked again after each message. */
  readonly #checks = new Set<() => void>();
  /** Odd from stop() to resume(). */
  #round = 0;
  #closed = false;
  #messageId = 0;
  #unanswered = 0;
  readonly #outOfMemory: (threadId: number) => void;

  private constructor(self: number, outOfMemory: (threadId: number) => void) {
    this.#self = self;
    this.#outOfMemory = outOfMemory;
  }

  /**
   * @param options.self the caller's own threadId: the one thread that must never be paused
   * @param options.outOfMemory told of a thread at the limit of its heap.  V8 does not end it while a
   * debugger is attached, but pauses it; and paused it stays, since to let it go on is to let it take more.
   */
  static async open(options: {
    self: number;
    outOfMemory?: (threadId: number) => void;
  }): Promise<Nmi> {
    const nmi = new Nmi(options.self, options.outOfMemory ?? (() => {}));
    nmi.#session.connectToMainThread();
    nmi.#session.on('inspectorNotification', ({ method, params }) => nmi.#hear(method, params));
    process.once('exit', nmi.#exit);
    const main = nmi.#add(MAIN, undefined);
    const listed = nmi.#post(main, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
    await within(OPEN_BUDGET_MS, listed);
    return nmi;
  }

  /** Waits until these threads can be stopped fast; returns those that still cannot. */
  async ready(threadIds: readonly number[], budgetMs: number): Promise<number[]> {
    const missing = () => threadIds.filter((id) => this.#byThread.get(id)?.enabled !== true);
    await this.#until(() => missing().length === 0, budgetMs);
    return missing();
  }

  /** The scripts that any thread has loaded, as URLs. */
  scripts(): Set<string> {
    return new Set([...this.#byThread.values()].flatMap(({ urls }) => [...urls.values()]));
  }

  /** Stops these threads and reads them.  They stand still until resume(), which must follow. */
  async stop(options: StopOptions): Promise<Map<number, ThreadStop>> {
    const startedAt = performance.now();
    this.#round += this.#round % 2 === 0 ? 1 : 2;
    // Main is asked last: it carries the messages of all the others.
    const inOrder = [...new Set(options.threadIds)].sort((a, b) => b - a);
    const attempts = inOrder.map((threadId) => this.#attempt(threadId, options, startedAt));
    await within(options.budgetMs, Promise.all(attempts.map(({ settled }) => settled)));
    // Answers come through main, so with main silent nothing is known of the others.
    const isMainSilent = attempts.some(
      ({ stop }) => stop.threadId === MAIN && stop.reason === WHY.silent,
    );
    for (const { stop } of attempts) {
      if (isMainSilent && stop.threadId !== MAIN && stop.reason === WHY.silent)
        stop.reason = WHY.unreached;
    }
    // A copy, since what comes after the budget must not change what the caller was given.
    const stops = new Map(attempts.map(({ stop }) => [stop.threadId, structuredClone(stop)]));
    return new Map(options.threadIds.map((threadId) => [threadId, stops.get(threadId)!]));
  }

  #attempt(threadId: number, options: StopOptions, startedAt: number): Attempt {
    const stop = { threadId, stopped: false, frames: [], framesCut: 0, millis: 0, reason: '' };
    const target = this.#byThread.get(threadId);
    if (this.#closed || target?.enabled !== true) {
      stop.reason = this.#whyNot(threadId, target);
      return { stop, settled: Promise.resolve() };
    }
    stop.millis = options.budgetMs;
    const { paused, idle } = this.#pause(target, stop);
    const read = paused.then((frames) => {
      stop.millis = performance.now() - startedAt;
      return this.#read(target, frames, stop, options);
    });
    const given = idle.then((isIdle) => {
      if (!isIdle) return read;
      stop.millis = performance.now() - startedAt;
      return undefined;
    });
    return { stop, settled: Promise.race([read, given]) };
  }

  /** Asks the thread to pause, and keeps `stop.reason` up to date with what came of it. */
  #pause(target: Target, stop: ThreadStop): { paused: Promise<Frames>; idle: Promise<boolean> } {
    const why = (reason: string): void => {
      if (!stop.stopped) stop.reason = reason;
    };
    const paused = new Promise<Frames>((resolve) => {
      target.changed = resolve;
      if (target.paused !== undefined) resolve(target.paused);
    });
    why(target.sessionId === undefined ? WHY.silent : WHY.unreached);
    const round = this.#round;
    const answered = target.released.then(async () => {
      if (round !== this.#round) return;
      target.asked = true;
      void this.#post(target, 'Debugger.setSkipAllPauses', { skip: false });
      await this.#post(target, 'Debugger.pause', {}, () => why(WHY.silent));
      target.answered = true;
    });
    const idle = answered.then(async () => {
      why(WHY.running);
      for (let asked = 1; asked < IDLE_ASKS; asked++) {
        await sleep(IDLE_GAP_MS);
        if (target.paused !== undefined || !target.asked) return false;
        await this.#post(target, 'Debugger.pause');
      }
      why(WHY.idle);
      return !stop.stopped;
    });
    return { paused, idle };
  }

  async #read(
    target: Target,
    frames: Frames,
    stop: ThreadStop,
    options: StopOptions,
  ): Promise<void> {
    if (frames === undefined) {
      stop.reason = WHY.gone;
      return;
    }
    stop.stopped = true;
    delete stop.reason;
    const callFrames = frames.slice(0, options.maxFrames ?? FRAMES_MAX);
    stop.framesCut = frames.length - callFrames.length;
    stop.frames = callFrames.map((callFrame) => toFrame(callFrame, target.urls));
    const isWhole = options.wholly?.has(stop.threadId) === true;
    const read = isWhole ? callFrames : callFrames.slice(0, options.locals);
    await Promise.all(
      read.map((callFrame, index) => this.#readLocals(target, callFrame, stop.frames[index]!)),
    );
  }

  async #readLocals(target: Target, callFrame: Debugger.CallFrame, frame: Frame): Promise<void> {
    const scopes = await Promise.all(
      ownScopes(callFrame).map((objectId) =>
        this.#post<Runtime.GetPropertiesReturnType>(target, 'Runtime.getProperties', {
          objectId,
          ownProperties: true,
        }),
      ),
    );
    frame.locals = [];
    for (const scope of scopes) addLocals(frame.locals, scope?.result ?? []);
  }

  #whyNot(threadId: number, target: Target | undefined): string {
    if (this.#closed) return WHY.closed;
    if (threadId === this.#self) return WHY.self;
    return target === undefined ? WHY.nobody : WHY.unready;
  }

  /** Lets every thread go.  One that has not paused yet will not. */
  async resume(): Promise<void> {
    this.#round += this.#round % 2;
    const targets = [...this.#byThread.values()];
    const heard = targets.filter(
      ({ answered, paused, doomed }) => !doomed && (answered || paused !== undefined),
    );
    for (const target of targets) this.#release(target);
    await within(RESUME_BUDGET_MS, Promise.all(heard.map(({ released }) => released)));
  }

  #release(target: Target): void {
    if (target.doomed || target.releasing || (!target.asked && target.paused === undefined)) return;
    target.releasing = true;
    target.asked = false;
    target.answered = false;
    target.paused = undefined;
    // It acknowledges the order while it is still paused, and would take the next pause for the last.
    const resumed = new Promise<void>((resolve) => {
      target.resumed = resolve;
    });
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: true });
    target.released = this.#post(target, 'Debugger.resume')
      .then((taken) => (taken === undefined ? undefined : resumed))
      .then(() => {
        target.releasing = false;
      });
  }

  /** Lets every thread go and hangs up.  The thread should not end before this has returned. */
  async close(): Promise<void> {
    await this.resume();
    await this.#until(() => this.#unanswered === 0, RESUME_BUDGET_MS);
    this.#hangUp();
    await sleep(HANG_UP_MS);
  }

  #hangUp(): void {
    if (this.#closed) return;
    // In this order.  A thread that is paused when its session ends stays paused.
    for (const target of this.#byThread.values()) this.#release(target);
    this.#closed = true;
    process.off('exit', this.#exit);
    this.#session.disconnect();
  }

  /** The watchdog ends, perhaps by an error.  Nobody may stay behind paused. */
  readonly #exit = (): void => {
    const isQuiet = this.#unanswered === 0 && this.#round % 2 === 0;
    this.#hangUp();
    if (isQuiet) return;
    const until = performance.now() + HANG_UP_MS;
    while (performance.now() < until);
  };

  // --- the protocol -----------------------------------------------------------------------------

  #hear(method: string, params: unknown): void {
    if (method === 'NodeWorker.receivedMessageFromWorker') {
      const { sessionId, message } = params as NodeWorker.ReceivedMessageFromWorkerEventDataType;
      const target = this.#bySession.get(sessionId);
      if (target !== undefined) this.#hearThread(target, JSON.parse(message) as Message);
    } else if (method === 'NodeWorker.attachedToWorker') {
      this.#attached(params as NodeWorker.AttachedToWorkerEventDataType);
    } else if (method === 'NodeWorker.detachedFromWorker') {
      const { sessionId } = params as NodeWorker.DetachedFromWorkerEventDataType;
      this.#remove(this.#bySession.get(sessionId));
    } else {
      this.#event(this.#byThread.get(MAIN)!, method, params);
    }
    for (const check of this.#checks) check();
  }

  #hearThread(target: Target, { id, method, params, result }: Message): void {
    if (id === undefined) {
      this.#event(target, method, params);
      return;
    }
    target.replies.get(id)?.(result);
    target.replies.delete(id);
  }

  #event(target: Target, method: string, params: unknown): void {
    if (method === 'Debugger.scriptParsed') {
      const { scriptId, url } = params as Debugger.ScriptParsedEventDataType;
      if (url !== '') target.urls.set(scriptId, url);
    } else if (method === 'Debugger.paused') {
      const { callFrames, reason } = params as Debugger.PausedEventDataType;
      target.paused = callFrames;
      if (reason === 'OOM') {
        target.doomed = true;
        this.#outOfMemory(target.threadId);
      }
      if (target.asked) target.changed(target.paused);
      else this.#release(target);
    } else if (method === 'Debugger.resumed') {
      target.paused = undefined;
      target.resumed();
    }
  }

  #attached({ sessionId, workerInfo }: NodeWorker.AttachedToWorkerEventDataType): void {
    const threadId = Number(THREAD_TITLE.exec(workerInfo.title)?.[1] ?? NaN);
    // A thread that we cannot tell from ourselves is left alone.
    if (!Number.isNaN(threadId) && threadId !== this.#self) this.#add(threadId, sessionId);
  }

  #add(threadId: number, sessionId: string | undefined): Target {
    const target: Target = {
      threadId,
      sessionId,
      urls: new Map(),
      replies: new Map(),
      enabled: false,
      asked: false,
      answered: false,
      released: Promise.resolve(),
      releasing: false,
      gone: false,
      doomed: false,
      paused: undefined,
      changed: () => {},
      resumed: () => {},
    };
    this.#byThread.set(threadId, target);
    if (sessionId !== undefined) this.#bySession.set(sessionId, target);
    void this.#post(target, 'Debugger.enable');
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: true }).then(() => {
      target.enabled = !target.gone;
      for (const check of this.#checks) check();
    });
    return target;
  }

  #remove(target: Target | undefined): void {
    if (target === undefined) return;
    this.#bySession.delete(target.sessionId!);
    this.#byThread.delete(target.threadId);
    target.gone = true;
    target.enabled = false;
    target.paused = undefined;
    for (const reply of target.replies.values()) reply(undefined);
    target.changed(undefined);
    target.resumed();
  }

  /**
   * The answer to one message: undefined if it was refused, or the thread is gone.
   * @param carried called when the main thread has passed it on
   */
  async #post<T>(
    target: Target,
    method: string,
    params: object = {},
    carried = (): void => {},
  ): Promise<T | undefined> {
    const { sessionId, replies } = target;
    if (this.#closed || target.gone) return undefined;
    this.#unanswered++;
    const result = await new Promise<unknown>((resolve) => {
      if (sessionId === undefined) {
        this.#session.post(method, params, (_, result) => resolve(result));
        return;
      }
      const id = ++this.#messageId;
      const message = JSON.stringify({ id, method, params });
      replies.set(id, resolve);
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, carried);
    });
    this.#unanswered--;
    return result as T | undefined;
  }

  async #until(isDone: () => boolean, budgetMs: number): Promise<void> {
    let check = (): void => {};
    const done = new Promise<void>((resolve) => {
      check = () => {
        if (isDone() || this.#closed) resolve();
      };
    });
    this.#checks.add(check);
    check();
    await within(budgetMs, done);
    this.#checks.delete(check);
  }
}

/** A stop under way.  It settles when there is nothing left to wait for. */
interface Attempt {
  readonly stop: ThreadStop;
  readonly settled: Promise<void>;
}

interface Message {
  id?: number;
  method: string;
  params: unknown;
  result?: unknown;
}

/** Waits for the work, but no longer.  The timer keeps our loop alive, which no message does. */
async function within(budgetMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, budgetMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
