/*
 * The NMI: stops the threads of this process wherever they are, reads their stacks, lets them go.
 *
 * It runs in the watchdog thread, and reaches the others through the inspector (wire.ts), by the debugger of each
 * (target.ts).  What comes of it depends on where a thread is:
 *
 *     the thread is …                    Debugger.pause is …              reported as
 *     --------------------------------   ------------------------------   -------------------------
 *     in a loop, or in Atomics.wait      answered, and it pauses          stopped, with its frames
 *     idle in its event loop             answered, and it does not        idle
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
 *   (3) After resume() nobody is paused and nobody will be, however late: target.ts says why.
 *   (4) Every stop() must be followed by resume(), also after an error: use finally.
 *
 * Main is asked last, since it carries the messages of all the others.
 *
 * What was rejected.  process.report.getReport() has no locals, and took 145 ms for 16 threads against 9.
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
 * How it ends.  A thread that is paused when its session ends stays paused, and cannot even be terminated.  So close()
 * lets go first, and so does the watchdog's exit, which may be by an error; and both leave what was sent the
 * time to arrive, for the defect that wire.ts tells of.  Nothing helps if the watchdog is terminated from outside in the
 * middle of a stop.  Do not do that.
 */

import type { Debugger, Runtime } from 'node:inspector';

import { addLocals, ownScopes, toFrame } from './frames.ts';
import type { Frame } from './frames.ts';
import { Target, type Frames, type Stage } from './target.ts';
import { MAIN, sleep, Wire, within } from './wire.ts';

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

const FRAMES_MAX = 64;
const OPEN_BUDGET_MS = 5_000;
const RESUME_BUDGET_MS = 1_000;
const HANG_UP_MS = 10;

/** Why a thread is not stopped. */
const WHY = {
  closed: 'the NMI is closed',
  gone: 'it has exited',
  nobody: 'no such thread',
  self: 'it is the watchdog itself',
  unready: 'its debugger is not ready',
  unreached: 'no answer from the main thread, which carries the messages',
  silent: 'no answer: it is in native code, or kept off the processor',
  running: 'it answers, and does not pause',
  idle: 'idle in its event loop',
} as const;

/** The same, of one that was asked to pause and got no further than this. */
const WHY_AT: Readonly<Record<Stage, string>> = {
  posted: WHY.unreached,
  carried: WHY.silent,
  answered: WHY.running,
  idle: WHY.idle,
};

/** A stop under way.  It settles when there is nothing left to wait for. */
interface Attempt {
  readonly stop: ThreadStop;
  readonly settled: Promise<void>;
}

export class Nmi {
  readonly #self: number;
  readonly #wire: Wire;
  readonly #targets = new Map<number, Target>();
  /** Odd from stop() to resume(). */
  #round = 0;

  private constructor(self: number, outOfMemory: (threadId: number) => void) {
    this.#self = self;
    this.#wire = new Wire(self, {
      came: (line) => {
        const target = new Target(this.#wire, line, outOfMemory);
        this.#targets.set(line.threadId, target);
        void target.enable().then(() => this.#wire.recheck());
      },
      went: ({ threadId }) => {
        this.#targets.get(threadId)?.end();
        this.#targets.delete(threadId);
      },
      said: ({ threadId }, method, params) => this.#targets.get(threadId)?.hear(method, params),
    });
  }

  /**
   * @param options.self the caller's own threadId: the one thread that must never be paused
   * @param options.outOfMemory told of a thread at the limit of its heap, which stays paused
   */
  static async open(options: {
    self: number;
    outOfMemory?: (threadId: number) => void;
  }): Promise<Nmi> {
    const nmi = new Nmi(options.self, options.outOfMemory ?? (() => {}));
    process.once('exit', nmi.#exit);
    await nmi.#wire.open(OPEN_BUDGET_MS);
    return nmi;
  }

  /** Waits until these threads can be stopped fast; returns those that still cannot. */
  async ready(threadIds: readonly number[], budgetMs: number): Promise<number[]> {
    const missing = () => threadIds.filter((id) => this.#targets.get(id)?.isEnabled !== true);
    await this.#wire.until(() => missing().length === 0, budgetMs);
    return missing();
  }

  /** The scripts that any thread has loaded, as URLs. */
  scripts(): Set<string> {
    return new Set([...this.#targets.values()].flatMap(({ urls }) => [...urls.values()]));
  }

  /** Stops these threads and reads them.  They stand still until resume(), which must follow. */
  async stop(options: StopOptions): Promise<Map<number, ThreadStop>> {
    const startedAt = performance.now();
    this.#round += this.#round % 2 === 0 ? 1 : 2;
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
    const stop: ThreadStop = { threadId, stopped: false, frames: [], framesCut: 0, millis: 0 };
    const target = this.#targets.get(threadId);
    if (this.#wire.isClosed || target?.isEnabled !== true) {
      stop.reason = this.#whyNot(threadId, target);
      return { stop, settled: Promise.resolve() };
    }
    stop.millis = options.budgetMs;
    const round = this.#round;
    const { paused, idle } = target.pause(
      () => round === this.#round,
      (stage) => {
        if (!stop.stopped) stop.reason = WHY_AT[stage];
      },
    );
    const read = paused.then((frames) => {
      stop.millis = performance.now() - startedAt;
      return readInto(stop, target, frames, options);
    });
    const given = idle.then((isIdle) => {
      if (!isIdle || stop.stopped) return read;
      stop.millis = performance.now() - startedAt;
      return undefined;
    });
    return { stop, settled: Promise.race([read, given]) };
  }

  #whyNot(threadId: number, target: Target | undefined): string {
    if (this.#wire.isClosed) return WHY.closed;
    if (threadId === this.#self) return WHY.self;
    return target === undefined ? WHY.nobody : WHY.unready;
  }

  /** Lets every thread go.  One that has not paused yet will not. */
  async resume(): Promise<void> {
    this.#round += this.#round % 2;
    const targets = [...this.#targets.values()];
    const held = targets.filter(({ isHeld }) => isHeld);
    for (const target of targets) target.release();
    await within(RESUME_BUDGET_MS, Promise.all(held.map(({ released }) => released)));
  }

  /** Lets every thread go and hangs up.  The thread should not end before this has returned. */
  async close(): Promise<void> {
    await this.resume();
    await this.#wire.until(() => this.#wire.isQuiet, RESUME_BUDGET_MS);
    this.#hangUp();
    await sleep(HANG_UP_MS);
  }

  #hangUp(): void {
    if (this.#wire.isClosed) return;
    // In this order.  A thread that is paused when its session ends stays paused.
    for (const target of this.#targets.values()) target.release();
    process.off('exit', this.#exit);
    this.#wire.close();
  }

  /** The watchdog ends, perhaps by an error.  Nobody may stay behind paused. */
  readonly #exit = (): void => {
    const isQuiet = this.#wire.isQuiet && this.#round % 2 === 0;
    this.#hangUp();
    if (isQuiet) return;
    const until = performance.now() + HANG_UP_MS;
    while (performance.now() < until);
  };
}

/** Reads a thread that has paused, or says that it is gone. */
async function readInto(
  stop: ThreadStop,
  target: Target,
  frames: Frames,
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
    read.map((callFrame, index) => readLocals(target, callFrame, stop.frames[index]!)),
  );
}

async function readLocals(
  target: Target,
  callFrame: Debugger.CallFrame,
  frame: Frame,
): Promise<void> {
  const scopes = await Promise.all(
    ownScopes(callFrame).map((objectId) =>
      target.post<Runtime.GetPropertiesReturnType>('Runtime.getProperties', {
        objectId,
        ownProperties: true,
      }),
    ),
  );
  frame.locals = [];
  for (const scope of scopes) addLocals(frame.locals, scope?.result ?? []);
}
