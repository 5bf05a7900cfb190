/*
 * The watchdog thread of a machine.
 *
 * A plain Worker, no part of the pool.  It has nothing to wait for and takes no lock, so it runs whatever
 * the others do.  It ticks the clock, ends a trial's time, looks for hangs (nmi/deadman.ts), and when it
 * has found one:
 *
 *     1. claims the verdict, so that a trial has one and only one
 *     2. where only a nudge can tell: stops all threads for the evidence, lets them go, nudges, watches
 *     3. appends the verdict to the journal and syncs it: from here on it cannot be lost
 *     4. stops all threads, reads their stacks, copies the image, lets them go (the NMI)
 *     5. watches for a moment who still gets on
 *     6. writes the dump, and reports it
 *     7. halts the machine
 *
 * In a controlled run whoever has the baton may be kept off its CPU anywhere, also where the trial is all but stuck.  What
 * its choices come to is not to depend on that: until nobody has it any more, nothing is concluded but what takes time.
 *
 * Between trials it turns its event loop, since that is what its inspector session needs; during one it
 * sleeps in short waits, which cost a third of a timer's turn, and turns the loop now and then.  A doorbell
 * in the image cuts the waits short.  When it is through with a trial it says so: the next one is not booted before (orders.ts).
 */

import { writeSync } from 'node:fs';
import {
  parentPort,
  receiveMessageOnPort,
  threadId,
  workerData,
  type MessagePort,
} from 'node:worker_threads';
import { attachImage } from '../layout/image.ts';
import {
  EXIT,
  header,
  image_header,
  kthread,
  PARK,
  PHASE,
  SOBJ,
  TICKS_PER_MS,
} from '../layout/records.ts';
import { cas, get, load, notify, put, store, wait } from '../layout/word.ts';
import {
  holdsOf,
  isAlive,
  objectName,
  threadName,
  threadsOf,
  waitOf,
  withImage,
  type Thread,
} from '../dump/census.ts';
import { progressNow, secondsSinceGate } from '../dump/gather.ts';
import { Deadman } from '../nmi/deadman.ts';
import { afterNudge, overtime, withVictims, type Finding, type Nudge } from '../nmi/findings.ts';
import { hostTime, isReady } from '../nmi/hosttime.ts';
import { Nmi } from '../nmi/stop.ts';
import { DumpFile } from '../dump/write.ts';
import { eventLog } from './choices.ts';
import {
  choicesEver,
  FROZEN,
  frozen,
  isUnderWay,
  rewinds,
  scheduleMade,
  seriesReport,
  trialsBefore,
} from './control.ts';
import { acquireTimes, outcomeCounts, progressByRole } from './counts.ts';
import { draftDump, finishDump, takeEvidence, type Evidence } from './evidence.ts';
import { haltMachine, killMachine, stopMachine } from './halt.ts';
import { Journal } from './journal.ts';
import { mourn } from './mourn.ts';
import {
  INDEX,
  REPORT_FD,
  type DumpReport,
  type TrialOrder,
  type TrialOutcome,
  type TrialSchedule,
  type WatchOrder,
  type WatchReport,
} from './protocol.ts';
import { signatureOf } from './signature.ts';

type Watch = Extract<WatchOrder, { type: 'watch' }>;

export interface WatchdogData {
  readonly image: SharedArrayBuffer;
  readonly url: string;
}

/** Milliseconds between looks. */
const POLL_MS = 1;
const BEAT_MS = 500;
/** Milliseconds between turns of the event loop during a trial. */
const TURN_MS = 50;
const PREPARE_MS_MAX = 20_000;
/** How long after a nudge a thread has to show what it makes of it, and all of them, in milliseconds. */
const NUDGE_MS_MAX = 1_000;
const NUDGES_MS_MAX = 5_000;
/** How long after the stop the others are watched, in milliseconds. */
const AFTER_MS = 40;

const MAIN_OUT_OF_MEMORY: Finding = {
  verdict: 'crash',
  message: 'the main thread ran out of memory',
  because: ['boot(), check() and module code run there'],
  exact: true,
  cycle: [],
  victims: [],
};

const port = parentPort as MessagePort;
const { image, url } = workerData as WatchdogData;
let nmi: Nmi;
let mainIsOutOfMemory = false;

/** The thread's life: one order after the other. */
async function main(): Promise<void> {
  // The workload's structs belong in the dump's struct table, and its globals in this thread's linker.
  await import(url);
  attachImage(image);
  nmi = await Nmi.open({ self: threadId, outOfMemory });
  report({ type: 'up' });
  let beat = performance.now();
  for (;;) {
    const order = receiveMessageOnPort(port)?.message as WatchOrder | undefined;
    if (order?.type === 'prepare') {
      await nmi.ready(order.threadIds, PREPARE_MS_MAX);
      port.postMessage({ type: 'prepared' });
    } else if (order?.type === 'watch') {
      await watch(order);
      port.postMessage({ type: 'over' });
    } else {
      wait(header, image_header.doorbell, 0, 2);
      await turn();
    }
    if (performance.now() - beat > BEAT_MS) {
      beat = performance.now();
      report({ type: 'beat' });
    }
  }
}

/** A thread is at the limit of its heap, and stands still for good. */
function outOfMemory(id: number): void {
  if (id === 0) mainIsOutOfMemory = true;
  else mourn(id, EXIT.terminated, 'out of memory');
}

/** One trial, from boot() to its verdict or its end. */
async function watch(watching: Watch): Promise<void> {
  const { order } = watching;
  const vigil = (): Deadman => new Deadman(order.hangMs, { time: hostTime, isReady });
  let deadman = vigil();
  const begin = performance.now();
  let last = begin;
  let lastReport = begin;
  let openedAt = 0;
  let turned = begin;
  let choices = -1;
  let moved = begin;
  store(header, image_header.clock, 0);
  port.postMessage({ type: 'watching', index: order.index });
  for (;;) {
    if (wait(header, image_header.doorbell, 0, POLL_MS) !== 'timed-out')
      store(header, image_header.doorbell, 0);
    const now = performance.now();
    // In a controlled run time is the strategy's, as is the end of it.
    const isControlled = get(header, image_header.baton) !== 0;
    if (!isControlled) put(header, image_header.clock, ((now - begin) * TICKS_PER_MS) | 0);
    if (load(header, image_header.boot) !== watching.boot || load(header, image_header.judge) !== 0)
      return;
    if (isControlled && frozen() === FROZEN.cut && load(header, image_header.halt) === 0)
      haltMachine();
    if (openedAt === 0 && load(header, image_header.gate_open) !== 0) openedAt = now;
    if (
      !isControlled &&
      openedAt !== 0 &&
      now - openedAt >= order.durationMs &&
      load(header, image_header.phase) === PHASE.run
    ) {
      stopMachine();
    }
    if (load(header, image_header.nmi_wanted) !== 0) {
      store(header, image_header.nmi_wanted, 0);
      await onDemand(watching, deadman);
    }
    // While choices are made the image is of this trial now and of another in a moment: nobody is stuck in it.
    const made = isControlled ? choicesEver() : choices;
    const isMoving = made !== choices;
    choices = made;
    if (isMoving) moved = now;
    if (isMoving && deadman.hasLooked) deadman = vigil();
    const before = rewinds();
    const seen = isMoving || before % 2 === 1 ? undefined : deadman.look(now - last);
    // Whoever has the baton may only be kept off its CPU.  The trial ends where it does, and not where that happened.
    const isEarly = seen?.exact === true && isUnderWay() && now - moved < order.hangMs;
    // A look that met a rewind saw two trials at once.
    const finding = rewinds() === before && !isEarly ? seen : undefined;
    last = now;
    if (finding !== undefined) return conclude(finding, watching, deadman);
    if (mainIsOutOfMemory) return conclude(MAIN_OUT_OF_MEMORY, watching, deadman);
    if (now - begin > order.timeoutMs)
      return conclude(overtime(order.timeoutMs), watching, deadman);
    // What the inspector has to say, which is seldom anything, waits for the event loop.
    if (now - turned >= TURN_MS) {
      turned = now;
      await turn();
    }
    if (now - lastReport >= (order.statusMs || BEAT_MS)) {
      lastReport = now;
      if (order.statusMs > 0) report(statusOf(watching, deadman));
      else report({ type: 'beat' });
    }
  }
}

async function conclude(found: Finding, watching: Watch, deadman: Deadman): Promise<void> {
  const { order } = watching;
  if (cas(header, image_header.judge, 0, 1) !== 0) return;
  const verdictAt = performance.now();
  const seconds = load(header, image_header.gate_open) === 0 ? 0 : secondsSinceGate();
  let evidence: Evidence | undefined;
  let finding = found;
  if (found.nudges !== undefined) {
    evidence = await takeEvidence(nmi, deadman);
    finding = afterNudge(found, await nudgeAll(found.nudges));
  }
  const signature = signatureOf(finding);
  const index = trialNow(order);
  const outcome: TrialOutcome = {
    index,
    verdict: finding.verdict,
    message: finding.message,
    because: finding.because,
    exact: finding.exact,
    seconds,
    at: performance.timeOrigin + verdictAt,
    progress: progressByRole(),
    outcomes: outcomeCounts(watching.outcomes),
    ...acquireTimes(),
    signature,
    schedule: scheduleNow(),
    before: seriesReport(watching.outcomes),
    log: watching.order.log ? eventLog() : undefined,
  };
  journal(order.journal, {
    type: 'verdict',
    workload: watching.workload,
    variant: watching.variant,
    strategy: watching.strategy,
    seed: order.seed,
    ...outcome,
  });
  report({ type: 'verdict', outcome });
  const wanted = order.dump !== null && !order.seen.includes(signature);
  const dump = wanted
    ? await dumpNow(dumpFile(order), finding, watching, deadman, evidence, seconds, verdictAt)
    : NO_DUMP;
  report({ type: 'dumped', index, dump });
  haltMachine();
  port.postMessage({ type: 'concluded', index });
}

/** What a strategy decided so far; null in a free run. */
function scheduleNow(): TrialSchedule | null {
  return get(header, image_header.baton) === 0 ? null : scheduleMade(-1);
}

/** SIGUSR2: a dump of a machine that goes on. */
async function onDemand(watching: Watch, deadman: Deadman): Promise<void> {
  const finding: Finding = {
    verdict: 'pass',
    message: 'a dump was asked for; the run went on',
    because: [],
    exact: true,
    cycle: [],
    victims: [],
  };
  const file =
    dumpFile(watching.order)?.replace(/\.dump$/, `-${Date.now().toString(36)}.dump`) ?? null;
  const seconds = load(header, image_header.gate_open) === 0 ? 0 : secondsSinceGate();
  const dump =
    file === null
      ? { ...NO_DUMP, error: 'this run keeps no dumps' }
      : await dumpNow(file, finding, watching, deadman, undefined, seconds, performance.now());
  report({ type: 'requested', dump });
}

/** The number of the trial under way. */
function trialNow({ index }: TrialOrder): number {
  return index + trialsBefore();
}

/** Where a dump of it goes. */
function dumpFile(order: TrialOrder): string | null {
  return order.dump?.replace(INDEX, String(trialNow(order))) ?? null;
}

const NO_DUMP: DumpReport = { file: null, bytes: 0, ms: 0, stopMs: 0 };

/** Evidence, aftermath, file.  Whatever goes wrong here costs the dump and not the verdict. */
async function dumpNow(
  file: string | null,
  finding: Finding,
  watching: Watch,
  deadman: Deadman,
  taken: Evidence | undefined,
  seconds: number,
  verdictAt: number,
): Promise<DumpReport> {
  if (file === null) return NO_DUMP;
  let stopMs = 0;
  try {
    const evidence = taken ?? (await takeEvidence(nmi, deadman));
    stopMs = evidence.stopMs;
    // Whatever can be worked out without knowing who gets on is, while the others have time to.
    const until = performance.now() + AFTER_MS;
    const whole = withImage(evidence.image, () => withVictims(finding));
    const order = { ...watching.order, index: trialNow(watching.order) };
    const draft = draftDump(evidence, whole, { ...watching, order }, seconds, url, scheduleNow());
    const dump = new DumpFile(draft.dump, evidence.image, draft.sources);
    while (performance.now() < until) wait(header, image_header.halt, 0, until - performance.now());
    const bytes = await dump.write(file, finishDump(draft, progressNow()));
    return { file, bytes, ms: performance.now() - verdictAt, stopMs };
  } catch (error) {
    return {
      file: null,
      bytes: 0,
      ms: performance.now() - verdictAt,
      stopMs,
      error: (error as Error).message,
    };
  }
}

/** Wakes sleepers without a signal, one after the other.  @returns the first that went on, if any did */
async function nudgeAll(nudges: readonly Nudge[]): Promise<Nudge | undefined> {
  const deadline = performance.now() + NUDGES_MS_MAX;
  for (const each of nudges) {
    if (performance.now() > deadline) break;
    if (await nudge(each.thread)) return each;
  }
  return undefined;
}

/**
 * Wakes one, and waits until it shows what it makes of it: it sleeps on the same thing again, or it does
 * something else.  It may have to get a mutex back first, so to sleep on one decides nothing.  What is
 * awake all the time has gone on, if it had a CPU to do so: to test a condition takes no time.
 */
async function nudge(t: Thread): Promise<boolean> {
  const before = waitOf(t);
  if (before === undefined) return false;
  const lifeBefore = lifeOf(t);
  const hostBefore = hostTime(get(t, kthread.os_tid));
  if (cas(t, kthread.park, PARK.asleep, PARK.nudged) !== PARK.asleep) return false;
  notify(t, kthread.park, 1);
  let awake = true;
  const deadline = performance.now() + NUDGE_MS_MAX;
  while (performance.now() < deadline) {
    wait(header, image_header.halt, 0, 1);
    // The wait first: whatever the thread did before it slept again is seen after it.
    const after = waitOf(t);
    if (!isAlive(t) || lifeOf(t) !== lifeBefore) return true;
    if (after !== undefined && after.seq !== before.seq) {
      if (after.object === before.object) return false;
      if (after.kind !== SOBJ.mutex) return true;
    }
    awake = after === undefined;
    await turn();
  }
  const host = hostTime(get(t, kthread.os_tid));
  return (
    awake &&
    host !== undefined &&
    hostBefore !== undefined &&
    host.ranMs - hostBefore.ranMs > NUDGE_MS_MAX / 4
  );
}

/** What moves when a role gets on. */
function lifeOf(t: Thread): number {
  return (get(t, kthread.progress) + get(t, kthread.polls)) | 0;
}

function statusOf({ order, outcomes }: Watch, deadman: Deadman): WatchReport {
  return {
    type: 'status',
    index: order.index,
    seconds: load(header, image_header.gate_open) === 0 ? 0 : secondsSinceGate(),
    outcomes: outcomeCounts(outcomes),
    threads: threadsOf().map((t) => {
      const wait = waitOf(t);
      return {
        name: threadName(t),
        progress: load(t, kthread.progress) >>> 0,
        silentMs: Math.round(deadman.silence(t)),
        wants: wait === undefined ? '' : objectName(wait.wanted),
        holds: holdsOf(t).length,
      };
    }),
  };
}

function journal(file: string | null, record: object): void {
  // The supervisor journals the trial too; a full disk is its to report.
  if (file !== null) new Journal(file).append(record);
}

/**
 * One line to the supervisor.  Its end of the pipe may be slow: that may not hang the watchdog.  If it is
 * gone, so is the reason to be of this process, and of whatever its roles started; and nobody else here
 * may be able to notice, as the main thread may be what hangs.
 */
function report(line: WatchReport): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  const deadline = performance.now() + 1000;
  for (let done = 0; done < bytes.length && performance.now() < deadline;) {
    try {
      done += writeSync(REPORT_FD, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') killMachine();
      if (code !== 'EAGAIN') return;
      wait(header, image_header.halt, 0, 1);
    }
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

await main();
