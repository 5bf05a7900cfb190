/*
 * The supervisor: owns a machine from the outside.
 *
 * A machine may hang, loop, or die; that is what it is for.  Whatever it does, run() comes back with an
 * outcome within a bound:
 *
 *     the machine …                                       outcome                              and is then
 *     -------------------------------------------------   ----------------------------------   -----------
 *     finishes the trial                                  its own                              warm
 *     is judged by its watchdog, and unwinds              the watchdog's, with its dump        warm
 *     is judged, and a thread does not unwind, or         the same                             killed
 *       its search cannot go on from there
 *     dies                                                crash, with its signal and stderr    gone
 *     is silent: not even the watchdog says anything      stall                                killed
 *
 * Nor does start() outlive the one who asked: told that nobody wants the machine any more, it kills what there is of it.
 *
 * A machine leads a process group of its own.  So a Ctrl-C in the terminal is ours to act on and not its end,
 * and when it goes, whatever its roles started goes with it.  Nor does it outlive this process (leash.ts).
 * An engine that signals every process of a job, as Slurm does, means
 * us: the machine hears no SIGINT and no SIGTERM.
 *
 * Two channels are read: the watchdog's reports on a pipe, which need no event loop on the other side,
 * and the main thread's over IPC.  The verdict that came first counts.
 */

import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { fail } from '../base/fail.ts';
import { STOPPABLE } from '../nmi/flags.ts';
import { killGroup } from './kill-group.ts';
import { hold, leashed } from './leash.ts';
import {
  REPORT_FD,
  type DumpReport,
  type MachineFacts,
  type MachineSpec,
  type MainReport,
  type TrialOrder,
  type TrialOutcome,
  type WatchReport,
} from './protocol.ts';
import { v8FlagsHere } from './v8-flags.ts';

/** A machine may need this long to be ready, in milliseconds. */
const READY_MS_MAX = 120_000;
/**
 * It says each second that it is not yet (machine.ts), but while it starts 256 threads; one that says nothing for so long stands
 * still.  In milliseconds.
 */
const BOOT_SILENCE_MS_MAX = 60_000;
/** Silence of the watchdog beyond this is the end of the machine, in milliseconds. */
const SILENCE_MS_MAX = 15_000;
/** How long a judged machine may take to write its dump and to unwind, in milliseconds. */
const DUMP_MS_MAX = 30_000;
const UNWIND_MS_MAX = 1_000;
/** How long after its end a machine's pipes may stay open, in milliseconds. */
const PIPES_MS_MAX = 1_000;
const STDERR_KEPT = 4_000;

/** Reports that say how a trial came out. */
const ENDS: ReadonlySet<string> = new Set(['done', 'verdict', 'refused', 'exhausted']);

export interface TrialEnd {
  readonly outcome: TrialOutcome;
  readonly dump: DumpReport | null;
  /** the strategy has tried all that it would */
  readonly exhausted: boolean;
}

export interface StartOptions {
  /** hears of dumps that somebody asked for by a signal */
  readonly onRequested?: (dump: DumpReport) => void;
  /** aborts when nobody wants the machine any more; it is lost then */
  readonly unwanted?: AbortSignal | undefined;
  /** how long it may say nothing before it is ready, in milliseconds; 60,000 by default */
  readonly silenceMs?: number;
}

export type StatusListener = (status: Extract<WatchReport, { type: 'status' }>) => void;

/** One machine process; start() another when this one is not warm() any more. */
export class Supervisor {
  readonly facts: MachineFacts;
  private readonly child: ChildProcess;
  private readonly lines: LineBox;
  private alive = true;

  private constructor(child: ChildProcess, lines: LineBox, facts: MachineFacts) {
    this.child = child;
    this.lines = lines;
    this.facts = facts;
    child.once('exit', () => {
      this.alive = false;
    });
  }

  /** @throws Fail MACHINE_LOST, or what the workload's module threw */
  static async start(
    spec: MachineSpec,
    { onRequested, unwanted, silenceMs = BOOT_SILENCE_MS_MAX }: StartOptions = {},
  ): Promise<Supervisor> {
    const { file, args } = await leashed({
      file: process.execPath,
      args: [...STOPPABLE, ...(await v8FlagsHere()), ...(spec.execArgv ?? [])],
    });
    const child = fork(new URL('./machine.js', import.meta.url), {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
      detached: true,
      execPath: file,
      execArgv: [...args],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    hold(child);
    const lines = new LineBox(child, onRequested);
    const kill = (): void => killGroup(child);
    unwanted?.addEventListener('abort', kill, { once: true });
    child.send(spec);
    const first = await lines.next(
      (report) => report.type === 'ready' || report.type === 'refused',
      READY_MS_MAX,
      silenceMs,
    );
    unwanted?.removeEventListener('abort', kill);
    if (first?.type === 'ready') return new Supervisor(child, lines, first.facts);
    killGroup(child);
    if (first?.type === 'refused' && first.code === 'WORKLOAD_IMPORT') {
      throw fail('WORKLOAD_IMPORT', { file: fileURLToPath(spec.url), message: first.message });
    }
    const late = lines.running ? lateness(lines, silenceMs) : lines.epitaph();
    const why = first?.type === 'refused' ? first.message : late;
    throw fail('MACHINE_LOST', { pid: child.pid ?? 0, when: 'before it was ready', how: why });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether another trial can run on this machine. */
  warm(): boolean {
    return this.alive;
  }

  kill(): void {
    if (this.alive) killGroup(this.child);
    this.alive = false;
  }

  /**
   * Runs one trial, or the series that it begins, to its outcome, whatever happens to the machine.
   * @returns undefined when the strategy has tried all that it would: there was no trial
   */
  async run(order: TrialOrder, onStatus?: StatusListener): Promise<TrialEnd | undefined> {
    const begin = performance.now();
    this.lines.onStatus = onStatus;
    this.child.send(order);
    const budget = order.timeoutMs + DUMP_MS_MAX;
    const first = await this.lines.next((report) => ENDS.has(report.type), budget);
    if (first?.type === 'exhausted') return undefined;
    if (first?.type === 'done') {
      if (!first.warm) this.kill();
      return { outcome: first.outcome, dump: null, exhausted: first.exhausted };
    }
    if (first?.type === 'verdict') {
      const dumped = await this.lines.next((report) => report.type === 'dumped', DUMP_MS_MAX);
      const idle = await this.lines.next((report) => report.type === 'idle', UNWIND_MS_MAX);
      if (idle?.type !== 'idle' || !idle.warm) this.kill();
      const dump = dumped?.type === 'dumped' ? dumped.dump : null;
      return { outcome: first.outcome, dump, exhausted: false };
    }
    const died = !this.lines.running;
    const outcome: TrialOutcome = {
      index: order.index,
      verdict: died || first?.type === 'refused' ? 'crash' : 'stall',
      message:
        first?.type === 'refused'
          ? `the machine could not run the trial: ${first.message}`
          : died
            ? `the machine died: ${this.lines.epitaph()}`
            : `the machine said nothing for ${Math.round(this.lines.silenceMs() / 1000)} s, not even its watchdog`,
      because: [],
      exact: died,
      seconds: (performance.now() - begin) / 1000,
      at: performance.timeOrigin + performance.now(),
      progress: {},
      outcomes: {},
      signature: died ? `crash:${this.lines.epitaph()}` : 'stall:machine',
      schedule: null,
      before: null,
    };
    this.kill();
    return { outcome, dump: null, exhausted: false };
  }
}

/** Why a machine that lives is not waited for any longer. */
function lateness(lines: LineBox, silenceMs: number): string {
  return lines.silenceMs() >= silenceMs
    ? `it said nothing for ${silenceMs / 1000} s, and stands still`
    : `it was not ready after ${READY_MS_MAX / 1000} s`;
}

type Report = WatchReport | MainReport;

/** Everything a machine says, in order, with bounded waits for the next thing of a kind. */
class LineBox {
  onStatus: StatusListener | undefined;
  running = true;
  private readonly queue: Report[] = [];
  private stderr = '';
  private exit = '';
  private lastHeard = performance.now();
  private wake: () => void = () => undefined;

  constructor(child: ChildProcess, onRequested?: (dump: DumpReport) => void) {
    child.on('message', (message) => this.put(message as MainReport));
    const pipe = child.stdio[REPORT_FD] as Readable;
    pipe.on('error', () => undefined);
    createInterface({ input: pipe }).on('line', (line) => {
      const report = parse(line);
      if (report === undefined) return;
      if (report.type === 'status') this.onStatus?.(report);
      if (report.type === 'requested') onRequested?.(report.dump);
      this.put(report);
    });
    child.stdout?.on('data', () => undefined);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    child.on('error', (error) => {
      this.exit = error.message;
      this.running = false;
      this.wake();
    });
    const ended = (): void => {
      this.running = false;
      this.wake();
    };
    child.on('exit', (code, signal) => {
      this.exit = signal === null ? `exit code ${code}` : `killed by ${signal}`;
      killGroup(child);
      // Something that it started and that left its group may hold the pipes open.
      setTimeout(ended, PIPES_MS_MAX).unref();
    });
    // 'close' comes after 'exit': what the pipes still held has been read then.
    child.on('close', ended);
  }

  private put(report: Report): void {
    this.lastHeard = performance.now();
    if (report.type === 'beat' || report.type === 'status' || report.type === 'up') return;
    this.queue.push(report);
    this.wake();
  }

  silenceMs(): number {
    return performance.now() - this.lastHeard;
  }

  /** What the machine died of, as far as can be told from outside. */
  epitaph(): string {
    if (/heap out of memory|allocation failed/i.test(this.stderr))
      return `${this.exit}: out of memory`;
    const last = this.stderr
      .split('\n')
      // V8 begins the lines of its own death with a #.
      .map((line) => line.trim().replace(/^# /, ''))
      .findLast((line) => /^(\w*Error\b|Check failed: )/.test(line));
    return last === undefined ? this.exit : `${this.exit}: ${last}`;
  }

  /** The next report of a kind; undefined when the machine is dead, silent, or the time is up. */
  async next(
    wanted: (report: Report) => boolean,
    ms: number,
    silenceMs = SILENCE_MS_MAX,
  ): Promise<Report | undefined> {
    const deadline = performance.now() + ms;
    this.lastHeard = performance.now();
    for (;;) {
      const index = this.queue.findIndex(wanted);
      if (index >= 0) return this.queue.splice(index, 1)[0];
      const left = Math.min(deadline - performance.now(), silenceMs - this.silenceMs());
      if (!this.running || left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function parse(line: string): WatchReport | undefined {
  try {
    return JSON.parse(line) as WatchReport;
  } catch {
    return undefined;
  }
}
