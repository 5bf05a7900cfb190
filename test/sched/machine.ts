/*
 * A machine without threads: programs as generators, for the strategies alone.
 *
 * A thread is a generator that yields the operation it is about to do and is resumed when it may.  What is
 * between two yields is done at once.  A lock is taken by the yield that says so: a thread whose next operation is
 * to take a lock that another has cannot run; in a program that `tries`, it finds that out first, as real threads
 * do, and waits then.  So there is nothing here but the choices, and what a strategy
 * decides can be compared with what is known of the program.
 */

import {
  NOBODY,
  OP,
  type Shape,
  type Strategy,
  type StrategyKind,
} from '../../src/sched/strategy.ts';
import { scheduleOf, type Schedule } from '../../src/sched/schedule.ts';

/** What a thread is about to do, and to which object (a number above 0). */
export type Step = readonly [op: number, object: number];
export type Thread = Generator<Step, void, void>;
/** The threads, and what came of it: a name of the outcome. */
export interface Program {
  readonly threads: readonly (() => Thread)[];
  readonly outcome: () => string;
  /** whether who wants a lock that is taken runs once more, and waits then */
  readonly tries?: boolean;
}

export interface Trial {
  readonly outcome: string;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly preemptions: number;
}

/** What a thread throws to end the trial at once: whatever the others would have done, they do not. */
export class Panic extends Error {}

const STEPS_MAX = 10_000;

export function shapeOf(threads: number, more: Partial<Shape> = {}): Shape {
  return { threads, steps: STEPS_MAX, seed: 1, depth: 3, preemptions: Infinity, ...more };
}

/** One trial.  The outcome of a deadlock is `deadlock`, of one that was given up `pruned`. */
export function runTrial({ threads, outcome, tries }: Program, strategy: Strategy): Trial {
  const running = threads.map((make) => make());
  const op = new Int32Array(threads.length);
  const object = new Int32Array(threads.length);
  const owners = new Map<number, number>();
  const done = new Set<number>();
  const enabled = new Int32Array(threads.length);
  const chosen: number[] = [];
  let preemptions = 0;
  let last = NOBODY;
  let panicked = '';

  /** Runs a thread to its next operation. */
  function advance(t: number): void {
    const { value, done: isDone } = goOn(t);
    if (isDone === true) {
      done.add(t);
      op[t] = OP.none;
      object[t] = 0;
      return;
    }
    [op[t], object[t]] = value as [number, number];
  }

  function goOn(t: number): IteratorResult<Step, void> {
    try {
      return running[t]!.next();
    } catch (error) {
      if (!(error instanceof Panic)) throw error;
      panicked = error.message;
      return { done: true, value: undefined };
    }
  }

  const isTaken = (t: number): boolean =>
    (op[t] === OP.acquire || op[t] === OP.wait) && owners.has(object[t]!);
  const canRun = (t: number): boolean =>
    !done.has(t) && (!isTaken(t) || (tries === true && op[t] === OP.acquire));
  for (let t = 0; t < threads.length; t++) {
    op[t] = OP.start;
    object[t] = 0;
  }
  const finish = (what: string): Trial => {
    strategy.end(chosen.length, panicked === '' && done.size === threads.length);
    return { outcome: what, schedule: scheduleOf(chosen), steps: chosen.length, preemptions };
  };
  while (done.size < threads.length) {
    let count = 0;
    for (let t = 0; t < threads.length; t++) if (canRun(t)) enabled[count++] = t;
    if (count === 0) return finish('deadlock');
    const current = last !== NOBODY && canRun(last) ? last : NOBODY;
    const t = strategy.choose({ current, count, enabled, op, object, step: chosen.length });
    if (t === NOBODY) return finish('pruned');
    if (!canRun(t)) throw new Error(`${strategy.name} chose ${t}, which cannot run`);
    if (current !== NOBODY && t !== current) preemptions++;
    chosen.push(t);
    last = t;
    if (isTaken(t)) {
      op[t] = OP.wait;
      continue;
    }
    if (op[t] === OP.acquire || op[t] === OP.wait) owners.set(object[t]!, t);
    if (op[t] === OP.release) owners.delete(object[t]!);
    advance(t);
    if (panicked !== '') return finish(panicked);
    if (chosen.length > STEPS_MAX) throw new Error('the program does not end');
  }
  return finish(outcome());
}

export interface Explored {
  readonly outcomes: ReadonlyMap<string, number>;
  readonly trials: number;
  /** whether the strategy said that all was tried */
  readonly exhausted: boolean;
}

/** Runs trials of a program, made anew for each, until the strategy or the count says that it is enough. */
export function explore(
  make: () => Program,
  kind: StrategyKind,
  trialsMax: number,
  more: Partial<Shape> = {},
  isDone: (trial: Trial) => boolean = () => false,
): Explored {
  const shape = shapeOf(make().threads.length, more);
  const words = new Int32Array(kind.words(shape));
  const outcomes = new Map<string, number>();
  let trials = 0;
  for (; trials < trialsMax; trials++) {
    // An instance of its own for each trial: nothing may be remembered but in the words.
    const strategy = kind.make(words, shape);
    if (!strategy.begin()) return { outcomes, trials, exhausted: true };
    const trial = runTrial(make(), strategy);
    outcomes.set(trial.outcome, (outcomes.get(trial.outcome) ?? 0) + 1);
    if (isDone(trial)) return { outcomes, trials: trials + 1, exhausted: false };
  }
  return { outcomes, trials, exhausted: false };
}

export const acquire = (lock: number): Step => [OP.acquire, lock];
export const release = (lock: number): Step => [OP.release, lock];
export const read = (object: number): Step => [OP.read, object];
export const write = (object: number): Step => [OP.write, object];
