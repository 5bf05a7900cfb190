/*
 * The trace: what the threads of a failing trial did, as Chrome trace JSON, which ui.perfetto.dev opens.
 *
 *     in the trace      is
 *     ---------------   -----------------------------------------------------------------------------------
 *     a process         a trial, of which there is a dump
 *     a thread          a thread; of a controlled run a track `schedule` before them, with who ran
 *     a slice, `X`      a wait, a call that gives up or has to wait for a lock, a wakeup, a choice.  On a track they nest
 *     `b` and `e`       a hold, of one thread and lock each.  Holds do not nest, so they are asynchronous
 *     an arrow          from the call that woke a thread to its wakeup: `bind_id`, with `flow_out` and `flow_in`
 *     an instant, `i`   a remark of the workload, a panic
 *     `M`               the names, and the order: those of the cycle first, then their victims
 *
 * Times are microseconds of the run, with fractions, and no two of a file are equal.  What they are worth is told in
 * otherData: the clock of a free run ticks every 100 us, and within a tick only the order is known, so what lies in one
 * is spread over it in that order (trace-marks.ts).  A controlled run has a clock of its own, and a choice is a
 * microsecond.
 *
 * A ring holds the last events of a thread.  What began before is drawn as far as it is known, with `cut` among
 * its arguments; what never ended goes on to the end of the trace, and says `ended: never`.  Unless a run is tracked
 * closer (--track events) the rings know only of threads that met: a lock that was free leaves no event, and its hold is
 * seen if it was held at the end.
 *
 * What is handed out was checked (trace-rules.ts): a trace that breaks a rule of the format would be shown wrong,
 * without a word.
 */

import { Fail, fail } from '../base/fail.ts';
import { printable } from '../base/text.ts';
import { DumpFile } from '../dump/read.ts';
import type { RunModel } from './model.ts';
import { draw, SCHEDULE, type Args, type Drawing } from './trace-draw.ts';
import { historyIn, type History } from './trace-history.ts';
import { setTimes, type Mark } from './trace-marks.ts';
import { faultsOfTrace } from './trace-rules.ts';
import { within } from './within.ts';

/** An event of the format, as far as we use it. */
export interface TraceEvent {
  readonly ph: 'M' | 'X' | 'b' | 'e' | 'i';
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: string;
  readonly bind_id?: string;
  readonly flow_in?: boolean;
  readonly flow_out?: boolean;
  /** of an instant: that it is of its thread */
  readonly s?: 't';
  readonly args?: Readonly<Args>;
}

export interface Trace {
  readonly displayTimeUnit: 'ms' | 'ns';
  readonly otherData: Readonly<Record<string, unknown>>;
  readonly traceEvents: readonly TraceEvent[];
}

/** Trials of a run that are drawn: the first of so many distinct failures. */
const TRIALS_MAX = 50;
const SCHEDULE_TID = 0;

/** The trace of one dump.  @throws Fail DUMP_UNREADABLE, INTERNAL for one that breaks the rules */
export async function traceOf(file: DumpFile): Promise<string> {
  return traceText(traceFrom([await historyIn(file)]));
}

/** The trace of a run, and what of the run is in it. */
export interface RunTrace {
  readonly text: string;
  /** trials that are drawn */
  readonly drawn: number;
  /** dumps that could not be read, relative to the run */
  readonly unreadable: readonly string[];
  /** dumps that are too many */
  readonly leftOut: number;
}

/**
 * The trace of the failures of a run, as far as there are dumps of them; without any, a trace of nothing.
 * @throws Fail INTERNAL for one that breaks the rules
 */
export async function renderTrace(model: RunModel): Promise<string> {
  return (await traceOfRun(model)).text;
}

/** The same, and what became of its dumps. */
export async function traceOfRun(model: RunModel): Promise<RunTrace> {
  const dumps = dumpsOf(model);
  const histories: History[] = [];
  const unreadable: string[] = [];
  for (const dump of dumps.slice(0, TRIALS_MAX)) {
    try {
      histories.push(await historyAt(model.directory, dump));
    } catch (error) {
      if (!(error instanceof Fail)) throw error;
      unreadable.push(dump);
    }
  }
  const leftOut = Math.max(0, dumps.length - TRIALS_MAX);
  const trace = traceFrom(histories, { run: model.id, unreadable, left_out: leftOut });
  return { text: traceText(trace), drawn: histories.length, unreadable, leftOut };
}

/** The dumps of a run, relative to it: of the first trial of each distinct failure. */
function dumpsOf({ campaigns }: RunModel): string[] {
  return campaigns.flatMap(({ failures }) =>
    failures.flatMap(({ dump }) => (dump === null ? [] : [dump])),
  );
}

async function historyAt(directory: string, dump: string): Promise<History> {
  const path = within(directory, dump);
  if (path === undefined) throw fail('DUMP_NOT_FOUND', { file: dump });
  const file = await DumpFile.open(path);
  try {
    return await historyIn(file);
  } finally {
    file.close();
  }
}

/** The file.  @throws Fail INTERNAL where the trace breaks a rule */
export function traceText(trace: Trace): string {
  const text = JSON.stringify(trace);
  const [fault] = faultsOfTrace(JSON.parse(text));
  if (fault !== undefined) throw fail('INTERNAL', { what: `a trace that breaks a rule: ${fault}` });
  return `${text}\n`;
}

/** @param more what else is said of it */
export function traceFrom(histories: readonly History[], more: object = {}): Trace {
  let arrows = 0;
  const drawings = histories.map((history) => draw(history, () => ++arrows));
  setTimes(drawings.map(({ marks }) => marks));
  let holds = 0;
  const timed = drawings.flatMap((drawing, i) => timedEvents(drawing, i + 1, () => ++holds));
  return {
    displayTimeUnit: 'ns',
    otherData: {
      made_by: 'gridlock trace',
      time: 'microseconds of the run',
      order: 'exact: by the numbers of the events, or by the choices of the strategy',
      trials: histories.map(aboutTrial),
      ...more,
    },
    traceEvents: [
      ...histories.flatMap((history, i) => names(history, i + 1)),
      ...timed.sort((a, b) => a.ts - b.ts),
    ],
  };
}

function aboutTrial({ head, actors, choices, slotNs }: History, i: number): object {
  const { gridlock, node, workload, variant, trial, seed, verdict, message, track, replay } = head;
  return {
    pid: i + 1,
    workload,
    variant,
    trial,
    seed,
    verdict,
    message,
    track,
    replay,
    gridlock,
    node,
    clock:
      choices === undefined
        ? 'ticks of 100 us: what lies in one is spread over it, in its order'
        : 'choices of a strategy, 1 us each',
    resolution_us: slotNs / 1000,
    choices_before: choices?.[0]?.choice ?? 0,
    rings_cut: actors.filter(({ isCut }) => isCut).map(({ name }) => name),
  };
}

// --- events -------------------------------------------------------------------------------------

function names({ head, actors, choices }: History, pid: number): TraceEvent[] {
  const { workload, variant, trial, verdict } = head;
  const meta = (name: string, tid: number, args: Args): TraceEvent => {
    return { ph: 'M', name, pid, tid, args };
  };
  const track = (tid: number, name: string, order: number): TraceEvent[] => [
    meta('thread_name', tid, { name }),
    meta('thread_sort_index', tid, { sort_index: order }),
  ];
  return [
    meta('process_name', 0, {
      name: printable(`${workload} ${variant}, trial ${trial}: ${verdict}`),
    }),
    meta('process_sort_index', 0, { sort_index: pid }),
    ...(choices === undefined ? [] : track(SCHEDULE_TID, 'schedule', 0)),
    ...actors.flatMap(({ name, thread }, place) =>
      track(place + 1, name, orderOf(head, thread.id) * actors.length + place + 1),
    ),
  ];
}

/** Those of the cycle, in its order, before their victims, and these before all others. */
function orderOf({ cycle, victims }: History['head'], id: number): number {
  if (cycle.includes(id)) return 0;
  return victims.includes(id) ? 1 : 2;
}

type Timed = TraceEvent & { readonly ts: number };

function timedEvents(drawing: Drawing, pid: number, nextHold: () => number): Timed[] {
  const tid = (place: number): number => (place === SCHEDULE ? SCHEDULE_TID : place + 1);
  const slices = drawing.slices.map(({ place, name, cat, from, to, args, ...arrows }): Timed => ({
    ph: 'X',
    name,
    cat,
    pid,
    tid: tid(place),
    ts: microseconds(from.ns),
    dur: microseconds(to.ns - from.ns),
    ...(arrows.out === undefined ? {} : { bind_id: hex(arrows.out), flow_out: true }),
    ...(arrows.in === undefined ? {} : { bind_id: hex(arrows.in), flow_in: true }),
    args,
  }));
  const holds = drawing.holds.flatMap(({ place, name, from, to, args }): Timed[] => {
    const event = (ph: 'b' | 'e', { ns }: Mark) => ({ ph, ts: microseconds(ns) });
    const same = { name, cat: 'hold', pid, tid: tid(place), id: hex(nextHold()) };
    return [
      { ...event('b', from), ...same, args },
      { ...event('e', to), ...same },
    ];
  });
  const instants = drawing.instants.map(({ place, name, at }): Timed => {
    return { ph: 'i', name, cat: 'note', pid, tid: tid(place), ts: microseconds(at.ns), s: 't' };
  });
  return [...slices, ...holds, ...instants];
}

function microseconds(ns: number): number {
  return ns / 1000;
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
