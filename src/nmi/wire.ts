/*
 * The wire: messages of the inspector to every thread of this process, and what they answer.
 *
 * It runs in the watchdog thread.  A session is connected to the main thread, which NodeWorker.enable makes carry
 * messages to and from every other thread, those that come later included:
 *
 *     to the main thread       session.post, and its callback has the answer
 *     to any other             wrapped in NodeWorker.sendMessageToWorker, whose callback says that main has passed it on; the
 *                              answer comes wrapped, too, as an event, and is told by its id
 *     unasked, from any        an event: the wire says of which thread
 *
 * So nothing is heard of anybody while main is in native code.  A thread is known by the title that Node gives its
 * session, and one that we cannot tell from ourselves is left alone: to pause ourselves would hang us.
 *
 * Nobody waits here without a budget.  Messages wake the watchdog's loop, in 0.1 ms, but do not keep it alive; each wait
 * has a timer for its budget, and that does.  What is waited for is asked again after each message (until).
 *
 * A defect of Node to live with.  A thread that exits at the moment a message is posted to it can abort the process,
 * silently (in the destructor of MainThreadInterface): it took one watchdog in 60 that hung up and ended at once.
 * So whoever hangs up waits until all is quiet before, and a little after; since then, none in 570, nor in 5,600 threads
 * that came and went beside an open session.
 *
 * Not here: what is said.  target.ts knows the debugger, and stop.ts what it is for.
 */

import { Session } from 'node:inspector';
import type { NodeWorker } from 'node:inspector';

/** The thread id of the main thread. */
export const MAIN = 0;

const THREAD_TITLE = /^\[worker (\d+)\]/;

/** One thread of the process, as the wire knows it. */
export interface Line {
  readonly threadId: number;
  /** Absent for the main thread, whose messages go straight to it. */
  readonly sessionId: string | undefined;
  /** Who waits for its answers, by message id. */
  readonly replies: Map<number, (result: unknown) => void>;
  gone: boolean;
}

/** Who hears of the threads. */
export interface Ears {
  came(line: Line): void;
  went(line: Line): void;
  /** It says something that it was not asked. */
  said(line: Line, method: string, params: unknown): void;
}

interface Message {
  id?: number;
  method: string;
  params: unknown;
  result?: unknown;
}

export class Wire {
  readonly #session = new Session();
  readonly #self: number;
  readonly #ears: Ears;
  readonly #main: Line = lineTo(MAIN, undefined);
  readonly #bySession = new Map<string, Line>();
  /** What is waited for: asked again after each message. */
  readonly #checks = new Set<() => void>();
  #closed = false;
  #messageId = 0;
  #unanswered = 0;

  /** @param self the caller's own threadId: the one thread that must never be reached */
  constructor(self: number, ears: Ears) {
    this.#self = self;
    this.#ears = ears;
  }

  /** Connects, and hears of every thread that there is. */
  async open(budgetMs: number): Promise<void> {
    this.#session.connectToMainThread();
    this.#session.on('inspectorNotification', ({ method, params }) => this.#hear(method, params));
    this.#ears.came(this.#main);
    const listed = this.post(this.#main, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
    await within(budgetMs, listed);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether everything is answered. */
  get isQuiet(): boolean {
    return this.#unanswered === 0;
  }

  /** No message is sent after this, and none is heard. */
  close(): void {
    this.#closed = true;
    this.#session.disconnect();
  }

  /**
   * The answer to one message: undefined if it was refused, or the thread is gone.
   * @param carried called when the main thread has passed it on
   */
  async post<T>(
    line: Line,
    method: string,
    params: object = {},
    carried = (): void => {},
  ): Promise<T | undefined> {
    const { sessionId, replies } = line;
    if (this.#closed || line.gone) return undefined;
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

  /** Waits until it is so, or the wire is closed, or the budget is spent. */
  async until(isDone: () => boolean, budgetMs: number): Promise<void> {
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

  /** For what came to be without a message, or after one was heard. */
  recheck(): void {
    for (const check of this.#checks) check();
  }

  #hear(method: string, params: unknown): void {
    if (method === 'NodeWorker.receivedMessageFromWorker') {
      const { sessionId, message } = params as NodeWorker.ReceivedMessageFromWorkerEventDataType;
      const line = this.#bySession.get(sessionId);
      if (line !== undefined) this.#hearThread(line, JSON.parse(message) as Message);
    } else if (method === 'NodeWorker.attachedToWorker') {
      this.#attached(params as NodeWorker.AttachedToWorkerEventDataType);
    } else if (method === 'NodeWorker.detachedFromWorker') {
      const { sessionId } = params as NodeWorker.DetachedFromWorkerEventDataType;
      this.#detached(this.#bySession.get(sessionId));
    } else {
      this.#ears.said(this.#main, method, params);
    }
    this.recheck();
  }

  #hearThread(line: Line, { id, method, params, result }: Message): void {
    if (id === undefined) {
      this.#ears.said(line, method, params);
      return;
    }
    line.replies.get(id)?.(result);
    line.replies.delete(id);
  }

  #attached({ sessionId, workerInfo }: NodeWorker.AttachedToWorkerEventDataType): void {
    const threadId = Number(THREAD_TITLE.exec(workerInfo.title)?.[1] ?? NaN);
    if (Number.isNaN(threadId) || threadId === this.#self) return;
    const line = lineTo(threadId, sessionId);
    this.#bySession.set(sessionId, line);
    this.#ears.came(line);
  }

  #detached(line: Line | undefined): void {
    if (line === undefined) return;
    this.#bySession.delete(line.sessionId!);
    line.gone = true;
    for (const reply of line.replies.values()) reply(undefined);
    this.#ears.went(line);
  }
}

function lineTo(threadId: number, sessionId: string | undefined): Line {
  return { threadId, sessionId, replies: new Map(), gone: false };
}

/** Waits for the work, but no longer.  The timer keeps our loop alive, which no message does. */
export async function within(budgetMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, budgetMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
