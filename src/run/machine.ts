/*
 * The machine: a child process that is a simulated kernel.
 *
 * This is its main thread.  It runs an event loop and nothing else: it imports the workload, makes the
 * image, starts the watchdog and the pool of role threads, and then runs trials as the supervisor orders
 * them.  It never blocks, but for boot() and check(), which are the workload's and are watched.
 *
 *     spec     →  image, watchdog, pool; every thread says hello, is pinned, can be stopped    →  ready
 *     trial    →  clear the image, make the thread records, share(), boot(), one task a thread →  done
 *
 * A trial ends in one of two ways, and the judge word in the image decides which, once: all roles end,
 * check() is content, main is first: pass.  Or the watchdog is first, reports over its own channel, halts
 * the machine, and main only tells when all threads are out.
 *
 * A reboot is warm: the same process, pool, pins and sessions, so that a trial costs a boot of the image
 * and not of a process.  After anything that leaves a thread in doubt (it died, it did not unwind) the
 * machine says so, and the supervisor starts another.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { saysAllOf, saysOf } from '../base/says.ts';
import { createImage } from '../layout/image.ts';
import { EXIT, header, image_header, kthread, PHASE, THREAD, TS } from '../layout/records.ts';
import { Snapshot } from '../layout/snapshot.ts';
import { add, cas, get, load, put, store } from '../layout/word.ts';
import { kernel_boot, kernel_ready, thread_create } from '../kernel/startup.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { isAlive, threadsOf } from '../dump/census.ts';
import { secondsSinceGate } from '../dump/gather.ts';
import { isCasualty } from '../nmi/waitgraph.ts';
import { loadSchedule } from '../sched/replay.ts';
import { noiseWords } from '../sched/noise.ts';
import type { Strategy } from '../sched/strategy.ts';
import { eventLog } from './choices.ts';
import {
  choiceCount,
  BLOCK,
  endSeries,
  FROZEN,
  frozen,
  isEnded,
  isExhausted,
  isGivenUp,
  isUnderWay,
  resetSeries,
  scheduleMade,
  SERIES_MAX,
  seriesReport,
  shapeOf,
  strategyOf,
  strategyWords,
} from './control.ts';
import { acquireTimes, outcomeCounts, progressByRole } from './counts.ts';
import type { EntryData, EntryTask, Hello } from './entry.ts';
import { NO_HOST } from './series.ts';
import { haltMachine, killMachine } from './halt.ts';
import { mourn } from './mourn.ts';
import type { MachineSpec, MainReport, TrialOrder } from './protocol.ts';
import { NOT_ASKED, pinOver, pinToOne, type Pinned } from './pinning.ts';
import { Orders, ringDoorbell } from './orders.ts';
import { makeRoster, type Row } from './roster.ts';
import { signatureOfEnd } from './signature.ts';
import type { WatchdogData } from './watchdog.ts';
import type { Trial, Workload } from './workload.ts';

const BEAT_MS = 20;
/** How often it says that it is not ready yet, in milliseconds. */
const BOOTING_MS = 1_000;
/** How long daemons get to end by themselves once all other roles have, in milliseconds. */
const DAEMON_GRACE_MS = 250;
const HEAP_BYTES = 8 << 20;
/** How long a series goes on before the supervisor hears of it, in milliseconds. */
const SERIES_MS = 250;

/** One machine: everything that lives as long as the process. */
class Machine {
  private readonly spec: MachineSpec;
  private readonly workload: Workload;
  private readonly roster: readonly Row[];
  private readonly pool: Piscina;
  private readonly watchdog: Worker;
  private readonly orders: Orders;
  private cpus: readonly number[] = [];
  private warm = true;
  /** of a controlled run */
  private readonly control: Control | undefined;

  private constructor(
    spec: MachineSpec,
    workload: Workload,
    roster: readonly Row[],
    pool: Piscina,
    watchdog: Worker,
    control: Control | undefined,
  ) {
    this.control = control;
    this.spec = spec;
    this.workload = workload;
    this.roster = roster;
    this.pool = pool;
    this.watchdog = watchdog;
    this.orders = new Orders(watchdog);
  }

  /** @throws Error with a code that the supervisor understands */
  static async start(spec: MachineSpec): Promise<Machine> {
    const { default: workload } = (await import(spec.url)) as { default: Workload };
    const roster = rosterOf(workload, spec);
    const { heapBytes } = workload;
    const { control, noise } = spec;
    const shape = control === null ? undefined : shapeOf(roster.length, control);
    const kind = control === null ? undefined : strategyOf(control);
    const image = createImage({
      threads: roster.length,
      ...(shape === undefined || kind === undefined
        ? {}
        : {
            controlled: {
              choices: shape.steps,
              strategyWords: kind.words(shape),
              trials: SERIES_MAX,
            },
          }),
      noiseWords: noise === null ? 0 : noiseWords(roster.length),
      // Where a strategy decides, time is its own, and says nothing of locks.
      acquires: spec.track !== 'held' && control === null && noise === null,
      heapBytes:
        (typeof heapBytes === 'function' ? heapBytes(spec.params) : heapBytes) ?? HEAP_BYTES,
    });
    const copy = new SharedArrayBuffer(control === null ? 0 : image.byteLength);
    const watchdog = new Worker(new URL('./watchdog.js', import.meta.url), {
      name: 'watchdog',
      workerData: { image, url: untold(spec.url) } satisfies WatchdogData,
    });
    const pool = new Piscina({
      filename: new URL('./entry.js', import.meta.url).href,
      name: 'entry',
      minThreads: roster.length,
      maxThreads: roster.length,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      idleTimeout: Infinity,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
      workerData: {
        image,
        url: spec.url,
        variant: spec.variant,
        params: spec.params,
        load: spec.load,
        track: spec.track,
        noise,
        control: control === null ? null : { spec: control, snapshot: copy },
      } satisfies EntryData,
    });
    const controlled =
      shape === undefined || kind === undefined
        ? undefined
        : {
            strategy: kind.make(strategyWords(), shape),
            remembers: kind.isWhole === true,
            snapshot: new Snapshot(copy),
          };
    const machine = new Machine(spec, workload, roster, pool, watchdog, controlled);
    await machine.prepare();
    return machine;
  }

  /** Every thread says hello; then they are pinned, and the watchdog makes sure it can stop them. */
  private async prepare(): Promise<void> {
    // Without its watchdog a machine is a hang that nobody sees.
    this.watchdog.on('error', (error) => {
      tell({
        type: 'refused',
        code: 'INTERNAL',
        message: `the watchdog died: ${saysAllOf(error)}`,
      });
    });
    watchWorkers(this.pool, (threadId, code, why) => {
      this.warm = false;
      mourn(
        threadId,
        why === '' ? EXIT.exited : EXIT.terminated,
        why === '' ? `exit code ${code}` : why,
      );
    });
    setInterval(() => add(header, image_header.main_beat, 1), BEAT_MS);
    process.on('SIGUSR2', () => {
      store(header, image_header.nmi_wanted, 1);
      ringDoorbell();
    });
    const begin = performance.now();
    const hellos = (await this.tasks({ type: 'hello' })) as Hello[];
    const { pin, cpu } = this.spec;
    const bySlot = hellos.toSorted((a, b) => a.slot - b.slot);
    const tids = bySlot.map(({ osTid }) => osTid);
    const place = async (): Promise<Pinned> =>
      this.control === undefined ? pinOver(tids) : pinToOne(tids, cpu);
    const pinned = pin ? await place() : NOT_ASKED;
    this.cpus = pinned.cpus;
    await this.orders.ask(
      { type: 'prepare', threadIds: [0, ...hellos.map(({ threadId }) => threadId)] },
      'prepared',
    );
    tell({
      type: 'ready',
      facts: {
        threads: this.roster.map(({ name, role }) => ({ name, role: role.name })),
        cpus: availableParallelism(),
        pinning: pinned.says,
        imageBytes: get(header, image_header.size_pages) * 4096,
        bootMs: performance.now() - begin,
      },
    });
  }

  /** Runs one trial and reports how it ended. */
  async trial(order: TrialOrder): Promise<void> {
    const { workload, spec, control } = this;
    await this.orders.rest();
    if (control !== undefined && !this.beginSeries(control, order)) {
      tell({ type: 'exhausted' });
      return;
    }
    const trial = { variant: spec.variant, params: spec.params, seed: order.seed };
    kernel_boot({
      seed: order.seed,
      track: spec.track,
      panicOnCycle: workload.panicOnCycle === true,
    });
    this.roster.forEach((row, slot) => {
      const t = thread_create({
        name: row.name,
        role: row.role.name,
        psargs: row.psargs,
        flags: (row.daemon ? THREAD.daemon : 0) | (row.load ? THREAD.load : 0),
      });
      put(t, kthread.cpu, this.cpus[slot] ?? -1);
    });
    const names = Object.keys(workload.outcomes ?? {});
    await this.orders.ask(
      {
        type: 'watch',
        boot: get(header, image_header.boot),
        workload: workload.name,
        variant: spec.variant,
        strategy: spec.control?.strategy ?? (spec.noise === null ? 'free' : 'noise'),
        params: spec.params,
        outcomes: names,
        order,
      },
      'watching',
    );
    const failure = await this.course(trial);
    // Whoever was judged by the watchdog may have had more to do.
    const isWhole = load(header, image_header.judge) === 0 && frozen() === FROZEN.no;
    if (!isEnded()) control?.strategy.end(choiceCount(), isWhole);
    const before = seriesReport(names);
    if (cas(header, image_header.judge, 0, 2) === 0) {
      ringDoorbell();
      store(header, image_header.phase, PHASE.idle);
      const { verdict, message } = failure ?? this.cut() ?? { verdict: 'pass', message: '' };
      tell({
        type: 'done',
        warm: this.warm,
        exhausted: isExhausted(),
        outcome: {
          index: order.index + (before?.trials ?? 0),
          verdict,
          message,
          because: [],
          exact: true,
          seconds: load(header, image_header.gate_open) === 0 ? 0 : secondsSinceGate(),
          at: performance.timeOrigin + performance.now(),
          progress: progressByRole(),
          outcomes: outcomeCounts(names),
          ...acquireTimes(),
          signature: signatureOfEnd(verdict, message),
          schedule: control === undefined ? null : scheduleMade(control.strategy.strayed ?? -1),
          before,
          log: order.log ? eventLog() : undefined,
        },
      });
      return;
    }
    await this.orders.heard('concluded');
    // Its time was over, and it was not: what else would have come of these choices was not tried, and will not be.
    if (control?.remembers === true && isUnderWay()) this.warm = false;
    store(header, image_header.phase, PHASE.idle);
    tell({ type: 'idle', index: order.index, warm: this.warm });
  }

  /** @returns false when the strategy has tried all that it would */
  private beginSeries({ strategy, remembers }: Control, order: TrialOrder): boolean {
    // Nobody rewinds what share() made (workload.ts).
    resetSeries(this.roster.length, this.workload.share === undefined ? order.trials : 1);
    const words = strategyWords();
    // What a strategy has learned counts for a block of trials, whoever ran those before (blocks.ts).
    if (!remembers && (order.index % BLOCK === 0 || words[0] !== order.index)) {
      words.fill(0);
      words[0] = order.index;
    }
    if (order.schedule !== null) loadSchedule(words, order.schedule);
    return strategy.begin();
  }

  /**
   * share(), boot(), the roles, check().  @returns what is wrong that only this thread can know
   *
   * A thread that threw, exited, or left a lock behind is the watchdog's to judge, with a dump.  It may not
   * have looked yet, but what it will see does not go away: so there is nothing left to check or to pass.
   */
  private async course(trial: Trial): Promise<Failure | undefined> {
    const { workload } = this;
    let where = 'share()';
    try {
      const shared: unknown = workload.share?.(trial);
      // What cannot be sent is better refused here than by every thread.
      structuredClone(shared);
      where = 'boot()';
      workload.boot?.(trial);
      kernel_ready();
      if (this.control === undefined) await this.roles(shared);
      else await this.series(this.control, shared);
      if (threadsOf().some(isCasualty)) await this.orders.heard('concluded', 'keep');
      if (load(header, image_header.judge) !== 0) return undefined;
      if (frozen() === FROZEN.cut || isGivenUp()) return undefined;
      // All threads are out: what was told to daemons is not meant for check(), which may use the kernel.
      store(header, image_header.halt, 0);
      store(header, image_header.phase, PHASE.stop);
      where = 'check()';
      const wrong = workload.check?.({ ...trial, shared });
      return wrong === undefined ? undefined : { verdict: 'panic', message: `check: ${wrong}` };
    } catch (error) {
      if (error instanceof MachineHalt) return undefined;
      return { verdict: 'crash', message: `${where} threw ${saysAllOf(error)}` };
    }
  }

  /** A controlled trial that made more choices than it may. */
  private cut(): Failure | undefined {
    if (frozen() !== FROZEN.cut) return undefined;
    const choices = choiceCount().toLocaleString('en');
    return {
      verdict: 'timeout',
      message: `the trial made ${choices} choices and did not end, though its roles were told to`,
    };
  }

  /** One task a host, for as many trials as need no look; the hosts see to daemons. */
  private async series({ snapshot }: Control, shared: unknown): Promise<void> {
    for (const t of threadsOf()) {
      put(t, kthread.thread_id, NO_HOST);
      store(t, kthread.state, TS.run);
    }
    snapshot.take();
    const enough = setTimeout(endSeries, SERIES_MS);
    await this.tasks({ type: 'trial', shared });
    clearTimeout(enough);
  }

  /** One task a thread; daemons that outlive everybody else are made to unwind. */
  private async roles(shared: unknown): Promise<void> {
    const tasks = this.tasks({ type: 'trial', shared });
    const productive = this.roster.filter((row) => !row.daemon).length;
    let grace: NodeJS.Timeout | undefined;
    const daemons = setInterval(() => {
      const ended = threadsOf().filter(
        (t) => load(t, kthread.state) === TS.zomb && (get(t, kthread.flags) & THREAD.daemon) === 0,
      ).length;
      const over = productive > 0 ? ended === productive : load(header, image_header.stop) !== 0;
      if (!over || load(header, image_header.judge) !== 0) return;
      clearInterval(daemons);
      store(header, image_header.stop, 1);
      grace = setTimeout(() => {
        if (threadsOf().some(isAlive) && load(header, image_header.judge) === 0) haltMachine();
      }, DAEMON_GRACE_MS);
    }, 5);
    await tasks;
    // Neither may outlive the trial: it would halt the next one.
    clearInterval(daemons);
    clearTimeout(grace);
  }

  /** The same task for every thread; a thread that fails leaves the machine cold. */
  private async tasks(task: EntryTask): Promise<unknown[]> {
    const ended = await Promise.allSettled(this.roster.map(() => this.pool.run(task)));
    return ended.map((result) => {
      if (result.status === 'fulfilled') return result.value as unknown;
      this.warm = false;
      if (task.type === 'hello')
        throw workloadError(`in a role thread: ${saysAllOf(result.reason)}`);
      return undefined;
    });
  }
}

/** Who decides in a controlled run, and from what each trial begins. */
interface Control {
  /** this thread begins and ends its series */
  readonly strategy: Strategy;
  /** whether what it learned counts for the whole campaign */
  readonly remembers: boolean;
  readonly snapshot: Snapshot;
}

/** What the main thread found. */
interface Failure {
  readonly verdict: 'panic' | 'crash' | 'timeout';
  readonly message: string;
}

function rosterOf(workload: Workload, { variant, params, load: loadThreads }: MachineSpec): Row[] {
  let roster: Row[];
  try {
    roster = makeRoster(workload, variant, params, loadThreads);
  } catch (error) {
    throw workloadError(saysAllOf(error));
  }
  if (roster.length === 0) throw workloadError('no role has a thread with these params');
  return roster;
}

/** A mistake of the workload's that shows only once its machine starts. */
function workloadError(message: string): Error {
  return Object.assign(new Error(message), { code: 'WORKLOAD_IMPORT' });
}

/**
 * The module, without what it is told behind a question mark: that is for whoever runs it.  The watchdog wants its structs
 * and globals, and no code of a stranger's that may listen at its port.
 */
function untold(url: string): string {
  const module = new URL(url);
  module.search = '';
  return module.href;
}

/** Hears of each worker that ends. */
function watchWorkers(
  pool: Piscina,
  dead: (threadId: number, code: number, why: string) => void,
): void {
  for (const worker of pool.threads) {
    const { threadId } = worker;
    let why = '';
    worker.on('error', (error: Error) => {
      why = saysOf(error);
    });
    worker.on('exit', (code) => dead(threadId, code, why));
  }
  // The pool repeats its workers' errors; an unheard one would end the process.
  pool.on('error', () => undefined);
}

function tell(report: MainReport): void {
  process.send?.(report);
}

let machine: Machine | undefined;

async function obey(message: MachineSpec | TrialOrder): Promise<void> {
  if (message.type === 'spec') machine = await booted(message);
  else await machine?.trial(message);
}

/** Tells again and again that it has not come to a stop, for a boot may take long on a busy host. */
async function booted(spec: MachineSpec): Promise<Machine> {
  const booting = setInterval(() => tell({ type: 'up' }), BOOTING_MS);
  try {
    return await Machine.start(spec);
  } finally {
    clearInterval(booting);
  }
}

process.on('message', (message: MachineSpec | TrialOrder) => {
  obey(message).catch((error: unknown) => {
    const { code = 'MACHINE' } = error as { code?: string };
    tell({ type: 'refused', code, message: saysAllOf(error) });
  });
});
process.on('disconnect', killMachine);
// Whoever means these means the supervisor, which ends this process by what cannot be ignored.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
