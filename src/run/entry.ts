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
 * In a controlled run a task is a whole series of trials, and who runs which role in them is decided as they go on
 * (series.ts).
 */

import { isMainThread, threadId, workerData } from 'node:worker_threads';
import { saysOf } from '../base/says.ts';
import { attachImage, threadAt } from '../layout/image.ts';
import {
  EXIT,
  header,
  image_header,
  kthread,
  PHASE,
  TS,
  type TrackLevel,
} from '../layout/records.ts';
import { Snapshot } from '../layout/snapshot.ts';
import { add, bindWords, cas, get, load, notify, put, store, wait } from '../layout/word.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { probe_fields } from '../kernel/probe.ts';
import { thread_attach } from '../kernel/startup.ts';
import { curthread, halted, lbolt, thread_exit } from '../kernel/thread.ts';
import { osThreadId } from '../nmi/osthread.ts';
import { Baton } from './baton.ts';
import { shapeOf, strategyOf } from './control.ts';
import { NoiseMaker } from './noise.ts';
import type { ControlSpec, NoiseSpec, ParamRecord } from './protocol.ts';
import { partOf, roleFailed, runRole, type Part } from './role.ts';
import { makeRoster } from './roster.ts';
import { Series } from './series.ts';
import type { Workload } from './workload.ts';

/** What the pool gives each worker. */
export interface EntryData {
  readonly image: SharedArrayBuffer;
  readonly url: string;
  readonly variant: string;
  readonly params: ParamRecord;
  readonly load: number;
  readonly track: TrackLevel;
  /** delays in a free run; null: none */
  readonly noise: NoiseSpec | null;
  /** null in a free run; else the strategy, and room for what a trial begins from */
  readonly control: { readonly spec: ControlSpec; readonly snapshot: SharedArrayBuffer } | null;
}

export type EntryTask =
  | { readonly type: 'hello' }
  /** shared: what the workload's share() returned */
  | { readonly type: 'trial'; readonly shared: unknown };

/** What a worker says of itself, once. */
export interface Hello {
  readonly slot: number;
  readonly threadId: number;
  readonly osTid: number;
}

/** How long a thread waits for the others to arrive, in milliseconds. */
const GATE_MS_MAX = 60_000;

interface Self {
  readonly slot: number;
  readonly osTid: number;
  /** in a free run: the role of this thread */
  readonly part: Part;
  /** of all roles that it may come to run */
  readonly parts: readonly Part[];
  /** in a run with noise */
  readonly noise: NoiseMaker | undefined;
  /** in a controlled run, where it may have any */
  readonly series: Series | undefined;
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
  for (const part of self.parts) part.share(task.shared);
  if (self.series === undefined) runTrial(self, data());
  else runSeries(self.series);
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

async function settle(given: EntryData): Promise<Self> {
  const { url, image, variant, params, control } = given;
  if (control !== null || given.noise !== null) probe_fields();
  const { default: workload } = (await import(url)) as { default: Workload };
  attachImage(image);
  const slot = add(header, image_header.ready, 1);
  notify(header, image_header.ready, Infinity);
  const roster = makeRoster(workload, variant, params, given.load);
  const row = roster[slot];
  if (isMainThread || row === undefined) throw new Error(`entry: slot ${slot} has no role`);
  process.on('exit', (code) => died(EXIT.exited, `process.exit(${code})`));
  process.on('unhandledRejection', (reason) =>
    died(EXIT.threw, `an unhandled rejection: ${saysOf(reason)}`),
  );
  process.on('uncaughtException', (error) =>
    died(EXIT.threw, `${saysOf(error)}, outside its role`),
  );
  const osTid = osThreadId() ?? 0;
  const part = partOf(row, workload, variant, params, undefined);
  const noise = given.noise === null ? undefined : new NoiseMaker(slot, given.noise.longestUs);
  if (control === null) return { slot, osTid, part, parts: [part], noise, series: undefined };
  const { spec, snapshot } = control;
  const baton = new Baton(slot, strategyOf(spec), shapeOf(roster.length, spec), spec.releases);
  const poll = (): void => baton.poll();
  const parts = roster.map((each) => partOf(each, workload, variant, params, poll));
  const cast = { threadId, osTid, track: given.track, workload, parts, trial: { variant, params } };
  return {
    slot,
    osTid,
    part,
    parts,
    noise,
    series: new Series(baton, new Snapshot(snapshot), cast),
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

function runTrial({ slot, osTid, part, noise }: Self, { track }: EntryData): void {
  const t = threadAt(slot + 1);
  put(t, kthread.thread_id, threadId);
  put(t, kthread.os_tid, osTid);
  thread_attach(t, track);
  try {
    gate();
  } catch (error) {
    roleFailed(error);
    return;
  }
  noise?.attach();
  runRole(part);
  noise?.detach();
  add(header, image_header.finished, 1);
}

function runSeries(series: Series): void {
  try {
    series.play(gate());
  } catch (error) {
    // What a role throws does not come here: the machine was halted before the gate opened.
    if (!(error instanceof MachineHalt)) throw error;
  }
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
