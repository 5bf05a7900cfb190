/*
 * A controlled run, from outside: what the main thread and the watchdog of a machine know of it.
 *
 * The main thread makes room for it in the image, begins and ends the strategy's trials, and says what was decided.
 * The watchdog sees when a trial is frozen.  What the threads themselves do is baton.ts.
 */

import { header, image_header, kbaton, kchoice, kturn } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { boundImage, get, get16, load, put, store } from '../layout/word.ts';
import { formatToken, scheduleOf } from '../sched/schedule.ts';
import { STRATEGIES } from '../sched/strategies.ts';
import { NOBODY, type Shape, type StrategyKind } from '../sched/strategy.ts';
import type { ControlSpec, TrialSchedule } from './protocol.ts';

/** kturn.status */
export const STATUS = { absent: 0, ready: 1, asleep: 2, done: 3 } as const;
/** kbaton.frozen: why nobody has the baton. */
export const FROZEN = { no: 0, stuck: 1, givenUp: 2, cut: 3, over: 4 } as const;
const PREEMPTIONS_MAX = 1 << 30;

/** The words of a strategy, in the image that this thread is bound to. */
export function strategyWords(): Int32Array {
  const baton = get(header, image_header.baton);
  const at = get(baton, kbaton.strategy);
  return new Int32Array(boundImage(), at, get(baton, kbaton.strategy_words));
}

/** The choices of the trial: the place of each thread in the roster. */
function choicesMade(): number[] {
  const baton = get(header, image_header.baton);
  if (baton === 0) return [];
  const first = get(baton, kbaton.log);
  return Array.from({ length: get(baton, kbaton.step) }, (_, step) =>
    get16((first + step * kchoice.$.size) as Ref<'kchoice'>, kchoice.thread),
  );
}

/** How many there are. */
export function choiceCount(): number {
  const baton = get(header, image_header.baton);
  return baton === 0 ? 0 : get(baton, kbaton.step);
}

/** Why nobody has the baton: one of FROZEN; in a free run, FROZEN.no. */
export function frozen(): number {
  const baton = get(header, image_header.baton);
  return baton === 0 ? FROZEN.no : load(baton, kbaton.frozen);
}

/** Before a trial: nothing decided yet.  The main thread's. */
export function resetBaton(threads: number): void {
  const baton = get(header, image_header.baton);
  for (const field of [kbaton.step, kbaton.now, kbaton.frozen, kbaton.preemptions]) {
    put(baton, field, 0);
  }
  put(baton, kbaton.last, NOBODY);
  for (let i = 0; i < threads; i++) {
    const turn = turnAt(baton, i);
    store(turn, kturn.turn, 0);
    put(turn, kturn.status, STATUS.absent);
    put(turn, kturn.deadline, 0);
  }
}

/** What the strategy decided in the trial that is over. */
export function scheduleMade(strayed: number): TrialSchedule {
  const baton = get(header, image_header.baton);
  return {
    token: formatToken(scheduleOf(choicesMade())),
    choices: get(baton, kbaton.step),
    preemptions: get(baton, kbaton.preemptions),
    givenUp: get(baton, kbaton.frozen) === FROZEN.givenUp,
    strayed,
  };
}

/** What a strategy must know of the machine. */
export function shapeOf(threads: number, spec: ControlSpec): Shape {
  return {
    threads,
    steps: 2 * spec.steps,
    seed: spec.seed,
    depth: spec.depth,
    // Never Infinity, which would turn on sleep sets: between two scheduling points a thread of ours does more
    // than the one operation that it said (it gives up locks), so what commutes cannot be told from those.
    preemptions: spec.preemptions < 0 ? PREEMPTIONS_MAX : spec.preemptions,
  };
}

/** @throws RangeError for a name that is none */
export function strategyOf({ strategy }: ControlSpec): StrategyKind {
  const kind = STRATEGIES.find(({ name }) => name === strategy);
  if (kind === undefined) throw new RangeError(`no strategy is named ${strategy}`);
  return kind;
}

/** What one thread of the roster does next, and whether it has the baton. */
export function turnAt(baton: Ref<'kbaton'>, i: number): Ref<'kturn'> {
  return (get(baton, kbaton.turns) + i * kturn.$.size) as Ref<'kturn'>;
}
