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
  maxFrames?: number;
}

const MAIN = 0;
const FRAMES_MAX = 64;
const OPEN_BUDGET_MS = 5_000;
const RESUME_BUDGET_MS = 1_000;
const EXIT_BUDGET_MS = 20;
const THREAD_TITLE = /^\[worker (\d+)\]/;

/** Names the script that catches an idle thread, so that its frame is known for ours. */
const NMI_URL = 'gridlock:nmi';
const BREAK_HERE = `debugger\n//# sourceURL=${NMI_URL}`;

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
  /** It was asked to pause, and has not been told to go on since. */
  asked: boolean;
  gone: boolean;
  /** Its frames, while it is paused. */
  paused: Debugger.CallFrame[] | undefined;
  /** To be called when it pauses, or is gone. */
  changed: () => void;
}

export class Nmi {
  readonly #session = new Session();
  readonly #self: number;
  readonly #bySession = new Map<string, Target>();
  readonly #byThread = new Map<number, Target>();
  /** What is waited for: asked again after each message. */
  readonly #checks = new Set<() => void>();
  #stopped = false;
  #closed = false;
  #messageId = 0;
  #unanswered = 0;

  private constructor(self: number) {
    this.#self = self;
  }

  /** @param options.self the caller's own threadId: the one thread that must never be paused */
  static async open(options: { self: number }): Promise<Nmi> {
    const nmi = new Nmi(options.self);
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

  /** Stops these threads and reads them.  They stand still until resume(), which must follow. */
  async stop(options: StopOptions): Promise<Map<number, ThreadStop>> {
    const startedAt = performance.now();
    const stops = new Map(
      options.threadIds.map((threadId): [number, ThreadStop] => [
        threadId,
        { threadId, stopped: false, frames: [], framesCut: 0, millis: 0 },
      ]),
    );
    this.#stopped = true;
    // Main is asked last: it carries the messages of all the others.
    const inOrder = [...stops.values()].sort((a, b) => b.threadId - a.threadId);
    const all = inOrder.map((stop) => this.#stopThread(stop, options, startedAt));
    await within(options.budgetMs, Promise.all(all));
    // A copy, since what comes after the budget must not change what the caller was given.
    return structuredClone(stops);
  }

  async #stopThread(stop: ThreadStop, options: StopOptions, startedAt: number): Promise<void> {
    const target = this.#byThread.get(stop.threadId);
    if (this.#closed || target?.enabled !== true) {
      stop.reason = this.#whyNot(stop.threadId, target);
      return;
    }
    stop.millis = options.budgetMs;
    if (target.paused === undefined) await this.#pause(target, stop);
    stop.millis = performance.now() - startedAt;
    const stack = target.paused?.filter(
      ({ location }) => target.urls.get(location.scriptId) !== NMI_URL,
    );
    if (stack === undefined || stack.length === 0) {
      stop.reason = target.gone ? 'it has exited' : 'idle in its event loop';
      return;
    }
    delete stop.reason;
    stop.stopped = true;
    const callFrames = stack.slice(0, options.maxFrames ?? FRAMES_MAX);
    stop.framesCut = stack.length - callFrames.length;
    stop.frames = callFrames.map((callFrame) => toFrame(callFrame, target.urls));
    const read = callFrames.slice(0, options.locals);
    await Promise.all(
      read.map((callFrame, index) => this.#readLocals(target, callFrame, stop.frames[index]!)),
    );
  }

  /** Returns when the thread is paused or gone, which may be never. */
  async #pause(target: Target, stop: ThreadStop): Promise<void> {
    const changed = new Promise<void>((resolve) => {
      target.changed = resolve;
    });
    const silent = 'in native code: it does not answer';
    stop.reason = 'not reached: the main thread, which carries the messages, does not answer';
    if (target.sessionId === undefined) stop.reason = silent;
    target.asked = true;
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: false });
    void this.#post(target, 'Debugger.pause', {}, () => {
      stop.reason = silent;
    })
      .then(nextTurn)
      .then(() => {
        // It has heard us, and goes on without a pause: no JavaScript runs there.
        if (target.asked && target.paused === undefined) {
          void this.#post(target, 'Runtime.evaluate', { expression: BREAK_HERE });
        }
      });
    await changed;
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
    if (this.#closed) return 'the NMI is closed';
    if (threadId === this.#self) return 'it is the watchdog itself';
    return target === undefined ? 'no such thread' : 'its debugger is not ready';
  }

  /** Lets every thread go.  One that has not paused yet will not. */
  async resume(): Promise<void> {
    this.#stopped = false;
    for (const target of this.#byThread.values()) this.#release(target);
    await this.#until(
      () => [...this.#byThread.values()].every(({ paused }) => paused === undefined),
      RESUME_BUDGET_MS,
    );
  }

  #release(target: Target): void {
    if (!target.asked && target.paused === undefined) return;
    target.asked = false;
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: true });
    void this.#post(target, 'Debugger.resume');
  }

  /** Lets every thread go and hangs up.  The thread should not end before this has returned. */
  async close(): Promise<void> {
    await this.resume();
    await this.#until(() => this.#unanswered === 0, RESUME_BUDGET_MS);
    this.#hangUp();
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
    const isQuiet = this.#unanswered === 0 && !this.#stopped;
    this.#hangUp();
    if (isQuiet) return;
    const until = performance.now() + EXIT_BUDGET_MS;
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
      target.paused = (params as Debugger.PausedEventDataType).callFrames;
      target.changed();
      if (!this.#stopped) this.#release(target);
    } else if (method === 'Debugger.resumed') {
      target.paused = undefined;
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
      gone: false,
      paused: undefined,
      changed: () => {},
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
    target.changed();
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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
