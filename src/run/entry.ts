/*
 * The entry of every role thread: a piscina task.
 *
 * A worker evaluates this module once, imports the workload (which lays out the globals, so before the
 * image is attached), and takes a slot.  From then on each task it is given is one trial: it becomes the
 * thread of its slot's record, waits at the start gate until all others are there, runs its role, and
 * says how the role ended.
 *
 * Tasks carry no role.  All of a trial's tasks are equal, and the slot decides, so a thread keeps its
 * role, its name and its CPU for the whole campaign, whichever task the pool hands it.  No thread gets
 * two: none finishes before all have arrived at the gate.
 *
 * However a role ends, the record says so before the task does: the watchdog learns of a thread that
 * died with a lock in its hands from the image, not from the pool.
 */

import { isMainThread, threadId, workerData } from 'node:worker_threads';
import { nextU32, seedOf, seedRng } from '../base/prng.ts';
import { attachImage, threadAt } from '../layout/image.ts';
import {
  EVENT,
  EXIT,
  header,
  image_header,
  kthread,
  PHASE,
  TS,
  type TrackLevel,
} from '../layout/records.ts';
import {
  add,
  bindWords,
  cas,
  get,
  load,
  notify,
  put,
  setBits,
  store,
  wait,
} from '../layout/word.ts';
import { held_count } from '../kernel/held.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { POINT, probe, probe_fields } from '../kernel/probe.ts';
import { ring_event } from '../kernel/ring.ts';
import { thread_attach } from '../kernel/startup.ts';
import { curthread, halted, lbolt, thread_exit, thread_progress } from '../kernel/thread.ts';
import { osThreadId } from '../nmi/osthread.ts';
import { countOutcome } from './counts.ts';
import { Baton } from './baton.ts';
import { shapeOf, strategyOf } from './control.ts';
import type { ControlSpec, ParamRecord } from './protocol.ts';
import { makeRoster, type Row } from './roster.ts';
import type { RoleContext, Workload } from './workload.ts';

/** What the pool gives each worker. */
export interface EntryData {
  readonly image: SharedArrayBuffer;
  readonly url: string;
  readonly variant: string;
  readonly params: ParamRecord;
  readonly load: number;
  readonly track: TrackLevel;
  readonly control: ControlSpec | null;
}

export type EntryTask = { readonly type: 'hello' } | { readonly type: 'trial' };
/** What a worker says of itself, once. */
export interface Hello {
  readonly slot: number;
  readonly threadId: number;
  readonly osTid: number;
}

/** kthread.flags */
const REPORTS = 8;
/** How long a thread waits for the others to arrive, in milliseconds. */
const GATE_MS_MAX = 60_000;

interface Self {
  readonly slot: number;
  readonly row: Row;
  readonly workload: Workload;
  readonly outcomes: readonly string[];
  readonly osTid: number;
  /** in a controlled run */
  readonly baton: Baton | undefined;
}

let self: Self | undefined;

export async function entry(task: EntryTask): Promise<Hello | undefined> {
  self ??= await settle(data()).catch(refuse);
  if (task.type === 'hello') {
    for (const deadline = performance.now() + GATE_MS_MAX; performance.now() < deadline;) {
      const ready = load(header, image_header.ready);
      if (ready >= get(header, image_header.thread_rows) - 1 || halted()) break;
      wait(header, image_header.ready, ready, 100);
    }
    return { slot: self.slot, threadId, osTid: self.osTid };
  }
  runTrial(self, data());
  // One turn of the event loop: a rejection that nobody handles surfaces while the thread is still ours.
  await new Promise((resolve) => setImmediate(resolve));
  return undefined;
}

/** This thread cannot take part: the others need not wait for it. */
function refuse(error: unknown): never {
  bindWords(data().image);
  store(header, image_header.halt, 1);
  notify(header, image_header.ready, Infinity);
  throw error;
}

function data(): EntryData {
  return workerData as EntryData;
}

async function settle({
  url,
  image,
  variant,
  params,
  load: loadThreads,
  control,
}: EntryData): Promise<Self> {
  if (control !== null) probe_fields();
  const module = (await import(url)) as { default: Workload };
  attachImage(image);
  const slot = add(header, image_header.ready, 1);
  notify(header, image_header.ready, Infinity);
  const roster = makeRoster(module.default, variant, params, loadThreads);
  const row = roster[slot];
  if (isMainThread || row === undefined) throw new Error(`entry: slot ${slot} has no role`);
  process.on('exit', (code) => died(EXIT.exited, `process.exit(${code})`));
  process.on('unhandledRejection', (reason) =>
    died(EXIT.threw, `an unhandled rejection: ${textOfError(reason)}`),
  );
  process.on('uncaughtException', (error) =>
    died(EXIT.threw, `${textOfError(error)}, outside its role`),
  );
  return {
    slot,
    row,
    workload: module.default,
    outcomes: Object.keys(module.default.outcomes ?? {}),
    osTid: osThreadId() ?? 0,
    baton:
      control === null
        ? undefined
        : new Baton(slot, strategyOf(control), shapeOf(roster.length, control)),
  };
}

/** The thread is gone, or as good as gone, while its record does not say so yet. */
function died(reason: number, message: string): void {
  if (curthread === 0) return;
  const ended = load(curthread, kthread.state) === TS.zomb;
  if (ended && (reason === EXIT.exited || get(curthread, kthread.exit_reason) !== EXIT.returned))
    return;
  thread_exit(reason, message);
}

function runTrial(
  { slot, row, outcomes, osTid, baton }: Self,
  { variant, params, track }: EntryData,
): void {
  const t = threadAt(slot + 1);
  put(t, kthread.thread_id, threadId);
  put(t, kthread.os_tid, osTid);
  thread_attach(t, track);
  try {
    const context = contextOf(row, variant, params, outcomes, baton);
    baton?.enter();
    const isLast = gate();
    baton?.start(isLast);
    probe(POINT.start, 0);
    ring_event(EVENT.start, 0, 0);
    const returned: unknown = row.role.run(context);
    probe(POINT.exit, 0);
    if (returned instanceof Promise)
      throw new TypeError(
        `role ${row.role.name} returned a promise: a role runs as kernel code, and must not be async`,
      );
    thread_exit(EXIT.returned, held_count() === 0 ? '' : 'with locks held');
  } catch (error) {
    if (error instanceof MachineHalt || halted()) thread_exit(EXIT.halted, '');
    else thread_exit(EXIT.threw, textOfError(error));
  } finally {
    baton?.leave();
  }
  add(header, image_header.finished, 1);
}

/** Everybody waits here for everybody; the last to come opens.  @returns whether this was the last */
function gate(): boolean {
  const parties = get(header, image_header.thread_count) - 1;
  if (add(header, image_header.gate_arrived, 1) + 1 === parties) {
    put(header, image_header.gate_time, lbolt());
    cas(header, image_header.phase, PHASE.gate, PHASE.run);
    store(header, image_header.gate_open, 1);
    notify(header, image_header.gate_open, Infinity);
    return true;
  }
  for (
    const deadline = performance.now() + GATE_MS_MAX;
    load(header, image_header.gate_open) === 0;
  ) {
    if (halted()) throw new MachineHalt();
    if (performance.now() > deadline)
      throw new Error(`the start gate stayed shut for ${GATE_MS_MAX} ms`);
    wait(header, image_header.gate_open, 0, 100);
  }
  return false;
}

function contextOf(
  row: Row,
  variant: string,
  params: ParamRecord,
  outcomes: readonly string[],
  baton: Baton | undefined,
): RoleContext {
  const words = new Uint32Array(4);
  const seed = get(header, image_header.seed) >>> 0;
  seedRng(words, seedOf(seed, curthread));
  let reports = false;
  return {
    variant,
    params: params,
    seed,
    nth: row.nth,
    count: row.count,
    running: baton === undefined ? running : () => polling(baton),
    // Taking it from the context is the promise to call it (workload.ts).
    get progress() {
      if (!reports) setBits(curthread, kthread.flags, REPORTS);
      reports = true;
      return thread_progress;
    },
    outcome(name, n = 1) {
      const i = outcomes.indexOf(name);
      if (i < 0)
        throw new Error(`outcome ${name} is not one the workload declares: ${outcomes.join(', ')}`);
      countOutcome(i, n);
    },
    random: () => nextU32(words),
  };
}

/** The same in a controlled run, where a thread that asks too often lets others run. */
function polling(baton: Baton): boolean {
  baton.poll();
  return running();
}

/** Whether roles should go on; in a halted machine nobody does. */
function running(): boolean {
  if (halted()) throw new MachineHalt();
  put(curthread, kthread.polls, (get(curthread, kthread.polls) + 1) | 0);
  return load(header, image_header.stop) === 0;
}

function textOfError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
