/*
 * Evidence: what an NMI finds, and how it becomes a dump.
 *
 * All threads of the process are stopped, the main thread too.  While they stand still their stacks and
 * locals are read, the image is copied and the host is asked about its threads; then they go on as if
 * nothing had happened.  Names, source positions and the rest are worked out from the copy afterwards.
 */

import { arch, cpus, platform, release } from 'node:os';
import { header, image_header, kthread, PAGE, TRACK } from '../layout/records.ts';
import { boundImage, get } from '../layout/word.ts';
import { gridlockVersion } from '../base/version.ts';
import { isAlive, symbolsOf, threadsOf, waitOf, withImage, type Thread } from '../dump/census.ts';
import { DUMP_FORMAT, type Dump } from '../dump/format.ts';
import { gatherLocks, gatherThreads, idOf, type Stopped } from '../dump/gather.ts';
import { Sources } from '../dump/sources.ts';
import type { Deadman } from '../nmi/deadman.ts';
import type { Finding } from '../nmi/findings.ts';
import { judgeOsThread, readOsThread, type OsThread } from '../nmi/osthread.ts';
import type { Nmi, ThreadStop } from '../nmi/stop.ts';
import { closeAgain } from './again.ts';
import type { TrialSchedule, WatchOrder } from './protocol.ts';

/** How long threads may take to stop, in milliseconds. */
const STOP_MS_MAX = 400;
/** Frames from the top whose locals are read; of a thread that panicked, of all: its arguments are the story. */
const LOCALS = 3;
/** Files of a workload that a dump has the text of, at most. */
const WORKLOAD_FILES = 256;

const TRACK_NAME: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(TRACK).map(([name, level]) => [level, name]),
);

export interface Evidence {
  /** a copy of the image as it was when the threads stood still */
  readonly image: SharedArrayBuffer;
  readonly stops: ReadonlyMap<number, ThreadStop>;
  readonly os: ReadonlyMap<number, readonly [OsThread, OsThread]>;
  readonly silence: ReadonlyMap<Thread, number>;
  /** URLs of what the threads had loaded */
  readonly scripts: ReadonlySet<string>;
  readonly stopMs: number;
  readonly readMs: number;
}

/** Stops everybody, looks, lets them go. */
export async function takeEvidence(nmi: Nmi, deadman: Deadman): Promise<Evidence> {
  const begin = performance.now();
  const threads = threadsOf();
  const first = sampleOs(threads);
  const threadIds = [
    ...new Set([0, ...threads.map((t) => get(t, kthread.thread_id)).filter((id) => id > 0)]),
  ];
  let stops: ReadonlyMap<number, ThreadStop>;
  let stopMs: number;
  let image: SharedArrayBuffer;
  try {
    const wholly = new Set(threads.filter(hasPanicked).map((t) => get(t, kthread.thread_id)));
    stops = await nmi.stop({ threadIds, budgetMs: STOP_MS_MAX, locals: LOCALS, wholly });
    stopMs = performance.now() - begin;
    image = copyImage();
  } finally {
    // Whatever went wrong, nobody is left standing.
    await nmi.resume();
  }
  const second = sampleOs(threads);
  const os = new Map<number, readonly [OsThread, OsThread]>();
  for (const [id, before] of first) {
    const after = second.get(id);
    if (after !== undefined) os.set(id, [before, after]);
  }
  const silence = new Map(threads.map((t) => [t, deadman.silence(t)]));
  const scripts = nmi.scripts();
  return { image, stops, os, silence, scripts, stopMs, readMs: performance.now() - begin };
}

/** Whether a thread is the one that panicked first. */
function hasPanicked(t: Thread): boolean {
  return get(header, image_header.panic_thread) === t;
}

/** A copy of what the machine has touched; the rest is zero in both. */
function copyImage(): SharedArrayBuffer {
  const image = boundImage();
  const used = get(header, image_header.heap) + get(header, image_header.heap_high) * PAGE;
  const copy = new SharedArrayBuffer(image.byteLength);
  new Uint8Array(copy, 0, used).set(new Uint8Array(image, 0, used));
  return copy;
}

function sampleOs(threads: readonly Thread[]): Map<number, OsThread> {
  const samples = new Map<number, OsThread>();
  for (const t of threads) {
    const sample = readOsThread(get(t, kthread.os_tid));
    if (sample !== null) samples.set(get(t, kthread.thread_id), sample);
  }
  return samples;
}

/** A dump that lacks only what the threads did after the stop: most of the work, done while they do it. */
export interface Draft {
  /** as if no thread had moved since */
  readonly dump: Dump;
  /** texts of the sources it names */
  readonly sources: ReadonlyMap<string, string>;
  /** threads that run, or would if they moved; and whether they were asleep at the stop */
  readonly running: readonly { readonly id: number; readonly asleep: boolean }[];
}

/**
 * What the dump says.
 * @param url the workload's module: a dump has the whole text of the workload, named by frames or not
 */
export function draftDump(
  evidence: Evidence,
  finding: Finding,
  { order, workload, variant, params }: Extract<WatchOrder, { type: 'watch' }>,
  seconds: number,
  url: string,
  schedule: TrialSchedule | null,
): Draft {
  const sources = new Sources();
  const home = new URL('.', url).href;
  const own = [...evidence.scripts].filter(
    (script) => script.startsWith(home) && !script.includes('/node_modules/'),
  );
  for (const script of own.slice(0, WORKLOAD_FILES)) sources.add(script);
  const stops = new Map<number, Stopped>();
  for (const [id, stop] of evidence.stops) {
    const os = evidence.os.get(id);
    stops.set(id, {
      stack: aboveEntry(stop.frames).map((frame) => sources.resolve(frame)),
      ...(stop.stopped ? {} : { unstopped: stop.reason ?? 'it did not answer' }),
      ...(os === undefined
        ? {}
        : {
            os: {
              state: os[1].state,
              cpu: os[1].cpu,
              voluntary: os[1].voluntary,
              involuntary: os[1].involuntary,
              doing: judgeOsThread(os[0], os[1]),
            },
          }),
    });
  }
  return withImage(evidence.image, () => {
    const threads = gatherThreads(stops, finding, (t) => evidence.silence.get(t) ?? 0);
    const symbols = symbolsOf();
    const apart = new Set([...finding.cycle, ...finding.victims]);
    const running = threadsOf()
      .filter((t) => !apart.has(t) && isAlive(t))
      .map((t) => ({ id: idOf(t), asleep: waitOf(t) !== undefined }));
    const dump: Dump = {
      head: {
        format: DUMP_FORMAT,
        gridlock: gridlockVersion(),
        node: process.versions.node,
        v8: process.versions.v8,
        os: `${platform()} ${release()} ${arch()}`,
        cpus: cpus().length,
        workload,
        variant,
        params,
        seed: order.seed,
        trial: order.index,
        track: TRACK_NAME[get(header, image_header.track)] ?? '?',
        taken: new Date().toISOString(),
        // Of a trial that has nothing wrong there is a dump where somebody asked for it.
        verdict: finding.verdict === 'pass' ? 'requested' : finding.verdict,
        message: finding.message,
        because: finding.because,
        exact: finding.exact,
        seconds,
        cycle: finding.cycle.map(idOf),
        victims: finding.victims.map(idOf),
        running: running.filter(({ asleep }) => !asleep).map(({ id }) => id),
        replay: closeAgain(order.replay, finding.verdict, schedule),
        timing: { stop_ms: evidence.stopMs, read_ms: evidence.readMs },
        image: { bytes: evidence.image.byteLength, page: PAGE },
      },
      threads,
      locks: gatherLocks(symbols),
      symbols,
    };
    return { dump, sources: sources.texts, running };
  });
}

/**
 * Adds how far each thread got since the stop.  One that was caught asleep but got on is running, not
 * waiting.
 * @param later progress by id
 */
export function finishDump({ dump, running }: Draft, later: ReadonlyMap<number, number>): Dump {
  const threads = dump.threads.map((thread) => ({
    ...thread,
    progress_after: Math.max(0, (later.get(thread.id) ?? thread.progress) - thread.progress),
  }));
  const moved = new Set(threads.filter((thread) => thread.progress_after > 0).map(({ id }) => id));
  const ids = running.filter(({ id, asleep }) => !asleep || moved.has(id)).map(({ id }) => id);
  return { ...dump, head: { ...dump.head, running: ids }, threads };
}

/** Without the frames below the role's entry, which are the same in every thread. */
function aboveEntry<F extends { readonly function: string }>(frames: readonly F[]): readonly F[] {
  const entry = frames.findIndex((frame) => frame.function === 'runRole');
  return entry < 0 ? frames : frames.slice(0, entry);
}
