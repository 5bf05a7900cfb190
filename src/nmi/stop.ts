import { Session } from 'node:inspector';
import type { Debugger, NodeWorker, Runtime } from 'node:inspector';
import { addLocals, ownScopes, toFrame } from './frames.ts';
import type { Frame } from './frames.ts';

export type { Frame, LocalValue, Place } from './frames.ts';

export interface ThreadStop {
  /** 0 is the main thread. */
  threadId: number;
  stopped: boolean;
  /** Innermost first; none unless stopped. */
  frames: Frame[];
  /** How many more there are, beyond maxFrames. */
  framesCut: number;
  /** From stop() to this thread's pause, or until it was given up. */
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
const NMI_URL = 'gridlock:nmi';
const CATCH_IDLE = `debugger\n//# sourceURL=${NMI_URL}`;
const THREAD_TITLE = /^\[worker (\d+)\]/;

/** One thread of the process, and what is known of it. */
interface Target {
  readonly threadId: number;
  /** Absent for the main thread, whose messages go straight to it. */
  readonly sessionId: string | undefined;
  /** Of the scripts it has compiled, by scriptId. */
  readonly urls: Map<string, string>;
  /** Who waits for its answers, by message id. */
  readonly replies: Map<number, (result: unknown) => void>;
  enabled: boolean;
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
  readonly #awaitEnabled = new Set<() => void>();
  #stopped = false;
  #closed = false;
  #messageId = 0;

  private constructor(self: number) {
    this.#self = self;
  }

  /** @param options.self the caller's own threadId: the one thread that must never be paused */
  static async open(options: { self: number }): Promise<Nmi> {
    const nmi = new Nmi(options.self);
    const session = nmi.#session;
    session.connectToMainThread();
    session.on('inspectorNotification', ({ method, params }) => nmi.#hear(method, params));
    process.once('exit', nmi.close);
    nmi.#enable(nmi.#add(MAIN, undefined));
    const listed = new Promise<void>((resolve) => {
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => resolve());
    });
    await within(OPEN_BUDGET_MS, listed);
    return nmi;
  }

  /** Waits until these threads can be stopped fast; returns those that still cannot. */
  async ready(threadIds: readonly number[], budgetMs: number): Promise<number[]> {
    const missing = () => threadIds.filter((id) => this.#byThread.get(id)?.enabled !== true);
    const { promise, resolve } = defer();
    const check = () => missing().length === 0 && resolve();
    this.#awaitEnabled.add(check);
    check();
    await within(budgetMs, promise);
    this.#awaitEnabled.delete(check);
    return missing();
  }

  /** Stops these threads and reads them.  They stand still until resume(), which must follow. */
  async stop(options: StopOptions): Promise<Map<number, ThreadStop>> {
    const startedAt = performance.now();
    const ids = [...new Set(options.threadIds)];
    const stops = new Map<number, ThreadStop>();
    for (const id of ids) {
      stops.set(id, { threadId: id, stopped: false, frames: [], framesCut: 0, millis: 0 });
    }
    this.#stopped = true;
    // The main thread is asked last, since it carries the messages of the others.
    const asked = ids.toSorted((a, b) => Number(a === MAIN) - Number(b === MAIN));
    const all = asked.map((id) => this.#stopThread(stops.get(id)!, options, startedAt));
    await within(options.budgetMs, Promise.all(all));
    for (const stop of stops.values()) if (!stop.stopped) stop.millis ||= performance.now() - startedAt;
    // Whatever still arrives must not change what the caller was given.
    return structuredClone(stops);
  }

  async #stopThread(stop: ThreadStop, options: StopOptions, startedAt: number): Promise<void> {
    const target = this.#byThread.get(stop.threadId);
    if (this.#closed || target?.enabled !== true) {
      stop.reason = this.#whyNot(stop.threadId, target);
      return;
    }
    if (target.paused === undefined) await this.#pause(target, stop);
    stop.millis = performance.now() - startedAt;
    const stack = target.paused?.filter((frame) => target.urls.get(frame.location.scriptId) !== NMI_URL);
    if (stack === undefined || stack.length === 0) {
      stop.reason = stack === undefined ? 'it has exited' : 'idle in its event loop';
      return;
    }
    delete stop.reason;
    stop.stopped = true;
    const callFrames = stack.slice(0, options.maxFrames ?? FRAMES_MAX);
    stop.framesCut = stack.length - callFrames.length;
    stop.frames = callFrames.map((callFrame) => toFrame(callFrame, target.urls));
    await Promise.all(
      callFrames
        .slice(0, options.locals)
        .map((callFrame, index) => this.#readLocals(target, callFrame, stop.frames[index]!)),
    );
  }

  /** Returns when the thread is paused, is gone, or has shown that it is idle; perhaps never. */
  #pause(target: Target, stop: ThreadStop): Promise<void> {
    const { promise, resolve } = defer();
    target.changed = resolve;
    stop.reason = 'not reached: the main thread, which carries the messages, does not answer';
    const carried = () => {
      stop.reason = 'in native code: it does not answer';
    };
    if (target.sessionId === undefined) carried();
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: false });
    const answered = this.#post(target, 'Debugger.pause', {}, carried);
    void answered.then(nextTurn).then(() => {
      if (target.paused === undefined) void this.#post(target, 'Runtime.evaluate', { expression: CATCH_IDLE });
    });
    return promise;
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

  /** Sends every thread on its way, and disarms those that have not paused yet. */
  async resume(): Promise<void> {
    this.#stopped = false;
    const going = [...this.#byThread.values()].map((target) => {
      const wasPaused = target.paused !== undefined;
      const gone = this.#release(target);
      return wasPaused ? gone : undefined;
    });
    await within(RESUME_BUDGET_MS, Promise.all(going));
  }

  #release(target: Target): Promise<unknown> {
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: true });
    return this.#post(target, 'Debugger.resume');
  }

  /** Lets all threads go and hangs up.  In this order: a thread paused when its session ends stays so. */
  readonly close = (): void => {
    if (this.#closed) return;
    for (const target of this.#byThread.values()) void this.#release(target);
    this.#closed = true;
    process.off('exit', this.close);
    this.#session.disconnect();
  };

  #hear(method: string, params: unknown): void {
    if (method === 'NodeWorker.receivedMessageFromWorker') {
      const { sessionId, message } = params as NodeWorker.ReceivedMessageFromWorkerEventDataType;
      const target = this.#bySession.get(sessionId);
      if (target !== undefined) this.#hearWorker(target, JSON.parse(message));
    } else if (method === 'NodeWorker.attachedToWorker') {
      this.#attached(params as NodeWorker.AttachedToWorkerEventDataType);
    } else if (method === 'NodeWorker.detachedFromWorker') {
      const { sessionId } = params as NodeWorker.DetachedFromWorkerEventDataType;
      this.#remove(this.#bySession.get(sessionId));
    } else {
      this.#event(this.#byThread.get(MAIN)!, method, params);
    }
  }

  #hearWorker(target: Target, message: { id?: number; method: string; params: unknown; result: unknown }): void {
    if (message.id === undefined) return this.#event(target, message.method, message.params);
    const reply = target.replies.get(message.id);
    target.replies.delete(message.id);
    reply?.(message.result);
  }

  #event(target: Target, method: string, params: unknown): void {
    if (method === 'Debugger.scriptParsed') {
      const { scriptId, url } = params as Debugger.ScriptParsedEventDataType;
      if (url !== '') target.urls.set(scriptId, url);
    } else if (method === 'Debugger.paused') {
      target.paused = (params as Debugger.PausedEventDataType).callFrames;
      if (this.#stopped) target.changed();
      else void this.#release(target);
    } else if (method === 'Debugger.resumed') {
      target.paused = undefined;
    }
  }

  #attached({ sessionId, workerInfo }: NodeWorker.AttachedToWorkerEventDataType): void {
    const threadId = Number(THREAD_TITLE.exec(workerInfo.title)?.[1] ?? NaN);
    if (Number.isNaN(threadId) || threadId === this.#self) return;
    this.#enable(this.#add(threadId, sessionId));
  }

  #add(threadId: number, sessionId: string | undefined): Target {
    const target: Target = {
      threadId,
      sessionId,
      urls: new Map(),
      replies: new Map(),
      enabled: false,
      gone: false,
      paused: undefined,
      changed: () => {},
    };
    this.#byThread.set(threadId, target);
    if (sessionId !== undefined) this.#bySession.set(sessionId, target);
    return target;
  }

  #enable(target: Target): void {
    void this.#post(target, 'Debugger.enable');
    void this.#post(target, 'Debugger.setSkipAllPauses', { skip: true }).then(() => {
      target.enabled = !target.gone;
      for (const check of this.#awaitEnabled) check();
    });
  }

  #remove(target: Target | undefined): void {
    if (target === undefined) return;
    this.#bySession.delete(target.sessionId ?? '');
    this.#byThread.delete(target.threadId);
    target.gone = true;
    target.enabled = false;
    target.paused = undefined;
    for (const reply of target.replies.values()) reply(undefined);
    target.changed();
  }

  /** The answer to one message: undefined if it was refused, or the thread is gone. */
  #post<T>(target: Target, method: string, params: object = {}, carried?: () => void): Promise<T | undefined> {
    return new Promise((resolve) => {
      const { sessionId } = target;
      if (this.#closed || target.gone) return resolve(undefined);
      if (sessionId === undefined) {
        return this.#session.post(method, params, (_, result) => resolve(result as T | undefined));
      }
      const id = ++this.#messageId;
      const message = JSON.stringify({ id, method, params });
      target.replies.set(id, resolve as (result: unknown) => void);
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, () => carried?.());
    });
  }
}

function defer(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Waits for the work, but no longer than this.  The timer also keeps the thread's loop alive. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = defer();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
