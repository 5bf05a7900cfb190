/*
 * A controlled run, from outside: what the main thread and the watchdog of a machine know of it.
 *
 * The main thread makes room for it in the image, begins and ends a series of trials, and says what was decided.
 * The watchdog sees when a trial is frozen.  What the threads themselves do is baton.ts, and series.ts.
 */

import { threadAt } from '../layout/image.ts';
import { EXIT, header, image_header, kthread, TS } from '../layout/records.ts';
import { kbaton, kchoice, khost, ktrial, kturn } from '../layout/control-records.ts';
import type { Ref } from '../layout/struct.ts';
import { boundImage, get, get16, load, notify, put, store } from '../layout/word.ts';
import { NO_EVENTS } from '../sched/events.ts';
import { formatToken, scheduleOf } from '../sched/schedule.ts';
import { STRATEGIES } from '../sched/strategies.ts';
import { NOBODY, type Shape, type StrategyKind } from '../sched/strategy.ts';
import { outcomesBefore } from './counts.ts';
import type { ControlSpec, SeriesReport, TrialSchedule } from './protocol.ts';

/** kturn.status */
export const STATUS = { absent: 0, ready: 1, asleep: 2, done: 3 } as const;
/** kbaton.frozen: why nobody has the baton. */
export const FROZEN = { no: 0, stuck: 1, cut: 2 } as const;
/** khost.turn: the series is over. */
export const OVER = 0x7fff_ffff;
/** Trials of a series at most. */
export const SERIES_MAX = 4096;
/**
 * Trials for which a strategy keeps what it learned.  The next begin without it, and so it does not matter which
 * machine ran those before: several give the same results as one.
 */
export const BLOCK = 4096;
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

/**
 * Whether the trial is under way: somebody has the baton, and more may come of it.  Nothing does of a panic, nor of a
 * thread that was lost with the baton.
 */
export function isUnderWay(): boolean {
  const baton = get(header, image_header.baton);
  if (baton === 0 || load(header, image_header.panic_thread) !== 0) return false;
  const last = load(baton, kbaton.last);
  if (last === NOBODY) return false;
  const t = threadAt(last + 1);
  if (load(t, kthread.state) !== TS.zomb) return true;
  const reason = get(t, kthread.exit_reason);
  return reason !== EXIT.exited && reason !== EXIT.terminated;
}

/** Whether the strategy knows that the trial is over. */
export function isEnded(): boolean {
  const baton = get(header, image_header.baton);
  return baton !== 0 && get(baton, kbaton.ended) !== 0;
}

/** Whether the strategy has tried all that it would. */
export function isExhausted(): boolean {
  const baton = get(header, image_header.baton);
  return baton !== 0 && get(baton, kbaton.exhausted) !== 0;
}

/** Whether the strategy has seen all that can come of the trial, and gave it up. */
export function isGivenUp(): boolean {
  const baton = get(header, image_header.baton);
  return baton !== 0 && get(baton, kbaton.given_up) !== 0;
}

/** Moves when the image is rewound; odd while it is. */
export function rewinds(): number {
  const baton = get(header, image_header.baton);
  return baton === 0 ? 0 : load(baton, kbaton.rewinds);
}

/** What moves while a controlled run goes on: choices made so far, of all trials. */
export function choicesEver(): number {
  return load(get(header, image_header.baton), kbaton.alive);
}

/** Before a series: nothing was run yet, and all host threads will come.  The main thread's. */
export function resetSeries(threads: number, trials: number): void {
  const baton = get(header, image_header.baton);
  put(baton, kbaton.idle, NOBODY);
  for (let i = 0; i < threads; i++) store(hostAt(baton, i), khost.turn, 0);
  for (const field of [
    kbaton.trial,
    kbaton.enough,
    kbaton.ended,
    kbaton.exhausted,
    kbaton.handoffs,
  ])
    put(baton, field, 0);
  put(baton, kbaton.trials_max, Math.min(trials, SERIES_MAX));
  resetTrial(threads);
}

/** Before a trial: nothing was decided yet, and no role has begun. */
export function resetTrial(threads: number): void {
  const baton = get(header, image_header.baton);
  put(baton, kbaton.step, 0);
  put(baton, kbaton.now, 0);
  put(baton, kbaton.preemptions, 0);
  put(baton, kbaton.unwinding, 0);
  put(baton, kbaton.doubt, 0);
  put(baton, kbaton.given_up, 0);
  put(baton, kbaton.hash, NO_EVENTS | 0);
  put(baton, kbaton.last, NOBODY);
  store(baton, kbaton.frozen, FROZEN.no);
  for (let i = 0; i < threads; i++) {
    const turn = turnAt(baton, i);
    put(turn, kturn.status, STATUS.absent);
    put(turn, kturn.deadline, 0);
    put(turn, kturn.host, NOBODY);
  }
}

/** No further trial is to begin in this series. */
export function endSeries(): void {
  store(get(header, image_header.baton), kbaton.enough, 1);
}

/** Wakes the host threads of a machine that was halted, now and whenever they would wait for a turn again. */
export function wakeHosts(): void {
  const baton = get(header, image_header.baton);
  if (baton === 0) return;
  const hosts = get(header, image_header.thread_rows) - 1;
  for (let i = 0; i < hosts; i++) {
    store(hostAt(baton, i), khost.turn, OVER);
    notify(hostAt(baton, i), khost.turn, 1);
  }
}

/** How many trials of this series are over, without a look at them. */
export function trialsBefore(): number {
  const baton = get(header, image_header.baton);
  return baton === 0 ? 0 : load(baton, kbaton.trial);
}

/** The trials of this series that are over and passed, the one that is under way not counted. */
export function seriesReport(outcomes: readonly string[]): SeriesReport | null {
  const baton = get(header, image_header.baton);
  if (baton === 0) return null;
  const trials = load(baton, kbaton.trial);
  const hashes: number[] = [];
  let [choices, preemptions] = [0, 0];
  for (let i = 0; i < trials; i++) {
    const row = (get(baton, kbaton.trials) + i * ktrial.$.size) as Ref<'ktrial'>;
    if (get(row, ktrial.choices) === 0) continue;
    choices += get(row, ktrial.choices);
    preemptions += get(row, ktrial.preemptions);
    hashes.push(get(row, ktrial.hash) >>> 0);
  }
  const handoffs = get(baton, kbaton.handoffs);
  return {
    trials,
    givenUp: trials - hashes.length,
    choices,
    preemptions,
    outcomes: outcomesBefore(outcomes),
    hashes,
    handoffs,
  };
}

/** What the strategy decided in the trial that is over. */
export function scheduleMade(strayed: number): TrialSchedule {
  const baton = get(header, image_header.baton);
  return {
    token: formatToken(scheduleOf(choicesMade())),
    choices: get(baton, kbaton.step),
    preemptions: get(baton, kbaton.preemptions),
    events: get(baton, kbaton.hash) >>> 0,
    givenUp: isGivenUp(),
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

/** What one thread of the roster does next, and who runs it. */
export function turnAt(baton: Ref<'kbaton'>, i: number): Ref<'kturn'> {
  return (get(baton, kbaton.turns) + i * kturn.$.size) as Ref<'kturn'>;
}

/** Where one host thread waits. */
export function hostAt(baton: Ref<'kbaton'>, i: number): Ref<'khost'> {
  return (get(baton, kbaton.hosts) + i * khost.$.size) as Ref<'khost'>;
}
